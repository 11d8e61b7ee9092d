/** The append of knocks against bare INSERTs of the same rows, and against a transaction for every request. */
import type { PoolClient } from 'pg';
import { placeUnits, writeBatch } from '../src/commands/lanes/write-batch.ts';
import type { RoomId } from '../src/matrix/identifiers.ts';
import { openTestLog } from '../test/support/history.ts';
import { startCluster, withCopy, type BenchDatabase, type Cluster } from './support/cluster.ts';
import { makeRooms, prepareKnocks } from './support/knocks.ts';
import { driveWarm, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { printBudget, printTable, printValue, progress, say } from './support/report.ts';
import { fastest, figures, interleave, ratios, type Contender } from './support/rounds.ts';
import {
  asArrays,
  asBinary,
  asOne,
  asValues,
  readRows,
  slice,
  type Statement,
  type TableRows,
} from './support/written-rows.ts';

const options = readOptions(
  'append',
  'Appends knocks that are signed and judged in advance through the lanes and the recorder, each answered after its commit.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    callers: { default: 64, help: 'callers, each waiting for its answer; also the rows a statement of the baselines' },
    batches: { default: 100, help: 'knocks a round, in multiples of the callers' },
    rooms: { default: 1000, help: 'rooms' },
  },
);
const knocks = options.callers * options.batches;

interface Stage {
  readonly cluster: Cluster;
  readonly roomIds: readonly RoomId[];
  /** What the knocks of a round write, as written once before the rounds. */
  readonly rows: readonly TableRows[];
}

const TEMPLATE = 'template_rooms';
const APPEND = 'append';
/** As a server without batches writes this log: positions without gaps need one transaction after the other. */
const ONE_BY_ONE = 'a transaction per request';
/** What that would be without the log's promise: many at once, their positions and all their rows made in advance. */
const AT_ONCE = 'the same, 20 at once, no counter, rows ready';
/** More than a driver does by itself: what the append would be if nothing but the database took time. */
const ALIKE = 'the same in binary, as the append sends it';
const BARE = ['bare INSERT, arrays', 'bare INSERT, VALUES', 'bare INSERT, one statement'] as const;

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const stage = await prepareStage(cluster);
    const results = await interleave(options.rounds, contenders(stage), progress);
    say(`append: ${knocks} knocks a round in ${options.rooms} rooms, ${options.callers} callers\n`);
    printTable(results, 'knocks/s');
    const best = fastest(results, BARE);
    say(`\nthe best bare INSERT: ${best}`);
    printBudget('append / best bare INSERT', ratios(results, APPEND, best), { atLeast: 0.7 });
    printBudget('append / a transaction per request', ratios(results, APPEND, ONE_BY_ONE), { atLeast: 5 });
    printValue(`append / ${AT_ONCE}`, ratios(results, APPEND, AT_ONCE), 2);
    printValue(`append / ${ALIKE}`, ratios(results, APPEND, ALIKE), 2);
    printValue(
      'append / best bare INSERT, p99',
      ratios(results, APPEND, best, (s) => s.p99),
      2,
    );
    printBudget(
      'append, p99 in ms',
      figures(results, APPEND, (s) => s.p99),
      { atMost: 10 },
    );
  } finally {
    await cluster.stop();
  }
}

async function prepareStage(cluster: Cluster): Promise<Stage> {
  progress(`making ${options.rooms} rooms`);
  const template = await cluster.create(TEMPLATE);
  const log = await openTestLog(template.service);
  const roomIds = await makeRooms(log, options.rooms);
  const head = log.writer.recorder.head();
  await log.close();
  await template.owner.pool.query('analyze');
  await template.close();
  const rows = await withCopy(cluster, TEMPLATE, async (database) => {
    await appendKnocks(database, cluster, roomIds);
    return readRows(database.owner, head);
  });
  for (const { table, rows: written } of rows) {
    if (written.length !== knocks) throw new Error(`${table} has ${written.length} rows of ${knocks} knocks`);
  }
  return { cluster, roomIds, rows };
}

function contenders({ cluster, roomIds, rows }: Stage): readonly Contender[] {
  const [arrays, values, one] = BARE;
  const copy = (use: (database: BenchDatabase) => Promise<Sample>) => withCopy(cluster, TEMPLATE, use);
  const bare = (name: string, write: Write): Contender => ({
    name,
    run: () => copy((database) => insertBare(database, cluster, rows, write)),
  });
  return [
    { name: APPEND, run: () => copy((database) => appendKnocks(database, cluster, roomIds)) },
    bare(arrays, (some) => inTransaction(asArrays(some))),
    bare(values, (some) => inTransaction(asValues(some))),
    bare(one, (some) => [asOne(some)]),
    bare(ALIKE, (some) => inTransaction(asBinary(some))),
    { name: ONE_BY_ONE, run: () => copy((database) => transactOneByOne(database, cluster, roomIds)) },
    { name: AT_ONCE, run: () => copy((database) => transactAtOnce(database, cluster, rows)) },
  ];
}

async function appendKnocks({ service }: BenchDatabase, cluster: Cluster, roomIds: readonly RoomId[]): Promise<Sample> {
  const log = await openTestLog(service);
  const prepared = await prepareKnocks(log, roomIds, knocks);
  await settle(cluster);
  const append = (n: number) => {
    const { roomId, decision } = prepared[n]!;
    return log.deps.lanes.run(roomId, () => Promise.resolve(decision));
  };
  const measured = await driveWarm(cluster.pid, knocks, options.callers, append);
  await log.close();
  return measured;
}

type Write = (rows: readonly TableRows[]) => readonly Statement[];

/** What is sent for some rows: the statements of one transaction, all at once. */
function inTransaction(statements: readonly Statement[]): readonly Statement[] {
  const word = (text: string): Statement => ({ name: text, text, values: [] });
  return [word('begin'), ...statements, word('commit')];
}

/** One connection, one batch after the other, everything made in advance. */
async function insertBare(
  { service }: BenchDatabase,
  cluster: Cluster,
  rows: readonly TableRows[],
  statements: Write,
): Promise<Sample> {
  const { callers, batches } = options;
  const made = Array.from({ length: batches }, (_, i) => statements(slice(rows, i * callers, (i + 1) * callers)));
  const client = await service.pool.connect();
  await settle(cluster);
  const write = (n: number) => send(client, made[n]!);
  const { rate, ownCpu = 0, postgresCpu = 0, ...waits } = await driveWarm(cluster.pid, batches, 1, write);
  client.release();
  return { ...waits, rate: rate * callers, ownCpu: ownCpu / callers, postgresCpu: postgresCpu / callers };
}

/** The statements of the append, for one knock at a time on one connection. */
async function transactOneByOne(
  { service }: BenchDatabase,
  cluster: Cluster,
  roomIds: readonly RoomId[],
): Promise<Sample> {
  const log = await openTestLog(service);
  const count = Math.ceil(knocks / 10);
  const prepared = await prepareKnocks(log, roomIds, count);
  const from = { epoch: log.writer.epoch, head: log.writer.recorder.head() };
  await log.close();
  const client = await service.pool.connect();
  let last: Promise<unknown> = Promise.resolve();
  const write = async (n: number): Promise<void> => {
    const { roomId, decision } = prepared[n]!;
    const batch = placeUnits([{ roomId, head: null, ...decision, erasures: [] }], from.head, new Date());
    if (!(await writeBatch(client, batch, from, log.identity))) throw new Error('the head was moved by somebody else');
    from.head = batch.placed.head;
  };
  await settle(cluster);
  const request = (n: number) => (last = last.then(() => write(n)));
  const measured = await driveWarm(cluster.pid, count, options.callers, request);
  client.release();
  return measured;
}

/** As many connections as the pool has; a share of the knocks is enough to tell. */
async function transactAtOnce(
  { service }: BenchDatabase,
  cluster: Cluster,
  rows: readonly TableRows[],
): Promise<Sample> {
  const count = Math.ceil(knocks / 4);
  const made = Array.from({ length: count }, (_, n) => inTransaction(asValues(slice(rows, n, n + 1))));
  await settle(cluster);
  const request = async (n: number): Promise<void> => {
    const client = await service.pool.connect();
    await send(client, made[n]!);
    client.release();
  };
  return driveWarm(cluster.pid, count, options.callers, request);
}

async function send(client: PoolClient, statements: readonly Statement[]): Promise<void> {
  await Promise.all(statements.map(({ values, ...statement }) => client.query({ ...statement, values: [...values] })));
}

/** Leaves nothing of what was prepared to be paid for while the clock runs. */
async function settle(cluster: Cluster): Promise<void> {
  await cluster.checkpoint();
  globalThis.gc?.();
}

await main();
