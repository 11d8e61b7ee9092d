/** Time travel through GraphQL: rooms as they were at a place in the log or at a time, for whoever may look back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importRoom } from '../../src/commands/elsewhere/import-room.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { createReceiver } from '../../src/commands/receive/receive-pdu.ts';
import { serverOf } from '../../src/matrix/identifiers.ts';
import { signInAs } from '../support/accounts.ts';
import type { Client } from '../support/client.ts';
import { checkSignatures, foreignRoom, HOST, remotesOf, toldRoom } from '../support/foreign-room.ts';
import { act, ask, makeRoom, openDesk, refusal, type Data, type Desk } from '../support/graphql.ts';
import { SERVER_NAME, userId, type TestLog } from '../support/history.ts';
import { user } from '../support/rooms.ts';

let desk: Desk;
let [owner, mod, member, late, kim, left, stranger, root, ada] = [] as unknown as Client[];
let roomId: string;
/** Heads of the log, by what had happened. */
const then: Record<string, string> = {};
const times: Record<string, string> = {};
let far: { roomId: string; before: number; inside: number; away: number; back: number };

async function mark(name: string): Promise<void> {
  const { rows } = await desk.test.database.pool.query<{ position: number }>('select position from log_head');
  then[name] = String(rows[0]!.position);
  // No two marks in one millisecond, whatever is recorded.
  await sleep(3);
  times[name] = new Date().toISOString();
  await sleep(3);
}

/** A room elsewhere that Ada joins, leaves and joins again, while it lives on. */
async function takeFarRoom({ deps }: TestLog): Promise<void> {
  const { db, lanes } = deps;
  const importing = { db, lanes, serverName: SERVER_NAME, checkSignatures };
  const head = async () => (await db.selectFrom('log_head').select('position').executeTakeFirstOrThrow()).position;
  const room = foreignRoom('12');
  const receiver = createReceiver({ ...importing, judge: judgeReceived, now: Date.now, remotes: remotesOf(room) });
  const name = (text: string) =>
    room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: text } });
  const hear = ({ pdu }: { pdu: object }) =>
    receiver.receive({ origin: serverOf(HOST), value: pdu as never, relay: false });
  const visitor = userId('ada');
  const before = await head();
  name('Far away');
  await importRoom(importing, toldRoom(room, room.member(visitor, visitor, 'join'), serverOf(HOST)));
  const inside = await head();
  await hear(room.member(visitor, visitor, 'leave'));
  const away = await head();
  name('Farther away');
  room.member(user('lee', 'elsewhere'), user('lee', 'elsewhere'), 'join');
  await importRoom(importing, toldRoom(room, room.member(visitor, visitor, 'join'), serverOf(HOST)));
  far = { roomId: room.roomId, before, inside, away, back: await head() };
}

const SET_NAME = 'Second name';

beforeAll(async () => {
  desk = await openDesk(takeFarRoom);
  const names = ['owner', 'mod', 'member', 'late', 'kim', 'left', 'stranger'];
  [owner, mod, member, late, kim, left, stranger] = await Promise.all(names.map((name) => desk.join(name)));
  root = await desk.admin('root');
  [ada] = (await signInAs(desk.test.database, desk.server.url, ['ada'], SERVER_NAME)) as Client[];
  await mark('before');
  roomId = await makeRoom(owner!, { version: '11', name: 'First name', topic: 'Old topic' });
  for (const client of [mod!, member!, left!]) {
    await act(owner!, 'inviteUser', { roomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId });
  }
  const state = `/rooms/${roomId}/state`;
  const levels = await owner!.ok('GET', `${state}/m.room.power_levels`);
  const withPower = { ...levels, users: { ...levels.users, [mod!.userId]: 50, [left!.userId]: 50 } };
  await owner!.ok('PUT', `${state}/m.room.power_levels`, withPower);
  await act(kim!, 'knock', { roomId, reason: 'please' });
  await mark('knocked');
  await act(owner!, 'acceptKnock', { roomId, userId: kim!.userId });
  await mark('accepted');
  await act(kim!, 'joinRoom', { roomId });
  await owner!.ok('PUT', `${state}/m.room.name`, { name: SET_NAME });
  await owner!.ok('PUT', `${state}/m.room.topic`, { topic: 'New topic' });
  await owner!.ok('PUT', `${state}/m.room.power_levels`, { ...withPower, kick: 75, users_default: 5 });
  await ask(owner!, 'mutation ($input: SetJoinRuleInput!) { setJoinRule(input: $input) { room { id } } }', {
    input: { roomId, joinRule: 'PUBLIC' },
  });
  await act(owner!, 'kickUser', { roomId, userId: kim!.userId });
  await act(left!, 'leaveRoom', { roomId });
  await act(late!, 'joinRoom', { roomId });
  await mark('changed');
});

afterAll(() => desk.close());

const SHOWN = `name topic canonicalAlias joinRule
  powerLevels { invite kick ban redact stateDefault eventsDefault usersDefault joinRule users { user { userId } level } creators { userId } }
  members(where: { membership: [KNOCK, INVITE, JOIN, LEAVE, BAN] }) { totalCount nodes { membership since powerLevel user { userId } } }`;

/** The document above with every field as of a moment. */
const asOfAll = (text: string): string =>
  text
    .replace(/\b(name|topic|canonicalAlias|joinRule|powerLevels)\b(?! user)/g, (field) => `${field}(asOf: $asOf)`)
    .replace(
      'redact stateDefault eventsDefault usersDefault joinRule(asOf: $asOf)',
      'redact stateDefault eventsDefault usersDefault joinRule',
    )
    .replace('members(where', 'members(asOf: $asOf, where');

async function look(client: Client, asOf: object | null, id = roomId): Promise<Data> {
  const [head, shown] = asOf === null ? ['', SHOWN] : [', $asOf: AsOf', asOfAll(SHOWN)];
  return (await ask(client, `query ($id: String${head}) { room(roomId: $id) { ${shown} } }`, { id, asOf })).room;
}

const standing = ({ members }: Data): Record<string, string> =>
  Object.fromEntries(
    members.nodes.map(({ membership, user: { userId: who } }: Data) => [who.slice(1, who.indexOf(':')), membership]),
  );

describe('a room as of a moment', () => {
  it.each(['position', 'time'] as const)(
    'has the members, levels, rule and words that were in force, by %s',
    async (by) => {
      const at = (name: string) => ({ [by]: (by === 'position' ? then : times)[name] });
      const knocked = await look(owner!, at('knocked'));
      expect(knocked).toMatchObject({
        name: 'First name',
        topic: 'Old topic',
        canonicalAlias: null,
        joinRule: 'KNOCK',
      });
      expect(knocked.powerLevels).toMatchObject({ invite: 50, kick: 50, usersDefault: 0, joinRule: 50, creators: [] });
      expect(knocked.powerLevels.users.map(({ level }: Data) => level)).toEqual([100, 50, 50]);
      expect(standing(knocked)).toEqual({ owner: 'JOIN', mod: 'JOIN', member: 'JOIN', left: 'JOIN', kim: 'KNOCK' });
      expect(knocked.members.totalCount).toBe(5);
      expect(standing(await look(owner!, at('accepted')))).toMatchObject({ kim: 'INVITE' });
      const changed = await look(owner!, at('changed'));
      expect(changed).toMatchObject({ name: SET_NAME, topic: 'New topic', joinRule: 'PUBLIC' });
      expect(changed.powerLevels).toMatchObject({ kick: 75, usersDefault: 5 });
      expect(standing(changed)).toMatchObject({ kim: 'LEAVE', left: 'LEAVE', late: 'JOIN' });
    },
  );

  it('is at the newest moment what it is now, times and powers too', async () => {
    expect(await look(owner!, { position: then['changed'] })).toEqual(await look(owner!, null));
    expect(await look(owner!, { time: times['changed'] })).toEqual(await look(owner!, null));
  });

  it('stays the same, however it is paged', async () => {
    const query = `query ($id: String, $asOf: AsOf, $first: Int, $after: String, $last: Int, $before: String) { room(roomId: $id) {
      members(asOf: $asOf, first: $first, after: $after, last: $last, before: $before, where: { membership: [JOIN, KNOCK] }) {
        nodes { user { userId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
    const page = async (bounds: object) =>
      (await ask(owner!, query, { id: roomId, asOf: { position: then['knocked'] }, ...bounds })).room.members;
    const ids = ({ nodes }: Data) => nodes.map((node: Data) => node.user.userId);
    const whole = ids(await page({}));
    expect(whole).toHaveLength(5);
    const [front, back]: string[][] = [[], []];
    for (let after = null as string | null, more = true; more;) {
      const found = await page({ first: 2, after });
      front!.push(...ids(found));
      ({ hasNextPage: more, endCursor: after } = found.pageInfo);
    }
    for (let before = null as string | null, more = true; more;) {
      const found = await page({ last: 2, before });
      back!.unshift(...ids(found));
      ({ hasPreviousPage: more, startCursor: before } = found.pageInfo);
    }
    expect([front, back]).toEqual([whole, whole]);
  });

  it('gives its members ids of their own, by which they are found again as they were', async () => {
    const query = `query ($id: String, $user: String!, $asOf: AsOf) { room(roomId: $id) { member(userId: $user, asOf: $asOf) { id } } }`;
    const find = async (asOf: object | null) =>
      (await ask(owner!, query, { id: roomId, user: kim!.userId, asOf })).room.member.id;
    const [past, now] = [await find({ position: then['knocked'] }), await find(null)];
    expect(past).not.toBe(now);
    const node = 'query ($id: ID!) { node(id: $id) { ... on Member { id membership powerLevel event { content } } } }';
    expect((await ask(owner!, node, { id: past })).node).toMatchObject({ membership: 'KNOCK', powerLevel: 0 });
    expect((await ask(owner!, node, { id: now })).node).toMatchObject({ membership: 'LEAVE', powerLevel: 5 });
    expect((await ask(stranger!, node, { id: past })).node).toBeNull();
    expect((await ask(member!, node, { id: past })).node).toBeNull();
    expect((await ask(kim!, node, { id: past })).node).toMatchObject({ membership: 'KNOCK', powerLevel: null });
  });

  it('has its bans and invites', async () => {
    const query = `query ($id: String, $asOf: AsOf) { room(roomId: $id) { invites(asOf: $asOf) { nodes { user { userId } } } bans(asOf: $asOf) { totalCount } } }`;
    const { room } = await ask(owner!, query, { id: roomId, asOf: { position: then['accepted'] } });
    expect(room).toEqual({ invites: { nodes: [{ user: { userId: kim!.userId } }] }, bans: { totalCount: 0 } });
  });
});

describe('who looks back', () => {
  it('sees everything when they keep the door now, or are an admin', async () => {
    const at = { position: then['knocked'] };
    const whole = await look(owner!, at);
    expect(await look(root!, at)).toEqual(whole);
    // A kick now takes more than the moderator has; an invite does not.
    expect(await look(mod!, at)).toEqual(whole);
  });

  it('sees as a plain member who was in, invited and banned, and not who knocked or was turned away', async () => {
    for (const client of [member!, late!]) {
      const knocked = await look(client, { position: then['knocked'] });
      expect(knocked).toMatchObject({ name: 'First name', powerLevels: { kick: 50 } });
      expect(standing(knocked)).toEqual({ owner: 'JOIN', mod: 'JOIN', member: 'JOIN', left: 'JOIN' });
      expect(knocked.members.totalCount).toBe(4);
    }
    expect(standing(await look(late!, { position: then['accepted'] }))).toMatchObject({ kim: 'INVITE' });
  });

  it('sees nothing but their own past after they left, also when they had power then', async () => {
    for (const [client, own] of [
      [left!, { left: 'JOIN' }],
      [kim!, { kim: 'KNOCK' }],
    ] as const) {
      const knocked = await look(client, { position: then['knocked'] });
      expect(knocked).toMatchObject({ name: null, topic: null, joinRule: null, powerLevels: null });
      expect(standing(knocked)).toEqual(own);
      expect(knocked.members.totalCount).toBe(1);
      expect(knocked.members.nodes[0].powerLevel).toBeNull();
    }
    expect(await look(stranger!, { position: then['knocked'] })).toBeNull();
  });

  it('sees as a plain member no further than the history visibility of then', async () => {
    const closed = await makeRoom(owner!, { version: '11', joinRule: 'PUBLIC', name: 'Closed once' });
    const visibility = (value: string) =>
      owner!.ok('PUT', `/rooms/${closed}/state/m.room.history_visibility`, { history_visibility: value });
    await visibility('joined');
    await act(member!, 'joinRoom', { roomId: closed });
    await mark('closed');
    await visibility('shared');
    await mark('open');
    await act(late!, 'joinRoom', { roomId: closed });
    const nameFor = async (client: Client, name: string) => (await look(client, { position: then[name] }, closed)).name;
    expect(await nameFor(member!, 'closed')).toBe('Closed once');
    expect(await nameFor(late!, 'closed')).toBeNull();
    expect((await look(late!, { position: then['closed'] }, closed)).members.totalCount).toBe(0);
    expect(await nameFor(late!, 'open')).toBe('Closed once');
    expect(await nameFor(owner!, 'closed')).toBe('Closed once');
  });
});

describe('a moment that there was not', () => {
  const query = 'query ($id: String, $asOf: AsOf) { room(roomId: $id) { name(asOf: $asOf) } }';
  const codeOf = async (asOf: object, id = roomId) => (await refusal(owner!, query, { id, asOf })).extensions.code;

  it('is refused: before the room, ahead of the log, and what is no moment', async () => {
    expect(await codeOf({ position: then['before'] })).toBe('UNKNOWN_BEFORE_JOIN');
    expect(await codeOf({ time: times['before'] })).toBe('UNKNOWN_BEFORE_JOIN');
    expect(await codeOf({ position: '0' })).toBe('UNKNOWN_BEFORE_JOIN');
    const { rows } = await desk.test.database.pool.query<{ position: number }>('select position from log_head');
    expect(await codeOf({ position: String(rows[0]!.position + 1_000_000) })).toBe('M_INVALID_PARAM');
    expect(await codeOf({ time: new Date(Date.now() + 3_600_000).toISOString() })).toBe('M_INVALID_PARAM');
    for (const position of ['', '-1', '1e3', 'soon', '9007199254740993']) {
      expect(await codeOf({ position }), position).toBe('M_INVALID_PARAM');
    }
    for (const time of ['', 'yesterday', '2026-01-31', '2026-01-31T12:00:00', '2026-02-31T12:00:00Z', 5]) {
      expect(await codeOf({ time }), String(time)).toBe('M_INVALID_PARAM');
    }
    expect(await codeOf({ position: '1', time: times['before'] })).toBe('M_INVALID_PARAM');
    expect(await codeOf({})).toBe('M_INVALID_PARAM');
  });

  it('counts what was recorded in the very millisecond, and not what was recorded in the next', async () => {
    const query = `query ($id: String) { room(roomId: $id) { transitions(where: { kinds: [KNOCK_ACCEPTED] }) { nodes { recordedAt } } } }`;
    const [accepted] = (await ask(owner!, query, { id: roomId })).room.transitions.nodes;
    const at = Date.parse(accepted.recordedAt);
    const kimAt = async (ms: number) => standing(await look(owner!, { time: new Date(ms).toISOString() }))['kim'];
    expect([await kimAt(at), await kimAt(at - 1)]).toEqual(['INVITE', 'KNOCK']);
  });

  it('takes a time with any offset', async () => {
    const here = new Date(times['changed']!);
    const shifted = new Date(here.getTime() + 2 * 3_600_000).toISOString().replace('Z', '+02:00');
    expect((await look(owner!, { time: shifted })).name).toBe(SET_NAME);
  });

  it('is unknown in a room elsewhere before this server joined it, and while it was away', async () => {
    const nameAt = (position: number) => ada!.graphql(query, { id: far.roomId, asOf: { position: String(position) } });
    for (const unknown of [far.before, far.away]) {
      const { errors } = await nameAt(unknown);
      expect(errors).toMatchObject([{ extensions: { code: 'UNKNOWN_BEFORE_JOIN' } }]);
    }
    expect((await nameAt(far.inside)).data.room.name).toBe('Far away');
    expect((await nameAt(far.back)).data.room.name).toBe('Farther away');
    expect(standing(await look(ada!, { position: String(far.inside) }, far.roomId))).toEqual({
      creator: 'JOIN',
      ada: 'JOIN',
    });
  });

  it('is known in a room that everybody left: nobody could change it', async () => {
    const empty = await makeRoom(owner!, { name: 'Empty' });
    await act(owner!, 'leaveRoom', { roomId: empty });
    await mark('emptied');
    expect((await look(root!, { position: then['emptied'] }, empty)).name).toBe('Empty');
  });
});
