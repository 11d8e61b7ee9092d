/** What a room that forks must withstand: hostile citations, what is known already, turns that are had again, late readers. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { eventSeenBy } from '../../src/http/client-server/history/request.ts';
import { openEventBook } from '../../src/http/client-server/event-book.ts';
import { createAuthGraphs } from '../../src/log/auth-graphs.ts';
import { valuesAtMany } from '../../src/projections/sync-queries.ts';
import type { EventSlot } from '../../src/log/judged-pdu.ts';
import { stateKeyText } from '../../src/matrix/auth-events.ts';
import { serverOf, type EventId, type UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { reject } from '../../src/matrix/rejection.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { idsOf, makeWorld, type World, type WorldEvent, type WorldInput } from '../support/forked-world.ts';
import { openTestLog, userId, type TestLog } from '../support/history.ts';
import { identityOf, user } from '../support/rooms.ts';
import { currentIds, knowKeys, startWorld, type WorldLog } from '../support/world-log.ts';

const KEEPER = userId('keeper');
const DAN = userId('dan');
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

const state = (type: string, sender: UserId, content: object): WorldInput => ({
  ...{ type, state_key: '', sender },
  content: jsonObject({ ...content }),
});

const topic = (sender: UserId, text: string): WorldInput => state('m.room.topic', sender, { topic: text });

const member = (sender: UserId, target: UserId, membership: string): WorldInput => ({
  ...{ type: 'm.room.member', state_key: target, sender },
  content: jsonObject({ membership }),
});

const message = (sender: UserId, body: string): WorldInput => ({
  ...{ type: 'm.room.message', sender },
  content: jsonObject({ body }),
});

const levels = (ann: number): WorldInput =>
  state('m.room.power_levels', KEEPER, { users: jsonObject({ [KEEPER]: 100, [ANN]: ann }), invite: 0 });

interface Scene {
  readonly world: World;
  readonly stored: WorldLog;
  /** The last event of the room's beginning. */
  readonly end: WorldEvent;
}

/** A public room of a keeper here, with Ann, a moderator, elsewhere. */
async function scene(...more: readonly WorldInput[]): Promise<Scene> {
  const world = makeWorld('11', KEEPER, `hazards${(made += 1)}`);
  const first: WorldEvent[] = [];
  const begin = [
    member(KEEPER, KEEPER, 'join'),
    levels(60),
    state('m.room.join_rules', KEEPER, { join_rule: 'public' }),
    member(ANN, ANN, 'join'),
    ...more,
  ];
  for (const input of begin) first.push(world.must([first.at(-1) ?? world.create], input));
  return { world, stored: await startWorld(log, world, first), end: first.at(-1)! };
}

const rows = async <T extends object>(text: string, ...values: readonly unknown[]): Promise<readonly T[]> =>
  (await test.database.pool.query<T>(text, [...values])).rows;

const asReceived = (event: WorldEvent, auth: readonly EventSlot[]) => ({
  ...{ pdu: event.pdu, eventId: event.eventId, origin: serverOf(event.pdu.sender), relay: false, auth },
  ...{ authRejection: event.authRejection, known: null, holes: [] },
});

const authOf = ({ world, stored }: Scene, event: WorldEvent): readonly EventSlot[] =>
  event.auth.map((position) => stored.slots.get(world.events.get(position)!)!);

it('an event on a fork that cites events of another room is rejected as anywhere else', async () => {
  const at = await scene();
  const { world, stored, end } = at;
  const forks = [topic(ANN, 'one'), topic(KEEPER, 'two')].map((input) => world.must([end], input));
  for (const fork of forks) await stored.receive(fork);
  // A third end, so that what follows the two is no straight line.
  await stored.receive(world.must([end], message(ANN, 'three')));
  const event = world.must(forks, topic(ANN, 'with strangers'));
  const stranger = { eventId: `$${'x'.repeat(43)}` as EventId, position: 0 };
  const judged = await log.deps.lanes.run(world.roomId, async (room) => {
    const authRejection = reject('auth_events.other_room', 'auth_events lists an event of another room.');
    const one = await judgeReceived(room!, {
      ...asReceived(event, [...authOf(at, event), stranger]),
      ...{ authRejection },
    });
    if ('missing' in one) throw new Error('missing');
    return { judged: [], actions: [], answer: one };
  });
  expect(judged).toMatchObject({ verdict: 'rejected', rule: 'auth_events.other_room' });
});

it('an event that is current already by what was claimed of a missing one, changes nothing when it comes itself', async () => {
  const { world, stored, end } = await scene();
  const invite = world.must([end], member(ANN, BOB, 'invite'));
  const unheard = world.must([invite], message(ANN, 'unheard'));
  await stored.receive(world.must([unheard], message(ANN, 'as I said')), [unheard]);
  const told = () =>
    rows('select kind from transitions where room_id = $1 and user_id = $2 order by position', world.roomId, BOB);
  expect(await told()).toEqual([{ kind: 'MEMBERSHIP_RECONCILED' }]);
  const judged = await stored.receive(invite);
  expect(judged.verdict).toBe('accepted');
  expect(judged.changes.filter(({ line }) => line === 0)).toEqual([]);
  expect(await told()).toEqual([{ kind: 'MEMBERSHIP_RECONCILED' }]);
});

it('what was built on an event that is not stored leaves nothing behind in what is remembered of the room', async () => {
  const at = await scene();
  const { world, stored, end } = at;
  const ours = world.must([end], topic(KEEPER, 'ours'));
  await stored.receive(ours);
  const next = world.must([ours], state('m.room.name', KEEPER, { name: 'never stored' }));
  const fork = world.must([end], topic(ANN, 'theirs'));
  const { lanes } = log.deps;
  let tries = 0;
  const lost = lanes.run(world.roomId, async (room) => {
    tries += 1;
    const one = tries > 1 ? null : await judgeReceived(room!, asReceived(next, authOf(at, next)));
    return { judged: one === null || 'missing' in one ? [] : [one], actions: [], answer: null };
  });
  let forgotten = false;
  const forked = lanes.run(world.roomId, async (room) => {
    if (!forgotten) lanes.forget(world.roomId);
    forgotten = true;
    const one = await judgeReceived(room!, asReceived(fork, authOf(at, fork)));
    if ('missing' in one) throw new Error('missing');
    return { judged: [one], actions: [], answer: one.verdict };
  });
  await lost;
  expect(tries).toBe(2);
  expect(await forked).toBe('accepted');
  expect(await currentIds(test.database.db, stored)).toMatchObject({
    [stateKeyText('m.room.member', ANN)]: idsOf(world, end.after)[stateKeyText('m.room.member', ANN)],
  });
});

it('a topic that branches leave out where they meet is not what the room is looked for by', async () => {
  const { world, stored, end } = await scene();
  const words = () => rows("select words from room_search where room_id = $1 and key = 'topic'", world.roomId);
  await stored.receive(world.must([end], topic(ANN, 'soup')));
  expect(await words()).toEqual([{ words: 'soup' }]);
  await stored.receive(world.must([end], levels(0)));
  expect((await currentIds(test.database.db, stored))[stateKeyText('m.room.topic', '')]).toBeUndefined();
  expect(await words()).toEqual([]);
});

it('what comes late from before somebody joined is not theirs to see where history is for members', async () => {
  const { world, stored, end } = await scene(
    state('m.room.history_visibility', KEEPER, { history_visibility: 'joined' }),
  );
  await stored.receive(world.must([end], member(DAN, DAN, 'join')));
  const late = world.must([end], message(ANN, 'between us'));
  await stored.receive(late);
  const { db } = test.database;
  const seenBy = (who: UserId) => eventSeenBy({ db, book: openEventBook(db) }, world.roomId, late.eventId, who);
  expect((await seenBy(KEEPER)).event.eventId).toBe(late.eventId);
  await expect(seenBy(DAN)).rejects.toThrow('There is no such event.');
});

it('the states around many events of branches are looked up at once', async () => {
  const { world, stored, end } = await scene();
  const forks = [];
  for (let n = 0; n < 6; n += 1) forks.push(await stored.receive(world.must([end], topic(ANN, `fork ${n}`))));
  await stored.receive(world.must([end], message(ANN, 'meanwhile')));
  let asked = 0;
  const db = test.database.db.withPlugin({
    transformQuery: ({ node }) => ((asked += 1), node),
    transformResult: async ({ result }) => result,
  });
  const keys = [
    ['m.room.topic', ''],
    ['m.room.member', ANN],
    ['m.room.member', BOB],
  ] as const;
  const found = await valuesAtMany(
    db,
    forks.map(({ after }) => ({ roomId: world.roomId, ref: after!, keys })),
  );
  expect(asked).toBeLessThanOrEqual(2);
  const member = stored.slots.get(end)!.position;
  const valuesOf = (topicAt: number): ReadonlyMap<string, number> =>
    new Map([
      [stateKeyText('m.room.topic', ''), topicAt],
      [stateKeyText('m.room.member', ANN), member],
    ]);
  expect(found).toEqual(forks.map(({ slot }) => valuesOf(slot.position)));
});

it('a graph counts by what it has grown to, and the longest unused is forgotten for others', async () => {
  const many = Array.from({ length: 140 }, (_, n) => topic(KEEPER, `topic ${n}`));
  const [{ world }, one, other] = [await scene(...many), await scene(), await scene()];
  const { db } = test.database;
  const graphs = createAuthGraphs('head', 8_000);
  const first = await graphs.loadGraph(db, world.roomId);
  expect(await graphs.loadGraph(db, world.roomId)).toBe(first);
  await graphs.loadGraph(db, one.world.roomId);
  await graphs.loadGraph(db, other.world.roomId);
  expect(await graphs.loadGraph(db, world.roomId)).not.toBe(first);
});

it('all of it verifies', async () => {
  const report = await verify({ pool: test.owner.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
});
