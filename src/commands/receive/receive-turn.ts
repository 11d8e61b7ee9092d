/** A received event in its room's turn: what was found out before is looked at again, then it gets its verdict. */
import type { Db } from '../../database/database.ts';
import type { ArrivalFacts } from '../../log/arrivals.ts';
import { eventsElsewhere, restedOnLess, storedEvidence, type StoredEvidence } from '../../log/evidence-queries.ts';
import type { JudgedPdu } from '../../log/judged-pdu.ts';
import { readEvents } from '../../log/read.ts';
import type { EventId, RoomId, ServerName } from '../../matrix/identifiers.ts';
import type { SignedPdu } from '../../matrix/pdu.ts';
import { redactionTarget } from '../../matrix/redaction.ts';
import { reject, type Rejection } from '../../matrix/rejection.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import type { Cause } from '../judge/member-transition.ts';
import { MAX_PREV_EVENTS } from '../judge/propose.ts';
import type { CheckedPdu } from './receive-checks.ts';
import { judgeEvidence, restsOn, type Citable } from './receive-evidence.ts';
import { redactionEffect } from './receive-redactions.ts';
import { isLetInNow } from './receive-room.ts';
import type { Hole, ReceivedPdu } from '../judge/received-pdu.ts';
import { isResident } from '../lanes/room-head.ts';
import type { Decision, LaneRoom, RoomLanes } from '../lanes/room-lane.ts';

/** Gives an event its verdict at its place in the room's graph; or says what it follows that has none. */
export type JudgeReceived = (
  room: LaneRoom,
  received: ReceivedPdu,
  cause?: Cause,
) => Promise<JudgedPdu | { readonly missing: readonly EventId[] }>;

/** What became of a received event. */
export type Received =
  /** It is stored, with this verdict; `isNew`: not before. */
  | {
      readonly is: 'accepted' | 'soft_failed' | 'rejected';
      readonly eventId: EventId;
      readonly rule: string | null;
      readonly isNew: boolean;
    }
  /** It is nothing that anybody will ever keep. */
  | { readonly is: 'dropped'; readonly eventId: EventId | null; readonly reason: string }
  /** Not now: it may be sent again, or (`forbidden`) its server may not send it. */
  | {
      readonly is: 'failed';
      readonly eventId: EventId | null;
      readonly why: 'forbidden' | 'unknown_room' | 'missing' | 'busy';
      readonly reason: string;
    };

export interface TurnDeps {
  readonly db: Db;
  readonly serverName: ServerName;
  readonly judge: JudgeReceived;
  /** Events, and targets of redactions, that are on their way to the log: see `runArrival`. */
  readonly inFlight: Map<string, number>;
  /** Is told of rooms that have come to have more ends than an event may cite. */
  readonly manyEnds?: ((roomId: RoomId) => void) | undefined;
  /** How often something was received in a room. */
  readonly arrivals: Arrivals;
}

export interface Arrivals {
  count(roomId: RoomId): number;
  add(roomId: RoomId): void;
  /** How often that was something which may have to do with another event that comes: a redaction, evidence alone, or a verdict on such. */
  others(roomId: RoomId): number;
  addOther(roomId: RoomId): void;
}

export interface Arrival {
  readonly event: CheckedPdu;
  readonly origin: ServerName;
  readonly relay: boolean;
  readonly holes: readonly Hole[];
  /** Auth events that turned out to be of other rooms. */
  readonly elsewhere: ReadonlySet<EventId>;
  /** What the log said before the turn; it holds as long as nothing has been stored in the room since. */
  readonly facts: Pick<ArrivalFacts, 'stored' | 'redacted'> & { readonly seen: number; readonly others: number };
}

/** The end of its reception, or what it follows that has no verdict. */
export type Turn = Received | { readonly missing: readonly EventId[] };

/** Judges a checked event whose auth events are stored. */
export async function receiveInTurn(deps: TurnDeps, room: LaneRoom | null, arrival: Arrival): Promise<Decision<Turn>> {
  const { eventId, pdu, roomId } = arrival.event;
  if (room === null || !isResident(room.head, deps.serverName)) return told(unknownRoom(eventId));
  if (!(await isLetInNow(room, arrival.origin, deps.serverName))) return told(notLetIn(eventId));
  const waits = waitsFor(arrival.event).some((name) => deps.inFlight.has(name));
  if (waits) await room.appended();
  const { facts } = arrival;
  const hasAll = restsOn(pdu, roomId, room.head.version).every((id) => facts.stored.has(id));
  const isFresh = hasAll && !waits && (facts.seen === deps.arrivals.count(roomId) || isStillNew(deps, room, arrival));
  const known = isFresh ? facts.stored : await citedEvents(deps.db, room, arrival.event);
  const own = known.get(eventId);
  const before = own !== undefined && 'verdict' in own ? await standing(deps.db, roomId, own) : null;
  if (before !== null) return told(before);
  if (await isBeginning(room, arrival.event)) return told({ is: 'accepted', eventId, rule: null, isNew: false });
  const unknown = pdu.auth_events.filter((id) => !known.has(id) && !arrival.elsewhere.has(id));
  const elsewhere = new Set([...arrival.elsewhere, ...(await eventsElsewhere(deps.db, roomId, unknown))]);
  const evidence = judgeEvidence(arrival.event, room.head.version, { known, elsewhere });
  if (evidence === null) return told(failed(eventId, 'missing', 'Events that it rests on could not be had.'));
  const { auth, rejection } = evidence;
  const judged = await deps.judge(room, {
    ...arrival,
    pdu: own === undefined ? pdu : await asStored(deps.db, roomId, own),
    eventId,
    auth,
    authRejection: rejection ?? citesRefused(pdu.auth_events, known),
    known: own === undefined ? null : own.slot.position,
  });
  if ('missing' in judged) return told(judged);
  // What somebody claims about a state must not refuse for good what others know to be allowed.
  if (judged.verdict === 'rejected' && arrival.holes.length > 0 && judged.authRejection === null)
    return told(failed(eventId, 'missing', 'It is not allowed on what is claimed to be before it.'));
  return {
    judged: [judged],
    actions: [],
    ...(await redactionEffect(deps.db, room, judged, !isFresh || facts.redacted)),
    answer: { is: judged.verdict as 'accepted', eventId, rule: judged.rule, isNew: true },
  };
}

/**
 * Whether the log would still say the same of an event that it had nothing of: what was received since is on its way, which was
 * waited for, or of late.
 */
function isStillNew(
  { arrivals }: TurnDeps,
  { tools }: LaneRoom,
  { event: { roomId, eventId }, facts }: Arrival,
): boolean {
  if (facts.stored.has(eventId) || facts.others !== arrivals.others(roomId)) return false;
  return tools.recent.find(roomId, eventId) === undefined;
}

/** Of a room that was taken over the beginning has no verdict. It is not judged again, on nothing: all that there is rests on it. */
async function isBeginning(room: LaneRoom, { eventId, pdu }: CheckedPdu): Promise<boolean> {
  if (pdu.type !== 'm.room.create') return false;
  return (await room.state([['m.room.create', '']])).get('m.room.create', '')?.eventId === eventId;
}

/** What was stored stands, in redacted form too: whatever follows from the event has to follow from the log. */
async function asStored(db: Db, roomId: RoomId, own: Citable | StoredEvidence): Promise<SignedPdu> {
  const [stored] = await readEvents(db, [{ roomId, position: own.slot.position }]);
  return (stored?.pdu ?? own.pdu) as SignedPdu;
}

/** Judges an event in its room's turn, and lets those who come while it is being stored know of it. */
export async function runArrival<T>(
  { inFlight, arrivals, manyEnds }: Pick<TurnDeps, 'inFlight' | 'arrivals' | 'manyEnds'>,
  lanes: RoomLanes,
  event: CheckedPdu,
  decide: (room: LaneRoom | null) => Promise<Decision<T>>,
): Promise<T> {
  let names: readonly string[] = [];
  let ends = 0;
  let isOther = false;
  const count = (): void => (isOther ? arrivals.addOther(event.roomId) : arrivals.add(event.roomId));
  try {
    const turn = await lanes.run(event.roomId, async (room) => {
      const decision = await decide(room);
      if (names.length === 0 && decision.judged.length > 0 && room !== null) {
        names = flightNames(event, room.head.version);
        isOther = names.length > 1 || decision.judged.some(({ known }) => known);
        count();
        for (const name of names) inFlight.set(name, (inFlight.get(name) ?? 0) + 1);
      }
      ends = room?.head.extremities.length ?? 0;
      return decision;
    });
    if (ends > MAX_PREV_EVENTS) manyEnds?.(event.roomId);
    return turn;
  } finally {
    // Once more: who looked into the log in between did not see it there.
    if (names.length > 0) count();
    for (const name of names) {
      const left = inFlight.get(name)! - 1;
      if (left > 0) inFlight.set(name, left);
      else inFlight.delete(name);
    }
  }
}

/** What an event is on its way as: itself, and the target of what it redacts. */
function flightNames({ roomId, eventId, pdu }: CheckedPdu, version: RoomVersion): readonly string[] {
  const target = redactionTarget(pdu, version);
  return [flightName(roomId, eventId), ...(target === null ? [] : [flightName(roomId, target, 'redacts')])];
}

/** Itself a second time, or its redaction: the log does not tell of them yet. */
function waitsFor({ roomId, eventId }: CheckedPdu): readonly string[] {
  return [flightName(roomId, eventId), flightName(roomId, eventId, 'redacts')];
}

function flightName(roomId: RoomId, eventId: EventId, as = 'is'): string {
  return `${roomId}\u0000${as}\u0000${eventId}`;
}

/** What stands of an event already; null: it has to be judged. */
export async function standing(
  db: Db,
  roomId: RoomId,
  { eventId, slot, verdict }: StoredEvidence,
): Promise<Received | null> {
  if (verdict === 'accepted') return { is: verdict, eventId, rule: null, isNew: false };
  if (verdict !== 'rejected' && verdict !== 'soft_failed') return null;
  // The newest verdict holds: one that was given on somebody's word is given again once the truth is known.
  if (await restedOnLess(db, roomId, slot.position)) return null;
  return { is: verdict, eventId, rule: null, isNew: false };
}

/** The event and what it rests on, as far as that is stored or on its way. */
async function citedEvents(
  db: Db,
  room: LaneRoom,
  { eventId, roomId, pdu }: CheckedPdu,
): Promise<ReadonlyMap<EventId, Citable | StoredEvidence>> {
  const wanted = restsOn(pdu, roomId, room.head.version);
  const pending = new Map<EventId, Citable>();
  for (const entry of room.head.pending.values()) {
    if (entry !== null && wanted.includes(entry.eventId)) pending.set(entry.eventId, { ...entry, rejected: false });
  }
  const open = [eventId, ...wanted.filter((id) => !pending.has(id))];
  const stored = await storedEvidence(db, roomId, open);
  if (wanted.every((id) => pending.has(id) || stored.has(id))) return new Map([...pending, ...stored]);
  // On its way, and no state any more.
  await room.appended();
  return storedEvidence(db, roomId, [eventId, ...wanted]);
}

/** Judged by itself and refused: an auth event that is no evidence against what cites it where it is known by its chain alone. */
function citesRefused(
  ids: readonly EventId[],
  known: ReadonlyMap<EventId, Citable | StoredEvidence>,
): Rejection | null {
  const refused = ids.some((id) => {
    const event = known.get(id);
    return event !== undefined && 'verdict' in event && event.verdict === 'rejected';
  });
  return refused ? reject('auth_events.rejected', 'auth_events lists a rejected event.') : null;
}

function told(answer: Turn): Decision<Turn> {
  return { judged: [], actions: [], answer };
}

export function failed(
  eventId: EventId | null,
  why: Extract<Received, { is: 'failed' }>['why'],
  reason: string,
): Received {
  return { is: 'failed', eventId, why, reason };
}

export function unknownRoom(eventId: EventId | null): Received {
  return failed(eventId, 'unknown_room', 'Nobody here is in that room.');
}

export function notLetIn(eventId: EventId | null): Received {
  return failed(eventId, 'forbidden', 'The room does not let this server in.');
}
