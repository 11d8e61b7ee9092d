/** Rooms as they were: whatever the graph and in whatever order it came, the past is what was in force then. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { banUser } from '../../src/commands/ban.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { unbanUser } from '../../src/commands/leave.ts';
import { sendState } from '../../src/commands/send-state.ts';
import { pageMembershipDiff, type MembershipDiff, type RoomSpan } from '../../src/log/membership-diff.ts';
import {
  countMembersAt,
  membersAt,
  pageMembersAt,
  roomPositionsAt,
  type PastMember,
  type PastMemberList,
} from '../../src/log/past-state.ts';
import { logHead } from '../../src/log/read.ts';
import { stateAt, valuesOnBranches } from '../../src/log/state-lines.ts';
import { wholeState } from '../../src/log/whole-state.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import type { Membership } from '../../src/matrix/pdu.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seededRandom } from '../support/dice.ts';
import type { StateMap } from '../support/forked-room.ts';
import { naiveServer, type World } from '../support/forked-world.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';
import { randomWorld, shuffled } from '../support/random-world.ts';
import { identityOf } from '../support/rooms.ts';
import { knowKeys, startWorld, type WorldLog } from '../support/world-log.ts';

const SEED = Number(process.env['DAG_SEED'] ?? Math.floor(Math.random() * 1e9));
const SIZE = Number(process.env['DAG_SIZE'] ?? 40);
const EVERY: readonly Membership[] = ['knock', 'invite', 'join', 'leave', 'ban'];

let test: TestDatabase;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  await knowKeys(
    test.database.db,
    ['a.test', 'b.test', 'c.test'].map((name) => identityOf(name)),
  );
  log = await openTestLog(test.database);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

/** What a naive server held for the current state when the log's head was there. */
interface Remembered {
  readonly head: number;
  readonly current: StateMap;
}

async function remember(version: '8' | '11' | '12', name: string, random: () => number) {
  const one = randomWorld(random, version, name, SIZE);
  const naive = naiveServer(one.world);
  for (const event of [one.world.create, ...one.first]) naive.take(event);
  const before = await logHead(test.database.db);
  const stored = await startWorld(log, one.world, one.first);
  const moments: Remembered[] = [{ head: await logHead(test.database.db), current: naive.current }];
  for (const event of shuffled(random, one)) {
    await stored.receive(event);
    naive.take(event);
    moments.push({ head: await logHead(test.database.db), current: naive.current });
  }
  return { stored, moments, before };
}

const members = (world: World, state: StateMap) =>
  [...state]
    .flatMap(([key, position]) => {
      const [type, userId] = key.split('\0');
      const { content } = world.events.get(position)!.pdu;
      return type === 'm.room.member' ? [{ userId: userId!, membership: content['membership'], position }] : [];
    })
    .sort((a, b) => (a.userId < b.userId ? -1 : 1));

const membershipsOf = (world: World, state: StateMap): ReadonlyMap<string, string> =>
  new Map(members(world, state).map(({ userId, membership }) => [userId, String(membership)]));

/** All pages of a difference, two at a time. */
async function diffs(span: RoomSpan, fromEnd: boolean): Promise<readonly MembershipDiff[]> {
  const found: MembershipDiff[] = [];
  for (;;) {
    const bound = (fromEnd ? found[0] : found.at(-1))?.position ?? null;
    const bounds = fromEnd ? { after: null, before: bound } : { after: bound, before: null };
    const page = await pageMembershipDiff(test.database.db, span, { ...bounds, limit: 2, fromEnd, descending: false });
    if (fromEnd) found.unshift(...page.rows);
    else found.push(...page.rows);
    if (fromEnd ? !page.hasPreviousPage : !page.hasNextPage) break;
  }
  expect(found.map(({ position }) => position)).toEqual(
    found.map(({ position }) => position).toSorted((x, y) => x - y),
  );
  return found;
}

/** All pages of a list, from the start or from the end, with what each member was. */
async function walk(list: PastMemberList, limit: number, fromEnd: boolean): Promise<readonly PastMember[]> {
  const found: PastMember[] = [];
  for (;;) {
    const bound = (fromEnd ? found[0] : found.at(-1))?.userId ?? null;
    const bounds = fromEnd ? { after: null, before: bound } : { after: bound, before: null };
    const [page] = await pageMembersAt(test.database.db, [list], { ...bounds, limit, fromEnd, descending: false });
    if (fromEnd) found.unshift(...page!.rows);
    else found.push(...page!.rows);
    if (fromEnd ? !page!.hasPreviousPage : !page!.hasNextPage) return found;
  }
}

async function expectMoment({ world, slots }: WorldLog, at: number, current: StateMap, limit: number): Promise<void> {
  const { db } = test.database;
  const { roomId } = world;
  const expected = members(world, current).map(({ userId, membership, position }) => {
    return { userId, membership, event: slots.get(world.events.get(position)!)!.position };
  });
  const seen = (rows: readonly PastMember[]) =>
    rows.map(({ userId, membership, event }) => ({ userId, membership, event }));
  const all = { roomId, at, memberships: EVERY, own: '', ownMemberships: [] };
  expect(seen(await walk(all, limit, false))).toEqual(expected);
  expect(seen(await walk(all, limit, true))).toEqual(expected);
  const [joined] = await countMembersAt(db, [{ ...all, memberships: ['join'] }]);
  expect(joined).toBe(expected.filter(({ membership }) => membership === 'join').length);
  const keys = [...expected.map(({ userId }) => userId), '@nobody:a.test'].map((userId) => ({ roomId, at, userId }));
  const single = await membersAt(db, keys);
  expect(single.at(-1)).toBeNull();
  expect(seen(single.filter((row) => row !== null))).toEqual(expected);
  // The whole, as the log's own checks put it together: by reading it, and by undoing what came after.
  const positions = [...current.values()].map((position) => slots.get(world.events.get(position)!)!.position);
  const read = await stateAt(db, roomId, { line: 0, at });
  const undone = await wholeState(db, roomId, { line: 0, at });
  const byValue = (a: number, b: number) => a - b;
  expect(read.map(({ event }) => event).toSorted(byValue)).toEqual(positions.toSorted(byValue));
  expect(undone.map(({ position }) => position).toSorted(byValue)).toEqual(positions.toSorted(byValue));
  const words = ['m.room.topic', 'm.room.join_rules', 'm.room.power_levels'].map((type) => [type, ''] as const);
  const [values] = await valuesOnBranches(db, [{ roomId, ref: { line: 0, at }, keys: words }]);
  for (const [type] of words) {
    const position = current.get(`${type}\0`);
    const slot = position === undefined ? undefined : slots.get(world.events.get(position)!)!.position;
    expect(values!.get(`${type}\0`), type).toBe(slot);
  }
}

for (const version of ['8', '11', '12'] as const) {
  it(`P-D11: each moment of a room of version ${version} that forked is what was in force then (seed ${SEED})`, async () => {
    const random = seededRandom(SEED + Number(version));
    const { stored, moments, before } = await remember(version, `past${version}`, random);
    const { db } = test.database;
    const { roomId } = stored.world;
    const asked = (position: number) => ({ roomId, position });
    expect(await roomPositionsAt(db, [asked(before), asked(0)])).toEqual([null, null]);
    for (const { head, current } of moments) {
      const [at] = await roomPositionsAt(db, [asked(head)]);
      await expectMoment(stored, at!, current, 1 + Math.floor(random() * 4));
    }
    const places = await roomPositionsAt(
      db,
      moments.map(({ head }) => asked(head)),
    );
    for (let n = 0; n < 12; n += 1) {
      const [a, b] = [random(), random()].map((share) => Math.floor(share * moments.length)).sort((x, y) => x - y);
      const was = membershipsOf(stored.world, moments[a!]!.current);
      const became = membershipsOf(stored.world, moments[b!]!.current);
      // Nothing is told of the leave of somebody who never was there.
      const isTold = (who: string) => was.has(who) || became.get(who) !== 'leave';
      const differ = [...new Set([...was.keys(), ...became.keys()])].filter((who) => was.get(who) !== became.get(who));
      const found = await diffs({ roomId, from: places[a!]!, to: places[b!]!, userId: null }, random() < 0.5);
      const expected = differ
        .filter(isTold)
        .map((who) => `${who} ${was.get(who) ?? 'none'} ${became.get(who) ?? 'none'}`);
      const named = found.filter(({ userId }) => isTold(userId));
      expect(named.map(({ userId, from, to }) => `${userId} ${from} ${to}`).toSorted()).toEqual(expected.toSorted());
    }
    // Somewhere a resolution took back what an event had done, or nothing was asked here.
    const { rows } = await test.database.pool.query<{ count: number }>(
      'select count(*) as count from state_lines where room_id = $1 and line > 0',
      [roomId],
    );
    expect(rows[0]!.count).toBeGreaterThan(0);
  });
}

it('a list of few among many is found by looking at all of them, in pages from either end', async () => {
  const { deps } = log;
  const roomId = await makeKnockRoom(deps, 'boss');
  const content = jsonObject({ join_rule: 'public' });
  await sendState(deps, actor('boss'), { roomId, type: 'm.room.join_rules', stateKey: '', content });
  // More than are looked at one by one.
  for (let n = 0; n < 1_050; n += 210) {
    const some = Array.from({ length: 210 }, (_, i) => actor(`m${n + i}`));
    await Promise.all(some.map((who) => joinRoom(deps, who, { roomId })));
  }
  const banned = ['a1', 'a2', 'a3', 'z1'].map((name) => actor(name).userId);
  for (const userId of banned) await banUser(deps, actor('boss'), { roomId, userId });
  const [at] = await roomPositionsAt(test.database.db, [{ roomId, position: await logHead(test.database.db) }]);
  for (const userId of banned) await unbanUser(deps, actor('boss'), { roomId, userId });
  const list = { roomId, at: at!, memberships: ['ban'] as const, own: '', ownMemberships: [] };
  for (const limit of [1, 2, 3, 4, 5]) {
    for (const fromEnd of [false, true]) {
      const found = await walk(list, limit, fromEnd);
      expect(
        found.map(({ userId }) => userId),
        `${limit} from ${fromEnd ? 'the end' : 'the start'}`,
      ).toEqual(banned);
    }
  }
});
