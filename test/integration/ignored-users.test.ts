/** Ignored people: their invites and messages are not told, what they do to a room's state is (PROTOCOL §1.5). */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { knockRoom, type Answer, type Client } from '../support/client.ts';
import { openStory, type Story } from '../support/story.ts';

let story: Story;
let bore: Client;
let friend: Client;
let kim: Client;
let count = 0;

beforeAll(async () => {
  story = await openStory();
  [bore, friend] = await story.people('bore', 'friend');
});

beforeEach(async () => {
  count += 1;
  [kim] = await story.people(`kim${count}`);
});

afterAll(() => story.close());

type Body = Answer['body'];

const ignore = (...users: readonly Client[]) =>
  kim.ok('PUT', `/user/${kim.userId}/account_data/m.ignored_user_list`, {
    ignored_users: Object.fromEntries(users.map(({ userId }) => [userId, {}])),
  });
const invite = (client: Client, room: string) => client.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
const sync = (since?: string, query = ''): Promise<Body> =>
  kim.ok('GET', `/sync?${since === undefined ? '' : `since=${since}`}${query}`);
const invites = async (since?: string, query = ''): Promise<string[]> =>
  Object.keys((await sync(since, query)).rooms.invite).sort();
const say = (client: Client, room: string, body: string) =>
  client.ok('PUT', `/rooms/${room}/send/m.room.message/${body}`, { msgtype: 'm.text', body });

async function waiting(): Promise<void> {
  await vi.waitFor(async () => {
    const text = await (await fetch(`${story.url}/metrics`)).text();
    expect(Number(/^vestibule_sync_waiting (\d+)/m.exec(text)?.[1])).toBe(1);
  }, 30_000);
}

describe('an invite by somebody who is ignored', () => {
  it('is not told, and wakes nobody', async () => {
    const [theirs, other] = [await knockRoom(bore), await knockRoom(friend)];
    await ignore(bore);
    const { next_batch: since } = await sync();
    const poll = sync(since, '&timeout=60000');
    await waiting();
    await invite(bore, theirs);
    await waiting();
    await invite(friend, other);
    expect(Object.keys((await poll).rooms.invite)).toEqual([other]);
    for (const query of ['', '&full_state=true']) expect(await invites(since, query)).toEqual([other]);
    expect(await invites()).toEqual([other]);
  });

  it('is told once they are ignored no more, at once', async () => {
    const [theirs, other] = [await knockRoom(bore), await knockRoom(friend)];
    await ignore(bore, friend);
    await Promise.all([invite(bore, theirs), invite(friend, other)]);
    const { next_batch: since } = await sync();
    const poll = sync(since, '&timeout=60000');
    await waiting();
    await ignore(friend);
    const news = await poll;
    expect(Object.keys(news.rooms.invite)).toEqual([theirs]);
    expect(await invites(news.next_batch)).toEqual([]);
    await kim.ok('POST', `/join/${theirs}`, {});
  });

  it('can be accepted all the same, and does not hide one’s own knock that they accepted', async () => {
    const room = await knockRoom(bore);
    await ignore(bore);
    const { next_batch: since } = await sync();
    await kim.ok('POST', `/knock/${room}`, {});
    expect(Object.keys((await sync(since)).rooms.knock)).toEqual([room]);
    await invite(bore, room);
    expect((await sync(since)).rooms).toMatchObject({ invite: {}, knock: {} });
    await kim.ok('POST', `/join/${room}`, {});
    expect(Object.keys((await sync(since)).rooms.join)).toEqual([room]);
  });
});

describe('in a room with somebody who is ignored', () => {
  it('their messages are left out, their changes of the state are not', async () => {
    const room = await knockRoom(bore, { preset: 'public_chat', initial_state: [] });
    for (const client of [kim, friend]) await client.ok('POST', `/join/${room}`, {});
    await ignore(bore);
    const { next_batch: since } = await sync();
    await say(bore, room, 'one');
    expect((await sync(since)).rooms.join).toEqual({});
    await say(friend, room, 'two');
    await bore.ok('PUT', `/rooms/${room}/state/m.room.name`, { name: 'by the bore' });
    const told = (await sync(since)).rooms.join[room].timeline;
    expect(told.events.map(({ content }: Body) => content)).toMatchObject([{ body: 'two' }, { name: 'by the bore' }]);
    expect(told.limited).toBe(false);
    // A fresh sync tells nothing of what they said either, until they are ignored no more.
    const paged = await kim.ok('GET', `/rooms/${room}/messages?dir=b&limit=3`);
    expect(paged.chunk.map(({ content }: Body) => content.body ?? content.name)).toEqual([
      ...['by the bore', 'two', undefined],
    ]);
    const bodies = async () =>
      (await sync()).rooms.join[room].timeline.events.flatMap((e: Body) => e.content.body ?? []);
    expect(await bodies()).toEqual(['two']);
    await ignore();
    expect(await bodies()).toEqual(['one', 'two']);
  });

  it('nobody ignores themselves, and a list that is none ignores nobody', async () => {
    const room = await knockRoom(friend, { preset: 'public_chat', initial_state: [] });
    await kim.ok('POST', `/join/${room}`, {});
    await ignore(kim);
    const { next_batch: since } = await sync();
    await say(kim, room, 'mine');
    expect((await sync(since)).rooms.join[room].timeline.events).toHaveLength(1);
    for (const list of [{}, { ignored_users: [friend.userId] }, { ignored_users: friend.userId }]) {
      await kim.ok('PUT', `/user/${kim.userId}/account_data/m.ignored_user_list`, list);
      await say(friend, room, JSON.stringify(list).length.toString());
    }
    expect((await sync(since)).rooms.join[room].timeline.events).toHaveLength(4);
  });
});
