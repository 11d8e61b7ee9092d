/** Rows of the log as they are checked, each with what it refers to. */

export interface EventRow {
  readonly room_id: string;
  readonly position: number;
  readonly event_id: string;
  readonly type: string;
  readonly state_key: string | null;
  readonly sender: string;
  readonly depth: number;
  readonly origin_server_ts: number;
  readonly origin: string;
  readonly auth: readonly number[];
  readonly redacts: string | null;
  readonly words: boolean;
  readonly auth_extra: Buffer | null;
  readonly proof: Buffer;
  readonly out_of_band: boolean;
  /** Its first verdict says that it is; null: it has none. */
  readonly judged_out_of_band: boolean | null;
  /** The version that its room has by now. */
  readonly room_version: string | null;
  /** Of its row in event_content; null when there is none. */
  readonly subject: string | null;
  readonly content: Buffer | null;
  /** An erasure covers its words: by whom they are about, or by name. */
  readonly erased: boolean;
}

export interface VerdictRow {
  readonly room_id: string;
  readonly room_position: number;
  readonly position: number;
  readonly event: number;
  readonly verdict: string;
  readonly rule: string | null;
  readonly prev: readonly number[];
  readonly before_line: number | null;
  readonly before_at: number | null;
  readonly after_line: number | null;
  readonly after_at: number | null;
  readonly anchor: number;
  readonly back: number;
  readonly decided_at: Date;
  /** The proof of its event and the event's state key; null when there is no such event. */
  readonly proof: Buffer | null;
  readonly state_key: string | null;
  /** The states after what it cites, as they were known then; null for what was not known. */
  readonly prev_lines: readonly (number | null)[] | null;
  readonly prev_ats: readonly (number | null)[] | null;
  /** One of them is what another server claims. */
  readonly claims: boolean;
  /** Of an event that was found later than one that cites it: the place before all that stood at its anchor by then. */
  readonly next_back: number | null;
}

export interface LineRow {
  readonly room_id: string;
  readonly line: number;
  readonly parent_line: number | null;
  readonly parent_at: number | null;
  readonly depth: number;
  readonly position: number;
  /** Of the line it hangs on. */
  readonly parent_depth: number | null;
  /** Nothing but memberships out of band was judged in the room before. */
  readonly first: boolean;
}

export interface ChangeRow {
  readonly room_id: string;
  readonly line: number;
  readonly at: number;
  readonly type: string;
  readonly state_key: string;
  readonly event: number | null;
  readonly previous: number | null;
  readonly membership: string | null;
  readonly position: number;
  /** What the same key was before, on the same line or on what that was branched from. */
  readonly prior_event: number | null;
  readonly prior_membership: string | null;
  /** Of its event; null when there is no such event. */
  readonly event_type: string | null;
  readonly event_state_key: string | null;
  readonly sender: string | null;
  readonly origin_server_ts: number | null;
  readonly proof: Buffer | null;
  /** Of a member: where the transition before it told them to be out of band; else null. */
  readonly outside: string | null;
  /** Position of the event that did, and whether the change is to the same one. */
  readonly outside_event: number | null;
  readonly outside_same: boolean | null;
}

export interface TransitionRow {
  readonly position: number;
  readonly room_id: string;
  readonly at: number;
  readonly user_id: string;
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly cause: string;
  readonly event: number | null;
  readonly previous: number | null;
  readonly trigger: number | null;
  readonly supersedes: number | null;
  readonly actor: string | null;
  readonly occurred_at: number | null;
  readonly recorded_at: Date;
  readonly in_room: boolean;
  readonly unverified: boolean;
  /** The transition of the same user in the room before it, what it led to, and by which event. */
  readonly prior_transition: number | null;
  readonly prior_to: string | null;
  readonly prior_event: number | null;
  /** What the user was by the state of the room before it. */
  readonly state_membership: string | null;
  readonly state_event: number | null;
}

export interface ActionRow {
  readonly position: number;
  readonly room_id: string | null;
  readonly event: number | null;
  /** The room that event is in; null when there is no such event. */
  readonly event_room: string | null;
}

export interface ErasureRow {
  readonly position: number;
  readonly kind: string;
  readonly subject: string | null;
  readonly event: number | null;
  /** Of an event's words: its subject is a redaction of that event, by whom the row names. */
  readonly explained: boolean;
}
