/** Judges an event that does not simply follow the head: the state before it and after it lie on branch lines. */
import type { EventSlot, Gap, JudgedFields, JudgedPdu } from '../../log/judged-pdu.ts';
import { placeOfCited, readPredecessors, readReplaced, type Predecessor } from '../../log/line-queries.ts';
import type { Ref } from '../../log/state-lines.ts';
import { stateKeysForAuth } from '../../matrix/auth-events.ts';
import { authorize } from '../../matrix/event-auth.ts';
import type { EventId } from '../../matrix/identifiers.ts';
import type { AuthorizedPdu } from '../../matrix/pdu.ts';
import { isRejection, reject, type Rejection } from '../../matrix/rejection.ts';
import { IN_FLIGHT, type DraftedEvent } from './line-draft.ts';
import {
  claimedState,
  draftRoom,
  extendLine,
  mergedBefore,
  stateOn,
  stateWith,
  type DraftedRoom,
} from './drafted-room.ts';
import type { Cause } from './member-transition.ts';
import { effectsOf, mergeTips } from './merge-effects.ts';
import type { Hole, ReceivedPdu } from './received-pdu.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';

/** An event to be judged, from elsewhere or made here. */
export interface Candidate extends ReceivedPdu {
  readonly cause: Cause;
}

/**
 * The verdict on an event anywhere in the room's graph, and all that follows from it. Waits until what was proposed in the
 * room before is stored.
 */
export async function judgeOnBranch(
  room: LaneRoom,
  candidate: Candidate,
): Promise<JudgedPdu | { readonly missing: readonly EventId[] }> {
  await room.appended();
  const { head } = room;
  // Nothing of what was not stored may be read into what is remembered of the room; the turn is had again.
  if (head.stale) throw new Error('the room is not what it was thought to be');
  // Needed when all else is known.
  const placing = placeOfCited(room.tools.db, head.roomId, candidate.eventId, candidate.known);
  placing.catch(() => undefined);
  const predecessors = await predecessorsOf(room, candidate.pdu.prev_events);
  const holes = new Map(candidate.holes.map((hole) => [hole.missing as string, hole]));
  const known = predecessors.map((one) => judgedState(one) ?? one.claimed);
  const missing = predecessors.filter(({ eventId }, n) => known[n] === null && !holes.has(eventId));
  if (missing.length > 0) return { missing: missing.map(({ eventId }) => eventId as EventId) };

  const drafted = await draftRoom(
    room,
    draftedEvent(candidate),
    known.filter((ref) => ref !== null),
  );
  const { states, gaps } = await statesAfter(drafted, predecessors, holes);
  const before = await mergedBefore(drafted, states);
  const allowed = await judgeBefore(drafted, candidate, before);
  const prev = predecessors.map(({ eventId, position }) => slotOf(eventId, position ?? 0));
  const common: Common = {
    slot: slotOf(candidate.eventId, candidate.known ?? 0),
    known: candidate.known !== null,
    roomId: head.roomId,
    version: head.version,
    origin: candidate.origin,
    auth: candidate.auth,
    authRejection: candidate.authRejection?.rule ?? null,
    prev,
    roomPosition: drafted.roomPosition,
    before,
    anchor: drafted.roomPosition,
    back: 0,
    relay: candidate.relay,
    gaps,
    startsRoom: false,
  };
  if (isRejection(allowed)) return refuse(drafted, candidate, common, ['rejected', allowed.rule, before]);
  const now = await judgeNow(drafted, allowed, gaps.length > 0 ? before : null);
  const after = await extendLine(drafted, before);
  if (isRejection(now)) return refuse(drafted, candidate, common, ['soft_failed', now.rule, after]);
  const replaces = await replacedBy(drafted, predecessors);
  const place = await placing;
  return accept(drafted, candidate, { ...common, ...place, pdu: allowed, after }, replaces, place === null);
}

type Common = Pick<
  JudgedFields,
  | 'slot'
  | 'known'
  | 'roomId'
  | 'version'
  | 'origin'
  | 'auth'
  | 'authRejection'
  | 'prev'
  | 'roomPosition'
  | 'before'
  | 'anchor'
  | 'back'
  | 'relay'
  | 'gaps'
  | 'startsRoom'
>;

/** The branch is told, and the present stays as it is. */
async function refuse(
  drafted: DraftedRoom,
  { pdu, cause }: Candidate,
  common: Common,
  [verdict, rule, after]: readonly ['rejected' | 'soft_failed', string, Ref],
): Promise<JudgedPdu> {
  const effects = await effectsOf(drafted, common.slot, cause, null);
  return mint(drafted, { ...common, ...effects, replaces: [], pdu, verdict, rule, after });
}

/** The current state becomes what all ends of the graph resolve to. An event that others follow already is no end. */
async function accept(
  drafted: DraftedRoom,
  { cause }: Candidate,
  fields: Common & { readonly pdu: AuthorizedPdu; readonly after: Ref },
  replaced: ReadonlySet<number>,
  isEnd: boolean,
): Promise<JudgedPdu> {
  const { extremities } = drafted.room.head;
  const left = extremities.filter(({ slot }) => !replaced.has(slot.position));
  const tips = [...left.map(({ ref }) => ref), ...(isEnd ? [fields.after] : [])];
  const merged = isEnd || left.length < extremities.length ? await mergeTips(drafted, tips) : null;
  const effects = await effectsOf(drafted, fields.slot, cause, merged);
  const replaces = [...replaced].map((position) => ({ position }));
  return mint(drafted, { ...fields, ...effects, replaces, verdict: 'accepted', rule: null });
}

function slotOf(eventId: string, position: number): EventSlot {
  return { eventId: eventId as EventId, position };
}

function mint({ room, merge }: DraftedRoom, fields: JudgedFields): JudgedPdu {
  const judged = fields as JudgedPdu;
  if (merge !== null) room.tools.merges.note(judged, merge.name, merge.at);
  return judged;
}

async function predecessorsOf(
  { head, tools }: LaneRoom,
  eventIds: readonly EventId[],
): Promise<readonly Predecessor[]> {
  const recent = eventIds.map((eventId) => tools.recent.find(head.roomId, eventId));
  if (recent.every((one) => one !== undefined)) return recent;
  return readPredecessors(tools.db, head.roomId, eventIds);
}

function draftedEvent({ pdu, eventId, auth, known }: Candidate): DraftedEvent | null {
  if (pdu.state_key === undefined) return null;
  return { position: known ?? IN_FLIGHT, eventId, pdu, auth: auth.map(({ position }) => position), rejectedBy: null };
}

/** A rejected event leaves the state as it was before it. */
function judgedState({ verdict, before, after }: Predecessor): Ref | null {
  return verdict === 'rejected' ? before : after;
}

async function statesAfter(
  drafted: DraftedRoom,
  predecessors: readonly Predecessor[],
  holes: ReadonlyMap<string, Hole>,
): Promise<{ readonly states: readonly Ref[]; readonly gaps: readonly Gap[] }> {
  const states: Ref[] = [];
  const gaps = new Map<string, Gap>();
  for (const predecessor of predecessors) {
    const { eventId, claimed } = predecessor;
    const judged = judgedState(predecessor);
    const hole = holes.get(eventId);
    if (judged !== null) states.push(judged);
    else if (!gaps.has(eventId)) {
      const state = claimed ?? (hole === undefined ? null : await claimedState(drafted, hole));
      if (state === null) continue;
      gaps.set(eventId, { missing: eventId as EventId, claimed: state });
      states.push(state);
    }
  }
  return { states, gaps: [...gaps.values()] };
}

/** Checks 4 and 5 of its receipt: by its own auth events, and by the state before it. */
async function judgeBefore(
  drafted: DraftedRoom,
  { pdu, authRejection }: Candidate,
  before: Ref,
): Promise<AuthorizedPdu | Rejection> {
  if (authRejection !== null) return authRejection;
  // The room has begun: another beginning is another room's.
  if (pdu.type === 'm.room.create') return reject('room.other_room', 'The room has a create event already.');
  const { version } = drafted.room.head;
  return authorize(pdu, version, await stateOn(drafted, before, stateKeysForAuth(pdu, version)));
}

/** Check 6: by the current state; where predecessors are missing, by that together with the state `besides`. */
async function judgeNow(
  drafted: DraftedRoom,
  pdu: AuthorizedPdu,
  besides: Ref | null,
): Promise<AuthorizedPdu | Rejection> {
  const { head } = drafted.room;
  const keys = stateKeysForAuth(pdu, head.version);
  const state = besides === null ? await drafted.room.state(keys) : await stateWith(drafted, besides, keys);
  return authorize(pdu, head.version, state);
}

async function replacedBy({ room }: DraftedRoom, predecessors: readonly Predecessor[]): Promise<ReadonlySet<number>> {
  const positions = predecessors.flatMap(({ position }) => position ?? []);
  const refused = predecessors.some(({ verdict }) => verdict === 'soft_failed' || verdict === 'rejected');
  return refused ? readReplaced(room.tools.db, room.head.roomId, positions) : new Set(positions);
}
