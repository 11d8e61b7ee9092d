/** Starting an admin's long job: the check of the log, the rebuild of the projections. */
import { MatrixError } from '../matrix/errors.ts';
import type { JobPayloads, JobQueue } from '../queue/queue.ts';
import { actionOf, recordingRefusal, type Actor } from './act.ts';
import type { Recorder } from './lanes/record.ts';

export interface StartJobDeps {
  readonly recorder: Recorder;
  /** Milliseconds. */
  readonly now: () => number;
  readonly queue: Pick<JobQueue, 'enqueue'>;
}

/**
 * Asks for a job and resolves to its id; while one of the same name waits or runs, to that one's. Admins only (M_FORBIDDEN).
 * Throws M_UNKNOWN (503) when the queue cannot be reached.
 */
export async function startJob<N extends 'verify' | 'rebuild'>(
  deps: StartJobDeps,
  actor: Actor,
  name: N,
  payload: JobPayloads[N],
): Promise<string> {
  const act = { operation: name === 'verify' ? 'startVerify' : 'startRebuild', roomId: null, target: null };
  return recordingRefusal(deps, actor, act, async () => {
    if (!actor.admin) throw new MatrixError('M_FORBIDDEN', 'Only an admin of this server can start this.');
    const id = await deps.queue.enqueue(name, payload).catch(() => {
      throw new MatrixError('M_UNKNOWN', 'The job queue cannot be reached.', { status: 503 });
    });
    const actions = [actionOf(actor, act, 'ok', null)];
    await deps.recorder.append({ roomId: null, head: null, judged: [], actions, erasures: [] });
    return id;
  });
}
