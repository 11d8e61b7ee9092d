/** Rooms that many knock on at once, while everything else goes on: what is judged from memory is what a naive server makes of it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verify } from '../../src/commands/verify/verify.ts';
import type { UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seededRandom } from '../support/dice.ts';
import {
  idsOf,
  makeWorld,
  naiveServer,
  type World,
  type WorldEvent,
  type WorldInput,
} from '../support/forked-world.ts';
import { openTestLog, userId, type TestLog } from '../support/history.ts';
import { ALL_VERSIONS, identityOf, user } from '../support/rooms.ts';
import { currentIds, idsAt, knowKeys, startWorld } from '../support/world-log.ts';

const SEED = Number(process.env['DAG_SEED'] ?? Math.floor(Math.random() * 1e9));
const SIZE = Number(process.env['DAG_SIZE'] ?? 40);

const KEEPER = userId('keeper');
const ANN = user('ann', 'a.test');

let test: TestDatabase;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  await knowKeys(
    test.database.db,
    ['a.test', 'b.test'].map((name) => identityOf(name)),
  );
  log = await openTestLog(test.database);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

const member = (sender: UserId, target: UserId, membership: string): WorldInput => ({
  ...{ type: 'm.room.member', state_key: target, sender },
  content: jsonObject({ membership }),
});
const state = (sender: UserId, type: string, content: Parameters<typeof jsonObject>[0]): WorldInput => ({
  ...{ type, state_key: '', sender },
  content: jsonObject(content),
});
const rule = (sender: UserId, join_rule: string): WorldInput => state(sender, 'm.room.join_rules', { join_rule });

/** A room that may be knocked on, in which two servers have moderators. */
function knockWorld(version: RoomVersionId, name: string): { readonly world: World; readonly first: WorldEvent[] } {
  const world = makeWorld(version, KEEPER, name);
  const users = { ...(version === '12' ? {} : { [KEEPER]: 100 }), [ANN]: 60 };
  const first: WorldEvent[] = [];
  for (const input of [
    member(KEEPER, KEEPER, 'join'),
    state(KEEPER, 'm.room.power_levels', { users, invite: 50 }),
    rule(KEEPER, 'public'),
    member(ANN, ANN, 'join'),
    rule(KEEPER, 'knock'),
  ])
    first.push(world.must([first.at(-1) ?? world.create], input));
  return { world, first };
}

/** Has the log take the events, and holds all that follows from each against the naive server. Resolves to how many were accepted. */
async function follow(
  { world, first }: ReturnType<typeof knockWorld>,
  order: readonly WorldEvent[],
  between: (n: number) => void = () => undefined,
): Promise<number> {
  const { db } = test.database;
  const naive = naiveServer(world);
  for (const event of [world.create, ...first]) naive.take(event);
  const stored = await startWorld(log, world, first);
  for (const [n, event] of order.entries()) {
    between(n);
    const { before, after, verdict } = await stored.receive(event);
    expect(verdict, `the verdict on event ${n}`).toBe(naive.take(event));
    expect(await idsAt(db, stored, before!), `before event ${n}`).toEqual(idsOf(world, event.before));
    expect(await idsAt(db, stored, after!), `after event ${n}`).toEqual(idsOf(world, event.after));
    expect(await currentIds(db, stored), `now, after event ${n}`).toEqual(idsOf(world, naive.current));
  }
  return order.filter((event) => naive.verdicts.get(event) === 'accepted').length;
}

let acceptedInAll = 0;

for (const version of ALL_VERSIONS) {
  it(`in version ${version} knocks that come beside each other have the states of a naive server (seed ${SEED})`, async () => {
    const random = seededRandom(SEED + Number(version));
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
    const { world, first } = knockWorld(version, `storm${version}`);
    const all = [first.at(-1)!];
    const knockers: UserId[] = [];
    const draw = (): WorldInput => {
      const kind = random();
      const mod = pick([KEEPER, ANN]);
      if (kind < 0.6 || knockers.length === 0) {
        knockers.push(user(`k${knockers.length}`, 'b.test'));
        return member(knockers.at(-1)!, knockers.at(-1)!, 'knock');
      }
      const one = pick(knockers);
      if (kind < 0.75) return { type: 'm.room.message', sender: mod, content: jsonObject({ body: String(random()) }) };
      if (kind < 0.82) return state(mod, 'm.room.topic', { topic: String(random()) });
      if (kind < 0.88) return rule(mod, pick(['knock', 'invite']));
      if (kind < 0.94) return member(one, one, pick(['knock', 'leave']));
      return member(mod, one, pick(['invite', 'leave', 'ban']));
    };
    while (all.length < SIZE) {
      const recent = all.slice(-8);
      const prev = [...new Set(Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(recent)))];
      const at = random() < 0.5 ? 1_000 + Math.floor(random() * 40) : undefined;
      all.push(world.add(prev, { ...draw(), ...(at === undefined ? {} : { at }) }));
    }
    const accepted = await follow({ world, first }, all.slice(1), () => {
      if (random() < 0.05) log.deps.lanes.forget(world.roomId);
    });
    expect(accepted).toBeGreaterThan(0);
    acceptedInAll += accepted;
  });
}

it('of all these a good part is accepted, so that there is something to compare', () => {
  expect(acceptedInAll).toBeGreaterThan((ALL_VERSIONS.length * SIZE) / 4);
});

it('a join rule that another one outdoes holds on its own branch: who knocks there is not let to', async () => {
  const { world, first } = knockWorld('11', 'outdone');
  const end = [first.at(-1)!];
  const [one, two, late] = ['one', 'two', 'late'].map((name) => user(name, 'b.test')) as [UserId, UserId, UserId];
  const knocks = [world.must(end, member(one, one, 'knock')), world.must(end, member(two, two, 'knock'))];
  const outdone = world.must([knocks[0]!], { ...rule(KEEPER, 'invite'), at: 1_001 });
  const citesNewest = world.stateAfter([knocks[1]!]);
  const refused = world.add([outdone], { ...member(late, late, 'knock'), authState: citesNewest });
  expect(refused.rejectedBy).toBe('state');
  expect(await follow({ world, first }, [...knocks, outdone, refused])).toBe(3);
});

it('an event that follows two of very many knocks adds what these two are, and not what all the others are not', async () => {
  const { world, first } = knockWorld('12', 'burden');
  const stored = await startWorld(log, world, first);
  const knocks = Array.from({ length: 300 }, (_, n) => {
    const who = user(`burden${n}`, 'b.test');
    return world.must([first.at(-1)!], member(who, who, 'knock'));
  });
  for (const knock of knocks) await stored.receive(knock);
  const said = { type: 'm.room.message', sender: ANN, content: jsonObject({ body: 'the two of you' }) };
  const follows = world.must(knocks.slice(0, 2), said);
  const { changes, before } = await stored.receive(follows);
  expect(changes.length).toBeLessThan(5);
  expect(await idsAt(test.database.db, stored, before!)).toEqual(idsOf(world, follows.before));
});

it('the log of all this verifies, each event judged once more as a branch', async () => {
  const report = await verify({ pool: test.owner.pool, identity: log.identity }, { deep: test.database.db });
  expect(report.findings).toEqual([]);
});
