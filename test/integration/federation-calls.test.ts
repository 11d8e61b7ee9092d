/** What other servers are asked about rooms, and what is made of their answers, good and bad. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCalls, type Calls } from '../../src/federation/calls.ts';
import { parseEventId, parseRoomId, parseUserId } from '../../src/matrix/identifiers.ts';
import { parseJsonObject } from '../../src/matrix/json.ts';
import { createAuthority } from '../support/certificates.ts';
import { startHomeserver, type Asked, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { readExchanges } from '../support/traces.ts';

let remote: FakeHomeserver;
let federation: TestFederation;
let calls: Calls;

beforeAll(async () => {
  const authority = await createAuthority();
  remote = await startHomeserver(authority);
  federation = openFederation(authority.ca);
  calls = createCalls(federation.send);
});

afterAll(async () => {
  await federation.close();
  await remote.close();
});

const roomId = parseRoomId('!a/room:there.test')!;
const eventId = parseEventId('$an/event+id')!;
const other = parseEventId('$another')!;
const userId = parseUserId('@someone/else:vestibule.test')!;
const versions = ['11', '12'] as const;
const one = { type: 'm.room.message', room_id: roomId, content: { n: 1 } };
const two = { type: 'm.room.topic', room_id: roomId, content: { n: 2 } };
const create = { type: 'm.room.create', content: {} };
const template = {
  type: 'm.room.member',
  room_id: roomId,
  sender: userId,
  state_key: userId,
  content: { membership: 'join', join_authorised_via_users_server: '@mod:there.test' },
  depth: 9,
  auth_events: [eventId],
  prev_events: [eventId, other],
};

interface Call {
  readonly ask: () => Promise<unknown>;
  readonly method: string;
  /** As it is asked for on the wire. */
  readonly target: string;
  readonly body?: object;
  readonly answer: object;
  readonly value: unknown;
  /** Answers that make no sense. */
  readonly bad: readonly unknown[];
}

const room = '%21a%2Froom%3Athere.test';
const event = '%24an%2Fevent%2Bid';
const F = '/_matrix/federation';

const badEvents = (key: string): readonly unknown[] => [
  {},
  { [key]: null },
  { [key]: {} },
  { [key]: [1] },
  { [key]: ['$id'] },
  { [key]: [[]] },
  { [key]: [{ ...one, room_id: '!other:there.test' }] },
  { [key]: [{ type: 'm.room.message', content: {} }] },
  { [key]: [{ ...one, room_id: [roomId] }] },
];

const TABLE: Record<keyof Calls, Call> = {
  event: {
    ask: () => calls.event(remote.name, { roomId, eventId }),
    method: 'GET',
    target: `${F}/v1/event/${event}`,
    answer: { origin: 'there.test', origin_server_ts: 1, pdus: [one] },
    value: one,
    bad: [...badEvents('pdus'), { pdus: [] }, { pdus: [one, two] }, { pdus: [null] }],
  },
  eventAuth: {
    ask: () => calls.eventAuth(remote.name, { roomId, eventId }),
    method: 'GET',
    target: `${F}/v1/event_auth/${room}/${event}`,
    answer: { auth_chain: [create, one] },
    value: [create, one],
    bad: badEvents('auth_chain'),
  },
  stateIds: {
    ask: () => calls.stateIds(remote.name, { roomId, eventId }),
    method: 'GET',
    target: `${F}/v1/state_ids/${room}?event_id=${event}`,
    answer: { pdu_ids: [eventId, other, eventId], auth_chain_ids: [] },
    value: { state: [eventId, other], authChain: [] },
    bad: [
      {},
      { pdu_ids: [eventId] },
      { pdu_ids: {}, auth_chain_ids: [] },
      { pdu_ids: [1], auth_chain_ids: [] },
      { pdu_ids: [null], auth_chain_ids: [] },
      { pdu_ids: ['no id'], auth_chain_ids: [] },
      { pdu_ids: [], auth_chain_ids: [`$${'x'.repeat(300)}`] },
      { pdu_ids: [], auth_chain_ids: ['$\u0000'] },
    ],
  },
  getMissingEvents: {
    ask: () =>
      calls.getMissingEvents(remote.name, { roomId, earliest: [other], latest: [eventId], limit: 2, minDepth: 3 }),
    method: 'POST',
    target: `${F}/v1/get_missing_events/${room}`,
    body: { earliest_events: [other], latest_events: [eventId], limit: 2, min_depth: 3 },
    answer: { events: [one, two] },
    value: [one, two],
    bad: [...badEvents('events'), { events: [one, two, one] }],
  },
  backfill: {
    ask: () => calls.backfill(remote.name, { roomId, from: [eventId, other], limit: 50 }),
    method: 'GET',
    target: `${F}/v1/backfill/${room}?v=${event}&v=%24another&limit=50`,
    answer: { pdus: [one, two, create] },
    value: [one, two, create],
    bad: [...badEvents('pdus'), { pdus: Array.from({ length: 101 }, () => one) }],
  },
  makeJoin: {
    ask: () => calls.makeJoin(remote.name, { roomId, userId, versions }),
    method: 'GET',
    target: `${F}/v1/make_join/${room}/%40someone%2Felse%3Avestibule.test?ver=11&ver=12`,
    answer: {
      room_version: '12',
      event: { ...template, origin_server_ts: 1, hashes: {}, signatures: {}, event_id: '$x', __proto__: null, more: 1 },
    },
    value: { ...template, version: expect.objectContaining({ id: '12' }) },
    bad: [
      {},
      { event: template },
      { room_version: '10', event: template },
      { room_version: 12, event: template },
      { room_version: '12' },
      { room_version: '12', event: [template] },
      { room_version: '12', event: { ...template, room_id: '!other:there.test' } },
      { room_version: '12', event: { ...template, sender: '@mod:there.test' } },
      { room_version: '12', event: { ...template, state_key: '@mod:there.test' } },
      { room_version: '12', event: { ...template, type: 'm.room.power_levels' } },
      { room_version: '12', event: { ...template, content: { membership: 'ban' } } },
      { room_version: '12', event: { ...template, content: [] } },
      { room_version: '12', event: { ...template, depth: -1 } },
      { room_version: '12', event: { ...template, depth: '9' } },
      { room_version: '12', event: { ...template, auth_events: Array.from({ length: 11 }, (_, n) => `$${n}`) } },
      { room_version: '12', event: { ...template, prev_events: Array.from({ length: 21 }, (_, n) => `$${n}`) } },
      { room_version: '12', event: { ...template, prev_events: [['$old', {}]] } },
    ],
  },
  sendJoin: {
    ask: () => calls.sendJoin(remote.name, { roomId, eventId, event: { ...one } }),
    method: 'PUT',
    target: `${F}/v2/send_join/${room}/${event}`,
    body: one,
    answer: { origin: 'x', state: [one, two], auth_chain: [create], event: one, members_omitted: false },
    value: { state: [one, two], authChain: [create], event: one },
    bad: [
      ...badEvents('state').map((answer) => ({ auth_chain: [], ...(answer as object) })),
      ...badEvents('auth_chain').map((answer) => ({ state: [], ...(answer as object) })),
      { state: [], auth_chain: [], members_omitted: true },
      { state: [], auth_chain: [], event: { ...one, room_id: '!other:there.test' } },
      { state: [], auth_chain: [], event: 'joined' },
      [200, { state: [], auth_chain: [] }],
    ],
  },
};

const names = Object.keys(TABLE) as (keyof Calls)[];

async function answered(name: keyof Calls, answer: unknown): Promise<{ readonly got: unknown; readonly asked: Asked }> {
  remote.on(F, () => (typeof answer === 'string' ? answer : JSON.stringify(answer)));
  const got = await TABLE[name].ask();
  return { got, asked: remote.asked.at(-1)! };
}

describe.each(names)('%s', (name) => {
  const { method, target, body, answer, value, bad } = TABLE[name];

  it('asks as the specification has it, with every part of the path encoded, and reads the answer', async () => {
    const { got, asked } = await answered(name, answer);
    expect(asked).toMatchObject({ method, target });
    expect(asked.body === '' ? undefined : parseJsonObject(asked.body)).toEqual(body);
    expect(asked.headers.authorization).toMatch(/^X-Matrix origin="vestibule\.test",/);
    expect(got).toEqual({ ok: true, value });
  });

  it.each(bad.map((each) => [JSON.stringify(each).slice(0, 150), each] as const))(
    'believes nothing like %s',
    async (_text, each) => {
      const { got } = await answered(name, each);
      expect(got).toMatchObject({ ok: false, failure: { kind: 'malformed', what: expect.any(String) } });
    },
  );

  it('passes on what the other server refuses', async () => {
    remote.on(F, (_asked, response) => {
      response.writeHead(403).end('{"errcode": "M_FORBIDDEN", "error": "No."}');
      return undefined;
    });
    expect(await TABLE[name].ask()).toMatchObject({ ok: false, failure: { kind: 'refused', errcode: 'M_FORBIDDEN' } });
  });
});

describe('lists of events', () => {
  const spoilt = [
    '{"type": "m.x", "room_id": "!a/room:there.test", "content": {"n": 1.0}}',
    '{"type": "m.x", "room_id": "!a/room:there.test", "content": {"n": 1e3}}',
    '{"type": "m.x", "room_id": "!a/room:there.test", "content": {}, "content": {}}',
    '{"type": "m.x", "room_id": "!a/room:there.test", "content": {"n": "\\udfff"}}',
    `{"type": "m.x", "room_id": "!a/room:there.test", "content": {"n": ${'['.repeat(200)}${']'.repeat(200)}}}`,
  ];
  it.each(spoilt)('lose what no server may send, and keep the rest: %#', async (text) => {
    const { got } = await answered('getMissingEvents', `{"events": [${text}, ${JSON.stringify(two)}]}`);
    expect(got).toEqual({ ok: true, value: [two] });
  });

  it('keep keys of every name as plain data', async () => {
    const text = '{"type": "m.room.create", "content": {"__proto__": {"admin": true}, "constructor": 1}}';
    const { got } = await answered('eventAuth', `{"auth_chain": [${text}]}`);
    const [found] = (got as { value: [{ content: object }] }).value;
    expect(Object.keys(found.content)).toEqual(['__proto__', 'constructor']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('answers that Synapse gave', () => {
  const recorded = (call: string) =>
    readExchanges().filter(
      ({ path, entry, response }) => path.includes(`/${call}/`) && entry['status'] === 200 && response !== null,
    );

  it('to make_join and send_join are read', async () => {
    const made = recorded('make_join');
    expect(made.length).toBeGreaterThan(10);
    for (const { path, response } of made) {
      const [id, user] = path.split('/').slice(5).map(decodeURIComponent);
      remote.on(F, () => JSON.stringify(response));
      const asked = {
        roomId: parseRoomId(id!)!,
        userId: parseUserId(user!)!,
        versions: ['7', '10', '11', '12'] as const,
      };
      const got = await calls.makeJoin(remote.name, asked);
      expect(got, path).toMatchObject({ ok: true, value: { state_key: user, content: { membership: 'join' } } });
    }
    const sent = recorded('send_join');
    expect(sent.length).toBeGreaterThan(10);
    for (const { path, request, response } of sent) {
      const [id, name] = path.split('/').slice(5).map(decodeURIComponent);
      // They had asked for the members to be left out.
      remote.on(F, () => JSON.stringify({ ...(response as object), members_omitted: false }));
      const asked = { roomId: parseRoomId(id!)!, eventId: parseEventId(name!)!, event: request as never };
      const got = await calls.sendJoin(remote.name, asked);
      if (!got.ok) expect.fail(`${path}: ${JSON.stringify(got.failure)}`);
      const { state, auth_chain: authChain } = response as unknown as Record<string, readonly unknown[]>;
      expect([got.value.state.length, got.value.authChain.length]).toEqual([state?.length, authChain?.length]);
    }
  });
});
