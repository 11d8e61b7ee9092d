/** A room with a state of 100,000 events is taken over from another server, while people in another room go on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { importRoom } from '../src/commands/elsewhere/import-room.ts';
import type { ToldRoom } from '../src/commands/elsewhere/import-check.ts';
import type { Database } from '../src/database/database.ts';
import { jsonObject } from '../src/matrix/json.ts';
import { publishKeys } from '../test/support/foreign-room.ts';
import { makeKnockRoom, openTestLog, SERVER_NAME, userId } from '../test/support/history.ts';
import { user } from '../test/support/rooms.ts';
import { startCluster, withCopy, type Cluster } from './support/cluster.ts';
import { checkerOf, makeChain, makeEvent, ORIGIN, roomElsewhere } from './support/foreign-events.ts';
import { memoryOf } from './support/memory.ts';
import { besideTopics } from './support/neighbour.ts';
import { readOptions } from './support/options.ts';
import { printBudget, printValue, progress, say } from './support/report.ts';

const options = readOptions(
  'import',
  'Taking over a room of many members from another server: signatures, hashes, rules and rows; the answer to send_join is parsed in advance.',
  {
    rounds: { default: 3, help: 'rounds, all of which count' },
    state: { default: 100_000, help: 'events of the state' },
    quiet: { default: 10, help: 'seconds in which nothing is imported, for comparison' },
  },
);

const TEMPLATE = 'template_import';

interface Round {
  readonly seconds: number;
  readonly quiet: number;
  readonly p99: number;
  readonly longest: number;
  /** Megabytes of this process at the end. */
  readonly resident: number;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const template = await cluster.create(TEMPLATE);
    await publishKeys(template.owner, ORIGIN);
    await template.owner.pool.query('analyze');
    await template.close();
    progress(`signing ${options.state} events`);
    const told = makeRoom();
    const rounds: Round[] = [];
    for (let n = 1; n <= options.rounds; n += 1) {
      rounds.push(await withCopy(cluster, TEMPLATE, ({ service }) => run(cluster, service, told)));
      progress(`round ${n} of ${options.rounds}`);
    }
    const of = (pick: keyof Round): readonly number[] => rounds.map((round) => round[pick]);
    say(`import: a room with a state of ${told.state.length} events\n`);
    printBudget('seconds of the import', of('seconds'), { atMost: 60 });
    printValue('milliseconds of a topic in another room, alone, p99', of('quiet'), 1);
    printBudget('milliseconds of a topic in another room meanwhile, p99', of('p99'), { atMost: 50 });
    printValue('the longest of them', of('longest'), 0);
    printValue('megabytes of the process, with the answer that it was told', of('resident'), 0);
  } finally {
    await cluster.stop();
  }
}

/** Everybody in it has joined it by themselves. */
function makeRoom(): ToldRoom {
  const room = roomElsewhere();
  const base = [...room.newest().state.values()];
  const chain = makeChain(room, options.state - base.length, (n) => {
    const who = user(`member${n}`, ORIGIN);
    const content = jsonObject({ membership: 'join', displayname: `Member number ${n}`, avatar_url: null });
    return { type: 'm.room.member', sender: who, state_key: who, content };
  });
  const ada = userId('ada');
  const joining = { type: 'm.room.member', sender: ada, state_key: ada, content: jsonObject({ membership: 'join' }) };
  return {
    roomId: room.roomId,
    version: room.version,
    origin: ORIGIN,
    join: makeEvent(room, chain.slice(-1), joining).pdu,
    state: [...base, ...chain].map(({ pdu }) => pdu),
    authChain: room.authChain(base).map(({ pdu }) => pdu),
  };
}

async function run(cluster: Cluster, service: Database, told: ToldRoom): Promise<Round> {
  const log = await openTestLog(service);
  const other = { roomId: await makeKnockRoom(log.deps, 'owner'), owner: 'owner' };
  const deps = { db: service.db, lanes: log.deps.lanes, serverName: SERVER_NAME, checkSignatures: checkerOf(service) };
  await cluster.checkpoint();
  const alone = await besideTopics(log, other, () => sleep(options.quiet * 1_000));
  const started = performance.now();
  const meanwhile = await besideTopics(log, other, () => importRoom(deps, told));
  const seconds = (performance.now() - started) / 1_000;
  if (!meanwhile.result) throw new Error('the room was not taken over');
  const { resident } = await memoryOf([process.pid]);
  await log.close();
  return { seconds, quiet: alone.topics.p99, p99: meanwhile.topics.p99, longest: meanwhile.longest, resident };
}

await main();
