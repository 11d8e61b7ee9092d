/** Gives an authorized event its verdict and works out what follows from it: state, membership, presence. */
import type {
  EventSlot,
  JudgedFields,
  JudgedPdu,
  PresenceChange,
  StateChange,
  TransitionRecord,
} from '../../log/judged-pdu.ts';
import { movesPresence, presenceChange } from '../../log/presence.ts';
import type { Ref } from '../../log/state-lines.ts';
import { serverOf } from '../../matrix/identifiers.ts';
import { membershipOf, type PduFields } from '../../matrix/pdu.ts';
import { isFirstKnock, markIndependent } from '../lanes/beside.ts';
import { transitionOf } from './member-transition.ts';
import type { ProposedEvent } from './propose.ts';
import type { HeadState, RoomHead } from '../lanes/room-head.ts';

/**
 * Accepts an event that was proposed on the head itself: it cites every extremity, so the state before it is the
 * current state on which it was authorized, and its state change is the next one on line 0. `state` must hold the key
 * that the event sets. `head.servers` must be counted when the event is a join or ends one.
 */
export function judge(head: RoomHead, proposed: ProposedEvent, state: HeadState, onBehalfOf: string | null): JudgedPdu {
  const { pdu, eventId, auth, prev } = proposed;
  const cites = new Set(prev);
  if (head.extremities.some((tip) => !cites.has(tip.slot))) throw new Error('the event was not built on the head');
  const roomPosition = head.roomPosition + 1;
  const slot = { eventId, position: 0 };
  const change = stateChange(pdu, slot, roomPosition, state);
  const transition = change === null ? null : transitionOf(change, stood(change, state), { by: 'own', onBehalfOf });
  const fields: JudgedFields = {
    pdu,
    verdict: 'accepted',
    rule: null,
    slot,
    known: false,
    roomId: head.roomId,
    version: head.version,
    origin: serverOf(pdu.sender),
    auth,
    authRejection: null,
    prev,
    replaces: prev,
    roomPosition,
    before: stateAtHead(head),
    after: { line: 0, at: change === null ? head.stateAt : roomPosition },
    anchor: roomPosition,
    back: 0,
    relay: true,
    lines: prev.length === 0 ? [{ line: 0, parent: null, depth: 0 }] : [],
    changes: change === null ? [] : [change],
    transitions: transition === null ? [] : [transition],
    presence: transition === null ? null : presenceOf(head, [transition]),
    gaps: [],
    startsRoom: prev.length === 0,
  };
  const judged = fields as JudgedPdu;
  if (isFirstKnock(pdu, head.version, state)) markIndependent(judged);
  return judged;
}

/** The state before an event that cites every extremity: after them all, or where each left the same, as that is called. */
export function stateAtHead({ extremities, stateAt }: RoomHead): Ref {
  const [first] = extremities;
  const isOne =
    first !== undefined && extremities.every(({ ref }) => ref.line === first.ref.line && ref.at === first.ref.at);
  return isOne ? first.ref : { line: 0, at: stateAt };
}

/** What the key of a change had before, if `state` was asked for it. */
function stood({ type, stateKey }: StateChange, state: HeadState): PduFields | undefined {
  return type === 'm.room.member' ? state.get(type, stateKey)?.pdu : undefined;
}

/** The change of the current state that an event makes which cites every extremity. */
export function stateChange(pdu: PduFields, slot: EventSlot, at: number, state: HeadState): StateChange | null {
  if (pdu.state_key === undefined) return null;
  const previous = pdu.type === 'm.room.create' ? undefined : state.get(pdu.type, pdu.state_key);
  return {
    line: 0,
    at,
    type: pdu.type,
    stateKey: pdu.state_key,
    event: slot,
    pdu,
    previous: previous?.slot ?? null,
    membership: membershipOf(pdu),
  };
}

/** `head.servers` must be counted when it moves. */
export function presenceOf(
  { servers }: Pick<RoomHead, 'servers'>,
  transitions: readonly TransitionRecord[],
): PresenceChange | null {
  if (!transitions.some(movesPresence)) return null;
  if (servers === null) throw new Error('the servers of the room were not counted');
  return presenceChange(servers, transitions);
}
