/** Filters: stored ones, and that no filter hides a change of a room's state (PROTOCOL §1.3, §1.5, §8 56). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAdmin } from '../support/accounts.ts';
import { knockRoom, publicRoom, request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

type Body = Answer['body'];

const pathOf = (client: Client, id = ''): string => `/user/${client.userId}/filter${id === '' ? '' : `/${id}`}`;
const store = async (client: Client, filter: unknown): Promise<string> =>
  (await client.ok('POST', pathOf(client), filter)).filter_id;
const sync = (client: Client, filter: string, since?: string): Promise<Body> =>
  client.ok('GET', `/sync?filter=${encodeURIComponent(filter)}${since === undefined ? '' : `&since=${since}`}`);
const rename = (room: string, name: string) => owner.ok('PUT', `/rooms/${room}/state/m.room.name`, { name });

const joinedRoom = (): Promise<string> => publicRoom(owner, [kim], { name: 'one' });

describe('a stored filter', () => {
  it('has a bounded number of types with a star in each list, and exact ones as many as fit', async () => {
    const types = (count: number, star: string) => Array.from({ length: count }, (_, n) => `${star}io.${n}${star}`);
    for (const part of ['types', 'not_types']) {
      const of = (list: readonly string[]) => ({ account_data: { [part]: list } });
      await sync(kim, await store(kim, of([...types(100, '*'), ...types(3_000, '')])));
      expectRefusal(await kim.call('POST', pathOf(kim), of(types(101, '*'))), 400, 'M_BAD_JSON');
      const inline = encodeURIComponent(JSON.stringify(of(types(101, '*'))));
      expectRefusal(await kim.call('GET', `/sync?filter=${inline}`), 400, 'M_INVALID_PARAM');
    }
  });

  it('is given back as it was, under one id however often and in whatever order it is stored', async () => {
    const filter = {
      room: { timeline: { limit: 3, lazy_load_members: true }, state: { lazy_load_members: true } },
      'io.unknown': { a: [null, '\u0000'] },
    };
    const id = await store(kim, filter);
    expect(id).toMatch(/^[^{]/);
    expect(await kim.ok('GET', pathOf(kim, id))).toEqual(filter);
    expect(await store(kim, Object.fromEntries(Object.entries(filter).reverse()))).toBe(id);
    expect(await store(kim, { ...filter, presence: {} })).not.toBe(id);
  });

  it('is its user’s alone', async () => {
    const id = await store(kim, { room: { timeline: { limit: 7 } } });
    expectRefusal(await owner.call('GET', pathOf(kim, id)), 403, 'M_FORBIDDEN');
    expectRefusal(await owner.call('POST', pathOf(kim), {}), 403, 'M_FORBIDDEN');
    expectRefusal(await owner.call('GET', pathOf(owner, id)), 404, 'M_NOT_FOUND');
    expectRefusal(await owner.call('GET', `/sync?filter=${id}`), 400, 'M_INVALID_PARAM');
    expectRefusal(await request(story.url, 'GET', pathOf(kim, id)), 401, 'M_MISSING_TOKEN');
    expectRefusal(await kim.call('GET', pathOf(kim, 'nothing')), 404, 'M_NOT_FOUND');
  });

  it('is of a bounded size, and there are not endlessly many', async () => {
    const [lee] = await story.people('lee');
    const long = { room: { rooms: Array.from({ length: 2_000 }, (_, n) => `!${n}:of.a.rather.long.server.name`) } };
    expectRefusal(await lee.call('POST', pathOf(lee), long), 413, 'M_TOO_LARGE');
    for (let n = 0; n < 200; n += 1) await store(lee, { n });
    expectRefusal(await lee.call('POST', pathOf(lee), { n: 200 }), 413, 'M_TOO_LARGE');
    await store(lee, { n: 7 });
  });

  it('works in a sync as the same filter inline, and after a restart', async () => {
    const [room, other] = [await joinedRoom(), await joinedRoom()];
    for (const name of ['two', 'three', 'four']) await rename(room, name);
    const filter = { room: { rooms: [room], timeline: { limit: 2 } } };
    const id = await store(kim, filter);
    await story.restart();
    const stored = await sync(kim, id);
    expect(Object.keys(stored.rooms.join)).toEqual([room]);
    expect(Object.keys(stored.rooms.join)).not.toContain(other);
    expect(stored.rooms.join[room].timeline).toMatchObject({ limited: true, events: { length: 2 } });
    const inline = await sync(kim, JSON.stringify(filter));
    expect(inline.rooms.join[room].timeline.prev_batch).toBe(stored.rooms.join[room].timeline.prev_batch);
  });

  it('goes with its user’s words', async () => {
    const [gone] = await story.people('gone');
    const id = await store(gone, { room: { rooms: ['!ichthyosaurus:x'] } });
    await makeAdmin(story, owner);
    const mutation = 'mutation($id: String!) { eraseUser(input: {userId: $id}) { __typename } }';
    expect((await owner.graphql(mutation, { id: gone.userId })).errors).toBeUndefined();
    expectRefusal(await gone.call('GET', pathOf(gone, id)), 404, 'M_NOT_FOUND');
  });
});

describe('a sync with a filter', () => {
  it('tells of rooms that were left long ago with include_leave alone', async () => {
    const [guest] = await story.people('guest');
    const room = await knockRoom(owner, { preset: 'public_chat' });
    await guest.ok('POST', `/knock/${room}`, {});
    await guest.ok('POST', `/rooms/${room}/leave`, {});
    expect((await sync(guest, '{}')).rooms.leave).toEqual({});
    expect(Object.keys((await sync(guest, '{"room":{"include_leave":true}}')).rooms.leave)).toEqual([room]);
  });

  it('sends all members although it asks for lazy loading', async () => {
    const room = await joinedRoom();
    const lazy = { lazy_load_members: true, include_redundant_members: false };
    const news = await sync(
      kim,
      JSON.stringify({ room: { rooms: [room], state: lazy, timeline: { ...lazy, limit: 1 } } }),
    );
    const { state, timeline } = news.rooms.join[room];
    const members = [...state.events, ...timeline.events].filter(({ type }: Body) => type === 'm.room.member');
    expect(new Set(members.map((event: Body) => event.state_key))).toEqual(new Set([kim.userId, owner.userId]));
  });

  it.each(['{"room":{"timeline":{"limit":0}}}', '{"room":{"timeline":{"limit":1}}}'])(
    '56: loses no change of the state with %s, inline or stored',
    async (filter) => {
      const room = await joinedRoom();
      const id = await store(kim, JSON.parse(filter));
      const { next_batch: since } = await sync(kim, id);
      await rename(room, 'in the gap');
      await owner.ok('PUT', `/rooms/${room}/state/m.room.topic`, { topic: 'in the gap' });
      await owner.ok('PUT', `/rooms/${room}/state/io.last`, {});
      for (const way of [filter, id]) {
        const { state, timeline } = (await sync(kim, way, since)).rooms.join[room];
        const told = [...state.events, ...timeline.events].map(({ type }: Body) => type);
        expect(new Set(told), way).toEqual(new Set(['io.last', 'm.room.name', 'm.room.topic']));
        expect(timeline.limited, way).toBe(true);
      }
    },
  );

  it('tells the newest events of the types and senders it wants, and all changes of the state besides', async () => {
    const room = await joinedRoom();
    const say = (client: Client, body: string) =>
      client.ok('PUT', `/rooms/${room}/send/m.room.message/${body}`, { msgtype: 'm.text', body });
    const { next_batch: since } = await sync(kim, '{}');
    for (const body of ['a', 'b', 'c']) await say(owner, body);
    await rename(room, 'two');
    await say(kim, 'd');
    await owner.ok('PUT', `/rooms/${room}/state/io.last`, {});
    const read = async (timeline: object): Promise<Body> => {
      const { timeline: told, state } = (await sync(kim, JSON.stringify({ room: { timeline } }), since)).rooms.join[
        room
      ];
      const nameOf = ({ type, content }: Body): string => content.body ?? type;
      return [told.events.map(nameOf).join(' '), state.events.map(nameOf).join(' '), told.limited];
    };
    const changes = 'm.room.name io.last';
    expect(await read({ types: ['m.room.message'] })).toEqual(['a b c d', changes, false]);
    expect(await read({ types: ['m.room.mess*'], limit: 2 })).toEqual(['c d', changes, true]);
    expect(await read({ not_types: ['m.room.message', 'm.room.name'] })).toEqual(['io.last', 'm.room.name', false]);
    expect(await read({ senders: [kim.userId] })).toEqual(['d', changes, false]);
    expect(await read({ not_senders: [kim.userId], types: ['*.message', 'io.*'], limit: 1 })).toEqual([
      ...['io.last', 'm.room.name', true],
    ]);
    expect(await read({ types: [] })).toEqual(['', changes, false]);
    expect(await read({ types: ['m.room.message'], contains_url: true })).toEqual(['', changes, false]);
  });

  it('that wants nothing of what was said waits on, and is told of the state', async () => {
    const room = await joinedRoom();
    const filter = JSON.stringify({ room: { timeline: { not_types: ['*'] } } });
    const { next_batch: since } = await sync(kim, filter);
    const poll = kim.ok('GET', `/sync?since=${since}&timeout=60000&filter=${encodeURIComponent(filter)}`);
    await owner.ok('PUT', `/rooms/${room}/send/m.room.message/x`, { msgtype: 'm.text', body: 'x' });
    await rename(room, 'told');
    const { timeline, state } = (await poll).rooms.join[room];
    expect(timeline.events).toEqual([]);
    expect(state.events).toMatchObject([{ content: { name: 'told' } }]);
  });

  it('tells the account data it wants, and is not woken by other', async () => {
    const room = await joinedRoom();
    const keep = (type: string, at = '') => kim.ok('PUT', `/user/${kim.userId}${at}/account_data/${type}`, {});
    const filter = JSON.stringify({
      account_data: { not_types: ['m.push_rules', 'io.b'] },
      room: { rooms: [room], account_data: { types: ['io.a'] } },
    });
    const { next_batch: since, account_data } = await sync(kim, filter);
    expect(account_data.events.map(({ type }: Body) => type)).not.toContain('m.push_rules');
    const poll = kim.ok('GET', `/sync?since=${since}&timeout=60000&filter=${encodeURIComponent(filter)}`);
    for (const type of ['io.b', 'io.a']) {
      await keep(type, `/rooms/${room}`);
      if (type === 'io.b') await keep(type);
    }
    const news = await poll;
    expect(news.account_data.events).toEqual([]);
    expect(news.rooms.join[room].account_data.events).toEqual([{ type: 'io.a', content: {} }]);
    await keep('io.a');
    expect((await sync(kim, filter, news.next_batch)).account_data.events).toEqual([{ type: 'io.a', content: {} }]);
  });

  it('that leaves a room out is not woken by it, and is told of it once it does not', async () => {
    const [room, other] = [await joinedRoom(), await joinedRoom()];
    const without = JSON.stringify({ room: { not_rooms: [room] } });
    const { next_batch: since } = await sync(kim, without);
    await rename(room, 'unheard');
    await rename(other, 'heard');
    const news = await sync(kim, without, since);
    expect(Object.keys(news.rooms.join)).toEqual([other]);
    expect(Object.keys((await sync(kim, '{}', since)).rooms.join).sort()).toEqual([room, other].sort());
  });
});
