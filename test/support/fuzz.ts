/** Requests for a declared endpoint that are made at random: often nearly right, sometimes not even JSON. */
import fc from 'fast-check';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { BAD_BODIES, nested } from './bad-bodies.ts';

/** What exists on the server, so that a request may happen to mean something. */
export interface Scenery {
  readonly rooms: readonly string[];
  readonly users: readonly string[];
  readonly tokens: readonly string[];
  /** Ids of events. */
  readonly events?: readonly string[];
}

export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: string | Uint8Array | undefined;
}

const NUL = '\u0000';
const WORDS = [
  '',
  ' ',
  NUL,
  'null',
  '__proto__',
  'constructor',
  '\u2028',
  '\u{1f6aa}',
  '..',
  '%',
  'a/b',
  '#',
  'x'.repeat(256),
  'x'.repeat(900),
];
const EVENT_TYPES = [
  ...[
    'm.room.member',
    'm.room.power_levels',
    'm.room.join_rules',
    'm.room.create',
    'm.room.canonical_alias',
    'm.room.name',
  ],
  ...[
    'm.room.history_visibility',
    'm.room.third_party_invite',
    'm.room.redaction',
    'm.room.server_acl',
    'io.vestibule.x',
  ],
];
const MEMBERSHIPS = ['knock', 'invite', 'join', 'leave', 'ban', 'sleep'];
const NUMBERS = [0, 1, -1, 50, 100, 2 ** 53 - 1, -(2 ** 53 - 1)];

/** Requests for one of the endpoint's paths. */
export function requestsFor(endpoint: Endpoint, scenery: Scenery): fc.Arbitrary<FuzzedRequest> {
  const token = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...scenery.tokens) },
    { weight: 1, arbitrary: fc.constantFrom(undefined, '', 'made-up', 'x'.repeat(600)) },
  );
  const path = fc.constantFrom(...endpoint.paths).chain((declared) => pathFor(declared, endpoint, scenery));
  const body = endpoint.body === null ? fc.constant(undefined) : bodyFor(endpoint.paths[0]!, scenery);
  return fc.record({ method: fc.constant(endpoint.method), path, token, body });
}

function pathFor(declared: string, { query }: Endpoint, scenery: Scenery): fc.Arbitrary<string> {
  const parts = declared.split('/').map((part) => {
    if (!part.startsWith(':')) return fc.constant(part);
    return paramFor(part.slice(1), scenery).map((text) => encodeURIComponent(text));
  });
  const pairs = Object.keys(query).map((name) =>
    fc
      .option(queryValue(name, scenery), { freq: 2 })
      .map((value) => (value === null ? [] : [`${name}=${encodeURIComponent(value)}`])),
  );
  return fc.tuple(fc.tuple(...parts), fc.tuple(...pairs)).map(([segments, asked]) => {
    const text = asked.flat().join('&');
    return `${segments.join('/')}${text === '' ? '' : `?${text}`}`;
  });
}

function paramFor(name: string, { rooms, users, events = ['$x'] }: Scenery): fc.Arbitrary<string> {
  const likely: Readonly<Record<string, readonly string[]>> = {
    roomId: rooms,
    roomAlias: ['#door:localhost:8448', '#tür:localhost:8448', '#door:elsewhere.example', '#a b:localhost:8448'],
    roomIdOrAlias: [...rooms, '#door:localhost:8448', '#door:elsewhere.example', '!x:elsewhere.example'],
    userId: [...users, '@nobody:localhost:8448', '@them:elsewhere.example'],
    keyName: ['displayname', 'avatar_url', 'm.tz'],
    eventType: EVENT_TYPES,
    stateKey: ['key', ...users],
    ...{ kind: ['override', 'content', 'room', 'underride'], ruleId: ['mine', '.m.rule.master', '!r:x'] },
    ...{ type: ['io.vestibule.x', 'm.push_rules', 'm.ignored_user_list'], tag: ['m.favourite', 'u.work'] },
    receiptType: ['m.read', 'm.fully_read'],
    eventId: events,
    ...{ serverName: ['localhost:8448', 'elsewhere.example'], keyId: ['ed25519:x'] },
  };
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...(likely[name] ?? ['x'])) },
    { weight: 1, arbitrary: fc.constantFrom(...WORDS.filter((word) => word !== '')) },
    { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }) },
  );
}

function queryValue(name: string, { users, events = ['$x'] }: Scenery): fc.Arbitrary<string> {
  const filter = [
    '{"room":{"timeline":{"limit":0}}}',
    '{"room":{"rooms":[],"include_leave":true}}',
    '{"room":[]}',
    '{"types":["m.room.*"],"not_senders":[],"contains_url":false,"lazy_load_members":true}',
    '5',
    '{',
  ];
  const likely: Readonly<Record<string, readonly string[]>> = {
    ...{
      since: ['s0', 's1_0', 's5_1', 's999999999', 's1_999999999'],
      at: ['s0', 's3', 't1_0', 't99_-5'],
      from: ['s0', 's3', 't0_0', 't4_1', 't99_-5'],
      to: ['s0', 's3', 't2_0', 't99_-5'],
      dir: ['b', 'f', 'x'],
      limit: ['0', '1', '5', '1000', '-1'],
      timeout: ['0', '1', '20', '-1', '1e3'],
    },
    ...{
      full_state: ['true', 'false', '1'],
      use_state_after: ['true', 'no'],
      filter,
      format: ['event', 'content', 'xml'],
    },
    ...{ membership: MEMBERSHIPS, not_membership: MEMBERSHIPS, via: ['elsewhere.example', 'localhost:8448', 'a b'] },
    ...{ kind: ['user', 'guest'], username: ['kim', 'a b', ...users] },
    ...{
      event_id: events,
      v: events,
      ver: ['7', '10', '12', '1', 'x'],
      user_id: users,
      field: ['displayname', 'm.tz'],
    },
    ...{ room_alias: ['#door:localhost:8448', '#x:elsewhere.example'], suggested_only: ['true', 'false', '1'] },
  };
  return fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...(likely[name] ?? ['x'])) }, fc.constantFrom(...WORDS));
}

function bodyFor(path: string, scenery: Scenery): fc.Arbitrary<string | Uint8Array | undefined> {
  const value = valueFor(scenery);
  const key = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...MEMBERS) }, fc.string({ maxLength: 5 }));
  const object = fc.dictionary(key, value, { maxKeys: 6 });
  const good = fc.constantFrom(...goodBodies(path, scenery));
  const nearlyGood = fc
    .tuple(good, fc.dictionary(key, value, { maxKeys: 1 }))
    .map(([body, extra]) => ({ ...body, ...extra }));
  return fc.oneof(
    { weight: 10, arbitrary: good.map((body) => JSON.stringify(body)) },
    { weight: 6, arbitrary: nearlyGood.map((body) => JSON.stringify(body)) },
    { weight: 6, arbitrary: object.map((body) => JSON.stringify(body)) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...BAD_BODIES), good).map(([bad, body]) => bad.of(body)) },
    { weight: 1, arbitrary: fc.oneof(fc.json(), fc.string(), fc.uint8Array({ maxLength: 40 })) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(undefined, '', '{}', `{"a":${nested(99)}}`, `{"a":"${'x'.repeat(70_000)}"}`),
    },
  );
}

/** What somebody might mean who asks for this path; for a path that is not known here, whatever anybody might. */
function goodBodies(path: string, { rooms, users, events = ['$x'] }: Scenery): readonly object[] {
  const targets = users.flatMap((user_id) => [{ user_id }, { user_id, reason: 'because' }]);
  const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: users[0] }, password: 'guess' };
  const known: Readonly<Record<string, readonly object[]>> = {
    ...{ invite: targets, kick: targets, ban: targets, unban: targets },
    ':stateKey': [
      ...MEMBERSHIPS.map((membership) => ({ membership })),
      ...['knock', 'public', 'invite', 'knock_restricted'].map((join_rule) => ({
        join_rule,
        allow: [{ type: 'm.room_membership', room_id: rooms[0] }],
      })),
      ...[
        { name: 'x' },
        { history_visibility: 'joined' },
        { users: { [users[0]!]: 100, [users[1]!]: 50 } },
        { users: {} },
        {},
      ],
    ],
    publicRooms: [
      {},
      { limit: 1, filter: { generic_search_term: 'x', room_types: [null, 'm.space'] } },
      { since: 'n1_IXg6eQ', include_all_networks: true },
    ],
    ':ruleId': [{ actions: ['notify'] }, { actions: [], pattern: 'x' }, { actions: [{ set_tweak: 'highlight' }] }],
    actions: [{ actions: [] }, { actions: ['notify', { set_tweak: 'sound', value: 'x' }] }],
    enabled: [{ enabled: true }, { enabled: false }],
    filter: [{}, { room: { timeline: { limit: 5, types: ['m.*'] } } }, { room: { rooms: [...rooms] } }],
    ':type': [{}, { ignored_users: { [users[0]!]: {} } }, { ignored_users: [] }],
    ':tag': [{}, { order: 0.25 }],
    read_markers: [{ 'm.fully_read': '$x' }],
    ':roomId': [{ visibility: 'public' }, { visibility: 'private' }, {}],
    upgrade: [{ new_version: '12' }, { new_version: '9', additional_creators: users }, { new_version: '1' }],
    ':roomAlias': rooms.map((room_id) => ({ room_id })),
    ':keyName': [{ displayname: 'x' }, { displayname: null }, { displayname: 'y'.repeat(2000) }],
    ...(path.includes('/get_missing_events/')
      ? { ':roomId': [{ earliest_events: [], latest_events: events, limit: 5, min_depth: 0 }] }
      : {}),
    createRoom: [
      ...[
        {},
        { name: 'x', topic: 'y' },
        { room_version: '10' },
        { preset: 'trusted_private_chat', invite: users.slice(0, 2) },
      ],
      ...[
        { initial_state: [{ type: 'm.room.join_rules', content: { join_rule: 'knock' } }] },
        { room_version: '7', preset: 'public_chat' },
        { room_alias_name: 'door', visibility: 'public' },
      ],
    ],
    ':txnId': [
      { origin: 'localhost:1', origin_server_ts: 1, pdus: [], edus: [{ edu_type: 'm.presence', content: {} }] },
      {
        origin: 'localhost:1',
        origin_server_ts: 1,
        pdus: rooms.map((room_id) => ({ room_id, type: 'm.room.message' })),
      },
    ],
    query: [
      { server_keys: { 'localhost:8448': {} }, device_keys: { [users[0]!]: [] } },
      { server_keys: { 'elsewhere.example': { 'ed25519:x': { minimum_valid_until_ts: 1 } } } },
    ],
    claim: [{ one_time_keys: { [users[0]!]: { DEVICE: 'signed_curve25519' } } }],
    login: [login, { ...login, identifier: undefined, user: 'nobody' }],
    register: [
      { username: 'fuzz', password: 'x' },
      { password: 'x', auth: { type: 'm.login.dummy' } },
    ],
  };
  return known[path.split('/').at(-1)!] ?? [{}, { reason: 'x' }, ...targets];
}

const MEMBERS = [
  ...[
    'user_id',
    'reason',
    'membership',
    'displayname',
    'avatar_url',
    'name',
    'topic',
    'preset',
    'visibility',
    'room_version',
  ],
  ...[
    'invite',
    'initial_state',
    'creation_content',
    'power_level_content_override',
    'is_direct',
    'room_alias_name',
    'invite_3pid',
  ],
  ...[
    'username',
    'password',
    'auth',
    'type',
    'identifier',
    'user',
    'device_id',
    'inhibit_login',
    'nonce',
    'mac',
    'admin',
  ],
  ...[
    'join_rule',
    'allow',
    'users',
    'events',
    'ban',
    'kick',
    'users_default',
    'history_visibility',
    'alias',
    'alt_aliases',
    'room_id',
    'new_version',
    'limit',
    'since',
    'filter',
  ],
  ...[
    'third_party_invite',
    'third_party_signed',
    'join_authorised_via_users_server',
    'additional_creators',
    '__proto__',
  ],
];

function valueFor({ rooms, users }: Scenery): fc.Arbitrary<unknown> {
  const texts = [
    ...[...users, ...rooms, ...WORDS, ...EVENT_TYPES, ...MEMBERSHIPS, '@them:elsewhere.example'],
    ...[
      'public',
      'restricted',
      'knock_restricted',
      'private',
      'public_chat',
      'trusted_private_chat',
      'world_readable',
      'joined',
    ],
    ...['7', '9', '10', '12', '13', 'm.login.password', 'm.login.dummy', 'm.id.user'],
  ];
  const objects = [
    ...[
      {},
      { type: 'm.login.dummy' },
      { type: 'm.id.user', user: 'kim' },
      { [users[0]!]: 50 },
      { kim: '1' },
      { additional_creators: users },
    ],
    ...[
      { signed: { mxid: users[0], token: 'x', signatures: {} } },
      { ban: '50' },
      { 'm.federate': false },
      { users: { [users[1]!]: 100 } },
    ],
  ];
  const lists = [
    [],
    users,
    [...users, 'kim'],
    [{ type: 'm.room_membership', room_id: rooms[0] }],
    [{ type: 'm.room.name', content: { name: 'x' } }],
    [{}],
    [1],
  ];
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<unknown>(...texts) },
    { weight: 2, arbitrary: fc.constantFrom<unknown>(...objects, ...lists) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(...NUMBERS, true, false, null, 1.5) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  );
}
