/** `serve`: takes the writer's seat, opens the doors, and closes them in order. */
import type { FastifyInstance } from 'fastify';
import { createLastSeen } from '../accounts/last-seen.ts';
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
import { graphqlMount, GRAPHQL_PATH, STREAM_PATH } from '../graphql/server.ts';
import { mountAdminLink } from '../http/admin-link.ts';
import { createPollDoor } from '../http/client-server/sync/poll-door.ts';
import { createDoors, type Doors } from '../http/close-doors.ts';
import { readHealth } from '../http/health.ts';
import { createLimits } from '../http/limits.ts';
import { listenOn } from '../http/listen.ts';
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
import { greet, greetReaders } from './greet.ts';
import { hearServers } from './hear-servers.ts';
import { openData, type Data } from './open-data.ts';
import { closeOpened, type Opened } from './opened.ts';
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
  const { config, now, stop } = context;
  let deposed = false;
  await untilStopped(context, async (opened) => {
    // Before there is a seat to wait for: what cannot be used is told at the start.
    const federation = await openFederation(config, { db: data.database.db, identity: data.identity, now }, stop);
    opened.federation = federation;
    const seat = await takeSeat(context, data, () => {
      deposed = true;
      context.end();
    });
    if (seat === null) return;
    opened.seat = seat;
    await serveFrom(seat, { context, data, federation, works, opened });
  });
  return deposed ? 1 : 0;
}

interface Serving {
  readonly context: RoleContext;
  readonly data: Data;
  readonly federation: Federation;
  readonly works: boolean;
  readonly opened: Opened;
}

async function serveFrom(seat: Seat, { context, data, federation, works, opened }: Serving): Promise<void> {
  const { log, now, config, stop } = context;
  const queue = openQueue({
    home: data.queueHome,
    onError: (error) => log.warn({ err: error }, 'the job queue is not reachable'),
  });
  opened.queue = queue;
  seat.onCommitted(createRinger(data.database.db, data.identity.serverName, createDoorbell(queue, now)));
  const parts = await buildParts(context, data, { ...seat, queue, federation }, stop);
  opened.parts = parts;
  const autoAccept = createAutoAccept(parts.commands, log);
  opened.autoAccept = autoAccept;
  if (config.autoAcceptKnockInvites) seat.onCommitted((appended) => autoAccept.hear(appended));
  await eraseAgain(context, parts.erase, queue);
  const { app, forServers } = await openDoors(context, parts, queue, { federation, doors: opened.doors });
  if (works) opened.worker = startWorker(...workerOf(context, data, federation));
  await greet(context, data, app, forServers);
  void parts.aftercare.resume();
  opened.handshakes = keep(context, parts, stop);
  void parts.elsewhere.lookAtAll();
  if (config.autoAcceptKnockInvites) autoAccept.resume();
}

/** Beside the process that writes: answers whoever asks, and lets nobody act. */
async function serveReads(context: RoleContext, data: Data): Promise<number> {
  await untilStopped(context, async (opened) => {
    const { config, now, stop } = context;
    const { db } = data.database;
    const federation = await openFederation(config, { db, identity: data.identity, now }, stop);
    opened.federation = federation;
    const seat = await takeReadersSeat(context, data);
    opened.seat = seat;
    const queue = openQueue({ home: data.queueHome, onError: () => undefined });
    opened.queue = queue;
    // What looks after things by itself does not begin.
    const acting = new AbortController();
    const parts = await buildParts(context, data, { ...seat, queue, federation }, acting.signal);
    opened.parts = parts;
    acting.abort();
    const reading = { ...parts, readsOnly: true };
    const { app } = await openDoors(context, reading, queue, { federation: null, doors: opened.doors });
    greetReaders(context, data, app);
  });
  return 0;
}

/** Opens, waits for the end, and closes: also what was opened before something else could not be. */
async function untilStopped({ log, stop, end }: RoleContext, open: (opened: Opened) => Promise<void>): Promise<void> {
  const opened: Opened = { doors: [] };
  try {
    await open(opened);
    await whenAborted(stop);
    log.info('shutting down: answering what is open');
  } catch (error) {
    log.error({ err: error }, 'this server cannot come up: taking down what was opened');
    throw error;
  } finally {
    end();
    await closeOpened(opened);
    log.info('shut down');
  }
}

interface Parts extends HttpParts {
  readonly branches: BranchJoiner;
  readonly erase: EraseDeps;
  readonly elsewhere: ElsewhereActs;
  readonly readsOnly: boolean;
}

async function buildParts(
  { config, log, now, stop }: RoleContext,
  { database, identity }: Data,
  {
    writer: { lanes, recorder },
    follower,
    queue,
    federation,
  }: Pick<Seat, 'writer' | 'follower'> & { readonly queue: JobQueue; readonly federation: Federation },
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
    shutdown: stop,
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

/** Resolves to the listener for clients, and to the URL of the one for other servers; null: there is none. */
async function openDoors(
  { config, giveBackMemory }: RoleContext,
  parts: Parts,
  queue: JobQueue,
  // Null: other servers are not served.
  { federation, doors }: { readonly federation: Federation | null; readonly doors: Doors[] },
): Promise<{ readonly app: FastifyInstance; readonly forServers: string | null }> {
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
  doors.push(createDoors(app));
  await app.ready();
  // Before anybody could be kept waiting by it.
  giveBackMemory();
  await listenOn(app, 'CLIENT_LISTEN', config.listen);
  return { app, forServers: (await federation?.listen(parts, doors)) ?? null };
}
