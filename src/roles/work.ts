/** `work`: takes jobs off the queue until it is told to stop. */
import { randomFraction, randomId } from '../accounts/secrets.ts';
import { openDatabase } from '../database/database.ts';
import { startWorker, WORKER_DEFAULTS, type DeliveryParts } from '../worker/worker.ts';
import { openRequests, type Requests } from './federation.ts';
import { openData, type Data } from './open-data.ts';
import { whenAborted, type Role, type RoleContext } from './role.ts';

export const workRole: Role = {
  summary: 'work the job queue: what other servers are owed, seals, and what admins start',
  usage: '',
  options: {},
  help: [],
  positionals: 0,
  async run(context) {
    const data = await openData(context, 6);
    try {
      await work(context, data);
    } finally {
      await data.close();
    }
    return 0;
  },
};

async function work(context: RoleContext, data: Data): Promise<void> {
  const { db } = data.database;
  const federation = await openRequests(
    context.config,
    { db, identity: data.identity, now: context.now },
    context.stop,
  );
  const worker = startWorker(...workerOf(context, data, federation));
  context.giveBackMemory();
  context.print('Working the job queue.');
  await whenAborted(context.stop);
  await worker.close();
  await federation.close();
}

/** The worker's parts and options: the same alone as beside the server. */
export function workerOf(
  context: RoleContext,
  data: Data,
  { calls }: Pick<Requests, 'calls'>,
): Parameters<typeof startWorker> {
  const parts = {
    pool: data.database.pool,
    ownerPool: data.owner.pool,
    identity: data.identity,
    now: context.now,
    logger: context.log,
  };
  const { answerMs, backoff } = context.config.deliveries;
  const deliveries: DeliveryParts = {
    database: openDatabase({ url: data.database.url, max: CONNECTIONS, applicationName: 'vestibule-deliveries' }),
    sendTransaction: (server, sent, signal) => calls.sendTransaction(server, sent, signal),
    answerMs,
    backoff,
    random: randomFraction,
  };
  // Processes in containers have the same numbers.
  const name = `worker-${context.processId}-${randomId(6)}`;
  return [parts, deliveries, { home: data.queueHome, name, ...WORKER_DEFAULTS }];
}

/** For any number of deliveries: none holds a connection while it waits for another server. */
const CONNECTIONS = 4;
