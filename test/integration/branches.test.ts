/** Branches of a room, one story each: what becomes of members where they meet, and of what comes late or not at all. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { joinBranches } from '../../src/commands/join-branches.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { readEvents } from '../../src/log/read.ts';
import { stateKeyText } from '../../src/matrix/auth-events.ts';
import type { UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { idsOf, makeWorld, type World, type WorldEvent, type WorldInput } from '../support/forked-world.ts';
import { actor, openTestLog, userId, type TestLog } from '../support/history.ts';
import { identityOf, user } from '../support/rooms.ts';
import { currentIds, idsAt, knowKeys, startWorld, type WorldLog } from '../support/world-log.ts';

const KEEPER = userId('keeper');
const ANN = user('ann', 'a.test');
const BOB = user('bob', 'b.test');

let test: TestDatabase;
let log: TestLog;
let made = 0;

beforeAll(async () => {
  test = await openTestDatabase();
  await knowKeys(test.database.db, [identityOf('a.test'), identityOf('b.test')]);
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

const message = (sender: UserId, body: string): WorldInput => ({
  ...{ type: 'm.room.message', sender },
  content: jsonObject({ body }),
});

interface Scene {
  readonly world: World;
  readonly stored: WorldLog;
  /** The last event of the room's beginning. */
  readonly end: WorldEvent;
}

/** A room with a keeper here, and Ann, a moderator, elsewhere; people knock. */
async function scene(): Promise<Scene> {
  const world = makeWorld('11', KEEPER, `branches${(made += 1)}`);
  const levels = jsonObject({ users: jsonObject({ [KEEPER]: 100, [ANN]: 60 }), invite: 50 });
  const rule = (join_rule: string): WorldInput => ({
    ...{ type: 'm.room.join_rules', state_key: '', sender: KEEPER },
    content: jsonObject({ join_rule }),
  });
  const inputs: readonly WorldInput[] = [
    member(KEEPER, KEEPER, 'join'),
    { type: 'm.room.power_levels', state_key: '', sender: KEEPER, content: levels },
    rule('public'),
    member(ANN, ANN, 'join'),
    rule('knock'),
  ];
  const first: WorldEvent[] = [];
  for (const input of inputs) first.push(world.must([first.at(-1) ?? world.create], input));
  return { world, stored: await startWorld(log, world, first), end: first.at(-1)! };
}

const transitionsOf = async (world: World, who: UserId) =>
  (
    await test.database.pool.query<{
      kind: string;
      from: string;
      to: string;
      cause: string;
      supersedes: number | null;
    }>(
      'select position, "from", "to", kind, cause, supersedes from transitions where room_id = $1 and user_id = $2 order by position',
      [world.roomId, who],
    )
  ).rows;

it('an invite that was met by a kick elsewhere stands, and what was told of the kick is corrected', async () => {
  const { world, stored, end } = await scene();
  const knock = world.must([end], member(BOB, BOB, 'knock'));
  const kick = world.must([knock], member(KEEPER, BOB, 'leave'));
  const invite = world.must([knock], member(ANN, BOB, 'invite'));
  for (const event of [knock, kick]) await stored.receive(event);
  const rejected = await transitionsOf(world, BOB);
  expect(rejected.map(({ kind }) => kind)).toEqual(['KNOCK_REQUESTED', 'KNOCK_REJECTED']);
  await stored.receive(invite);
  const all = await transitionsOf(world, BOB);
  // The invite itself came last and is what its sender meant: leave, then invite.
  expect(all.at(-1)).toMatchObject({ from: 'leave', to: 'invite', kind: 'INVITE_SENT', cause: 'federation' });
  expect(await currentIds(test.database.db, stored)).toEqual(idsOf(world, world.stateAfter([kick, invite])));
});

it('a door that was closed elsewhere takes back the knock before it was heard, and what is told says which transition it corrects', async () => {
  const { world, stored, end } = await scene();
  const knock = world.must([end], member(BOB, BOB, 'knock'));
  const closed = world.must([end], {
    ...{ type: 'm.room.join_rules', state_key: '', sender: KEEPER },
    content: jsonObject({ join_rule: 'invite' }),
  });
  await stored.receive(knock);
  const [requested] = await transitionsOf(world, BOB);
  await stored.receive(closed);
  const all = await transitionsOf(world, BOB);
  expect(all).toHaveLength(2);
  expect(all[1]).toMatchObject({ from: 'knock', to: 'none', kind: 'MEMBERSHIP_RECONCILED', cause: 'resolution' });
  expect(all[1]!.supersedes).toBe((requested as unknown as { position: number }).position);
  const current = await currentIds(test.database.db, stored);
  expect(current[stateKeyText('m.room.member', BOB)]).toBeUndefined();
});

it('an event made here while the room has more than ten ends cites ten of them, and leaves fewer', async () => {
  const { world, stored, end } = await scene();
  for (let n = 0; n < 12; n += 1) await stored.receive(world.must([end], message(ANN, `branch ${n}`)));
  const topics = [1, 2].map((n) => ({
    type: 'm.room.topic',
    state_key: '',
    sender: ANN,
    content: jsonObject({ topic: `${n}` }),
  }));
  for (const topic of topics) await stored.receive(world.must([end], topic));
  const send = (n: number) =>
    sendMessage(log.deps, actor('keeper'), {
      ...{ roomId: world.roomId, type: 'm.room.message', content: jsonObject({ body: 'here' }) },
      request: { deviceId: 'D', transactionId: `${world.roomId}${n}` },
    });
  const ends = async () =>
    (await test.database.pool.query('select 1 from extremities where room_id = $1', [world.roomId])).rows.length;
  expect(await ends()).toBe(14);
  await send(1);
  expect(await ends()).toBe(5);
  await send(2);
  expect(await ends()).toBe(1);
});

it('more ends than an event may cite are brought together by events that say nothing, which nobody is shown', async () => {
  const { world, stored, end } = await scene();
  for (let n = 0; n < 45; n += 1) await stored.receive(world.must([end], message(ANN, `branch ${n}`)));
  expect(await endsOf(world)).toHaveLength(45);
  expect(await joinBranches(log.deps, world.roomId)).toBe(2);
  expect(await endsOf(world)).toHaveLength(7);
  expect(await joinBranches(log.deps, world.roomId)).toBe(0);
  expect(await joinBranches(log.deps, world.roomId, 1)).toBe(1);
  const [tip] = await endsOf(world);
  const [dummy] = await readEvents(test.database.db, [{ roomId: world.roomId, position: tip!.event }]);
  expect(dummy).toMatchObject({ type: 'org.matrix.dummy_event', sender: KEEPER, content: {}, withheld: true });
});

it('all ends are brought together where nothing is remembered of them', async () => {
  const { world, stored, end } = await scene();
  for (let n = 0; n < 25; n += 1) await stored.receive(world.must([end], message(ANN, `branch ${n}`)));
  log.deps.lanes.forget(world.roomId);
  expect(await joinBranches(log.deps, world.roomId)).toBe(2);
  expect(await endsOf(world)).toHaveLength(1);
});

it('ends stay apart where nobody here may send anything', async () => {
  const { world, stored, end } = await scene();
  const silent = {
    ...{ type: 'm.room.power_levels', state_key: '', sender: KEEPER },
    content: jsonObject({ users: jsonObject({ [KEEPER]: 40, [ANN]: 60 }), events_default: 50 }),
  };
  const silenced = world.must([end], silent);
  await stored.receive(silenced);
  for (let n = 0; n < 11; n += 1) await stored.receive(world.must([silenced], message(ANN, `branch ${n}`)));
  expect(await joinBranches(log.deps, world.roomId)).toBe(0);
  expect(await endsOf(world)).toHaveLength(11);
});

it("what a missing event may have changed is taken on a server's word, beside what is known here", async () => {
  const { world, stored, end } = await scene();
  const topic = { type: 'm.room.topic', state_key: '', sender: ANN, content: jsonObject({ topic: 'unheard' }) };
  const unheard = world.must([end], topic);
  const follower = world.must([unheard], message(ANN, 'as I said'));
  await expect(stored.receive(follower)).rejects.toThrow(unheard.eventId);
  // The topic is known for what is claimed of the state after it; it has no verdict of its own.
  const judged = await stored.receive(follower, [unheard]);
  expect(judged.verdict).toBe('accepted');
  expect(await idsAt(test.database.db, stored, judged.before!)).toEqual(idsOf(world, follower.before));
  const { db } = test.database;
  expect((await currentIds(db, stored))[stateKeyText('m.room.topic', '')]).toBe(unheard.eventId);
  const gaps = await db.selectFrom('gaps').selectAll().where('room_id', '=', world.roomId).execute();
  expect(gaps).toMatchObject([{ missing_event_id: unheard.eventId, cited_by: judged.slot.position }]);

  // Another one that cites it stands on the same claim; when it comes itself, it takes its place before them.
  const second = await stored.receive(world.must([unheard], message(ANN, 'and again')));
  expect(second.before).toEqual(judged.before);
  const late = await stored.receive(unheard);
  expect(late).toMatchObject({ verdict: 'accepted', anchor: judged.roomPosition, back: -1 });
  const tips = await db.selectFrom('extremities').select('event').where('room_id', '=', world.roomId).execute();
  expect(tips.map(({ event }) => event)).toEqual([judged.slot.position, second.slot.position]);
});

const endsOf = async (world: World) =>
  (
    await test.database.pool.query<{ event: number }>('select event from extremities where room_id = $1', [
      world.roomId,
    ])
  ).rows;

it('53: what a banned user says beside the ban is soft-failed, until others cite it', async () => {
  const { world, stored, end } = await scene();
  const ban = world.must([end], member(KEEPER, ANN, 'ban'));
  const topic = { type: 'm.room.topic', state_key: '', sender: ANN, content: jsonObject({ topic: 'evading' }) };
  const evading = world.must([end], topic);
  await stored.receive(ban);
  const judged = await stored.receive(evading);
  expect(judged).toMatchObject({ verdict: 'soft_failed', rule: 'sender.not_joined' });
  expect(await idsAt(test.database.db, stored, judged.after!)).toEqual(idsOf(world, evading.after));
  expect(await currentIds(test.database.db, stored)).toEqual(idsOf(world, ban.after));
  expect(await endsOf(world)).toEqual([{ event: stored.slots.get(ban)!.position }]);

  const citing = world.must([ban, evading], message(KEEPER, 'both of you'));
  expect((await stored.receive(citing)).verdict).toBe('accepted');
  expect(await currentIds(test.database.db, stored)).toEqual(idsOf(world, citing.after));
  expect(await endsOf(world)).toEqual([{ event: stored.slots.get(citing)!.position }]);
});

it('a verdict, its rule, evidence and a merged key that were altered are found when all is judged again', async () => {
  const altered = async (statement: string) => {
    const client = await test.owner.pool.connect();
    await client.query('begin; set local session_replication_role = replica');
    const { rowCount } = await client.query(statement);
    await client.query('commit');
    client.release();
    expect(rowCount, statement).toBe(1);
  };
  const found = async () => {
    const report = await verify({ pool: test.owner.pool, identity: log.identity }, { deep: test.database.db });
    return report.findings.map(({ table, column }) => `${table}.${column}`);
  };
  const soft = "verdict = 'soft_failed' and rule = 'sender.not_joined'";
  await altered(`update verdicts set rule = 'member.ban.power' where ${soft}`);
  expect(await found()).toEqual(['verdicts.rule']);
  await altered(`update verdicts set rule = 'sender.not_joined' where rule = 'member.ban.power'`);
  await altered(`update verdicts set verdict = 'rejected' where ${soft}`);
  expect(await found()).toContain('verdicts.verdict');
  await altered(`update verdicts set verdict = 'soft_failed' where verdict = 'rejected'`);
  const topic = `type = 'm.room.topic' and position = (select min(position) from events where type = 'm.room.topic')`;
  await altered(`update events set auth_rejection = 'sender.not_joined' where ${topic}`);
  expect(await found()).toContain('events.auth_rejection');
  await altered(`update events set auth_rejection = null where ${topic}`);
  const second = `(select c.position from state_changes c join state_changes d on d.room_id = c.room_id and d.line = 0
    and d.type = c.type and d.event = c.previous where c.line = 0 and c.type = 'm.room.topic' limit 1)`;
  await altered(`update state_changes set event = previous where line = 0 and position = ${second}`);
  expect(await found()).toContain('state_changes.event');
  await altered(
    `update state_changes c set event = v.event from verdicts v where v.position = c.position and c.line = 0 and c.event = c.previous`,
  );
  expect(await found()).toEqual([]);
});

it('where more than a thousand members are in conflict another thread resolves them, to the same', async () => {
  const world = makeWorld('11', KEEPER, `branches${(made += 1)}`);
  const first: WorldEvent[] = [];
  const open = {
    type: 'm.room.join_rules',
    state_key: '',
    sender: KEEPER,
    content: jsonObject({ join_rule: 'public' }),
  };
  for (const input of [member(KEEPER, KEEPER, 'join'), open])
    first.push(world.must([first.at(-1) ?? world.create], input));
  const end = first.at(-1)!;
  const stored = await startWorld(log, world, first);
  const crowd = Array.from({ length: 1_100 }, (_, n) => user(`crowd${n}`, 'a.test'));
  const here: WorldEvent[] = [];
  for (const who of crowd) here.push(world.must([here.at(-1) ?? end], member(who, who, 'join')));
  for (let n = 0; n < here.length; n += 400)
    await Promise.all(here.slice(n, n + 400).map((event) => stored.receive(event)));
  // Elsewhere nobody heard of the crowd, and the door was closed.
  const closed = world.must([end], { ...open, content: jsonObject({ join_rule: 'invite' }) });
  const meeting = await stored.receive(closed);
  expect(meeting.changes.length).toBeGreaterThan(1_000);
  expect(await currentIds(test.database.db, stored)).toEqual(idsOf(world, world.stateAfter([here.at(-1)!, closed])));
}, 60_000);

it('all of it verifies', async () => {
  const report = await verify({ pool: test.owner.pool, identity: log.identity }, { deep: test.database.db });
  expect(report.findings).toEqual([]);
});
