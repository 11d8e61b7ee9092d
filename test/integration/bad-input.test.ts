/** What the client-server API refuses, and in which words (Matrix client-server API, Standard error response). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servedEndpoints } from '../../src/http/served-endpoints.ts';
import { canonicalJson } from '../../src/matrix/canonical-json.ts';
import { parseJson } from '../../src/matrix/json.ts';
import { BAD_BODIES, HARMLESS_MEMBERS, nested, withMember } from '../support/bad-bodies.ts';
import { knockRoom, register, type Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectError, rawRequest, type RawAnswer, type RawRequest } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';

const C = '/_matrix/client/v3';
const NUL = '\u0000';

let database: TestDatabase;
let server: TestServer;
let owner: Client;
let guest: Client;
let room: string;

beforeAll(async () => {
  database = await openTestDatabase();
  const env = { REGISTRATION_SHARED_SECRET: 'a secret that is shared' };
  server = await startServer({ databaseUrl: database.url, env });
  owner = await register(server.url, 'owner');
  guest = await register(server.url, 'guest');
  room = await knockRoom(owner);
});

afterAll(async () => {
  await server.stop();
  await database.close();
});

function send(asked: RawRequest): Promise<RawAnswer> {
  return rawRequest(server.port, asked);
}

function sendAs(client: Client, method: string, path: string, body?: RawRequest['body']): Promise<RawAnswer> {
  return send({ method, path: path.startsWith('/_') ? path : `${C}${path}`, token: client.token, body });
}

async function countRows(): Promise<unknown> {
  const text = `select (select count(*)::int4 from events) as events, (select count(*)::int4 from verdicts) as verdicts,
                       (select count(*)::int4 from transitions) as transitions, (select count(*)::int4 from users) as users`;
  return (await database.owner.pool.query(text)).rows[0];
}

interface BodyRoute {
  readonly method: string;
  /** As it is declared. */
  readonly path: string;
  readonly good: object;
  /** Members that must be there, and their errcode when they are not. */
  readonly needed?: Readonly<Record<string, string>>;
  /** Values of a wrong type by member; M_BAD_JSON unless the errcode is named. */
  readonly wrong: Readonly<Record<string, readonly unknown[]>>;
  readonly wrongErrcode?: string;
  /** Numbers that no event can carry are fine. */
  readonly anyNumbers?: boolean;
}

const NO_TEXT = [1, true, null, [], {}, ['a']];
const NO_LIST = [1, 'text', null, {}, true];
const NO_OBJECT = [1, 'text', null, [], true];
const AUTH = [...NO_OBJECT, { type: 1 }, { session: 1 }, { session: NUL }, { password: 1 }, { identifier: 'a' }];
const DEVICE = { device_id: [...NO_TEXT, '', NUL], initial_device_display_name: [...NO_TEXT, `a${NUL}`] };
const ROOM = `${C}/rooms/:roomId`;
const target = { good: { user_id: '@kim:localhost:8448' }, needed: { user_id: 'M_BAD_JSON' } };
const BAD_USER_IDS = [...NO_TEXT, '', 'kim', '@kim', '@kim:', 'kim:localhost', '!kim:localhost', '@kim:lo cal', '@:'];
const targetTypes = {
  user_id: [...BAD_USER_IDS, `@k${NUL}:localhost:8448`, `@${'k'.repeat(300)}:localhost`],
  reason: NO_TEXT,
};

const BODY_ROUTES: readonly BodyRoute[] = [
  {
    method: 'POST',
    path: `${C}/login`,
    good: { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'nobody' }, password: 'x' },
    needed: { type: 'M_BAD_JSON', identifier: 'M_BAD_JSON', password: 'M_BAD_JSON' },
    wrong: {
      type: NO_TEXT,
      identifier: [...NO_OBJECT, {}, { type: 'm.id.user' }, { type: 'm.id.user', user: 1 }, { type: 1, user: 'a' }],
      user: NO_TEXT,
      password: NO_TEXT,
      ...DEVICE,
    },
  },
  {
    method: 'POST',
    path: `${C}/register`,
    good: { username: 'newcomer', password: 'x' },
    wrong: {
      username: NO_TEXT,
      password: NO_TEXT,
      inhibit_login: [1, 'true', null, {}],
      auth: [...NO_OBJECT, { type: 1 }, { session: 1 }, { session: NUL }, { token: {} }],
      ...DEVICE,
    },
  },
  ...['', '/all'].map((which) => ({ method: 'POST', path: `${C}/logout${which}`, good: {}, wrong: {} })),
  {
    method: 'POST',
    path: `${C}/refresh`,
    good: { refresh_token: 'x' },
    needed: { refresh_token: 'M_BAD_JSON' },
    wrong: { refresh_token: [...NO_TEXT, 'x'.repeat(513)] },
  },
  {
    method: 'PUT',
    path: `${C}/devices/:deviceId`,
    good: { display_name: 'x' },
    wrong: { display_name: [...NO_TEXT, NUL] },
  },
  { method: 'DELETE', path: `${C}/devices/:deviceId`, good: {}, wrong: { auth: AUTH } },
  {
    method: 'POST',
    path: `${C}/delete_devices`,
    good: { devices: [] },
    needed: { devices: 'M_BAD_JSON' },
    wrong: { devices: [1, 'text', null, true, {}, [1], [NUL]], auth: AUTH },
  },
  {
    method: 'POST',
    path: `${C}/account/deactivate`,
    good: { erase: true },
    wrong: { erase: [1, 'true', null, {}], auth: AUTH },
  },
  {
    method: 'POST',
    path: `${C}/account/password`,
    good: { new_password: 'x' },
    needed: { new_password: 'M_BAD_JSON' },
    wrong: { new_password: NO_TEXT, logout_devices: [1, 'true', null, {}], auth: AUTH },
  },
  {
    method: 'PUT',
    path: `${C}/profile/:userId/:keyName`,
    good: { displayname: 'x' },
    needed: { displayname: 'M_MISSING_PARAM' },
    wrong: { displayname: [1, true, [], {}, NUL] },
    wrongErrcode: 'M_INVALID_PARAM',
  },
  {
    method: 'POST',
    path: `${C}/createRoom`,
    good: { name: 'x' },
    wrong: {
      preset: [...NO_TEXT, 'secret_chat', ''],
      visibility: [...NO_TEXT, 'hidden'],
      room_version: NO_TEXT,
      name: NO_TEXT,
      topic: NO_TEXT,
      room_alias_name: NO_TEXT,
      invite: ['@a:b', {}, [1], [null], [['@a:b']], 1],
      is_direct: [1, 'true', null],
      creation_content: NO_OBJECT,
      power_level_content_override: NO_OBJECT,
      initial_state: [{}, 'a', [1], [{}], [{ type: 1, content: {} }], [{ type: 'a', content: [] }], [{ type: 'a' }]],
    },
  },
  {
    method: 'POST',
    path: `${ROOM}/upgrade`,
    good: { new_version: '1' },
    needed: { new_version: 'M_BAD_JSON' },
    wrong: { new_version: NO_TEXT, additional_creators: ['@a:b', {}, [1], [null], 1] },
  },
  {
    method: 'PUT',
    path: `${C}/directory/list/room/:roomId`,
    good: { visibility: 'public' },
    wrong: { visibility: [...NO_TEXT, 'hidden', ''] },
  },
  {
    method: 'POST',
    path: `${C}/publicRooms`,
    good: { limit: 5 },
    wrong: {
      limit: [-1, 1.5, '1', null, [], {}],
      since: NO_TEXT,
      filter: [...NO_OBJECT, { generic_search_term: 1 }, { room_types: 'm.space' }, { room_types: [1] }],
      include_all_networks: [1, 'true', null],
      third_party_instance_id: NO_TEXT,
    },
  },
  {
    method: 'PUT',
    path: `${C}/directory/room/:roomAlias`,
    good: { room_id: '!none:localhost:8448' },
    needed: { room_id: 'M_BAD_JSON' },
    wrong: { room_id: NO_TEXT },
  },
  { method: 'PUT', path: `${ROOM}/state/:eventType/:stateKey`, good: { a: 1 }, wrong: {} },
  { method: 'PUT', path: `${ROOM}/send/:eventType/:txnId`, good: { a: 1 }, wrong: {} },
  { method: 'PUT', path: `${ROOM}/redact/:eventId/:txnId`, good: { reason: 'x' }, wrong: { reason: NO_TEXT } },
  ...['', '/rooms/:roomId'].map((which) => ({
    ...{ method: 'PUT', path: `${C}/user/:userId${which}/account_data/:type`, good: { a: 1 }, wrong: {} },
    anyNumbers: true,
  })),
  {
    ...{ method: 'PUT', path: `${C}/user/:userId/rooms/:roomId/tags/:tag`, good: { order: 0.5 } },
    ...{ wrong: { order: ['0.5', null, {}] }, anyNumbers: true },
  },
  {
    method: 'PUT',
    path: `${C}/presence/:userId/status`,
    good: { presence: 'online' },
    needed: { presence: 'M_BAD_JSON' },
    wrong: { presence: [...NO_TEXT, 'asleep'], status_msg: NO_TEXT },
  },
  {
    method: 'PUT',
    path: `${ROOM}/typing/:userId`,
    good: { typing: true, timeout: 30_000 },
    needed: { typing: 'M_BAD_JSON' },
    wrong: { typing: [1, 'true', null], timeout: ['1', null] },
  },
  {
    method: 'POST',
    path: `${ROOM}/read_markers`,
    good: { 'm.fully_read': '$event' },
    wrong: { 'm.fully_read': NO_TEXT, 'm.read': NO_TEXT, 'm.read.private': NO_TEXT },
  },
  { method: 'POST', path: `${ROOM}/receipt/:receiptType/:eventId`, good: {}, wrong: { thread_id: NO_TEXT } },
  {
    method: 'POST',
    path: `${C}/pushers/set`,
    good: { kind: null, app_id: 'x', pushkey: 'y' },
    needed: { kind: 'M_BAD_JSON', app_id: 'M_BAD_JSON', pushkey: 'M_BAD_JSON' },
    wrong: { kind: [1, {}, []], app_id: NO_TEXT, pushkey: NO_TEXT },
  },
  {
    method: 'POST',
    path: `${C}/keys/upload`,
    good: {},
    wrong: { device_keys: NO_OBJECT, one_time_keys: NO_OBJECT, fallback_keys: NO_OBJECT },
  },
  ...(
    [
      ['query', 'device_keys'],
      ['claim', 'one_time_keys'],
    ] as const
  ).map(([name, keys]) => ({
    ...{ method: 'POST', path: `${C}/keys/${name}`, good: { [keys]: {} }, needed: { [keys]: 'M_BAD_JSON' } },
    wrong: { [keys]: NO_OBJECT, timeout: ['1', null] },
  })),
  {
    method: 'POST',
    path: `${C}/user/:userId/filter`,
    good: { room: { timeline: { limit: 5 } } },
    wrong: {
      room: [
        ...NO_OBJECT,
        ...[{ timeline: 1 }, { timeline: { limit: -1 } }, { timeline: { limit: '5' } }, { include_leave: 1 }],
        ...[{ rooms: 'all' }, { rooms: [1] }, { not_rooms: {} }],
      ],
    },
  },
  {
    method: 'PUT',
    path: `${C}/pushrules/global/:kind/:ruleId`,
    good: { actions: ['notify'] },
    needed: { actions: 'M_BAD_JSON' },
    wrong: { actions: NO_LIST, conditions: NO_LIST, pattern: NO_TEXT },
  },
  {
    method: 'PUT',
    path: `${C}/pushrules/global/:kind/:ruleId/actions`,
    good: { actions: [] },
    needed: { actions: 'M_BAD_JSON' },
    wrong: { actions: NO_LIST },
  },
  {
    method: 'PUT',
    path: `${C}/pushrules/global/:kind/:ruleId/enabled`,
    good: { enabled: true },
    needed: { enabled: 'M_BAD_JSON' },
    wrong: { enabled: [1, 'true', null, {}] },
  },
  {
    method: 'POST',
    path: `${C}/knock/:roomIdOrAlias`,
    good: { reason: 'x' },
    wrong: { reason: NO_TEXT },
    wrongErrcode: 'M_INVALID_PARAM',
  },
  { method: 'POST', path: `${C}/join/:roomIdOrAlias`, good: { reason: 'x' }, wrong: { reason: NO_TEXT } },
  { method: 'POST', path: `${ROOM}/join`, good: { reason: 'x' }, wrong: { reason: NO_TEXT } },
  { method: 'POST', path: `${ROOM}/leave`, good: { reason: 'x' }, wrong: { reason: NO_TEXT } },
  ...['invite', 'kick', 'ban', 'unban'].map((act) => ({
    ...{ method: 'POST', path: `${ROOM}/${act}`, ...target },
    wrong: targetTypes,
  })),
  {
    method: 'POST',
    path: '/_synapse/admin/v1/register',
    good: { nonce: 'x', username: 'newcomer', password: 'x', mac: 'x' },
    needed: { nonce: 'M_BAD_JSON', username: 'M_BAD_JSON', password: 'M_BAD_JSON', mac: 'M_BAD_JSON' },
    wrong: {
      nonce: NO_TEXT,
      username: NO_TEXT,
      password: NO_TEXT,
      mac: NO_TEXT,
      admin: [1, 'true', null],
      user_type: [1, {}],
      displayname: [1, {}, NUL],
    },
  },
];

/** A declared path with ids in it that are good. */
function pathOf(declared: string): string {
  const params: Readonly<Record<string, string>> = {
    roomId: room,
    roomIdOrAlias: room,
    roomAlias: '#door:localhost:8448',
    userId: owner.userId,
    deviceId: 'NONE',
    txnId: 'once',
    keyName: 'displayname',
    eventType: 'io.vestibule.test',
    stateKey: 'key',
    type: 'io.vestibule.test',
    kind: 'underride',
    ruleId: '.m.rule.message',
    tag: 'm.favourite',
    receiptType: 'm.read',
    eventId: '$event',
  };
  return declared.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name]!));
}

describe('a body that is not what is wanted', () => {
  it('is looked for on every route that reads one', () => {
    const reading = servedEndpoints
      .filter((endpoint) => endpoint.body !== null)
      .map(({ method, paths }) => `${method} ${paths[0]}`);
    expect(BODY_ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(reading.toSorted());
  });

  for (const route of BODY_ROUTES) {
    const { method, path, good } = route;
    const post = (body: RawRequest['body']): Promise<RawAnswer> =>
      send({ method, path: pathOf(path), token: owner.token, body });

    it(`${method} ${path}: is refused with the errcode for what is wrong with it`, async () => {
      const before = await countRows();
      const badBodies = BAD_BODIES.filter((bad) => route.anyNumbers !== true || bad.onlyInEvents !== true);
      for (const bad of badBodies) expectError(await post(bad.of(good)), 400, bad.errcode, bad.what);
      for (const [name, values] of Object.entries(route.wrong)) {
        for (const value of values) {
          const answer = await post(JSON.stringify({ ...good, [name]: value }));
          expectError(answer, 400, route.wrongErrcode ?? 'M_BAD_JSON', `${name}: ${JSON.stringify(value)}`);
        }
      }
      for (const [name, errcode] of Object.entries(route.needed ?? {})) {
        const lacking = Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
        expectError(await post(JSON.stringify(lacking)), 400, errcode, `no ${name}`);
      }
      const large = withMember(good, `"extra":"${'x'.repeat(128 * 1024)}"`);
      expectError(await post(large), 413, 'M_TOO_LARGE', 'a body beyond 128 KiB');
      expect(await countRows()).toEqual(before);
    });
  }

  it('is refused when it is empty, where a member could be needed', async () => {
    const may = ['/logout', '/logout/all', '/join', '/leave', '/join/:roomIdOrAlias'];
    for (const { method, path } of BODY_ROUTES.filter((route) => !may.some((end) => route.path.endsWith(end)))) {
      expectError(await sendAs(owner, method, pathOf(path), ''), 400, 'M_NOT_JSON', path);
      expectError(await sendAs(owner, method, pathOf(path)), 400, 'M_NOT_JSON', path);
    }
    // Those that tolerate none say what is wrong besides.
    for (const path of [`${C}/rooms/!none:localhost/leave`, `${C}/rooms/!none:localhost:8448/join`])
      expectError(await sendAs(guest, 'POST', path, ''), 404, 'M_NOT_FOUND', path);
  });

  it('may be called anything: the content type is not looked at', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'garbage',
      ';;',
      ' ',
      'application/json; a',
    ]) {
      const headers = { 'content-type': type };
      const path = `${C}/rooms/${room}/state/io.vestibule.typed`;
      const answer = await send({ method: 'PUT', path, token: owner.token, headers, body: '{"a":1}' });
      expect(answer.status, type).toBe(200);
    }
  });
});

describe('members that only look dangerous', () => {
  it('are passed over wherever members are not known', async () => {
    for (const member of HARMLESS_MEMBERS) {
      const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'guest' }, password: 'wrong' };
      const wrong = await send({ method: 'POST', path: `${C}/login`, body: withMember(login, member) });
      expectError(wrong, 403, 'M_FORBIDDEN', member);
      const absent = withMember({ user_id: '@stranger:localhost:8448' }, member);
      expectError(await sendAs(owner, 'POST', `/rooms/${room}/kick`, absent), 403, 'M_FORBIDDEN', member);
      const made = await sendAs(owner, 'POST', '/createRoom', withMember({ name: 'x' }, member));
      expect(made.status, `${member} ${made.text}`).toBe(200);
    }
    expectError(await sendAs(owner, 'POST', `/rooms/${room}/ban`, `{${HARMLESS_MEMBERS[0]}}`), 400, 'M_BAD_JSON');
  });

  it('58: are stored in content and read back as they were, and pollute nothing', async () => {
    const contents = [
      ...HARMLESS_MEMBERS.filter((member) => !member.includes('[')).map((member) => `{${member}}`),
      '{"10":1,"9":2,"b":{"__proto__":{"x":1},"z":null},"\ue000":1,"\ud83d\ude00":2}',
      `{"extra":${nested(98)}}`,
    ];
    for (const [n, content] of contents.entries()) {
      const path = `/rooms/${room}/state/io.vestibule.data/${n}`;
      const put = await sendAs(owner, 'PUT', path, content);
      expect(put.status, `${content.slice(0, 60)} ${put.text}`).toBe(200);
      const got = await sendAs(owner, 'GET', path);
      expect(canonicalJson(parseJson(got.text)), content).toBe(canonicalJson(parseJson(content)));
    }
    const creation = `{"creation_content":{"__proto__":{"m.federate":false},"constructor":1},"power_level_content_override":{"__proto__":{"ban":0}}}`;
    const { json: made } = await sendAs(owner, 'POST', '/createRoom', creation);
    const create = await sendAs(owner, 'GET', `/rooms/${made.room_id}/state/m.room.create`);
    expect(Object.keys(create.json)).toEqual(expect.arrayContaining(['__proto__', 'constructor', 'room_version']));
    const levels = await sendAs(owner, 'GET', `/rooms/${made.room_id}/state/m.room.power_levels`);
    expect(levels.json.ban).toBe(50);
    const state = await sendAs(owner, 'GET', `/rooms/${room}/state`);
    expect(state.json.filter((event: object) => 'polluted' in event)).toEqual([]);
  });

  it('are types of events like any other', async () => {
    for (const type of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect((await sendAs(owner, 'PUT', `/rooms/${room}/send/${type}/1`, '{"a":1}')).status, type).toBe(200);
      const path = `/rooms/${room}/state/${type}`;
      expect((await sendAs(owner, 'PUT', path, '{"a":1}')).status, type).toBe(200);
      expect((await sendAs(owner, 'GET', path)).json, type).toEqual({ a: 1 });
    }
  });

  it('a NUL is data in content, a reason and a name too, and is served again', async () => {
    const odd = await knockRoom(owner, { name: `a${NUL}b`, topic: NUL });
    expect((await sendAs(owner, 'GET', `/rooms/${odd}/state/m.room.name`)).json).toEqual({ name: `a${NUL}b` });
    const reason = `NULL, ${NUL} "quoted" \\ {braces}`;
    expect((await sendAs(guest, 'POST', `/knock/${odd}`, JSON.stringify({ reason }))).status).toBe(200);
    const knocker = await sendAs(owner, 'GET', `/rooms/${odd}/state/m.room.member/${guest.userId}`);
    expect(knocker.json).toEqual({ membership: 'knock', reason });
    const sync = await sendAs(guest, 'GET', '/sync');
    expect(sync.json.rooms.knock[odd].knock_state.events.at(-1).content.reason).toBe(reason);
  });
});
