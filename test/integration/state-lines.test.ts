/** Rooms that fork: the state on lines, whatever the graph and in whatever order its events come. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stateBefore } from '../../src/commands/state-before.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { createAuthGraphs } from '../../src/log/auth-graphs.ts';
import { eventIdsAt } from '../../src/log/whole-state.ts';
import { seededRandom } from '../support/dice.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { idsOf, naiveServer, type World, type WorldEvent } from '../support/forked-world.ts';
import { openTestLog, type TestLog } from '../support/history.ts';
import { randomWorld, shuffled, type RandomWorld } from '../support/random-world.ts';
import { ALL_VERSIONS, identityOf } from '../support/rooms.ts';
import type { StateMap } from '../support/forked-room.ts';
import { currentIds, idsAt, knowKeys, startWorld, type WorldLog } from '../support/world-log.ts';

const SEED = Number(process.env['DAG_SEED'] ?? Math.floor(Math.random() * 1e9));
const WORLDS = Number(process.env['DAG_WORLDS'] ?? 6);
const SIZE = Number(process.env['DAG_SIZE'] ?? 30);

interface Server {
  readonly test: TestDatabase;
  readonly log: TestLog;
}

let servers: readonly Server[] = [];

beforeAll(async () => {
  const others = ['a.test', 'b.test', 'c.test'].map((name) => identityOf(name));
  servers = await Promise.all(
    [1, 2, 3].map(async () => {
      const test = await openTestDatabase();
      await knowKeys(test.database.db, others);
      return { test, log: await openTestLog(test.database) };
    }),
  );
});

afterAll(async () => {
  for (const { log, test } of servers) {
    await log.close();
    await test.close();
  }
});

/** Receives events in an order, and compares all that follows from each with what a naive server makes of it. */
async function follow({ test, log }: Server, one: RandomWorld, order: readonly WorldEvent[], random: () => number) {
  const { world, first } = one;
  const { db } = test.database;
  const naive = naiveServer(world);
  for (const event of [world.create, ...first]) naive.take(event);
  const stored = await startWorld(log, world, first);
  const refs = new Map<WorldEvent, Awaited<ReturnType<typeof stored.receive>>>();
  const compare = async (event: WorldEvent): Promise<void> => {
    const { before, after } = refs.get(event)!;
    expect(await idsAt(db, stored, before!), 'before').toEqual(idsOf(world, event.before));
    expect(await idsAt(db, stored, after!), 'after').toEqual(idsOf(world, event.after));
  };
  for (const event of order) {
    const judged = await stored.receive(event);
    refs.set(event, judged);
    expect(judged.verdict).toBe(naive.take(event));
    await compare(event);
    if (order !== one.rest) continue;
    expect(await currentIds(db, stored), 'current').toEqual(idsOf(world, naive.current));
    const earlier = [...refs.keys()];
    await compare(earlier[Math.floor(random() * earlier.length)]!);
  }
  const graphs = createAuthGraphs('head', 1_000_000);
  for (const event of order) {
    await compare(event);
    const told = await stateBefore({ db, graphs }, world.roomId, event.eventId);
    const state = told!.state.map(({ eventId }) => eventId);
    const chain = await eventIdsAt(db, world.roomId, told!.authChain);
    expect(state.sort()).toEqual(Object.values(idsOf(world, event.before)).sort());
    expect([...chain].sort()).toEqual(chainOf(world, event.before));
  }
  expect(await currentIds(db, stored)).toEqual(idsOf(world, naive.current));
  await compareMemberships(test, stored, naive.current);
  return currentIds(db, stored);
}

function chainOf(world: World, state: StateMap): readonly string[] {
  const chain = new Set([...state.values()].flatMap((position) => world.events.get(position)!.auth));
  for (const position of chain) for (const one of world.events.get(position)!.auth) chain.add(one);
  return [...chain].map((position) => world.events.get(position)!.eventId).sort();
}

/** What is told of members elsewhere than in the state: knocks that wait, and how many are in the room. */
async function compareMemberships(
  { database }: TestDatabase,
  { world, slots }: WorldLog,
  current: StateMap,
): Promise<void> {
  const members = [...current].filter(([name]) => name.startsWith('m.room.member\u0000'));
  const withMembership = (membership: string) =>
    members
      .map(([name, position]) => [name.slice(name.indexOf('\u0000') + 1), world.events.get(position)!] as const)
      .filter(([, event]) => event.pdu.content['membership'] === membership)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  const { rows: knocks } = await database.pool.query<{ user_id: string; event: number }>(
    "select user_id, event from knocks where room_id = $1 and status = 'PENDING' order by user_id",
    [world.roomId],
  );
  expect(knocks.map((row) => [row.user_id, row.event])).toEqual(
    withMembership('knock').map(([userId, event]) => [userId, slots.get(event)!.position]),
  );
  const { rows: rooms } = await database.pool.query('select joined, invited from rooms where room_id = $1', [
    world.roomId,
  ]);
  expect(rooms).toEqual([{ joined: withMembership('join').length, invited: withMembership('invite').length }]);
}

for (const version of ALL_VERSIONS) {
  it(`random graphs in version ${version} have the states of a naive server, in any order (seed ${SEED})`, async () => {
    for (let n = 0; n < Math.ceil(WORLDS / ALL_VERSIONS.length); n += 1) {
      const random = seededRandom(SEED + 1_000 * n + Number(version));
      const one = randomWorld(random, version, `world${version}x${n}`, SIZE);
      const orders = [one.rest, shuffled(random, one), shuffled(random, one)];
      const outcomes = [];
      for (const [k, server] of servers.entries()) {
        outcomes.push(await follow(server, one, orders[k]!, random));
      }
      expect(outcomes[1]).toEqual(outcomes[0]);
      expect(outcomes[2]).toEqual(outcomes[0]);
    }
  });
}

it('a log full of forks verifies, and its replay equals the live tables', async () => {
  for (const { test, log } of servers) {
    const report = await verify({ pool: test.owner.pool, identity: log.identity }, { deep: test.database.db });
    expect(report.findings).toEqual([]);
    expect(report.events).toBeGreaterThan(6 * SIZE);
  }
});
