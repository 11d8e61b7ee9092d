/** Mutations for admins of the server: erasing a user's words, checking the log, replaying it. */
import type { JobStatus } from '../../queue/queue.ts';
import { eraseUser as erase } from '../../commands/erase.ts';
import { startJob } from '../../commands/start-job.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { viewerOf, type Context } from '../context.ts';
import { userIdOf } from '../names.ts';
import type { MutationResolvers } from '../schema.generated.ts';
import { jobStatus } from './job.ts';
import { readInput } from './read-input.ts';

export const eraseUser: NonNullable<MutationResolvers['eraseUser']> = async (_root, { input }, context) => {
  const userId = await readInput(context, 'eraseUser', () => userIdOf(input.userId));
  const { events } = await erase(context.erase, viewerOf(context), { userId });
  context.loaders.forget();
  // The words are gone from every table; the job takes their bytes out of the data files too.
  await context.queue.enqueue('scrub', {}).catch((error: unknown) => {
    context.log.error({ err: error }, 'erased words stay in the data files until the next scrub');
  });
  return { user: { userId }, events };
};

export const startVerify: NonNullable<MutationResolvers['startVerify']> = async (_root, _args, context) => {
  const id = await startJob(startDeps(context), viewerOf(context), 'verify', {});
  return { job: await startedJob(context, id) };
};

export const startRebuild: NonNullable<MutationResolvers['startRebuild']> = async (_root, { input }, context) => {
  const id = await startJob(startDeps(context), viewerOf(context), 'rebuild', { force: input?.force === true });
  return { job: await startedJob(context, id) };
};

function startDeps({ commands, queue }: Context) {
  return { recorder: commands.recorder, now: commands.now, queue };
}

async function startedJob(context: Context, id: string): Promise<JobStatus> {
  const job = await jobStatus(context, id);
  if (job === null) throw new MatrixError('M_NOT_FOUND', 'The job was started, and the job queue has lost it since.');
  return job;
}
