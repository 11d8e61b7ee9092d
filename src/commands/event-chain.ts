/** Several events of one act on one room, each judged on the one before, none of them stored yet. */
import { stateKeyText } from '../matrix/auth-events.ts';
import type { JudgedPdu } from '../log/judged-pdu.ts';
import { MatrixError } from '../matrix/errors.ts';
import { isRejection, type Rejection } from '../matrix/rejection.ts';
import type { Actor, CommandDeps } from './act.ts';
import { judgeProposed } from './judge/judge-proposed.ts';
import { judge } from './judge/judge.ts';
import { keysToPropose, MAX_PREV_EVENTS, propose, type EventDraft, type ProposedEvent } from './judge/propose.ts';
import { advance, pendingState, type HeadState, type RoomHead } from './lanes/room-head.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

export interface EventChain {
  /** As it will be once the chain is stored. */
  readonly head: RoomHead;
  /** What was sent so far, in order. */
  readonly judged: readonly JudgedPdu[];
  /** The next event, or the rule that refuses it; then the chain stays as it was. Throws as propose(). */
  send(draft: EventDraft): Promise<ProposedEvent | Rejection>;
}

type StateReader = LaneRoom['state'];
type Judge = (proposed: ProposedEvent, state: HeadState) => Promise<JudgedPdu>;

/**
 * A chain on a room in its turn. The lane's own head stays where it is: it moves when the turn's decision is taken. No
 * joins and no ends of one: they need the servers of the room counted.
 */
export function chainOnRoom(deps: CommandDeps, actor: Actor, room: LaneRoom): EventChain {
  const head: RoomHead = { ...room.head, pending: new Map(), warming: new Map() };
  const read: StateReader = async (keys) => {
    const isNew = ([type, stateKey]: readonly [string, string]) => head.pending.has(stateKeyText(type, stateKey));
    const before = await room.state(keys.filter((key) => !isNew(key)));
    return { get: (type, key) => (isNew([type, key]) ? pendingState(head).get(type, key) : before.get(type, key)) };
  };
  const judged: JudgedPdu[] = [];
  const judgeNext: Judge = async (proposed, state) => {
    if (judged.length === 0) return judgeProposed(room, proposed, state, actor.onBehalfOf);
    // What the chain itself has not stored yet cannot be resolved with what is.
    if (head.extremities.length > MAX_PREV_EVENTS) throw tooBranched();
    return judge(head, proposed, state, actor.onBehalfOf);
  };
  return chain(deps, head, read, judgeNext, judged);
}

/** A chain on a room that is just being made. */
export function chainOnNewRoom(deps: CommandDeps, actor: Actor, head: RoomHead, first: JudgedPdu): EventChain {
  const state: HeadState = pendingState(head);
  const judgeNext: Judge = async (proposed) => judge(head, proposed, state, actor.onBehalfOf);
  return chain(deps, head, async () => state, judgeNext, [first]);
}

function chain(
  deps: CommandDeps,
  head: RoomHead,
  read: StateReader,
  judgeNext: Judge,
  judged: JudgedPdu[],
): EventChain {
  return {
    head,
    judged,
    async send(draft) {
      const keys = keysToPropose(draft, head);
      const state = await read(draft.stateKey === undefined ? keys : [...keys, [draft.type, draft.stateKey]]);
      const proposed = propose(draft, head, state, deps.identity, deps.now());
      if (isRejection(proposed)) return proposed;
      const next = await judgeNext(proposed, state);
      advance(head, next);
      judged.push(next);
      return proposed;
    },
  };
}

function tooBranched(): MatrixError {
  return new MatrixError('M_UNKNOWN', 'The room has too many branches right now.', { status: 503 });
}
