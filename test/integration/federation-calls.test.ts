/** What other servers are asked about events, what they are sent, and what is made of their answers, good and bad. */
import { describe, expect, it } from 'vitest';
import type { EventCalls } from '../../src/federation/calls-events.ts';
import { parseEventId, parseRoomId, parseServerName } from '../../src/matrix/identifiers.ts';
import { answered, badEvents, callsWorld, F, testCalls, type Call } from '../support/remote-calls.ts';

const roomId = parseRoomId('!a/room:there.test')!;
const eventId = parseEventId('$an/event+id')!;
const other = parseEventId('$another')!;
const origin = parseServerName('vestibule.test')!;
const one = { type: 'm.room.message', room_id: roomId, content: { n: 1 } };
const two = { type: 'm.room.topic', room_id: roomId, content: { n: 2 } };
const create = { type: 'm.room.create', content: {} };

const room = '%21a%2Froom%3Athere.test';
const event = '%24an%2Fevent%2Bid';

const TABLE: Record<keyof EventCalls, Call> = {
  event: {
    ask: (calls, remote) => calls.event(remote.name, { roomId, eventId }),
    method: 'GET',
    target: `${F}/v1/event/${event}`,
    answer: { origin: 'there.test', origin_server_ts: 1, pdus: [one] },
    value: one,
    bad: [...badEvents('pdus'), { pdus: [] }, { pdus: [one, two] }, { pdus: [null] }],
  },
  eventAuth: {
    ask: (calls, remote) => calls.eventAuth(remote.name, { roomId, eventId }),
    method: 'GET',
    target: `${F}/v1/event_auth/${room}/${event}`,
    answer: { auth_chain: [create, one] },
    value: [create, one],
    bad: badEvents('auth_chain'),
  },
  stateIds: {
    ask: (calls, remote) => calls.stateIds(remote.name, { roomId, eventId }),
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
    ask: (calls, remote) =>
      calls.getMissingEvents(remote.name, { roomId, earliest: [other], latest: [eventId], limit: 2, minDepth: 3 }),
    method: 'POST',
    target: `${F}/v1/get_missing_events/${room}`,
    body: { earliest_events: [other], latest_events: [eventId], limit: 2, min_depth: 3 },
    answer: { events: [one, two] },
    value: [one, two],
    bad: [...badEvents('events'), { events: [one, two, one] }],
  },
  backfill: {
    ask: (calls, remote) => calls.backfill(remote.name, { roomId, from: [eventId, other], limit: 50 }),
    method: 'GET',
    target: `${F}/v1/backfill/${room}?v=${event}&v=%24another&limit=50`,
    answer: { pdus: [one, two, create] },
    value: [one, two, create],
    bad: [...badEvents('pdus'), { pdus: Array.from({ length: 101 }, () => one) }],
  },
  sendTransaction: {
    ask: (calls, remote) =>
      calls.sendTransaction(remote.name, { txnId: 'a/1', origin, originServerTs: 5, pdus: [one, two] }),
    method: 'PUT',
    target: `${F}/v1/send/a%2F1`,
    body: { origin, origin_server_ts: 5, pdus: [one, two] },
    answer: {
      pdus: { [eventId]: {}, [other]: { error: 'Not in the room.' }, $third: { error: { more: 1 } } },
      more: 1,
    },
    value: new Map([
      [eventId, null],
      [other, 'Not in the room.'],
      ['$third', 'It does not say why.'],
    ]),
    bad: [{}, { pdus: [] }, { pdus: null }, { pdus: { [eventId]: null } }, { pdus: { 'no id': {} } }],
  },
};

const world = callsWorld();
testCalls(world, TABLE);

describe('a transaction', () => {
  it('with ephemeral events only is one, too', async () => {
    const edu = { edu_type: 'm.presence', content: {} };
    const ask: Call['ask'] = (calls, remote) =>
      calls.sendTransaction(remote.name, { txnId: '2', origin, originServerTs: 5, pdus: [], edus: [edu] });
    const { got, asked } = await answered(world, { ask }, { pdus: {} });
    expect(JSON.parse(asked.body)).toEqual({ origin, origin_server_ts: 5, pdus: [], edus: [edu] });
    expect(got).toEqual({ ok: true, value: new Map() });
  });

  it('is refused with words of any length, of which the first thousand characters are kept', async () => {
    const { got } = await answered(world, TABLE.sendTransaction, {
      pdus: { [eventId]: { error: 'no '.repeat(9_000) } },
    });
    const [[, why]] = [...(got as { value: ReadonlyMap<string, string> }).value] as [[string, string]];
    expect(why).toBe('no '.repeat(9_000).slice(0, 1_000));
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
    const { got } = await answered(world, TABLE.getMissingEvents, `{"events": [${text}, ${JSON.stringify(two)}]}`);
    expect(got).toEqual({ ok: true, value: [two] });
  });

  it('keep keys of every name as plain data', async () => {
    const text = '{"type": "m.room.create", "content": {"__proto__": {"admin": true}, "constructor": 1}}';
    const { got } = await answered(world, TABLE.eventAuth, `{"auth_chain": [${text}]}`);
    const [found] = (got as { value: [{ content: object }] }).value;
    expect(Object.keys(found.content)).toEqual(['__proto__', 'constructor']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});
