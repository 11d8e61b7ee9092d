/** Graphs that somebody makes to be a burden: a room with thousands of ends, and a fork off a long time ago. */
import { sendMessage } from '../src/commands/send-message.ts';
import type { Database } from '../src/database/database.ts';
import type { RoomId } from '../src/matrix/identifiers.ts';
import { jsonObject } from '../src/matrix/json.ts';
import { HOST, publishKeys, type ForeignRoom } from '../test/support/foreign-room.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../test/support/history.ts';
import { user } from '../test/support/rooms.ts';
import { startCluster, withCopy, type Cluster } from './support/cluster.ts';
import {
  joinElsewhere,
  makeChain,
  makeEvent,
  messageOf,
  ORIGIN,
  receive,
  receiverOf,
  roomElsewhere,
  type Said,
} from './support/foreign-events.ts';
import { drive } from './support/measure.ts';
import { memoryOf } from './support/memory.ts';
import { besideTopics } from './support/neighbour.ts';
import { readOptions } from './support/options.ts';
import { printValue, progress, say } from './support/report.ts';
import { spread } from './support/rounds.ts';

const options = readOptions(
  'hostile-graphs',
  'A room that another server gives thousands of ends, one in which it goes on from an event of long ago, and one where a knock does: the time of each event, and of what happens in another room meanwhile.',
  {
    ends: { default: 10_000, help: 'events that all follow the same one' },
    changes: { default: 30_000, help: 'changes of state since the fork' },
    late: { default: 20, help: 'events that go on from before them' },
    knocks: { default: 5_000, help: 'people who knock before a server forgets what it knows of the room' },
  },
);

const TEMPLATE = 'template_graphs';
const topic = (n: number): Said => ({ type: 'm.room.topic', state_key: '', content: jsonObject({ topic: `t ${n}` }) });

interface Scene {
  readonly log: TestLog;
  readonly service: Database;
  readonly room: ForeignRoom;
  readonly other: { readonly roomId: RoomId; readonly owner: string };
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const template = await cluster.create(TEMPLATE);
    await publishKeys(template.owner, ORIGIN);
    await template.close();
    await inScene(cluster, manyEnds);
    await inScene(cluster, oldFork);
    await inScene(cluster, oldKnocks);
  } finally {
    await cluster.stop();
  }
}

function inScene(cluster: Cluster, act: (scene: Scene) => Promise<void>): Promise<void> {
  return withCopy(cluster, TEMPLATE, async ({ service, owner }) => {
    const log = await openTestLog(service);
    const room = roomElsewhere();
    await joinElsewhere(log, service, room);
    const other = { roomId: await makeKnockRoom(log.deps, 'owner'), owner: 'owner' };
    await owner.pool.query('analyze');
    await act({ log, service, room, other });
    await log.close();
  });
}

async function manyEnds(scene: Scene): Promise<void> {
  const { log, service, room } = scene;
  const base = makeChain(room, 1, messageOf)[0]!;
  progress(`signing ${options.ends} events`);
  const ends = Array.from({ length: options.ends }, (_, n) => makeEvent(room, [base], messageOf(n + 1)));
  const receiver = receiverOf(log, service, room);
  await receive(receiver, base);
  const { result: waits, ...beside } = await besideTopics(log, scene.other, async () => {
    const all: number[] = [];
    for (const [n, end] of ends.entries()) {
      if (n % 1_000 === 0) progress(`${n} of ${ends.length} ends`);
      all.push(await timed(() => receive(receiver, end)));
    }
    return all;
  });
  const tenth = Math.ceil(waits.length / 10);
  say(`hostile-graphs: ${options.ends} events after the same one\n`);
  printValue('milliseconds of an event, the first tenth of them, p50', [median(waits.slice(0, tenth))], 1);
  printValue('of the last tenth', [median(waits.slice(-tenth))], 1);
  printValue('the longest', [Math.max(...waits)], 0);
  await printBeside(beside);
  const said: number[] = [];
  for (let n = 0; n < 5; n += 1) said.push(await timed(() => speak(log, room.roomId, n)));
  printValue('milliseconds of a message made here then', said, 1);
  printValue('ends of the room after it', [await countEnds(service, room.roomId)], 0);
  say('');
}

async function oldFork(scene: Scene): Promise<void> {
  const { log, service, room } = scene;
  progress(`signing ${options.changes} changes`);
  const chain = makeChain(room, options.changes + 1, topic);
  const receiver = receiverOf(log, service, room);
  await drive(chain.length, 64, (n) => {
    if (n % 5_000 === 0) progress(`${n} of ${chain.length} changes`);
    return receive(receiver, chain[n]!);
  });
  const late = Array.from({ length: options.late }, (_, n) => makeEvent(room, chain.slice(0, 1), topic(-n)));
  const { result: waits, ...beside } = await besideTopics(log, scene.other, async () => {
    const all: number[] = [];
    for (const event of late) all.push(await timed(() => receive(receiver, event)));
    return all;
  });
  say(`hostile-graphs: events after one that ${options.changes} changes of state have followed\n`);
  printValue('milliseconds of the first', waits.slice(0, 1), 1);
  printValue('of those after it', waits.slice(1), 1);
  await printBeside(beside);
}

/** As after a restart: nothing is remembered of the room. */
async function oldKnocks(scene: Scene): Promise<void> {
  const { log, service, room } = scene;
  const receiver = receiverOf(log, service, room);
  const door = room.send({ type: 'm.room.join_rules', sender: HOST, stateKey: '', content: { join_rule: 'knock' } });
  await receive(receiver, door);
  progress(`signing ${options.knocks} knocks`);
  const knocks = makeChain(room, options.knocks, knockOf);
  await drive(knocks.length, 64, (n) => receive(receiver, knocks[n]!));
  log.deps.lanes.forget(room.roomId);
  const late = Array.from({ length: options.late }, (_, n) => makeEvent(room, knocks.slice(0, 1), knockOf(-1 - n)));
  const { result: waits, ...beside } = await besideTopics(log, scene.other, async () => {
    const all: number[] = [];
    for (const event of late) all.push(await timed(() => receive(receiver, event)));
    return all;
  });
  say(`hostile-graphs: knocks after one that ${options.knocks} others have followed\n`);
  printValue('milliseconds of the first', waits.slice(0, 1), 1);
  printValue('of those after it', waits.slice(1), 1);
  await printBeside(beside);
  say('');
}

function knockOf(n: number): Said {
  const userId = user(`k${n}`, ORIGIN);
  const content = jsonObject({ membership: 'knock', reason: 'May I?' });
  return { type: 'm.room.member', sender: userId, state_key: userId, content };
}

async function printBeside(beside: Omit<Awaited<ReturnType<typeof besideTopics>>, 'result'>): Promise<void> {
  printValue('milliseconds of a topic in another room meanwhile, p99', [beside.topics.p99], 1);
  printValue('the longest of them', [beside.longest], 0);
  printValue('megabytes of the process', [(await memoryOf([process.pid])).resident], 0);
}

async function speak(log: TestLog, roomId: RoomId, n: number): Promise<void> {
  const said = { type: 'm.room.message', content: jsonObject({ body: 'And what I say.' }) };
  await sendMessage(log.deps, actor('ada'), { roomId, ...said, request: { deviceId: 'D', transactionId: `${n}` } });
}

async function countEnds({ pool }: Database, roomId: RoomId): Promise<number> {
  const text = 'select count(*)::integer as ends from extremities where room_id = $1';
  return (await pool.query<{ ends: number }>(text, [roomId])).rows[0]!.ends;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return spread(values).median;
}

await main();
