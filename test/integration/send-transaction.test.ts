/** PUT /send: transactions of another server, good and bad, and what becomes of each event in them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/matrix/canonical-json.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../../src/matrix/json.ts';
import { signText } from '../../src/matrix/signatures.ts';
import { foreignRoom, HOST, type SentEvent } from '../support/foreign-room.ts';
import { SERVER_NAME } from '../support/history.ts';
import { listen, type Listening } from '../support/listening.ts';
import { expectError, rawRequest, type RawAnswer } from '../support/raw.ts';
import { kim, openWorld, type World } from '../support/receiving.ts';
import { identityOf } from '../support/rooms.ts';

let world: World;
let listening: Listening;
let transactions = 0;

beforeAll(async () => {
  world = await openWorld();
  listening = await listen(world);
});

afterAll(async () => {
  await listening.close();
  await world.close();
});

const body = (pdus: readonly JsonValue[], more: JsonObject = {}): JsonObject =>
  jsonObject({ origin: 'there', origin_server_ts: Date.now(), pdus, ...more });

const send = (
  pdus: readonly (SentEvent | JsonValue)[],
  more: JsonObject = {},
  txnId = `txn${(transactions += 1)}`,
): Promise<RawAnswer> => listening.as('there')('PUT', `/v1/send/${txnId}`, body(pdus.map(valueOf), more));

function valueOf(event: SentEvent | JsonValue): JsonValue {
  return isSent(event) ? event.pdu : event;
}

function isSent(event: SentEvent | JsonValue): event is SentEvent {
  return typeof event === 'object' && event !== null && 'state' in event && event.state instanceof Map;
}

/** Sends a body as it is written, with the signature over it that a server makes which has signed just that. */
function sendText(text: string): Promise<RawAnswer> {
  const path = `/_matrix/federation/v1/send/txn${(transactions += 1)}`;
  const { key } = identityOf('there');
  const rest = canonicalJson({ destination: SERVER_NAME, method: 'PUT', origin: 'there', uri: path });
  const sig = signText(`{"content":${text},${rest.slice(1)}`, key);
  const authorization = `X-Matrix origin="there",destination="${SERVER_NAME}",key="${key.keyId}",sig="${sig}"`;
  return rawRequest(listening.port, { method: 'PUT', path, headers: { authorization }, body: text });
}

const altered = ({ pdu }: SentEvent, fields: JsonObject): JsonObject => jsonObject({ ...pdu, ...fields });

describe('a transaction', () => {
  it('brings events of several rooms, each with its result', async () => {
    const [one, two] = [await world.joinedRoom('12'), await world.joinedRoom('10')];
    const events = [one.message(kim, 'a'), two.message(kim, 'b'), one.message(kim, 'c'), two.message(HOST, 'd')];
    const answer = await send(events);
    expect(answer).toMatchObject({ status: 200, json: { pdus: {} } });
    expect(answer.json).toEqual({ pdus: Object.fromEntries(events.map(({ eventId }) => [eventId, {}])) });
    for (const [n, event] of events.entries())
      expect(await world.verdictsOf(n % 2 === 0 ? one : two, event)).toEqual(['accepted']);
    expect(await world.extremities(one)).toEqual([events[2]!.eventId]);
  });

  it('keeps the order of a room’s events, though it is the first that comes of the room', async () => {
    const room = await world.joinedRoom();
    const events = Array.from({ length: 50 }, (_, n) => room.message(kim, `message ${n}`));
    expect(Object.values((await send(events)).json.pdus)).toEqual(events.map(() => ({})));
    expect(await world.extremities(room)).toEqual([events.at(-1)!.eventId]);
  });

  it('54: has no bad event that fails its neighbours', async () => {
    const room = await world.joinedRoom();
    const [first, forged, hashed, last] = [1, 2, 3, 4].map((n) => room.message(kim, `message ${n}`)) as [
      SentEvent,
      SentEvent,
      SentEvent,
      SentEvent,
    ];
    const poison = [
      null,
      'an event',
      {},
      jsonObject({ room_id: room.roomId }),
      jsonObject({ room_id: '!nothing:there', type: 'm.room.message' }),
      altered(forged, { depth: 'deep' }),
      altered(forged, { signatures: {} }),
      altered(first, { auth_events: [[]] }),
    ];
    const answer = await send([...poison, first, altered(hashed, { content: { body: 'altered' } }), last]);
    expect(answer.status).toBe(200);
    const results = answer.json.pdus as Record<string, { error?: string }>;
    expect(results[first.eventId]).toEqual({});
    // It follows what was forged, and nobody hands that out.
    expect(results[last.eventId]).toEqual({ error: expect.any(String) });
    expect(await world.verdictsOf(room, first)).toEqual(['accepted']);
  });

  it('48: keeps an event whose content does not match its hash in redacted form, and drops one with a bad signature', async () => {
    const room = await world.joinedRoom();
    const [hashed, forged] = [room.message(kim, 'as signed'), room.message(kim, 'forged')];
    const other = altered(forged, { origin_server_ts: 1 });
    const answer = await send([altered(hashed, { content: { body: 'altered' } }), other]);
    expect(answer.status).toBe(200);
    const { [hashed.eventId]: ofHashed, ...results } = answer.json.pdus as Record<string, { error?: string }>;
    expect(ofHashed).toEqual({});
    expect(Object.values(results)).toEqual([{ error: expect.any(String) }]);
    expect((await world.stored(room, hashed))?.content).toEqual({});
    expect(await world.stored(room, forged)).toBeNull();
  });

  it('45: drops an event with a float, or with the same key twice, and it alone', async () => {
    const room = await world.joinedRoom();
    const [before, after] = [room.message(kim, 'before'), room.message(kim, 'after')];
    const good = canonicalJson(before.pdu);
    for (const bad of ['"depth":1.5', '"depth":1e3', '"depth":9007199254740993', '"a":1,"a":1', '"x":"\\ud800"']) {
      const poison = `{${bad},"room_id":${JSON.stringify(room.roomId)}}`;
      const answer = await sendText(
        `{"edus":[{"content":{"at":0.25},"edu_type":"org.example"}],"origin":"there","origin_server_ts":1,"pdus":[${poison},${good}]}`,
      );
      expect(answer, bad).toMatchObject({ status: 200, json: { pdus: { [before.eventId]: {} } } });
    }
    expect((await send([after])).json).toEqual({ pdus: { [after.eventId]: {} } });
  });

  it('50: is told of each event that the room does not let its server send', async () => {
    const [shut, open] = [await world.joinedRoom(), await world.joinedRoom()];
    const acl = shut.send({
      type: 'm.room.server_acl',
      sender: HOST,
      stateKey: '',
      content: { allow: ['*'], deny: ['there'] },
    });
    expect((await send([acl])).json).toEqual({ pdus: { [acl.eventId]: {} } });
    const [refused, taken] = [shut.message(kim, 'let me in'), open.message(kim, 'hello')];
    const answer = await send([refused, taken]);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.json).toEqual({ pdus: { [refused.eventId]: { error: expect.any(String) }, [taken.eventId]: {} } });
    expect(await world.stored(shut, refused)).toBeNull();
  });

  it('says nothing of rooms that nobody here is in', async () => {
    const room = foreignRoom('12');
    expect((await send([room.newest()])).json).toEqual({ pdus: {} });
  });

  it('54: may bring news of any kind, which are passed over', async () => {
    const edus = [
      { edu_type: 'm.presence', content: { push: [] } },
      { edu_type: 'org.example.unknown', content: [] },
      { edu_type: 5 },
      'nothing',
      null,
    ].map((edu) => edu as JsonValue);
    expect((await send([], { edus })).json).toEqual({ pdus: {} });
    const bare = jsonObject({ origin: 'there', origin_server_ts: 1 });
    expect(await listening.as('there')('PUT', '/v1/send/bare', bare)).toMatchObject({
      status: 200,
      json: { pdus: {} },
    });
  });

  it('54: holds 50 events and 100 other news at most, and is of the server that signs it', async () => {
    const nothing: JsonValue[] = Array.from({ length: 51 }, () => ({}));
    expectError(await send(nothing), 400, 'M_INVALID_PARAM');
    expect(await send(nothing.slice(1))).toMatchObject({ status: 200 });
    expectError(await send([], { edus: [...nothing, ...nothing] }), 400, 'M_INVALID_PARAM');
    expectError(await send([], { origin: 'elsewhere' }), 400, 'M_INVALID_PARAM');
    expectError(await send([], { origin: 5 }), 400, 'M_BAD_JSON');
    expectError(await send([], { pdus: jsonObject({}) }), 400, 'M_BAD_JSON');
  });

  it('54: is answered as before when it comes again, and its events are not looked at', async () => {
    const room = await world.joinedRoom();
    const [event, other] = [room.message(kim, 'once'), room.message(kim, 'never')];
    const first = await send([event], {}, 'again');
    expect((await send([event], {}, 'again')).json).toEqual(first.json);
    // Whatever it holds: the id says that it is the same.
    expect((await send([other], {}, 'again')).json).toEqual(first.json);
    expect(await world.stored(room, other)).toBeNull();
    const ofAnother = await listening.as('elsewhere')('PUT', '/v1/send/again', body([], { origin: 'elsewhere' }));
    expect(ofAnother.json).toEqual({ pdus: {} });
    // Once that is forgotten it does no harm.
    expect((await send([event])).json).toEqual(first.json);
    expect(await world.verdictsOf(room, event)).toEqual(['accepted']);
  });

  it('is refused before anybody is asked who sent it when it is no JSON', async () => {
    const put = (text: string | undefined): Promise<RawAnswer> =>
      rawRequest(listening.port, { method: 'PUT', path: '/_matrix/federation/v1/send/x', body: text });
    expectError(await put('{"origin":'), 400, 'M_NOT_JSON');
    expectError(await put(''), 400, 'M_NOT_JSON');
    expectError(await put(undefined), 400, 'M_NOT_JSON');
    expectError(await put('[]'), 400, 'M_BAD_JSON');
    expectError(await put('{}'), 401, 'M_UNAUTHORIZED');
    expectError(await put(`"${'x'.repeat(11 * 1024 * 1024)}"`), 413, 'M_TOO_LARGE');
  });

  it('is not believed when its body was changed on the way', async () => {
    const text = canonicalJson(body([]));
    const path = '/_matrix/federation/v1/send/changed';
    const { key } = identityOf('there');
    const rest = canonicalJson({ destination: SERVER_NAME, method: 'PUT', origin: 'there', uri: path });
    const sig = signText(`{"content":${text},${rest.slice(1)}`, key);
    const authorization = `X-Matrix origin="there",key="${key.keyId}",sig="${sig}"`;
    const put = (sent: string): Promise<RawAnswer> =>
      rawRequest(listening.port, { method: 'PUT', path, headers: { authorization }, body: sent });
    expectError(await put(text.replace('"pdus":[]', '"pdus":[{}]')), 401, 'M_UNAUTHORIZED');
    // Blanks and the order of keys are nobody's words.
    expect(await put(JSON.stringify(JSON.parse(text), null, 2))).toMatchObject({ status: 200 });
  });

  it('verifies to the last row', async () => {
    expect(await world.findings()).toEqual([]);
  });
});
