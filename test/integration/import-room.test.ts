/** A room that lives elsewhere is taken over as another server tells of it, and taken over again after it lived on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importRoom } from '../../src/commands/elsewhere/import-room.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { knock } from '../../src/commands/knock.ts';
import { createReceiver } from '../../src/commands/receive/receive-pdu.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { serverOf } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  checkSignatures,
  foreignRoom,
  HOST,
  publishKeys,
  remotesOf,
  toldRoom,
  type ForeignRoom,
  type SentEvent,
} from '../support/foreign-room.ts';
import { actor, makeKnockRoom, openTestLog, SERVER_NAME, userId, type TestLog } from '../support/history.ts';
import { ALL_VERSIONS, user } from '../support/rooms.ts';

const kim = user('kim', 'there');
const lee = user('lee', 'elsewhere');
const ada = userId('ada');

let test: TestDatabase;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  await publishKeys(test.database, 'there', 'elsewhere');
});

afterAll(async () => {
  await log.close();
  await test.close();
});

const deps = () => ({ db: test.database.db, lanes: log.deps.lanes, serverName: SERVER_NAME, checkSignatures });

async function take(room: ForeignRoom, join: SentEvent): Promise<void> {
  await importRoom(deps(), toldRoom(room, join, serverOf(HOST)));
}

async function rows<T extends object>(text: string, ...values: readonly unknown[]): Promise<readonly T[]> {
  return (await test.database.pool.query<T>(text, [...values])).rows;
}

/** The current state by id, as the database has it. */
async function stateOf({ roomId }: ForeignRoom): Promise<ReadonlyMap<string, string>> {
  const found = await rows<{ name: string; event_id: string }>(
    `select s.type || chr(1) || s.state_key as name, e.event_id from room_state s
       join events e on e.room_id = s.room_id and e.position = s.event where s.room_id = $1`,
    roomId,
  );
  return new Map(found.map((row) => [row.name, row.event_id]));
}

function stateAfter({ state }: SentEvent): ReadonlyMap<string, string> {
  return new Map([...state].map(([name, { eventId }]) => [name.replace('\0', '\x01'), eventId]));
}

async function expectSound(): Promise<void> {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
}

type Told = ReturnType<typeof toldRoom>;

/** Hears what the room's server sends. */
function earsOf(room: ForeignRoom): (event: SentEvent) => Promise<void> {
  const receiver = createReceiver({ ...deps(), judge: judgeReceived, now: Date.now, remotes: remotesOf(room) });
  return async ({ pdu }) => {
    const received = await receiver.receive({ origin: serverOf(HOST), value: pdu, relay: false });
    expect(received).toMatchObject({ is: 'accepted' });
  };
}

async function tipsOf({ roomId }: ForeignRoom): Promise<readonly string[]> {
  const found = await rows<{ event_id: string }>(
    'select e.event_id from extremities x join events e on e.room_id = x.room_id and e.position = x.event where x.room_id = $1',
    roomId,
  );
  return found.map((row) => row.event_id);
}

function livelyRoom(version: RoomVersionId): ForeignRoom {
  const room = foreignRoom(version);
  room.member(kim, kim, 'join');
  room.member(lee, lee, 'join');
  room.member(HOST, user('banned', 'elsewhere'), 'ban');
  room.member(HOST, user('guest', 'elsewhere'), 'invite');
  room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'Far away' } });
  room.message(kim, 'before your time');
  room.member(lee, lee, 'leave');
  return room;
}

describe.each(ALL_VERSIONS)('a room of version %s', (version) => {
  it('is taken over with its state, its members and nothing of its past, and the join ends its graph', async () => {
    const room = livelyRoom(version);
    const join = room.member(ada, ada, 'join');
    await take(room, join);
    expect(await stateOf(room)).toEqual(stateAfter(join));
    expect(await tipsOf(room)).toEqual([join.eventId]);
    const [head] = await rows(
      'select version, joined, invited, resident, room_position from rooms where room_id = $1',
      room.roomId,
    );
    expect(head).toEqual({ version, joined: 3, invited: 1, resident: true, room_position: 2 });
    const told = await rows<{ kind: string; cause: string; user_id: string }>(
      'select kind, cause, user_id from transitions where room_id = $1 order by position',
      room.roomId,
    );
    expect(told.at(-1)).toEqual({ kind: 'JOINED', cause: 'self', user_id: ada });
    expect(
      told
        .slice(0, -1)
        .map(({ kind, cause }) => `${kind} ${cause}`)
        .sort(),
    ).toEqual(['BANNED import', 'INVITE_SENT import', 'JOINED import', 'JOINED import']);
    await expectSound();
  });
});

describe('a room that was left', () => {
  it('takes the difference when it is joined again, decides what waited, and forgets its old ends', async () => {
    const room = foreignRoom('12', 'knock');
    const [ned, pia, una] = [user('ned', 'elsewhere'), user('pia', 'elsewhere'), user('una', 'elsewhere')];
    room.member(HOST, ada, 'invite');
    await take(room, room.member(ada, ada, 'join'));
    const hear = earsOf(room);
    room.send({ type: 'm.room.topic', sender: HOST, stateKey: '', content: { topic: 'soon gone' } });
    await hear(room.newest());
    for (const who of [ned, pia, una]) await hear(room.member(who, who, 'knock'));
    await hear(room.member(HOST, lee, 'invite'));
    await hear(room.member(lee, lee, 'join'));
    const left = room.member(HOST, ada, 'leave');
    await hear(left);
    expect(await rows('select resident from rooms where room_id = $1', room.roomId)).toEqual([{ resident: false }]);

    room.member(HOST, ned, 'invite');
    room.member(HOST, pia, 'leave');
    room.member(HOST, lee, 'ban');
    room.member(una, una, 'knock', { content: { reason: 'please' } });
    room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'Changed' } });
    room.member(HOST, ada, 'invite');
    const again = room.member(ada, ada, 'join');
    await take(room, again);
    expect(await stateOf(room)).toEqual(stateAfter(again));
    expect(await tipsOf(room)).toEqual([again.eventId]);
    const told = await rows<{ user_id: string; kind: string; cause: string }>(
      `select user_id, kind, cause from transitions where room_id = $1 and cause in ('catch_up', 'self') order by position`,
      room.roomId,
    );
    expect(told.map(({ user_id: who, kind, cause }) => `${who} ${kind} ${cause}`)).toEqual([
      `${ada} INVITE_ACCEPTED self`,
      ...[`${lee} BANNED catch_up`, `${ned} KNOCK_ACCEPTED catch_up`, `${pia} KNOCK_REJECTED catch_up`].toSorted(),
      `${una} KNOCK_RENEWED catch_up`,
      `${ada} INVITE_SENT catch_up`,
      `${ada} INVITE_ACCEPTED self`,
    ]);
    const knocks = await rows<{ user_id: string; status: string; reason: string | null }>(
      'select user_id, status, reason from knocks where room_id = $1 order by user_id',
      room.roomId,
    );
    expect(knocks).toEqual([
      { user_id: ned, status: 'ACCEPTED', reason: null },
      { user_id: pia, status: 'REJECTED', reason: null },
      { user_id: una, status: 'PENDING', reason: 'please' },
    ]);
    await hear(room.message(HOST, 'welcome back'));
    expect(await tipsOf(room)).toEqual([room.newest().eventId]);
    await expectSound();
  });

  it('catches up with all that happened, in how many parts ever', async () => {
    const room = foreignRoom('12');
    await take(room, room.member(ada, ada, 'join'));
    const left = room.member(ada, ada, 'leave');
    await earsOf(room)(left);
    const come = Array.from({ length: 250 }, (_, n) => user(`late${n}`, 'elsewhere'));
    for (const who of come) room.member(who, who, 'join');
    await take(room, room.member(ada, ada, 'join'));
    const told = await rows(
      `select cause, count(*)::int as count from transitions where room_id = $1 and user_id like '@late%' group by cause`,
      room.roomId,
    );
    expect(told).toEqual([{ cause: 'catch_up', count: 250 }]);
    await expectSound();
  });

  it('loses what is no longer in its state', async () => {
    const room = foreignRoom('11');
    await take(room, room.member(ada, ada, 'join'));
    const hear = earsOf(room);
    const start = room.newest();
    const invited = room.member(HOST, lee, 'invite');
    await hear(invited);
    await hear(room.member(ada, ada, 'leave'));
    // Where they were, nobody was ever invited.
    const left = room.member(ada, ada, 'leave', { after: [start] });
    const again = room.member(ada, ada, 'join', { after: [left] });
    await take(room, again);
    expect(await stateOf(room)).toEqual(stateAfter(again));
    const [told] = await rows(
      `select t.kind, t.cause, t."to", t.event, s.kind as corrected from transitions t
         left join transitions s on s.position = t.supersedes where t.room_id = $1 and t.user_id = $2 order by t.position desc`,
      room.roomId,
      lee,
    );
    expect(told).toEqual({
      kind: 'MEMBERSHIP_RECONCILED',
      cause: 'catch_up',
      to: 'none',
      event: null,
      corrected: 'INVITE_SENT',
    });
    await expectSound();
  });
});

describe('a room that two join at once', () => {
  it('is taken over once, and what the other is told replaces nothing: that join is received', async () => {
    const room = livelyRoom('12');
    const start = room.newest();
    const bob = userId('bob');
    const joins = [ada, bob].map((who) => room.member(who, who, 'join', { after: [start] }));
    const others = Array.from({ length: 250 }, (_, n) => user(`other${n}`, 'elsewhere'));
    for (const who of others) room.member(who, who, 'join', { after: [start] });
    const [told, toldOther] = joins.map((join) => toldRoom(room, join, serverOf(HOST)));
    // Of these the first has not heard.
    const more = [...room.events.values()].slice(-others.length).map(({ pdu }) => pdu);
    const taken = await Promise.all([
      importRoom(deps(), told!),
      importRoom(deps(), { ...toldOther!, state: [...toldOther!.state, ...more] }),
    ]);
    expect(taken.toSorted()).toEqual([false, true]);
    const firstWon = taken.indexOf(true) === 0;
    const [first, second] = firstWon ? joins : joins.toReversed();
    expect(await tipsOf(room)).toEqual([first!.eventId]);
    const count = (await stateOf(room)).size;
    expect(count).toBe(first!.state.size + (firstWon ? 0 : others.length));
    await earsOf(room)(second!);
    expect((await stateOf(room)).size).toBe(count + 1);
    await expectSound();
  });
});

describe('a room that is told wrong', () => {
  const bad = async (change: (told: Told, room: ForeignRoom) => Partial<Told>): Promise<ForeignRoom> => {
    const room = livelyRoom('12');
    const join = room.member(ada, ada, 'join');
    const told = toldRoom(room, join, serverOf(HOST));
    await expect(importRoom(deps(), { ...told, ...change(told, room) })).rejects.toMatchObject({
      errcode: 'M_UNKNOWN',
      status: 502,
    });
    expect(await rows('select from rooms where room_id = $1', room.roomId)).toEqual([]);
    return room;
  };
  const without = (told: Told, type: string): Partial<Told> => ({
    state: told.state.filter((event) => event['type'] !== type),
    authChain: told.authChain.filter((event) => event['type'] !== type),
  });

  it('is refused without its beginning, without what lets the join in, and with two values of one key', async () => {
    await bad((told) => without(told, 'm.room.create'));
    await bad((told) => without(told, 'm.room.join_rules'));
    await bad((told) => ({ state: told.state.filter((event) => event['type'] !== 'm.room.join_rules') }));
    await bad((told, room) => ({
      state: [
        ...told.state,
        room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'Two' } }).pdu,
      ],
    }));
    await bad((told, room) => ({ state: [...told.state, room.message(HOST, 'no state').pdu] }));
    await expectSound();
  });

  it('is refused with the join altered, in its words too, or that of another room', async () => {
    await bad((told) => ({ join: jsonObject({ ...told.join, depth: 77 }) }));
    const content = jsonObject({ membership: 'join', displayname: 'Not my name' });
    await bad((told) => ({ join: jsonObject({ ...told.join, content }) }));
    await bad(() => {
      const other = foreignRoom('12');
      return { join: other.member(ada, ada, 'join').pdu };
    });
    await expectSound();
  });

  it('is refused when it is of another version than its server said', async () => {
    const room = livelyRoom('9');
    const told = toldRoom(room, room.member(ada, ada, 'join'), serverOf(HOST));
    const as10 = (event: JsonObject): JsonObject =>
      event['type'] === 'm.room.create'
        ? jsonObject({ ...event, content: jsonObject({ ...(event['content'] as JsonObject), room_version: '10' }) })
        : event;
    const version = ROOM_VERSIONS['10'];
    const [state, authChain] = [told.state.map(as10), told.authChain.map(as10)];
    for (const lie of [{ version }, { version, state }, { version, state, authChain }])
      await expect(importRoom(deps(), { ...told, ...lie })).rejects.toMatchObject({ status: 502 });
    // Nothing of it is left to be judged by the wrong rules.
    expect(await rows('select from events where room_id = $1', room.roomId)).toEqual([]);
    await importRoom(deps(), told);
    expect(await rows('select version from rooms where room_id = $1', room.roomId)).toEqual([{ version: '9' }]);
    await expectSound();
  });

  it('is taken over without what fails its checks, and what rests on that', async () => {
    const room = livelyRoom('12');
    const join = room.member(ada, ada, 'join');
    const told = toldRoom(room, join, serverOf(HOST));
    const other = foreignRoom('12').newest().pdu;
    const forge = (event: JsonObject): JsonObject =>
      event['type'] === 'm.room.name' ? jsonObject({ ...event, origin_server_ts: 5 }) : event;
    await importRoom(deps(), { ...told, state: [...told.state.map(forge), other, jsonObject({})] });
    const state = await stateOf(room);
    expect([...stateAfter(join).keys()].filter((name) => !state.has(name))).toEqual(['m.room.name\x01']);
    await expectSound();
  });
});

it('a room of 3,000 members is taken over in small parts, and other rooms go on', async () => {
  const room = foreignRoom('12');
  const start = room.newest();
  const members = Array.from({ length: 3_000 }, (_, n) => {
    const who = user(`member${n}`, 'elsewhere');
    return room.member(who, who, 'join', { after: [start] });
  });
  const state = new Map([
    ...start.state,
    ...members.map((event) => [`m.room.member\0${event.pdu.state_key}`, event] as const),
  ]);
  const join = room.member(ada, ada, 'join', { after: [{ ...start, state }] });
  const told = toldRoom(room, join, serverOf(HOST));
  const roomId = await makeKnockRoom(log.deps, 'bystander');
  const waits: number[] = [];
  let going = true;
  const bystander = (async () => {
    while (going) {
      const since = performance.now();
      await knock(log.deps, actor('passer'), { roomId, reason: `${waits.length}` });
      waits.push(performance.now() - since);
    }
  })();
  await importRoom(deps(), { ...told, state: [...state.values()].map(({ pdu }) => pdu) });
  going = false;
  await bystander;
  expect(await rows('select joined, resident from rooms where room_id = $1', room.roomId)).toEqual([
    { joined: 3_002, resident: true },
  ]);
  const markers = await rows(`select from verdicts where room_id = $1 and verdict = 'imported'`, room.roomId);
  expect(markers.length).toBe(16);
  expect(waits.toSorted((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(250);
  await expectSound();
}, 120_000);
