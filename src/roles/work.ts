/** `work`: takes jobs off the queue until it is told to stop. */
import { startWorker, WORKER_DEFAULTS } from '../worker/worker.ts';
import { openData, type Data } from './open-data.ts';
import type { Role, RoleContext } from './role.ts';

export const workRole: Role = {
  summary: 'work the job queue: seals, and what admins start',
  usage: '',
  options: {},
  help: [],
  positionals: 0,
  async run(context) {
    const data = await openData(context, 6);
    const worker = startWorker(...workerOf(context, data));
    context.print('Working the job queue.');
    await new Promise<void>((resolve) => context.stop.addEventListener('abort', () => resolve(), { once: true }));
    await worker.close();
    await data.close();
    return 0;
  },
};

/** The worker's parts and options: the same alone as beside the server. */
export function workerOf(context: RoleContext, data: Data): Parameters<typeof startWorker> {
  const parts = {
    pool: data.database.pool,
    ownerPool: data.owner.pool,
    identity: data.identity,
    now: context.now,
    logger: context.log,
  };
  return [parts, { home: data.queueHome, name: `worker-${context.processId}`, ...WORKER_DEFAULTS }];
}
