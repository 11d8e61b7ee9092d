/** Resolvers of Job, and how one is read. */
import { MatrixError } from '../../matrix/errors.ts';
import type { JobStatus } from '../../queue/queue.ts';
import type { Context } from '../context.ts';
import { enumName } from '../names.ts';
import type { JobResolvers } from '../schema.generated.ts';

/** Null when there is no such job. Throws M_UNKNOWN (503) when the queue cannot be reached. */
export async function jobStatus({ queue }: Context, id: string): Promise<JobStatus | null> {
  return queue.jobStatus(id).catch(() => {
    throw new MatrixError('M_UNKNOWN', 'The job queue cannot be reached.', { status: 503 });
  });
}

export const job: JobResolvers = {
  state: ({ state }) => enumName(state),
};
