/** Two branches of one event each that meet in a room of 50,000 members, against an event on the head; and the state before one. */
import { judgeReceived } from '../src/commands/judge/judge-received.ts';
import { joinRoom } from '../src/commands/join.ts';
import type { HeadState } from '../src/commands/lanes/room-head.ts';
import type { LaneRoom } from '../src/commands/lanes/room-lane.ts';
import { sendState } from '../src/commands/send-state.ts';
import { stateBefore } from '../src/commands/state-before.ts';
import { createAuthGraphs } from '../src/log/auth-graphs.ts';
import { eventIdsAt } from '../src/log/whole-state.ts';
import { stateKeysForAuth, wantedAuthKeys } from '../src/matrix/auth-events.ts';
import { eventIdOf } from '../src/matrix/hashes.ts';
import type { EventId, RoomId } from '../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../src/matrix/json.ts';
import { eventTemplate } from '../src/matrix/pdu.ts';
import { signEvent } from '../src/matrix/signatures.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../test/support/history.ts';
import { identityOf, user } from '../test/support/rooms.ts';
import { startCluster, type BenchDatabase } from './support/cluster.ts';
import { sample, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { printBudget, printValue, progress, say } from './support/report.ts';
import { figures, interleave, ratios } from './support/rounds.ts';

const options = readOptions(
  'merge',
  'Events of another server in a room of many members, one at a time, each answered when it is durable.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    members: { default: 50_000, help: 'members of the room' },
    events: { default: 200, help: 'events of each kind a round' },
  },
);

const ANN = user('ann', 'a.test');

/** An event that others can follow. */
interface End {
  readonly eventId: EventId;
  readonly depth: number;
}

interface Said {
  readonly type: string;
  readonly state_key?: string;
  readonly content: JsonObject;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const database = await cluster.create('merges');
    const log = await openTestLog(database.service);
    const roomId = await fullRoom(log);
    await database.owner.pool.query('analyze');
    const [head, branch] = ['on the head', 'a branch that meets another'];
    const contenders = [
      { name: head, run: () => onHead(log, roomId) },
      { name: branch, run: () => branches(log, roomId) },
    ];
    const results = await interleave(options.rounds, contenders, progress);
    say(`merge: a room of ${options.members} members\n`);
    for (const name of [head, branch]) {
      printValue(
        `milliseconds of an event, ${name}, p50`,
        figures(results, name, ({ p50 }) => p50),
        1,
      );
      printValue(
        `the same, p99`,
        figures(results, name, ({ p99 }) => p99),
        1,
      );
    }
    printBudget('time of a merge / of an event on the head', ratios(results, head, branch), { atMost: 3 });
    printBudget(
      'median latency of them',
      ratios(results, branch, head, ({ p50 }) => p50),
      { atMost: 3 },
    );
    await statesBefore(database, roomId);
    await log.close();
    await database.close();
  } finally {
    await cluster.stop();
  }
}

/** People join it while it is public, and Ann from elsewhere, whom it lets change things. */
async function fullRoom(log: TestLog): Promise<RoomId> {
  const roomId = await makeKnockRoom(log.deps, 'owner');
  const set = (type: string, content: JsonObject) =>
    sendState(log.deps, actor('owner'), { roomId, type, stateKey: '', content });
  await set('m.room.join_rules', jsonObject({ join_rule: 'public' }));
  await set('m.room.power_levels', jsonObject({ users: jsonObject({ [ANN]: 50 }) }));
  for (let made = 1; made < options.members; made += 250) {
    if (made % 5_000 === 1) progress(`${made} of ${options.members} members`);
    const some = Array.from({ length: Math.min(250, options.members - made) }, (_, i) => actor(`member${made + i}`));
    await Promise.all(some.map((who) => joinRoom(log.deps, who, { roomId })));
  }
  await receive(log, roomId, [], {
    type: 'm.room.member',
    state_key: ANN,
    content: jsonObject({ membership: 'join' }),
  });
  return roomId;
}

/** An event of Ann's after `ends`, or after all of them; resolves when it is durable. */
async function receive(log: TestLog, roomId: RoomId, ends: readonly End[], said: Said): Promise<End> {
  return log.deps.lanes.run(roomId, async (room) => {
    if (room === null) throw new Error(`no room ${roomId}`);
    const event = { sender: ANN, ...said };
    const state = await room.state(stateKeysForAuth(event, room.head.version));
    const { pdu, auth, eventId } = build(room, state, event, ends.length > 0 ? ends : endsOf(room));
    const judged = await judgeReceived(room, {
      ...{ pdu, eventId, auth, origin: identityOf('a.test').serverName },
      ...{ relay: false, authRejection: null, known: null, holes: [] },
    });
    if ('missing' in judged || judged.verdict !== 'accepted') throw new Error('the event was not accepted');
    return { judged: [judged], actions: [], answer: { eventId, depth: pdu.depth } };
  });
}

function endsOf({ head }: LaneRoom): readonly End[] {
  return head.extremities.map(({ slot, depth }) => ({ eventId: slot.eventId, depth }));
}

let clock = 1_700_000_000_000;

function build(
  { head }: LaneRoom,
  state: HeadState,
  event: Said & { readonly sender: typeof ANN },
  ends: readonly End[],
) {
  const cited = wantedAuthKeys(event, head.version).flatMap(([type, key]) => state.get(type, key) ?? []);
  const template = eventTemplate({
    ...event,
    room_id: head.roomId,
    origin_server_ts: (clock += 1),
    depth: 1 + Math.max(...ends.map(({ depth }) => depth)),
    auth_events: cited.map(({ eventId }) => eventId),
    prev_events: ends.map(({ eventId }) => eventId),
  });
  const pdu = signEvent(template, head.version, identityOf('a.test'));
  return { pdu, auth: cited.map(({ slot }) => slot), eventId: eventIdOf(pdu, head.version) };
}

let topics = 0;
const topic = (): Said => ({
  type: 'm.room.topic',
  state_key: '',
  content: jsonObject({ topic: `topic ${(topics += 1)}` }),
});
const message: Said = { type: 'm.room.message', content: jsonObject({ body: 'heard' }) };

async function onHead(log: TestLog, roomId: RoomId): Promise<Sample> {
  return timed(async (time) => {
    await receive(log, roomId, [], message);
    await time(() => receive(log, roomId, [], topic()));
  });
}

/** Two topics that follow the same event: the second meets the first. A message closes the fork. */
async function branches(log: TestLog, roomId: RoomId): Promise<Sample> {
  return timed(async (time) => {
    const base = await receive(log, roomId, [], message);
    await receive(log, roomId, [base], topic());
    await time(() => receive(log, roomId, [base], topic()));
  });
}

/** Counts only what is done in `time`. */
async function timed(once: (time: (work: () => Promise<unknown>) => Promise<void>) => Promise<void>): Promise<Sample> {
  const waits: number[] = [];
  for (let n = 0; n < options.events; n += 1) {
    await once(async (work) => {
      const started = performance.now();
      await work();
      waits.push(performance.now() - started);
    });
  }
  return sample(
    waits.length,
    waits.reduce((a, b) => a + b, 0),
    waits,
  );
}

async function statesBefore({ service }: BenchDatabase, roomId: RoomId): Promise<void> {
  const { rows } = await service.pool.query<{ event_id: EventId }>(
    'select event_id from events where room_id = $1 order by position desc limit 40',
    [roomId],
  );
  const graphs = createAuthGraphs('head');
  const waits: number[] = [];
  for (const { event_id: eventId } of rows) {
    const started = performance.now();
    const told = await stateBefore({ db: service.db, graphs }, roomId, eventId);
    await eventIdsAt(service.db, roomId, told?.authChain ?? []);
    waits.push(performance.now() - started);
    if (told === null || told.state.length < options.members) throw new Error('the state is not whole');
  }
  const [first, ...later] = waits;
  printBudget('milliseconds for the ids of the state before an event', later, { atMost: 300 });
  printValue('the first time, with the auth graph to read', [first!], 0);
}

await main();
