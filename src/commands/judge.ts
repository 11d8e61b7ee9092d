/** Gives an authorized event its verdict and works out what follows from it: state, membership, presence. */
import type {
  EventSlot,
  JudgedFields,
  JudgedPdu,
  PresenceChange,
  StateChange,
  TransitionRecord,
} from '../log/judged-pdu.ts';
import { movesPresence, presenceChange } from '../log/presence.ts';
import { transitionKind } from '../log/transition.ts';
import { serverOf, type UserId } from '../matrix/identifiers.ts';
import { membershipOf } from '../matrix/pdu.ts';
import type { ProposedEvent } from './propose.ts';
import type { HeadState, RoomHead } from './room-head.ts';

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
  const before = { line: 0, at: head.stateAt };
  const slot = { eventId, position: 0 };
  const change = stateChange(pdu, slot, roomPosition, state);
  const transition = change === null ? null : transitionOf(pdu, slot, change, state, onBehalfOf);
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
    roomPosition,
    before,
    after: change === null ? before : { line: 0, at: roomPosition },
    anchor: roomPosition,
    back: 0,
    relay: true,
    lines: prev.length === 0 ? [{ line: 0, parent: null, depth: 0 }] : [],
    changes: change === null ? [] : [change],
    transitions: transition === null ? [] : [transition],
    presence: transition === null ? null : presenceOf(head, transition),
    startsRoom: prev.length === 0,
  };
  return fields as JudgedPdu;
}

function stateChange(pdu: ProposedEvent['pdu'], slot: EventSlot, at: number, state: HeadState): StateChange | null {
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

function transitionOf(
  pdu: ProposedEvent['pdu'],
  slot: EventSlot,
  change: StateChange,
  state: HeadState,
  onBehalfOf: string | null,
): TransitionRecord | null {
  const to = change.membership;
  if (to === null) return null;
  const before = state.get(change.type, change.stateKey);
  const from = (before && membershipOf(before.pdu)) ?? 'none';
  const self = pdu.sender === change.stateKey;
  const kind = transitionKind(from, to, self);
  if (kind === null) return null;
  return {
    userId: change.stateKey as UserId,
    from,
    to,
    kind,
    cause: self ? 'self' : 'moderator',
    event: slot,
    pdu,
    previous: change.previous,
    supersedes: null,
    actor: pdu.sender,
    onBehalfOf,
    occurredAt: pdu.origin_server_ts,
  };
}

function presenceOf({ servers }: RoomHead, transition: TransitionRecord): PresenceChange | null {
  if (!movesPresence(transition)) return null;
  if (servers === null) throw new Error('the servers of the room were not counted');
  return presenceChange(servers, [transition]);
}
