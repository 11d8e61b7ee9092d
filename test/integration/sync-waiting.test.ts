/** Syncs that wait: what wakes them, what ends them, and that a restart loses nothing (PROTOCOL §1.5). */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { knockRoom, type Answer, type Client } from '../support/client.ts';
import { openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

type News = Answer['body'];
const PATIENCE = { timeout: 30_000, interval: 20 };

/** Resolves when that many syncs wait in the server. */
async function waiting(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const text = await (await fetch(`${story.url}/metrics`)).text();
    expect(Number(/^vestibule_sync_waiting (\d+)/m.exec(text)?.[1])).toBe(count);
  }, PATIENCE);
}

const tokenOf = async (client: Client): Promise<string> => (await client.ok('GET', '/sync')).next_batch;
const poll = (client: Client, since: string, query = ''): Promise<News> =>
  client.ok('GET', `/sync?since=${since}&timeout=60000${query}`);
const aboutKim = (name: string, room: string) => owner.ok('POST', `/rooms/${room}/${name}`, { user_id: kim.userId });

describe('a sync that waits', () => {
  it.each([
    ['invite', 'invite', 'invite'],
    ['kick', 'leave', 'leave'],
    ['ban', 'leave', 'ban'],
  ])('is woken when one’s own knock is decided: %s', async (decision, section, membership) => {
    const room = await knockRoom(owner);
    await kim.ok('POST', `/knock/${room}`, {});
    const since = await tokenOf(kim);
    const news = poll(kim, since);
    await waiting(1);
    await aboutKim(decision, room);
    const told = (await news).rooms[section][room];
    const events = section === 'invite' ? told.invite_state.events : told.timeline.events;
    expect(events.at(-1)).toMatchObject({ state_key: kim.userId, content: { membership } });
    await waiting(0);
  });

  it('shows a moderator a knock, its renewal and its retraction in the timeline', async () => {
    const room = await knockRoom(owner);
    let since = await tokenOf(owner);
    for (const [path, body, content] of [
      [`/knock/${room}`, { reason: 'one' }, { membership: 'knock', reason: 'one' }],
      [`/knock/${room}`, { reason: 'two' }, { membership: 'knock', reason: 'two' }],
      [`/rooms/${room}/leave`, {}, { membership: 'leave' }],
    ] as const) {
      const news = poll(owner, since);
      await waiting(1);
      await kim.ok('POST', path, body);
      const { next_batch, rooms } = await news;
      expect(rooms.join[room].timeline.events).toMatchObject([
        { type: 'm.room.member', state_key: kim.userId, content },
      ]);
      since = next_batch;
    }
  });

  it('is not woken by rooms that one is not in, by knocks of others, nor by acts that change nothing', async () => {
    const [other, mine] = [await knockRoom(owner), await knockRoom(owner)];
    await kim.ok('POST', `/knock/${mine}`, { reason: 'same' });
    const since = await tokenOf(kim);
    const news = poll(kim, since);
    await waiting(1);
    await owner.ok('PUT', `/rooms/${other}/state/m.room.name`, { name: 'x' });
    await owner.ok('PUT', `/rooms/${mine}/state/m.room.name`, { name: 'x' });
    await kim.ok('POST', `/knock/${mine}`, { reason: 'same' });
    expect((await kim.call('POST', `/join/${other}`, {})).status).toBe(403);
    const [lee] = await story.people('lee');
    await lee.ok('POST', `/knock/${mine}`, {});
    await waiting(1);
    await kim.ok('POST', `/knock/${mine}`, { reason: 'other' });
    const { rooms } = await news;
    expect(Object.keys(rooms.knock)).toEqual([mine]);
    expect(rooms.knock[mine].knock_state.events.at(-1).content.reason).toBe('other');
    expect(rooms.join).toEqual({});
  });

  it('ends after its timeout with the token to go on, and does not wait without one', async () => {
    const since = await tokenOf(kim);
    const started = performance.now();
    const waited = await kim.ok('GET', `/sync?since=${since}&timeout=700`);
    expect(performance.now() - started).toBeGreaterThanOrEqual(690);
    expect(Object.values(waited.rooms)).toEqual([{}, {}, {}, {}]);
    for (const query of ['', '&timeout=0']) {
      const at = await kim.ok('GET', `/sync?since=${waited.next_batch}${query}`);
      expect(at.next_batch).toBe(waited.next_batch);
    }
  });

  it('does not wait when there is something new, nor the first time, nor for the full state', async () => {
    const room = await knockRoom(owner);
    const since = await tokenOf(kim);
    await kim.ok('POST', `/knock/${room}`, {});
    expect((await poll(kim, since)).rooms.knock).toHaveProperty([room]);
    const { next_batch } = await kim.ok('GET', '/sync?timeout=60000');
    expect((await poll(kim, next_batch, '&full_state=true')).rooms.knock).toHaveProperty([room]);
  });

  it('is let go when its client goes away', async () => {
    const since = await tokenOf(kim);
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${kim.token}` };
    const url = `${story.url}/_matrix/client/v3/sync?since=${since}&timeout=60000`;
    const polls = Array.from({ length: 10 }, () => fetch(url, { headers, signal: gone.signal }));
    await waiting(10);
    gone.abort();
    expect((await Promise.allSettled(polls)).map(({ status }) => status)).toEqual(polls.map(() => 'rejected'));
    await waiting(0);
  });

  it('gives its seat up when its user opens more than thirty-two, the oldest first', async () => {
    const [lee] = await story.people('lee-of-many-tabs');
    const since = await tokenOf(lee);
    const oldest = poll(lee, since);
    await waiting(1);
    const others = Array.from({ length: 32 }, () => poll(lee, since));
    expect(await oldest).toMatchObject({ next_batch: since });
    await waiting(32);
    const room = await knockRoom(owner);
    await lee.ok('POST', `/knock/${room}`, {});
    for (const { rooms } of await Promise.all(others)) expect(Object.keys(rooms.knock)).toEqual([room]);
  });

  it('of many at once are all woken by one event', async () => {
    const { room_id: room } = await owner.ok('POST', '/createRoom', { preset: 'public_chat' });
    await kim.ok('POST', `/join/${room}`, {});
    const polls = await Promise.all([owner, kim].map(async (client) => [client, await tokenOf(client)] as const));
    const news = polls.flatMap(([client, since]) => Array.from({ length: 10 }, () => poll(client, since)));
    await waiting(20);
    const { event_id } = await owner.ok('PUT', `/rooms/${room}/state/m.room.name`, { name: 'all of you' });
    for (const { rooms } of await Promise.all(news))
      expect(rooms.join[room].timeline.events).toMatchObject([{ event_id }]);
  });
});

describe('a server that restarts', () => {
  it('answers who waits, and goes on from their tokens as if nothing had been', async () => {
    const room = await knockRoom(owner);
    await kim.ok('POST', `/knock/${room}`, { reason: 'before' });
    const since = await tokenOf(kim);
    const [held, moderators] = [poll(kim, since), await tokenOf(owner)];
    await waiting(1);
    await story.restart();
    expect(await held).toMatchObject({ next_batch: since, rooms: { knock: {} } });
    await aboutKim('invite', room);
    expect(Object.keys((await poll(kim, since)).rooms.invite)).toEqual([room]);
    const timeline = (await poll(owner, moderators)).rooms.join[room].timeline.events;
    expect(timeline).toMatchObject([{ state_key: kim.userId, content: { membership: 'invite' } }]);
    expect(Object.keys((await kim.ok('GET', '/sync')).rooms.invite)).toContain(room);
  });
});
