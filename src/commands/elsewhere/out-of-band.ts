/** Stores memberships of our users in rooms that this server is not in: in the room's turn, beside the log's own order. */
import type { Db } from '../../database/database.ts';
import type { TxClient } from '../../database/tx.ts';
import type { ActionRecord } from '../../log/append.ts';
import type { EventSlot, JudgedFields, JudgedPdu, TransitionCause, TransitionRecord } from '../../log/judged-pdu.ts';
import { outsidePosition, outOfBandOf, setOutOfBand, type OutOfBand } from '../../log/out-of-band.ts';
import { outsideKind } from '../../log/transition.ts';
import type { EventId, RoomId, ServerName, UserId } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { membershipOf, type Membership, type SignedPdu } from '../../matrix/pdu.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { firstProbeAt } from './probe-times.ts';
import { isResident } from '../lanes/room-head.ts';
import type { Decision, LaneRoom } from '../lanes/room-lane.ts';

/** A member event of one of our users, signed by whom it needs. */
export interface OutsideEvent {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly userId: UserId;
  readonly eventId: EventId;
  readonly pdu: SignedPdu;
  /** The server that it came from or, if it is ours, went through. */
  readonly through: ServerName;
  readonly cause: TransitionCause;
  /** It ends a membership on another server's word, and nobody could be asked. */
  readonly unverified?: boolean;
  readonly onBehalfOf: string | null;
  /** Null: as it was told before. */
  readonly stripped: readonly JsonObject[] | null;
  /** Where another event than this one is in force, it is not stored. */
  readonly onlyAfter?: EventId;
  /** The user left, and no server of the room has heard of it. */
  readonly undelivered?: boolean;
}

export interface OutsideDeps {
  readonly db: Db;
  readonly serverName: ServerName;
  /** Milliseconds. */
  readonly now: () => number;
}

/** Where a user stands in a room that this server is not in: as it was told last, or as the room was left. */
export interface OutsideStanding {
  readonly membership: Membership | 'none';
  readonly event: EventSlot | null;
  readonly known: OutOfBand | null;
}

export type Stored =
  /** `slot` null: the event changes nothing, or did so before, and was not stored. */
  | { readonly is: 'stored'; readonly slot: EventSlot | null; readonly before: OutsideStanding }
  /** The room is this server's, too: the event is one of the room. */
  | { readonly is: 'resident' };

/** In the room's turn; null: nobody here has heard of it. */
export async function outsideStanding(
  { db }: Pick<OutsideDeps, 'db'>,
  room: LaneRoom | null,
  roomId: RoomId,
  userId: UserId,
): Promise<OutsideStanding> {
  await room?.appended();
  const known = await outOfBandOf(db, roomId, userId);
  if (known !== null) {
    return { membership: known.membership, event: { eventId: known.eventId, position: known.event }, known };
  }
  const entry = (await room?.state([['m.room.member', userId]]))?.get('m.room.member', userId);
  if (entry === undefined) return { membership: 'none', event: null, known: null };
  return { membership: membershipOf(entry.pdu) ?? 'none', event: entry.slot, known: null };
}

/** Judges the event out of band, with what follows from it. `more` is stored with it, and where it changes nothing, too. */
export async function decideOutside(
  deps: OutsideDeps,
  room: LaneRoom | null,
  event: OutsideEvent,
  more: (slot: EventSlot | null) => {
    readonly actions: readonly ActionRecord[];
    readonly within?: (tx: TxClient) => Promise<void>;
  },
): Promise<Decision<Stored>> {
  if (room !== null && isResident(room.head, deps.serverName)) {
    return { judged: [], actions: [], answer: { is: 'resident' } };
  }
  const before = await outsideStanding(deps, room, event.roomId, event.userId);
  const slot: EventSlot = { eventId: event.eventId, position: 0 };
  // What was answered since is not asked again by the same event.
  const wasSaid = (await outsidePosition(deps.db, event.roomId, event.eventId)) !== null;
  const isLate = event.onlyAfter !== undefined && event.onlyAfter !== before.known?.eventId;
  const transition = wasSaid || isLate ? null : transitionOf(event, before, slot);
  if (transition === null) {
    return { judged: [], ...more(null), answer: { is: 'stored', slot: null, before } };
  }
  const roomPosition = (room?.head.roomPosition ?? 0) + 1;
  const beganAt = before.membership === transition.to ? (before.known?.beganAt ?? deps.now()) : deps.now();
  const { actions, within } = more(slot);
  return {
    judged: [judgedOutside(event, slot, roomPosition, transition)],
    actions,
    async within(tx) {
      await setOutOfBand(tx, {
        roomId: event.roomId,
        userId: event.userId,
        event: slot,
        membership: transition.to as Membership,
        via: viaOf(event, before),
        version: event.version.id,
        stripped: event.stripped ?? before.known?.stripped ?? [],
        since: roomPosition,
        beganAt,
        probeAt: transition.to === 'knock' ? firstProbeAt(deps.now()) : null,
        undelivered: event.undelivered === true,
      });
      await within?.(tx);
    },
    answer: { is: 'stored', slot, before },
  };
}

const MAX_VIA = 10;

function viaOf({ through, userId }: OutsideEvent, { known }: OutsideStanding): readonly ServerName[] {
  const home = userId.slice(userId.indexOf(':') + 1);
  return [...new Set([through, ...(known?.via ?? [])])].filter((server) => server !== home).slice(0, MAX_VIA);
}

function transitionOf(event: OutsideEvent, before: OutsideStanding, slot: EventSlot): TransitionRecord | null {
  const { pdu, userId, cause } = event;
  const to = membershipOf(pdu);
  if (to === null) throw new Error('an event without a membership was handed over');
  const inferred = cause === 'probe';
  const kind = inferred
    ? before.membership === 'knock'
      ? 'KNOCK_LAPSED'
      : 'INVITE_REVOKED'
    : outsideKind(before.membership, to, pdu.sender === userId);
  if (kind === null) return null;
  return {
    userId,
    from: before.membership,
    to,
    kind,
    cause,
    event: slot,
    pdu,
    previous: before.event,
    supersedes: null,
    actor: inferred ? null : pdu.sender,
    onBehalfOf: event.onBehalfOf,
    occurredAt: pdu.origin_server_ts,
    unverified: event.unverified === true,
  };
}

function judgedOutside(
  { roomId, version, pdu, through }: OutsideEvent,
  slot: EventSlot,
  roomPosition: number,
  transition: TransitionRecord,
): JudgedPdu {
  const fields: JudgedFields = {
    ...{ pdu, slot, roomId, version, roomPosition },
    verdict: 'out_of_band',
    rule: null,
    known: false,
    origin: through,
    // What it rests on is the room's, and not known here.
    auth: [],
    authRejection: null,
    prev: [],
    replaces: [],
    before: null,
    after: null,
    anchor: roomPosition,
    back: 0,
    relay: false,
    lines: [],
    changes: [],
    transitions: [transition],
    presence: null,
    gaps: [],
    startsRoom: roomPosition === 1,
  };
  return fields as JudgedPdu;
}
