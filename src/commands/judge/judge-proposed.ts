/** Judges an event made here: on the head, or as one more branch while the room has more ends than an event may cite. */
import type { JudgedPdu } from '../../log/judged-pdu.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { serverOf } from '../../matrix/identifiers.ts';
import { judgeBeside } from './judge-beside.ts';
import { judgeOnBranch } from './judge-branch.ts';
import { judge } from './judge.ts';
import type { ProposedEvent } from './propose.ts';
import type { HeadState } from '../lanes/room-head.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';

/**
 * The event of a proposal on the room's head, accepted; `state` as judge() wants it. One that could not cite all ends of
 * the graph has to be allowed on the state of those that it cites, too. Throws MatrixError M_FORBIDDEN when it is not.
 */
export async function judgeProposed(
  room: LaneRoom,
  proposed: ProposedEvent,
  state: HeadState,
  onBehalfOf: string | null,
): Promise<JudgedPdu> {
  const { pdu, eventId, auth, prev } = proposed;
  if (prev.length === room.head.extremities.length) return judge(room.head, proposed, state, onBehalfOf);
  const candidate = {
    ...{ pdu, eventId, auth, origin: serverOf(pdu.sender), relay: true },
    ...{ authRejection: null, known: null, holes: [] },
    cause: { by: 'own', onBehalfOf } as const,
  };
  const judged = (await judgeBeside(room, candidate)) ?? (await judgeOnBranch(room, candidate));
  if ('missing' in judged) throw new Error('an extremity of the room is not stored');
  if (judged.verdict === 'accepted') return judged;
  throw new MatrixError('M_FORBIDDEN', 'Other servers have not heard yet of what would allow this.');
}
