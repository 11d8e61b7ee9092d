/** Judges an event from elsewhere on its own place in the room's graph: on the head at once, anywhere else as a branch. */
import type { EventSlot, JudgedFields, JudgedPdu } from '../../log/judged-pdu.ts';
import { stateKeysForAuth } from '../../matrix/auth-events.ts';
import { authorize } from '../../matrix/event-auth.ts';
import type { EventId } from '../../matrix/identifiers.ts';
import { isRejection } from '../../matrix/rejection.ts';
import { movesPresence } from '../../log/presence.ts';
import { isFirstKnock, markIndependent } from '../lanes/beside.ts';
import { judgeBeside } from './judge-beside.ts';
import { judgeOnBranch, type Candidate } from './judge-branch.ts';
import { presenceOf, stateAtHead, stateChange } from './judge.ts';
import { transitionOf, type Cause } from './member-transition.ts';
import type { ReceivedPdu } from './received-pdu.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';
import type { Extremity, RoomHead } from '../lanes/room-head.ts';

/** Predecessors of which neither a verdict nor somebody's claim is known: the event cannot be judged before they are. */
export interface Missing {
  readonly missing: readonly EventId[];
}

/**
 * The event's verdict and what follows from it, in the room's turn. An event that cites exactly the head's extremities is
 * judged on the current state, durable or not; any other waits until the room's log is stored, and then finds the state
 * before it on the room's lines.
 * https://spec.matrix.org/latest/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export async function judgeReceived(
  room: LaneRoom,
  received: ReceivedPdu,
  cause: Cause = FROM_ELSEWHERE,
): Promise<JudgedPdu | Missing> {
  const tips = received.holes.length === 0 ? citedTips(room.head, received.pdu.prev_events) : null;
  const candidate = { ...received, cause };
  if (tips !== null) return judgeAtHead(room, candidate, tips);
  return (await judgeBeside(room, candidate)) ?? judgeOnBranch(room, candidate);
}

const FROM_ELSEWHERE: Cause = { by: 'federation', onBehalfOf: null };

/** The extremities that an event cites, in its order; null unless it cites all of them and nothing else. */
function citedTips({ extremities }: RoomHead, prevEvents: readonly EventId[]): readonly Extremity[] | null {
  if (prevEvents.length === 0 || new Set(prevEvents).size !== extremities.length) return null;
  const tips = prevEvents.map((eventId) => extremities.find(({ slot }) => slot.eventId === eventId));
  return tips.every((tip) => tip !== undefined) ? tips : null;
}

async function judgeAtHead(room: LaneRoom, received: Candidate, tips: readonly Extremity[]): Promise<JudgedPdu> {
  const { head } = room;
  const { pdu, eventId, known } = received;
  const keys = stateKeysForAuth(pdu, head.version);
  const state = await room.state(pdu.state_key === undefined ? keys : [...keys, [pdu.type, pdu.state_key]]);
  const allowed = received.authRejection ?? authorize(pdu, head.version, state);
  const slot: EventSlot = { eventId, position: known ?? 0 };
  const before = stateAtHead(head);
  const roomPosition = head.roomPosition + 1;
  const common = {
    slot,
    known: known !== null,
    roomId: head.roomId,
    version: head.version,
    origin: received.origin,
    auth: received.auth,
    authRejection: received.authRejection?.rule ?? null,
    prev: tips.map((tip) => tip.slot),
    replaces: tips.map((tip) => tip.slot),
    roomPosition,
    before,
    anchor: roomPosition,
    back: 0,
    relay: received.relay,
    lines: [],
    gaps: [],
    startsRoom: false,
  };
  if (isRejection(allowed)) {
    const nothing = { changes: [], transitions: [], presence: null };
    const fields: JudgedFields = { ...common, ...nothing, pdu, verdict: 'rejected', rule: allowed.rule, after: before };
    return fields as JudgedPdu;
  }
  const change = stateChange(pdu, slot, roomPosition, state);
  const stood = pdu.type === 'm.room.member' && change !== null ? state.get(pdu.type, change.stateKey) : undefined;
  const transition = change === null ? null : transitionOf(change, stood?.pdu, received.cause);
  const transitions = transition === null ? [] : [transition];
  if (transitions.some(movesPresence)) await room.countServers();
  const fields: JudgedFields = {
    ...common,
    pdu: allowed,
    verdict: 'accepted',
    rule: null,
    after: { line: 0, at: change === null ? head.stateAt : roomPosition },
    changes: change === null ? [] : [change],
    transitions,
    presence: presenceOf(head, transitions),
  };
  const judged = fields as JudgedPdu;
  if (isFirstKnock(pdu, head.version, state)) markIndependent(judged);
  return judged;
}
