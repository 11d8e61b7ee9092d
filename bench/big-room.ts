/** A knock on a room of 50,000 members against one on a room of ten, in one database. */
import { joinRoom } from '../src/commands/join.ts';
import { knock } from '../src/commands/knock.ts';
import { sendState } from '../src/commands/send-state.ts';
import type { RoomId } from '../src/matrix/identifiers.ts';
import { jsonObject } from '../src/matrix/json.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../test/support/history.ts';
import { startCluster, type Cluster } from './support/cluster.ts';
import { reasonOf } from './support/knocks.ts';
import { drive, withCpu, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { printBudget, printTable, progress, say } from './support/report.ts';
import { interleave, ratios, type Contender } from './support/rounds.ts';

const options = readOptions(
  'big-room',
  'The whole knock command on a room of many members and on one of few: by 64 callers at once, and by one.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    members: { default: 50_000, help: 'members of the big room' },
    few: { default: 10, help: 'members of the small room' },
    knocks: { default: 3200, help: 'knocks a round by 64 callers; a tenth of them by one' },
  },
);

const CALLERS = [64, 1] as const;

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const database = await cluster.create('rooms');
    const log = await openTestLog(database.service);
    const [big, small] = [await fullRoom(log, 'big', options.members), await fullRoom(log, 'small', options.few)];
    await database.owner.pool.query('analyze');
    const results = await interleave(options.rounds, contenders(cluster, log, big, small), progress);
    say(`big-room: ${options.members} members and ${options.few}\n`);
    printTable(results, 'knocks/s');
    say('');
    for (const callers of CALLERS) {
      const [of, over] = [nameOf(options.members, callers), nameOf(options.few, callers)];
      const who = callers === 1 ? 'one caller' : `${callers} callers`;
      const time = ratios(results, of, over, ({ rate }) => 1 / rate);
      printBudget(`time of a knock, big / small, ${who}`, time, { atMost: 1.2 });
      const latency = ratios(results, of, over, ({ p50 }) => p50);
      printBudget(`median latency, big / small, ${who}`, latency, { atMost: 1.2 });
    }
    await log.close();
    await database.close();
  } finally {
    await cluster.stop();
  }
}

/** People join it while it is public; then it is one to knock on. */
async function fullRoom(log: TestLog, owner: string, members: number): Promise<RoomId> {
  const roomId = await makeKnockRoom(log.deps, owner);
  await setJoinRule(log, roomId, owner, 'public');
  for (let made = 1; made < members; made += 250) {
    progress(`${made} of ${members} members`);
    const some = Array.from({ length: Math.min(250, members - made) }, (_, i) => actor(`${owner}-member${made + i}`));
    await Promise.all(some.map((who) => joinRoom(log.deps, who, { roomId })));
  }
  await setJoinRule(log, roomId, owner, 'knock');
  return roomId;
}

async function setJoinRule({ deps }: TestLog, roomId: RoomId, owner: string, rule: string): Promise<void> {
  const content = jsonObject({ join_rule: rule });
  await sendState(deps, actor(owner), { roomId, type: 'm.room.join_rules', stateKey: '', content });
}

const nameOf = (members: number, callers: number): string => `${members} members, ${callers} at once`;

function contenders(cluster: Cluster, log: TestLog, big: RoomId, small: RoomId): readonly Contender[] {
  let knockers = 0;
  const measure = async (roomId: RoomId, callers: number): Promise<Sample> => {
    const count = callers === 1 ? Math.ceil(options.knocks / 10) : options.knocks;
    const first = knockers;
    knockers += count;
    const ask = (n: number) => knock(log.deps, actor(`knocker${first + n}`), { roomId, reason: reasonOf(n) });
    await cluster.checkpoint();
    return withCpu(cluster.pid, count, () => drive(count, callers, ask));
  };
  return CALLERS.flatMap((callers) => [
    { name: nameOf(options.members, callers), run: () => measure(big, callers) },
    { name: nameOf(options.few, callers), run: () => measure(small, callers) },
  ]);
}

await main();
