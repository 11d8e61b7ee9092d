/** One room that everybody knocks on against a thousand rooms: a room's lane must not be slower than the whole house. */
import type { RoomId } from '../src/matrix/identifiers.ts';
import { knock } from '../src/commands/knock.ts';
import { actor, openTestLog, type TestLog } from '../test/support/history.ts';
import { startCluster, withCopy, type Cluster } from './support/cluster.ts';
import { makeRooms, prepareKnocks, reasonOf } from './support/knocks.ts';
import { driveWarm, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { printBudget, printTable, progress, say } from './support/report.ts';
import { interleave, ratios, type Contender } from './support/rounds.ts';

const options = readOptions(
  'hot-room',
  'Knocks on one room and on many: the append of knocks made in advance, and the whole knock command with its look-ups, signature and rules.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    callers: { default: 64, help: 'callers, each waiting for its answer' },
    knocks: { default: 6400, help: 'knocks a round' },
    rooms: { default: 1000, help: 'rooms of the other contender' },
  },
);

const TEMPLATE = 'template_rooms';

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const roomIds = await prepareTemplate(cluster);
    const results = await interleave(options.rounds, contenders(cluster, roomIds), progress);
    say(`hot-room: ${options.knocks} knocks a round, ${options.callers} callers\n`);
    printTable(results, 'knocks/s');
    say('');
    for (const what of ['append', 'knock command']) {
      const found = ratios(results, `${what}, one room`, `${what}, ${options.rooms} rooms`);
      printBudget(`${what}: one room / ${options.rooms} rooms`, found, { atLeast: 0.9 });
    }
  } finally {
    await cluster.stop();
  }
}

async function prepareTemplate(cluster: Cluster): Promise<readonly RoomId[]> {
  progress(`making ${options.rooms} rooms`);
  const template = await cluster.create(TEMPLATE);
  const log = await openTestLog(template.service);
  const roomIds = await makeRooms(log, options.rooms);
  await log.close();
  await template.owner.pool.query('analyze');
  await template.close();
  return roomIds;
}

type Run = (log: TestLog, rooms: readonly RoomId[]) => Promise<(n: number) => Promise<unknown>>;

function contenders(cluster: Cluster, roomIds: readonly RoomId[]): readonly Contender[] {
  const contender = (what: string, rooms: readonly RoomId[], run: Run): Contender => ({
    name: `${what}, ${rooms.length === 1 ? 'one room' : `${rooms.length} rooms`}`,
    run: () => measure(cluster, rooms, run),
  });
  return [appendOnly, knockCommand].flatMap((run, i) => {
    const what = ['append', 'knock command'][i]!;
    return [contender(what, roomIds.slice(0, 1), run), contender(what, roomIds, run)];
  });
}

const appendOnly: Run = async (log, rooms) => {
  const prepared = await prepareKnocks(log, rooms, options.knocks);
  return (n) => log.deps.lanes.run(prepared[n]!.roomId, () => Promise.resolve(prepared[n]!.decision));
};

const knockCommand: Run = async (log, rooms) => {
  // Every room once, so that the heads are in memory as they are in a server that runs.
  await Promise.all(rooms.map((roomId) => log.deps.lanes.run(roomId, async () => NOTHING)));
  return (n) => knock(log.deps, actor(`knocker${n}`), { roomId: rooms[n % rooms.length]!, reason: reasonOf(n) });
};

const NOTHING = { judged: [], actions: [], answer: null };

function measure(cluster: Cluster, rooms: readonly RoomId[], run: Run): Promise<Sample> {
  return withCopy(cluster, TEMPLATE, async ({ service }) => {
    const log = await openTestLog(service);
    const ask = await run(log, rooms);
    await cluster.checkpoint();
    const { knocks, callers } = options;
    const measured = await driveWarm(cluster.pid, knocks, callers, ask);
    await log.close();
    return measured;
  });
}

await main();
