/** `serve`: takes the writer's seat, opens the doors, and closes them in order. */
import type { FastifyInstance } from 'fastify';
import { createAdminLink } from '../accounts/admin-links.ts';
import { createLastSeen } from '../accounts/last-seen.ts';
import { hasAdmin } from '../accounts/users.ts';
import { randomId } from '../accounts/secrets.ts';
import { sharedSecretRegistration } from '../accounts/shared-secret.ts';
import type { CommandDeps } from '../commands/act.ts';
import type { ElsewhereActs } from '../commands/elsewhere/act-elsewhere.ts';
import { createAftercare } from '../commands/aftercare.ts';
import { createAutoAccept } from '../commands/auto-accept.ts';
import { replayLedger, type EraseDeps } from '../commands/erase.ts';
import { createInviteCarrier } from '../commands/elsewhere/invite-carrier.ts';
import { goOnInviting } from '../commands/elsewhere/invite-elsewhere.ts';
import { keepHandshakes, type HandshakeKeeper } from '../commands/elsewhere/keep-handshakes.ts';
import { createRateLimiter } from '../commands/rate-limits.ts';
import type { BranchJoiner } from '../commands/join-branches.ts';
import type { Config } from '../config.ts';
import { graphqlMount, GRAPHQL_PATH, STREAM_PATH } from '../graphql/server.ts';
import { ADMIN_LINK_PATH, mountAdminLink } from '../http/admin-link.ts';
import { createPollDoor } from '../http/client-server/sync/poll-door.ts';
import { createDoors, type Doors } from '../http/close-doors.ts';
import { readHealth } from '../http/health.ts';
import { createLimits } from '../http/limits.ts';
import { mountOperations } from '../http/operations.ts';
import type { HttpParts } from '../http/parts.ts';
import { refuseActs } from '../http/reads-only.ts';
import { createHttpServer } from '../http/server.ts';
import { serverServerEndpoints, wellKnownEndpoints } from '../http/server-server/index.ts';
import { servedEndpoints } from '../http/served-endpoints.ts';
import { openLedger } from '../log/erasure-ledger.ts';
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
import { takeReadersSeat, takeSeat, type Seat } from './seat.ts';
import { whenAborted, type Role, type RoleContext } from './role.ts';
import { workerOf } from './work.ts';

export const serveRole: Role = {
  summary: 'serve the Matrix and GraphQL APIs and work the job queue (the default)',
  usage: '[--no-worker] [--read]',
  options: { 'no-worker': { type: 'boolean' }, read: { type: 'boolean' } },
  help: [
    '--no-worker   leave the job queue to processes that run `work`',
    '--read        only read, beside the process that writes: queries, streams, sync; acts are refused',
  ],
  positionals: 0,
  async run(context, { values }) {
    const data = await openData(context);
    try {
      if (values['read'] === true) return await serveReads(context, data);
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
  const queue = openQueue({
    home: data.queueHome,
    onError: (error) => log.warn({ err: error }, 'the job queue is not reachable'),
  });
  const doorbell = createDoorbell(queue, context.now);
  seat.onCommitted(createRinger(data.database.db, data.identity.serverName, doorbell));
  const parts = await buildParts(context, data, { ...seat, queue, federation }, ended, ended);
  const autoAccept = createAutoAccept(parts.commands, log);
  if (context.config.autoAcceptKnockInvites) seat.onCommitted((appended) => autoAccept.hear(appended));
  await eraseAgain(context, parts.erase, queue);
  const { app, doors, forServers } = await openDoors(context, parts, queue, federation);
  const worker = works ? startWorker(...workerOf(context, data, federation)) : null;
  await greet(context, data, app, forServers?.url ?? null);
  void parts.aftercare.resume();
  const handshakes = keep(context, parts, ended);
  void parts.elsewhere.lookAtAll();
  if (context.config.autoAcceptKnockInvites) autoAccept.resume();
  await whenAborted(ended);
  log.info('shutting down: answering what is open');
  await Promise.all([doors.drain(), forServers?.doors.drain()]);
  await Promise.all([worker?.close(), queue.close(), parts.aftercare.close(), handshakes.close()]);
  await Promise.all([parts.elsewhere.close(), autoAccept.settled(), parts.branches.close()]);
  // Whoever still waits, waits for a database that is away: the writer gives up after a while and says so.
  await Promise.all([seat.writer.close(), seat.close()]);
  await Promise.all([doors.close(), forServers?.doors.close()]);
  await federation.close();
  await parts.lastSeen.close();
  log.info('shut down');
  return deposed.signal.aborted ? 1 : 0;
}

/** Beside the process that writes: answers whoever asks, and lets nobody act. */
async function serveReads(context: RoleContext, data: Data): Promise<number> {
  const { config, log, now, stop, print } = context;
  const federation = await openFederation(config, { db: data.database.db, identity: data.identity, now }, stop);
  const seat = await takeReadersSeat(context, data);
  const queue = openQueue({ home: data.queueHome, onError: () => undefined });
  // What looks after things by itself does not begin.
  const acting = new AbortController();
  const parts = await buildParts(context, data, { ...seat, queue, federation }, stop, acting.signal);
  acting.abort();
  const { app, doors } = await openDoors(context, { ...parts, readsOnly: true }, queue, null);
  const addresses = addressesOf(data.identity.serverName, urlOf(app, config));
  print([...addresses, '  Accounts  are made, and acts are done, by the process that writes'].join('\n'));
  await whenAborted(stop);
  log.info('shutting down: answering what is open');
  await doors.drain();
  await Promise.all([queue.close(), seat.close()]);
  await doors.close();
  await federation.close();
  await parts.lastSeen.close();
  return 0;
}

interface Parts extends HttpParts {
  readonly branches: BranchJoiner;
  readonly erase: EraseDeps;
  readonly elsewhere: ElsewhereActs;
  readonly readsOnly: boolean;
}

async function buildParts(
  { config, log, now }: RoleContext,
  { database, identity }: Data,
  {
    writer: { lanes, recorder },
    follower,
    queue,
    federation,
  }: Pick<Seat, 'writer' | 'follower'> & { readonly queue: JobQueue; readonly federation: Federation },
  shutdown: AbortSignal,
  acting: AbortSignal,
): Promise<Parts> {
  const { db, pool } = database;
  const { defaultRoomVersion, registration, registrationSharedSecret: secret } = config;
  const limits = createRateLimiter(config.rateLimits, now);
  const given = { db, lanes, recorder, identity, now, limits };
  const hearing = hearServers(federation, given, queue, log, (...denial) => elsewhere.denials.receive(...denial));
  const { calls, checkEventSignatures: checkSignatures, receiver } = hearing;
  const carrier = createInviteCarrier({ db, calls, checkSignatures, receiver });
  const elsewhere = actElsewhere({ ...given, log, signal: acting }, hearing);
  const commands: CommandDeps = { ...given, randomId, defaultRoomVersion, carrier, elsewhere };
  const erase: EraseDeps = { db, recorder, lanes, ledger: openLedger(config.erasureLedger), now };
  return {
    db,
    commands,
    branches: hearing.branches,
    aftercare: createAftercare({ commands, erase, scrub: () => askForScrub(log, queue), log, signal: acting }),
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
    delegate: config.federation.delegate,
    support: config.support,
    now,
    randomId,
    health: () => readHealth(db, pool, now),
    metrics: createMetrics({ db, follower, now }),
    log,
    shutdown,
    readsOnly: false,
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
  { config, giveBackMemory }: RoleContext,
  parts: Parts,
  queue: JobQueue,
  /** Null: other servers are not served. */
  federation: Federation | null,
): Promise<OpenDoors> {
  const mounts = [
    ...(parts.readsOnly ? [refuseActs([GRAPHQL_PATH, STREAM_PATH])] : []),
    mountOperations(parts),
    mountAdminLink(parts),
    graphqlMount({ ...parts, queue, settings: config.graphql }),
  ];
  const forAll =
    federation !== null && config.federation.listen === null
      ? [...servedEndpoints, ...serverServerEndpoints]
      : [...servedEndpoints, ...wellKnownEndpoints];
  const app = await createHttpServer(parts, forAll, {
    mounts,
    sockets: [GRAPHQL_PATH],
    before: (handOn) => createPollDoor(parts, handOn),
  });
  const doors = createDoors(app);
  await app.ready();
  // Before anybody could be kept waiting by it.
  giveBackMemory();
  await app.listen(config.listen);
  return { app, doors, forServers: (await federation?.openDoors(parts)) ?? null };
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
    ...addressesOf(identity.serverName, url),
    ...(forServers === null ? [] : [`  Servers   ${forServers}`]),
    `  Accounts  registration is ${config.registration}`,
    ...(secret === null ? [] : [`  Admin     ${url}${ADMIN_LINK_PATH}${secret}  (once, within a day)`]),
  ];
  print(lines.join('\n'));
}

function addressesOf(serverName: string, url: string): readonly string[] {
  return [
    `Vestibule serves ${serverName}`,
    `  Matrix    ${url}`,
    `  GraphQL   ${url}/graphql  (an explorer in the browser)`,
    `  Health    ${url}/health   Metrics  ${url}/metrics`,
  ];
}

// The port is asked of the listener: 0 in CLIENT_LISTEN takes any that is free.
function urlOf(app: FastifyInstance, { listen }: Config): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  return `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`;
}
