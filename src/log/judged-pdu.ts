/** A signed event with its verdict and everything that follows from it: the only thing the log takes. */
import type { EventId, RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import type { AuthorizedPdu, Membership, SignedPdu, Verdict } from '../matrix/pdu.ts';
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

export type TransitionCause = 'self' | 'moderator' | 'federation' | 'resolution' | 'import' | 'catch_up' | 'probe';

/** A row of `state_changes`: the key's value becomes `event` on `line`, at the verdict's room position. */
export interface StateChange {
  readonly line: number;
  readonly type: string;
  readonly stateKey: string;
  readonly previous: EventSlot | null;
  readonly membership: Membership | null;
}

/** A row of `transitions`, without what the append knows: positions, room and stamp. */
export interface TransitionRecord {
  readonly userId: UserId;
  readonly from: Membership | 'none';
  readonly to: Membership;
  readonly kind: TransitionKind;
  readonly cause: TransitionCause;
  readonly previous: EventSlot | null;
  readonly actor: UserId;
  readonly onBehalfOf: string | null;
  readonly occurredAt: number;
}

/** Which servers came into the room or left it with this event (rows of `room_servers`). */
export interface PresenceChange {
  readonly arrived: readonly ServerName[];
  readonly departed: readonly ServerName[];
}

interface Judgement {
  readonly slot: EventSlot;
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly origin: ServerName;
  readonly auth: readonly EventSlot[];
  readonly prev: readonly EventSlot[];
  /** Order of the room's log: gapless per room, from 1. */
  readonly roomPosition: number;
  readonly before: Ref;
  readonly after: Ref;
  /** Place in the clients' order; live events have (roomPosition, 0). */
  readonly anchor: number;
  readonly back: number;
  /** Ours to deliver to other servers. */
  readonly relay: boolean;
  readonly change: StateChange | null;
  readonly transition: TransitionRecord | null;
  readonly presence: PresenceChange | null;
  /** The first event of a room starts its line 0. */
  readonly startsRoom: boolean;
}

declare const judged: unique symbol;

/** Minted only by `commands/judge.ts`; `accepted` can only be made of an AuthorizedPdu. */
export type JudgedPdu = Judgement & { readonly [judged]: true } & (
    | { readonly verdict: 'accepted'; readonly rule: null; readonly pdu: AuthorizedPdu }
    | { readonly verdict: Exclude<Verdict, 'accepted'>; readonly rule: string | null; readonly pdu: SignedPdu }
  );

/** What `judge` fills in before it mints a JudgedPdu. */
export type JudgedFields = Omit<JudgedPdu, typeof judged>;
