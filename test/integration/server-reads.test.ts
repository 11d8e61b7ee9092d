/** What a server may read of a room: its events, the state before them, what they rest on and what came before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redactEvent } from '../../src/commands/redact-event.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import { canonicalJson } from '../../src/matrix/canonical-json.ts';
import { checkContentHash, eventIdOf } from '../../src/matrix/hashes.ts';
import type { EventId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../../src/matrix/json.ts';
import type { Pdu } from '../../src/matrix/pdu.ts';
import type { Asks } from '../support/asking.ts';
import { HOST, type ForeignRoom, type SentEvent } from '../support/foreign-room.ts';
import { actor } from '../support/history.ts';
import { listen, type Listening } from '../support/listening.ts';
import { expectError, type RawAnswer } from '../support/raw.ts';
import { kim, openWorld, type World } from '../support/receiving.ts';
import { user } from '../support/rooms.ts';

let world: World;
let listening: Listening;
let there: Asks;
let elsewhere: Asks;

beforeAll(async () => {
  world = await openWorld();
  listening = await listen(world);
  there = listening.as('there');
  elsewhere = listening.as('elsewhere');
});

afterAll(async () => {
  await listening.close();
  await world.close();
});

const lee = user('lee', 'elsewhere');
const enc = encodeURIComponent;

/** Brings what was made of the room on its own server here. */
async function bring(room: ForeignRoom, ...events: readonly SentEvent[]): Promise<void> {
  const ears = world.earsFor(room);
  for (const event of events) expect(await ears.hear(event)).toMatchObject({ is: 'accepted' });
}

async function messages(room: ForeignRoom, count: number): Promise<readonly SentEvent[]> {
  const events = Array.from({ length: count }, (_, n) => room.message(kim, `message ${n}`));
  await bring(room, ...events);
  return events;
}

const idsOf = (pdus: readonly Pdu[], { version }: ForeignRoom): readonly string[] =>
  pdus.map((pdu) => eventIdOf(pdu, version));

const sorted = (ids: Iterable<string>): readonly string[] => [...ids].sort();

const expectIds = (answer: RawAnswer, key: string, room: ForeignRoom, events: Iterable<SentEvent>): void => {
  expect(answer, answer.text.slice(0, 300)).toMatchObject({ status: 200 });
  const pdus = answer.json[key] as Pdu[];
  expect(sorted(idsOf(pdus, room))).toEqual(sorted([...events].map(({ eventId }) => eventId)));
  for (const pdu of pdus) expect(pdu, canonicalJson(pdu)).toSatisfy(checkContentHash);
};

const readers = (room: ForeignRoom, eventId: string): readonly (readonly [string, string, JsonObject?])[] => [
  ['GET', `/v1/state/${enc(room.roomId)}?event_id=${enc(eventId)}`],
  ['GET', `/v1/state_ids/${enc(room.roomId)}?event_id=${enc(eventId)}`],
  ['GET', `/v1/event_auth/${enc(room.roomId)}/${enc(eventId)}`],
  ['GET', `/v1/backfill/${enc(room.roomId)}?limit=5&v=${enc(eventId)}`],
  [
    'POST',
    `/v1/get_missing_events/${enc(room.roomId)}`,
    jsonObject({ earliest_events: [], latest_events: [eventId], limit: 5 }),
  ],
];

describe.each(['12', '10'] as const)('in a room of version %s a server', (version) => {
  it('reads an event as it was sent', async () => {
    const room = await world.joinedRoom(version);
    const [event] = await messages(room, 1);
    const answer = await there('GET', `/v1/event/${enc(event!.eventId)}`);
    expect(answer.json).toEqual({
      origin: 'vestibule.test',
      origin_server_ts: expect.any(Number),
      pdus: [JSON.parse(canonicalJson(event!.pdu))],
    });
  });

  it('46: reads what an event rests on: all of that, and nothing else', async () => {
    const room = await world.joinedRoom(version);
    const name = room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'x' } });
    const rename = room.member(kim, kim, 'join', { content: { displayname: 'Kim' } });
    const message = room.message(kim, 'hello');
    await bring(room, name, rename, message);
    for (const event of [name, rename, message]) {
      const answer = await there('GET', `/v1/event_auth/${enc(room.roomId)}/${enc(event.eventId)}`);
      expectIds(answer, 'auth_chain', room, room.authChain([event]));
    }
  });

  it('46: reads the state before an event, without the event, and what that rests on', async () => {
    const room = await world.joinedRoom(version);
    const name = room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'x' } });
    const again = room.send({ type: 'm.room.name', sender: HOST, stateKey: '', content: { name: 'y' } });
    await bring(room, name, again, ...(await messages(room, 1)).slice(1));
    for (const event of [name, again]) {
      const [state, chain] = [[...event.before.values()], room.authChain(event.before.values())];
      const at = `${enc(room.roomId)}?event_id=${enc(event.eventId)}`;
      const ids = (await there('GET', `/v1/state_ids/${at}`)).json;
      expect(sorted(ids.pdu_ids)).toEqual(sorted(state.map(({ eventId }) => eventId)));
      expect(sorted(ids.auth_chain_ids)).toEqual(sorted(chain.map(({ eventId }) => eventId)));
      const whole = await there('GET', `/v1/state/${at}`);
      expectIds(whole, 'pdus', room, state);
      expectIds(whole, 'auth_chain', room, chain);
    }
  });

  it('38: is sent the create event as it was signed: without a room id where the room has its own', async () => {
    const room = await world.joinedRoom(version);
    const [event] = await messages(room, 1);
    const answer = await there('GET', `/v1/state/${enc(room.roomId)}?event_id=${enc(event!.eventId)}`);
    const create = (answer.json.pdus as Pdu[]).find(({ type }) => type === 'm.room.create');
    expect(Object.hasOwn(create!, 'room_id')).toBe(version === '10');
    expect(create).not.toHaveProperty('event_id');
  });
});

describe('a server in a room', () => {
  it('goes back from events, those included, to as many as it asks for', async () => {
    const room = await world.joinedRoom();
    const events = await messages(room, 12);
    const back = async (limit: number, ...from: readonly SentEvent[]): Promise<readonly string[]> => {
      const v = from.map(({ eventId }) => `v=${enc(eventId)}`).join('&');
      const { json } = await there('GET', `/v1/backfill/${enc(room.roomId)}?${v}&limit=${limit}`);
      return idsOf(json.pdus, room);
    };
    const ids = events.map(({ eventId }) => eventId);
    expect(await back(3, events[11]!)).toEqual(ids.slice(9).toReversed());
    expect(await back(1, events[4]!)).toEqual([ids[4]]);
    expect(new Set(await back(4, events[4]!, events[10]!))).toEqual(new Set([10, 9, 4, 3].map((n) => ids[n])));
    expect(await back(0, events[4]!)).toEqual([]);
    // Behind its own join nothing is known here.
    expect((await back(100, events[11]!)).slice(0, 12)).toEqual(ids.toReversed());
    const at = `/v1/backfill/${enc(room.roomId)}`;
    expectError(await there('GET', `${at}?limit=5`), 400, 'M_MISSING_PARAM');
    expectError(await there('GET', `${at}?v=${enc(ids[0]!)}`), 400, 'M_MISSING_PARAM');
    expectError(await there('GET', `${at}?v=${enc(ids[0]!)}&limit=-1`), 400, 'M_INVALID_PARAM');
    expectError(await there('GET', `${at}?v=$nothing&limit=5`), 404, 'M_NOT_FOUND');
  });

  it('reads what is missing between what it has and what it got, the oldest first', async () => {
    const room = await world.joinedRoom();
    const events = await messages(room, 30);
    const missing = async (
      earliest: readonly (SentEvent | undefined)[],
      latest: readonly (SentEvent | undefined)[],
      more: JsonObject = {},
    ): Promise<readonly string[]> => {
      const ids = (some: readonly (SentEvent | undefined)[]): JsonValue => some.map((event) => event!.eventId);
      const asked = jsonObject({ earliest_events: ids(earliest), latest_events: ids(latest), ...more });
      const { json } = await there('POST', `/v1/get_missing_events/${enc(room.roomId)}`, asked);
      return idsOf(json.events, room);
    };
    const ids = events.map(({ eventId }) => eventId);
    expect(await missing([events[20]], [events[25]])).toEqual(ids.slice(21, 25));
    // Of what is too much, what is nearest to the latest.
    expect(await missing([events[0]], [events[29]])).toEqual(ids.slice(19, 29));
    expect(await missing([events[0]], [events[29]], { limit: 100 })).toEqual(ids.slice(9, 29));
    expect(await missing([events[0]], [events[29]], { limit: 2 })).toEqual(ids.slice(27, 29));
    expect(await missing([], [events[29]], { min_depth: events[26]!.pdu.depth, limit: 20 })).toEqual(ids.slice(26, 29));
    expect(await missing([events[4]], [events[5]])).toEqual([]);
    expect(await missing([events[3]], [events[5], events[6]])).toEqual([ids[4]]);
    const at = `/v1/get_missing_events/${enc(room.roomId)}`;
    expectError(await there('POST', at, jsonObject({ latest_events: [] })), 400, 'M_BAD_JSON');
    expectError(await there('POST', at, jsonObject({ latest_events: [5], earliest_events: [] })), 400, 'M_BAD_JSON');
    const unknown = jsonObject({ earliest_events: ['$x', 'y'], latest_events: ['$z', ''] });
    expect((await there('POST', at, unknown)).json).toEqual({ events: [] });
  });

  it('is told nothing of events that are unknown, refused, or of another room', async () => {
    const [room, other] = [await world.joinedRoom(), await world.joinedRoom()];
    const [event] = await messages(other, 1);
    const refused = room.send({ type: 'm.room.topic', sender: kim, stateKey: '', content: {}, forced: true });
    expect(await world.earsFor(room).hear(refused)).toMatchObject({ is: 'rejected' });
    expectError(await there('GET', `/v1/event/${enc(refused.eventId)}`), 404, 'M_NOT_FOUND');
    expectError(await there('GET', '/v1/event/$unknown'), 404, 'M_NOT_FOUND');
    expectError(await there('GET', '/v1/event/no-id'), 404, 'M_NOT_FOUND');
    for (const id of [refused.eventId, event!.eventId, '$unknown', 'no-id'])
      for (const [, path] of readers(room, id).slice(0, 3)) expectError(await there('GET', path), 404, 'M_NOT_FOUND');
    expectError(await there('GET', `/v1/state/${enc(room.roomId)}`), 400, 'M_MISSING_PARAM');
    expectError(await there('GET', `/v1/state/nothing?event_id=x`), 400, 'M_INVALID_PARAM');
  });

  it('gets what was redacted without its words, and with its signatures', async () => {
    const room = await world.joinedRoom();
    const content = jsonObject({ body: 'to be redacted', msgtype: 'm.text' });
    const request = (transactionId: string) => ({ deviceId: 'DEVICE', transactionId });
    const { deps } = world.log;
    const asked = { roomId: room.roomId, type: 'm.room.message', content, request: request('1') };
    const { eventId } = await sendMessage(deps, actor('ada'), asked);
    const before = await there('GET', `/v1/event/${enc(eventId)}`);
    expect(before.json.pdus[0].content).toEqual({ body: 'to be redacted', msgtype: 'm.text' });
    await redactEvent(deps, actor('ada'), {
      roomId: room.roomId,
      eventId,
      content: jsonObject({}),
      request: request('2'),
    });
    const [pdu] = (await there('GET', `/v1/event/${enc(eventId)}`)).json.pdus;
    expect(pdu).toEqual({ ...before.json.pdus[0], content: {} });
    expect(idsOf([pdu], room)).toEqual([eventId]);
  });
});

describe('a server that is not in a room', () => {
  it('is told nothing of it, be there such a room or not', async () => {
    const room = await world.joinedRoom();
    const [event] = await messages(room, 1);
    expectError(await elsewhere('GET', `/v1/event/${enc(event!.eventId)}`), 404, 'M_NOT_FOUND');
    for (const [method, path, body] of readers(room, event!.eventId)) {
      const answers = [path, path.replace(enc(room.roomId), enc('!nothing:there'))].map((each) =>
        elsewhere(method as 'GET', each, body),
      );
      const [one, other] = await Promise.all(answers);
      expectError(one!, 403, 'M_FORBIDDEN', path);
      expect(other!.json).toEqual(one!.json);
    }
  });

  it('reads what anybody may read', async () => {
    const room = await world.joinedRoom();
    const [hidden] = await messages(room, 1);
    const open = room.send({
      type: 'm.room.history_visibility',
      sender: HOST,
      stateKey: '',
      content: { history_visibility: 'world_readable' },
    });
    await bring(room, open);
    const [shown] = await messages(room, 1);
    expectError(await elsewhere('GET', `/v1/event/${enc(hidden!.eventId)}`), 404, 'M_NOT_FOUND');
    expect(await elsewhere('GET', `/v1/event/${enc(shown!.eventId)}`)).toMatchObject({ status: 200 });
  });

  it('reads no later event once it has left, and those of its time as before', async () => {
    const room = await world.joinedRoom();
    await bring(room, room.member(HOST, lee, 'invite'), room.member(lee, lee, 'join'));
    const [earlier] = await messages(room, 1);
    const left = room.member(lee, lee, 'leave');
    await bring(room, left);
    const [later] = await messages(room, 1);
    for (const event of [earlier!, left])
      expect((await elsewhere('GET', `/v1/event/${enc(event.eventId)}`)).json.pdus).toEqual([
        JSON.parse(canonicalJson(event.pdu)),
      ]);
    expectError(await elsewhere('GET', `/v1/event/${enc(later!.eventId)}`), 404, 'M_NOT_FOUND');
    for (const [method, path, body] of readers(room, earlier!.eventId))
      expectError(await elsewhere(method as 'GET', path, body), 403, 'M_FORBIDDEN', path);
  });

  describe.each(['the kick', 'what was said beside it'])('that was kicked on a branch, when %s came first', (first) => {
    it('reads no event that follows the kick, and those beside it, where it was in', async () => {
      const room = await world.joinedRoom();
      const mia = user('mia', 'elsewhere');
      for (const one of [lee, mia]) await bring(room, room.member(HOST, one, 'invite'), room.member(one, one, 'join'));
      const fork = room.newest();
      const beside = [room.message(kim, 'beside', { after: [fork] }), room.message(kim, 'later beside')];
      const kicks = [room.member(HOST, lee, 'leave', { after: [fork] }), room.member(HOST, mia, 'leave')];
      const half = room.message(kim, 'between the kicks', { after: [kicks[0]!] });
      const after = [room.message(kim, 'after it', { after: [kicks[1]!] }), room.message(kim, 'later after it')];
      const both = [beside, [...kicks, half, ...after]];
      await bring(room, ...(first === 'the kick' ? both.toReversed() : both).flat());
      for (const event of [...kicks, half, ...beside])
        expect((await elsewhere('GET', `/v1/event/${enc(event.eventId)}`)).json.pdus).toEqual([
          JSON.parse(canonicalJson(event.pdu)),
        ]);
      for (const event of after)
        expectError(await elsewhere('GET', `/v1/event/${enc(event.eventId)}`), 404, 'M_NOT_FOUND');
      // What follows both is of after the kick.
      const merged = room.message(kim, 'after all', { after: [beside[1]!, after[1]!] });
      await bring(room, merged);
      for (const event of [...after, merged])
        expectError(await elsewhere('GET', `/v1/event/${enc(event.eventId)}`), 404, 'M_NOT_FOUND');
    });
  });

  it('50: is refused whatever it asks of a room that does not let it in, though it is there', async () => {
    const room = await world.joinedRoom();
    const acl = room.send({
      type: 'm.room.server_acl',
      sender: HOST,
      stateKey: '',
      content: { allow: ['*'], deny: ['ELSE*'] },
    });
    await bring(room, room.member(HOST, lee, 'invite'), room.member(lee, lee, 'join', { after: [room.newest()] }));
    const [event] = await messages(room, 1);
    await world.earsFor(room).hear(acl);
    for (const [method, path, body] of [
      ...readers(room, event!.eventId),
      ['GET', `/v1/event/${enc(event!.eventId)}`] as const,
    ])
      expectError(await elsewhere(method as 'GET', path, body), 403, 'M_FORBIDDEN', path);
  });
});

describe('what a server may not read by the history visibility', () => {
  it('is not what was said on a branch on which it had come, before all of them met', async () => {
    const room = await world.joinedRoom();
    const content = { history_visibility: 'joined' };
    await bring(room, room.send({ type: 'm.room.history_visibility', sender: HOST, stateKey: '', content }));
    const fork = room.newest();
    const beside = room.message(kim, 'beside', { after: [fork] });
    const join = room.member(lee, lee, 'join', { after: [fork] });
    const together = room.message(kim, 'with them');
    await bring(room, beside, join, together);
    const read = async (event: SentEvent): Promise<JsonValue | undefined> =>
      (await elsewhere('GET', `/v1/event/${enc(event.eventId)}`)).json.pdus[0].content['body'];
    expect([await read(beside), await read(together)]).toEqual([undefined, 'with them']);
  });

  const told = async (room: ForeignRoom, from: EventId): Promise<readonly Pdu[]> =>
    (await elsewhere('GET', `/v1/backfill/${enc(room.roomId)}?limit=100&v=${enc(from)}`)).json.pdus;
  const bodies = (pdus: readonly Pdu[]): readonly (JsonValue | undefined)[] =>
    pdus
      .filter(({ type }) => type === 'm.room.message')
      .map(({ content }) => content['body'])
      .toReversed();

  it.each([
    ['joined', [undefined, undefined, 'message 0']],
    ['invited', [undefined, 'message 0', 'message 0']],
    ['shared', ['message 0', 'message 0', 'message 0']],
    ['nonsense', ['message 0', 'message 0', 'message 0']],
  ] as const)('comes in redacted form: where it is %s', async (visibility, expected) => {
    const room = await world.joinedRoom('12', 'invite');
    const content = { history_visibility: visibility };
    await bring(room, room.send({ type: 'm.room.history_visibility', sender: HOST, stateKey: '', content }));
    const [before] = await messages(room, 1);
    await bring(room, room.member(HOST, lee, 'invite'));
    const [invited] = await messages(room, 1);
    await bring(room, room.member(lee, lee, 'join'));
    const [joined] = await messages(room, 1);
    const pdus = await told(room, joined!.eventId);
    expect(bodies(pdus)).toEqual(expected);
    expect(idsOf(pdus, room)).toEqual(expect.arrayContaining([before, invited, joined].map((event) => event!.eventId)));
    const asked = jsonObject({ earliest_events: [], latest_events: [joined!.eventId], limit: 20 });
    const missing = await elsewhere('POST', `/v1/get_missing_events/${enc(room.roomId)}`, asked);
    expect(bodies(missing.json.events.toReversed())).toEqual(expected.slice(0, 2));
    // Its own users, and what is about them.
    const members = pdus.filter(({ state_key: key }) => key === lee);
    expect(members.map((pdu) => pdu.content['membership'])).toEqual(['join', 'invite']);
  });
});
