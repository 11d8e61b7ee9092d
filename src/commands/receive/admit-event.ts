/** Takes an event into its room if the room takes it now, and otherwise stores nothing of it: what comes by a handshake. */
import type { JudgedPdu } from '../../log/judged-pdu.ts';
import { stateKeysForAuth } from '../../matrix/auth-events.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { checkRules } from '../../matrix/event-auth.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import type { Cause } from '../judge/member-transition.ts';
import type { CheckedPdu } from './receive-checks.ts';
import { receiveInTurn, runArrival, type Arrival, type TurnDeps } from './receive-turn.ts';
import { isResident } from '../lanes/room-head.ts';
import type { Decision, LaneRoom, RoomLanes } from '../lanes/room-lane.ts';

/** An event that stands somewhere in the room's graph, and what its coming means. */
export interface Admission<T> {
  readonly event: CheckedPdu;
  /** The server that sent it here; ours for an event of ours that is no longer on the head. */
  readonly origin: ServerName;
  /** What the log said of it before the turn; absent: it is asked in the turn. */
  readonly facts?: Arrival['facts'];
  /** Absent: somebody elsewhere brings it about. */
  readonly cause?: Cause | undefined;
  /** Throws what speaks against it before the rules do, in the room's turn. */
  readonly check?: (room: LaneRoom) => Promise<void>;
  /** What follows from it once it is accepted, in the room's turn too; `judged` is null where it was accepted before. */
  readonly accepted: (room: LaneRoom, judged: JudgedPdu | null) => Promise<Omit<Decision<T>, 'judged' | 'outliers'>>;
}

const UNASKED: Arrival['facts'] = { stored: new Map(), redacted: false, seen: -1, others: -1 };

/**
 * Judges the event by its auth events, on the state before it, and on the current state: where one of them refuses it, it is
 * not stored. Nothing that it cites is asked for. Resolves after the commit. Throws M_NOT_FOUND when nobody here is in the
 * room; M_FORBIDDEN when it is not allowed, or cites what is not known here; what `check` throws.
 */
export async function admitEvent<T>(turn: TurnDeps, lanes: RoomLanes, admission: Admission<T>): Promise<T> {
  const { event, origin, cause, check, accepted } = admission;
  const judging: TurnDeps = { ...turn, judge: (room, received) => turn.judge(room, received, cause) };
  const facts = admission.facts ?? UNASKED;
  const arrival = { event, origin, relay: true, holes: [], elsewhere: new Set<never>(), facts };
  await lanes.warm(event.roomId, [event.pdu.sender]);
  return runArrival(turn, lanes, event, async (room) => {
    if (room === null || !isResident(room.head, turn.serverName)) throw notResident();
    await check?.(room);
    const { answer, ...decision } = await receiveInTurn(judging, room, arrival);
    if ('missing' in answer || (answer.is === 'failed' && answer.why === 'missing'))
      throw new MatrixError('M_FORBIDDEN', 'The event cites events that are not known here.');
    if (answer.is === 'failed' && answer.why === 'unknown_room') throw notResident();
    if (answer.is === 'failed') throw shutOut();
    if (answer.is !== 'accepted') throw await refusal(room, event);
    return { ...decision, ...(await accepted(room, decision.judged[0] ?? null)) };
  });
}

export function notResident(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'Nobody here is in that room.');
}

export function shutOut(): MatrixError {
  return new MatrixError('M_FORBIDDEN', 'The room does not let this server in.');
}

/** In the words of the rule, where the current state is what refuses it. */
async function refusal(room: LaneRoom, { pdu }: CheckedPdu): Promise<MatrixError> {
  const { version } = room.head;
  const refused = checkRules(pdu, version, await room.state(stateKeysForAuth(pdu, version)));
  return new MatrixError('M_FORBIDDEN', refused?.message ?? 'The event is not allowed at its place in the room.');
}
