/** A signed event with its verdict and everything that follows from it: the only thing the log takes. */
import type { EventId, RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import type { AuthorizedPdu, Membership, PduFields, SignedPdu, Verdict } from '../matrix/pdu.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';
import type { Ref } from './state-lines.ts';
import type { TransitionKind } from './transition.ts';

/**
 * Names an event before and after it has a position. A lane builds on events that are not yet durable, so the
 * position is filled in by the append (0 until then) and everything that cites the event reads it from here.
 */
export interface EventSlot {
  readonly eventId: EventId;
  position: number;
}

/** An event known by its place alone; read when it is stored, as the place may come only then. */
export type Placed = Pick<EventSlot, 'position'>;

export type TransitionCause = 'self' | 'moderator' | 'federation' | 'resolution' | 'import' | 'catch_up' | 'probe';

/** A row of `state_lines`: a branch of the room's state log. */
export interface StateLine {
  readonly line: number;
  /** What it branched from; null: nothing, as the current line. */
  readonly parent: Ref | null;
  readonly depth: number;
}

/** A row of `state_changes`: the value of a key becomes `event` on `line`, from `at` on. */
export interface StateChange {
  readonly line: number;
  readonly at: number;
  readonly type: string;
  readonly stateKey: string;
  /** Null: the key becomes absent. */
  readonly event: EventSlot | null;
  /** The event, where it is still to be told to projections and to the lane; null with `event`. */
  readonly pdu: PduFields | null;
  /** What the key was just before, on the line or on what it was branched from. */
  readonly previous: Placed | null;
  readonly membership: Membership | null;
}

/** A row of `transitions`, without what the append knows: positions, room and stamp. */
export interface TransitionRecord {
  readonly userId: UserId;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  readonly kind: TransitionKind;
  readonly cause: TransitionCause;
  /** The member event now in force; null when a resolution left none. */
  readonly event: EventSlot | null;
  /** That event. */
  readonly pdu: PduFields | null;
  readonly previous: Placed | null;
  /** Of MEMBERSHIP_RECONCILED: position of the transition that it corrects. */
  readonly supersedes: number | null;
  readonly actor: UserId | null;
  readonly onBehalfOf: string | null;
  readonly occurredAt: number | null;
  /** Out of band: it rests on what another server says, and nobody could be asked. */
  readonly unverified?: boolean;
}

/** Which servers came into the room or left it with this event (rows of `room_servers`). */
export interface PresenceChange {
  readonly arrived: readonly ServerName[];
  readonly departed: readonly ServerName[];
}

/** A predecessor that could not be had (row of `gaps`). */
export interface Gap {
  readonly missing: EventId;
  /** The state after it, as another server claims it. */
  readonly claimed: Ref;
}

/** An event as a row of `events`. Without a verdict it is known for its auth chain only. */
export interface EventEvidence {
  readonly slot: EventSlot;
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly origin: ServerName;
  readonly auth: readonly EventSlot[];
  /** The rule by which its own auth events refuse it; null: they do not. */
  readonly authRejection: string | null;
}

/** Evidence to be stored without a verdict: what auth chains and fetched states are made of. */
export interface Outlier extends EventEvidence {
  readonly pdu: SignedPdu;
}

interface Judgement extends EventEvidence {
  /** The row of `events` is there already: the event was an outlier, out of band, or judged before. */
  readonly known: boolean;
  /** A position of 0: the event was not to be had. */
  readonly prev: readonly EventSlot[];
  /** What it takes the place of, if accepted, at the ends of the graph: what it cites, and through refused ones what they cite. */
  readonly replaces: readonly Placed[];
  /** Order of the room's log: gapless per room, from 1. */
  readonly roomPosition: number;
  /** Null for what is no part of the room's graph here: out of band. */
  readonly before: Ref | null;
  readonly after: Ref | null;
  /** Place in the clients' order; live events have (roomPosition, 0). */
  readonly anchor: number;
  readonly back: number;
  /** Ours to deliver to other servers. */
  readonly relay: boolean;
  /** Branches that begin with this event. */
  readonly lines: readonly StateLine[];
  /** On all lines; those on line 0 are what becomes of the current state. */
  readonly changes: readonly StateChange[];
  readonly transitions: readonly TransitionRecord[];
  readonly presence: PresenceChange | null;
  readonly gaps: readonly Gap[];
  /** The first event of a room starts its line 0. */
  readonly startsRoom: boolean;
}

declare const judged: unique symbol;

/** Minted only by the judges of commands/; `accepted` can only be made of an AuthorizedPdu. */
export type JudgedPdu = Judgement & { readonly [judged]: true } & (
    | { readonly verdict: 'accepted'; readonly rule: null; readonly pdu: AuthorizedPdu }
    | { readonly verdict: Exclude<Verdict, 'accepted'>; readonly rule: string | null; readonly pdu: SignedPdu }
  );

/** What `judge` fills in before it mints a JudgedPdu. */
export type JudgedFields = Omit<JudgedPdu, typeof judged>;
