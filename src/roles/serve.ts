/** `serve`: takes the writer's seat, opens the doors, and closes them in order. */
import type { FastifyInstance } from 'fastify';
import { createAdminLink } from '../accounts/admin-links.ts';
import { createLastSeen } from '../accounts/last-seen.ts';
import { hasAdmin } from '../accounts/users.ts';
import { randomId } from '../accounts/secrets.ts';
import { sharedSecretRegistration } from '../accounts/shared-secret.ts';
import type { CommandDeps } from '../commands/act.ts';
import type { ElsewhereActs } from '../commands/act-elsewhere.ts';
import { createAftercare } from '../commands/aftercare.ts';
import { createAutoAccept } from '../commands/auto-accept.ts';
import { replayLedger, type EraseDeps } from '../commands/erase.ts';
import { createInviteCarrier } from '../commands/invite-carrier.ts';
import { goOnInviting } from '../commands/invite-elsewhere.ts';
import { keepHandshakes, type HandshakeKeeper } from '../commands/keep-handshakes.ts';
import { createRateLimiter } from '../commands/rate-limits.ts';
import type { BranchJoiner } from '../commands/join-branches.ts';
import { openWriter, type Writer } from '../commands/writer.ts';
import type { Config } from '../config.ts';
import { graphqlMount, GRAPHQL_PATH } from '../graphql/server.ts';
import { ADMIN_LINK_PATH, mountAdminLink } from '../http/admin-link.ts';
import { createPollDoor } from '../http/client-server/sync/poll-door.ts';
import { createDoors, type Doors } from '../http/close-doors.ts';
import { readHealth } from '../http/health.ts';
import { createLimits } from '../http/limits.ts';
import { mountOperations } from '../http/operations.ts';
import type { HttpParts } from '../http/parts.ts';
import { createHttpServer } from '../http/server.ts';
import { serverServerEndpoints } from '../http/server-server/index.ts';
import { servedEndpoints } from '../http/served-endpoints.ts';
import { openLedger } from '../log/erasure-ledger.ts';
import type { Appended } from '../log/append.ts';
import { createFollower, type Follower } from '../log/follow.ts';
import type { Handshake } from '../outbox/handshakes.ts';
import { createDoorbell } from '../queue/doorbell.ts';
import { openQueue, type JobQueue } from '../queue/queue.ts';
import { startWorker } from '../worker/worker.ts';
import { actElsewhere } from './act-elsewhere.ts';
import { createMetrics } from './metrics.ts';
import { openFederation, type Federation } from './federation.ts';
import { hearServers } from './hear-servers.ts';
import { openData, type Data } from './open-data.ts';
import { createRinger } from './ring-for-others.ts';
import type { Role, RoleContext } from './role.ts';
import { workerOf } from './work.ts';

export const serveRole: Role = {
  summary: 'serve the Matrix and GraphQL APIs and work the job queue (the default)',
  usage: '[--no-worker]',
  options: { 'no-worker': { type: 'boolean' } },
  help: ['--no-worker   leave the job queue to processes that run `work`'],
  positionals: 0,
  async run(context, { values }) {
    const data = await openData(context);
    try {
      return await serve(context, data, values['no-worker'] !== true);
    } finally {
      await data.close();
    }
  },
};

async function serve(context: RoleContext, data: Data, works: boolean): Promise<number> {
  const { log, stop } = context;
  const deposed = new AbortController();
  const ended = AbortSignal.any([stop, deposed.signal]);
  // Before there is a seat to wait for: what cannot be used is told at the start.
  const federation = await openFederation(
    context.config,
    { db: data.database.db, identity: data.identity, now: context.now },
    ended,
  );
  const seat = await takeSeat(context, data, ended, () => deposed.abort());
  if (seat === null) return 0;
  const { writer, follower } = seat;
  const queue = openQueue({
    home: data.queueHome,
    onError: (error) => log.warn({ err: error }, 'the job queue is not reachable'),
  });
  const doorbell = createDoorbell(queue, context.now);
  seat.onCommitted(createRinger(data.database.db, data.identity.serverName, doorbell));
  const parts = await buildParts(context, data, { writer, follower, queue, federation }, ended);
  const autoAccept = createAutoAccept(parts.commands, log);
  if (context.config.autoAcceptKnockInvites) seat.onCommitted((appended) => autoAccept.hear(appended));
  await eraseAgain(context, parts.erase, queue);
  const { app, doors, forServers } = await openDoors(context, parts, queue, federation);
  const worker = works ? startWorker(...workerOf(context, data, federation)) : null;
  await greet(context, data, app, forServers?.url ?? null);
  void parts.aftercare.resume();
  const handshakes = keep(context, parts, ended);
  void parts.elsewhere.lookAtAll();
  if (!ended.aborted) await new Promise((resolve) => ended.addEventListener('abort', resolve, { once: true }));
  log.info('shutting down: answering what is open');
  await Promise.all([doors.drain(), forServers?.doors.drain()]);
  await Promise.all([worker?.close(), queue.close(), parts.aftercare.close(), handshakes.close()]);
  await Promise.all([parts.elsewhere.close(), autoAccept.settled(), parts.branches.close()]);
  // Whoever still waits, waits for a database that is away: the writer gives up after a while and says so.
  await writer.close();
  await Promise.all([doors.close(), forServers?.doors.close()]);
  await federation.close();
  await parts.lastSeen.close();
  log.info('shut down');
  return deposed.signal.aborted ? 1 : 0;
}

interface Seat {
  readonly writer: Writer;
  readonly follower: Follower;
  /** Calls it with every commit to come. */
  readonly onCommitted: (hear: (appended: Appended) => void) => void;
}

/** Null when the program was told to stop while another process had the seat. */
async function takeSeat(
  { config, log, now, print }: RoleContext,
  { database, identity }: Data,
  signal: AbortSignal,
  onDeposed: () => void,
): Promise<Seat | null> {
  const hearing: ((appended: Appended) => void)[] = [];
  const writer = await openWriter({
    pool: database.pool,
    db: database.db,
    now,
    serverName: identity.serverName,
    address: `http://${config.listen.host}:${config.listen.port}`,
    log,
    onCommitted: (appended) => hearing.forEach((hear) => hear(appended)),
    onDeposed() {
      log.error('another process took the writer seat: this one ends');
      onDeposed();
    },
    onStandby: () => print('Another process writes this log: waiting to take over when it ends.'),
    signal,
  });
  if (writer === null) return null;
  const follower = createFollower(writer.recorder.head());
  const onCommitted: Seat['onCommitted'] = (hear) => void hearing.push(hear);
  onCommitted((appended) => follower.publish(appended));
  return { writer, follower, onCommitted };
}

interface Parts extends HttpParts {
  readonly branches: BranchJoiner;
  readonly erase: EraseDeps;
  readonly elsewhere: ElsewhereActs;
}

async function buildParts(
  { config, log, now }: RoleContext,
  { database, identity }: Data,
  {
    writer: { lanes, recorder },
    follower,
    queue,
    federation,
  }: Omit<Seat, 'onCommitted'> & { readonly queue: JobQueue; readonly federation: Federation },
  shutdown: AbortSignal,
): Promise<Parts> {
  const { db, pool } = database;
  const { defaultRoomVersion, registration, registrationSharedSecret: secret } = config;
  const limits = createRateLimiter(config.rateLimits, now);
  const given = { db, lanes, recorder, identity, now, limits };
  const hearing = hearServers(federation, given, queue, log, (...denial) => elsewhere.denials.receive(...denial));
  const { calls, checkEventSignatures: checkSignatures, receiver } = hearing;
  const carrier = createInviteCarrier({ db, calls, checkSignatures, receiver });
  const elsewhere = actElsewhere({ ...given, log, signal: shutdown }, hearing);
  const commands: CommandDeps = { ...given, randomId, defaultRoomVersion, carrier, elsewhere };
  const erase: EraseDeps = { db, recorder, lanes, ledger: openLedger(config.erasureLedger), now };
  return {
    db,
    commands,
    branches: hearing.branches,
    aftercare: createAftercare({ commands, erase, scrub: () => askForScrub(log, queue), log, signal: shutdown }),
    erase,
    federation: hearing,
    elsewhere,
    follower,
    identity,
    registration: { mode: registration },
    sharedSecret: secret === null ? null : sharedSecretRegistration(secret, now),
    limits: createLimits(limits, config),
    lastSeen: createLastSeen(db, now, (error) => log.warn({ err: error }, 'what devices were seen is not noted')),
    publicBaseUrl: config.publicBaseUrl,
    support: config.support,
    now,
    randomId,
    health: () => readHealth(db, pool, now),
    metrics: createMetrics({ db, follower, now }),
    log,
    shutdown,
  };
}

/** What was begun with other servers goes on. */
function keep({ log, now }: RoleContext, { db, commands, elsewhere }: Parts, signal: AbortSignal): HandshakeKeeper {
  const goOn = { ...elsewhere.goOn, invite: (begun: Handshake) => goOnInviting(commands, begun) };
  return keepHandshakes({ db, now, log, signal, goOn });
}

// Before anything is served: a backup that was restored must not show again what was erased since.
async function eraseAgain({ log, print }: RoleContext, erase: EraseDeps, queue: JobQueue): Promise<void> {
  const again = await replayLedger(erase);
  for (const userId of again) print(`Erased ${userId} again, as the ledger tells.`);
  if (again.length > 0) await askForScrub(log, queue);
}

async function askForScrub(log: RoleContext['log'], queue: JobQueue): Promise<void> {
  await queue.enqueue('scrub', {}).catch((error: unknown) => {
    log.error({ err: error }, 'erased words stay in the data files until the next scrub');
  });
}

interface OpenDoors {
  readonly app: FastifyInstance;
  readonly doors: Doors;
  /** Those for other servers; null: there are none. */
  readonly forServers: Awaited<ReturnType<Federation['openDoors']>>;
}

async function openDoors(
  { config }: RoleContext,
  parts: Parts,
  queue: JobQueue,
  federation: Federation,
): Promise<OpenDoors> {
  const mounts = [mountOperations(parts), mountAdminLink(parts), graphqlMount({ ...parts, queue })];
  const forAll = config.federation.listen === null ? [...servedEndpoints, ...serverServerEndpoints] : servedEndpoints;
  const app = await createHttpServer(parts, forAll, {
    mounts,
    sockets: [GRAPHQL_PATH],
    before: (handOn) => createPollDoor(parts, handOn),
  });
  const doors = createDoors(app);
  await app.listen(config.listen);
  return { app, doors, forServers: await federation.openDoors(parts) };
}

/** Tells where everything is; on a server without an admin, how to become one. */
async function greet(
  { config, print, now }: RoleContext,
  { database, identity }: Data,
  app: FastifyInstance,
  forServers: string | null,
): Promise<void> {
  const url = urlOf(app, config);
  const secret = (await hasAdmin(database.db)) ? null : await createAdminLink(database.db, now());
  // At once: whoever reads a part of it, reads all of it.
  const lines = [
    `Vestibule serves ${identity.serverName}`,
    `  Matrix    ${url}`,
    `  GraphQL   ${url}/graphql  (an explorer in the browser)`,
    ...(forServers === null ? [] : [`  Servers   ${forServers}`]),
    `  Health    ${url}/health   Metrics  ${url}/metrics`,
    `  Accounts  registration is ${config.registration}`,
    ...(secret === null ? [] : [`  Admin     ${url}${ADMIN_LINK_PATH}${secret}  (once, within a day)`]),
  ];
  print(lines.join('\n'));
}

// The port is asked of the listener: 0 in CLIENT_LISTEN takes any that is free.
function urlOf(app: FastifyInstance, { listen }: Config): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  return `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`;
}
