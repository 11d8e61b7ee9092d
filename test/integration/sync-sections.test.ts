/** What a sync tells of each room, first and later: its four sections (PROTOCOL §1.5, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, publicRoom, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

const SECTIONS = ['join', 'invite', 'knock', 'leave'] as const;
type News = Answer['body'];

const sync = (client: Client, since?: string, query = ''): Promise<News> =>
  client.ok('GET', `/sync?${since === undefined ? '' : `since=${since}`}${query}`);
const inSections = (news: News, room: string): readonly string[] => SECTIONS.filter((name) => room in news.rooms[name]);
const act = (name: string, room: string, body: object = {}) =>
  owner.ok('POST', `/rooms/${room}/${name}`, { user_id: kim.userId, ...body });
const rename = (room: string, name: string) => owner.ok('PUT', `/rooms/${room}/state/m.room.name`, { name });
const typesOf = (events: readonly { type: string; state_key?: string }[]) => events.map(({ type }) => type);
const filterOf = (room: object): string => `&filter=${encodeURIComponent(JSON.stringify({ room }))}`;

const joinedRoom = (): Promise<string> => publicRoom(owner, [kim], { name: 'one' });

describe('an answer', () => {
  it('has all its parts, and a token that goes on', async () => {
    const news = await sync(kim);
    expect(news).toEqual({
      next_batch: expect.stringMatching(/^s\d+_\d+$/),
      rooms: { join: {}, invite: {}, knock: {}, leave: {} },
      account_data: { events: [{ type: 'm.push_rules', content: expect.any(Object) }] },
      presence: { events: [] },
      to_device: { events: [] },
      device_lists: { changed: [], left: [] },
      device_one_time_keys_count: {},
    });
    expect((await sync(kim, news.next_batch)).next_batch).toBe(news.next_batch);
  });

  it('is not given for what is no token, filter or flag', async () => {
    const wrong = ['since=x', 'since=s', 'since=s-1', 'since=s99999999', 'since=t1_0', 'timeout=-1', 'timeout=x'];
    const more = [
      'full_state=yes',
      'filter=5',
      'filter=%7B',
      'filter=%5B%5D',
      'filter=%7B%22room%22%3A1%7D',
      'since=s0&since=s1',
    ];
    for (const query of [...wrong, ...more])
      expectRefusal(await kim.call('GET', `/sync?${query}`), 400, 'M_INVALID_PARAM', query);
  });
});

describe('the way through the sections', () => {
  it.each(['7', '11', '12'])(
    'of a knock in a room of version %s: asked, accepted, joined, left',
    async (room_version) => {
      const room = await knockRoom(owner, { room_version });
      let since = (await sync(kim)).next_batch;
      const next = async (): Promise<News> => {
        const news = await sync(kim, since);
        const replayed = await sync(kim, since);
        expect(inSections(replayed, room), 'a token may be used again').toEqual(inSections(news, room));
        since = news.next_batch;
        return news;
      };
      await kim.ok('POST', `/knock/${room}`, { reason: 'please' });
      const asked = await next();
      expect(inSections(asked, room)).toEqual(['knock']);
      expect(asked.rooms.knock[room]).toEqual({ knock_state: { events: expect.any(Array) } });
      expect(inSections(await next(), room)).toEqual([]);
      await act('invite', room);
      const invited = await next();
      expect(inSections(invited, room)).toEqual(['invite']);
      expect(invited.rooms.invite[room].invite_state.events.at(-1)).toMatchObject({
        sender: owner.userId,
        content: { membership: 'invite' },
      });
      await kim.ok('POST', `/join/${room}`, {});
      const joined = await next();
      expect(inSections(joined, room)).toEqual(['join']);
      const { timeline, state, summary } = joined.rooms.join[room];
      expect(timeline.events.at(-1)).toMatchObject({ type: 'm.room.member', state_key: kim.userId });
      expect(typesOf([...state.events, ...timeline.events])).toContain('m.room.create');
      expect(summary).toMatchObject({ 'm.joined_member_count': 2, 'm.invited_member_count': 0 });
      await kim.ok('POST', `/rooms/${room}/leave`, {});
      const left = await next();
      expect(inSections(left, room)).toEqual(['leave']);
      expect(left.rooms.leave[room].timeline.events.at(-1)).toMatchObject({ content: { membership: 'leave' } });
      expect(inSections(await next(), room)).toEqual([]);
      expect(inSections(await sync(kim), room), 'left before the first sync').toEqual([]);
      expect(inSections(await sync(kim, undefined, filterOf({ include_leave: true })), room)).toEqual(['leave']);
    },
  );

  it.each([
    [
      'a declined invite',
      async (room: string) => act('invite', room),
      async (room: string) => kim.ok('POST', `/rooms/${room}/leave`, {}),
    ],
    ['a revoked invite', async (room: string) => act('invite', room), async (room: string) => act('kick', room)],
    [
      'a retracted knock',
      async (room: string) => kim.ok('POST', `/knock/${room}`, {}),
      async (room: string) => kim.ok('POST', `/rooms/${room}/leave`, {}),
    ],
    [
      'a rejected knock',
      async (room: string) => kim.ok('POST', `/knock/${room}`, {}),
      async (room: string) => act('kick', room),
    ],
    [
      'a banned knocker',
      async (room: string) => kim.ok('POST', `/knock/${room}`, {}),
      async (room: string) => act('ban', room),
    ],
    ['a ban out of the blue', async () => undefined, async (room: string) => act('ban', room)],
    ['a lifted ban', async (room: string) => act('ban', room), async (room: string) => act('unban', room)],
  ])('30: %s is told once, as one event and nothing of the room', async (_what, begin, end) => {
    const room = await knockRoom(owner, {
      initial_state: [
        { type: 'm.room.join_rules', content: { join_rule: 'knock' } },
        { type: 'm.room.history_visibility', content: { history_visibility: 'joined' } },
      ],
    });
    await begin(room);
    const { next_batch: since } = await sync(kim);
    await end(room);
    const news = await sync(kim, since);
    expect(inSections(news, room)).toEqual(['leave']);
    const { timeline, state } = news.rooms.leave[room];
    expect(timeline.events).toHaveLength(1);
    expect(timeline.events[0]).toMatchObject({ type: 'm.room.member', state_key: kim.userId });
    expect(state.events).toEqual([]);
    expect(inSections(await sync(kim, news.next_batch), room)).toEqual([]);
  });

  it('30: one’s own leave is seen where only members see the history, and nothing after it', async () => {
    const room = await joinedRoom();
    await owner.ok('PUT', `/rooms/${room}/state/m.room.history_visibility`, { history_visibility: 'joined' });
    const { next_batch: since } = await sync(kim);
    await rename(room, 'still seen');
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await rename(room, 'not seen');
    const { timeline } = (await sync(kim, since)).rooms.leave[room];
    expect(timeline.events.map(({ content }: News) => content)).toEqual([
      { name: 'still seen' },
      { membership: 'leave' },
    ]);
    expect(inSections(await sync(kim, since), room)).toEqual(['leave']);
  });

  it('a room that was joined and left again between two syncs is told as left', async () => {
    const { room_id: room } = await owner.ok('POST', '/createRoom', { preset: 'public_chat' });
    const { next_batch: since } = await sync(kim);
    for (let time = 0; time < 2; time += 1) {
      await kim.ok('POST', `/join/${room}`, {});
      await kim.ok('POST', `/rooms/${room}/leave`, {});
    }
    expect(inSections(await sync(kim, since), room)).toEqual(['leave']);
  });
});

describe('stripped state', () => {
  it.each(['10', '12'])(
    'of version %s is the listed state as it was, four keys each, one’s own event last',
    async (v) => {
      const room = await knockRoom(owner, { room_version: v, topic: 'knock', name: 'first' });
      await owner.ok('PUT', `/rooms/${room}/state/io.vestibule.secret`, { a: 1 });
      await kim.ok('POST', `/knock/${room}`, {});
      await rename(room, 'second');
      const { events } = (await sync(kim)).rooms.knock[room].knock_state;
      expect(typesOf(events).slice(0, -1).toSorted()).toEqual([
        'm.room.create',
        'm.room.join_rules',
        'm.room.name',
        'm.room.topic',
      ]);
      expect(events.find(({ type }: News) => type === 'm.room.name').content, 'as it was').toEqual({ name: 'first' });
      expect(events.at(-1)).toEqual({
        type: 'm.room.member',
        state_key: kim.userId,
        sender: kim.userId,
        content: { membership: 'knock' },
      });
      for (const event of events) {
        const timed = v === '12' && event.type === 'm.room.create' ? ['origin_server_ts'] : [];
        expect(Object.keys(event).toSorted()).toEqual(['content', 'sender', 'state_key', 'type', ...timed].toSorted());
      }
    },
  );

  it('is told again when it is renewed with other words, and not when it is said again', async () => {
    const room = await knockRoom(owner);
    let since = (await sync(kim)).next_batch;
    const told = async (section: 'knock' | 'invite'): Promise<unknown> => {
      const news = await sync(kim, since);
      since = news.next_batch;
      const events = news.rooms[section][room]?.[`${section}_state`].events ?? [];
      return events.at(-1)?.content.reason;
    };
    for (const [reason, seen] of [
      ['one', 'one'],
      ['two', 'two'],
      ['two', undefined],
    ]) {
      await kim.ok('POST', `/knock/${room}`, { reason });
      expect(await told('knock')).toBe(seen);
    }
    for (const [reason, seen] of [
      ['come', 'come'],
      ['do come', 'do come'],
      ['do come', undefined],
    ]) {
      await act('invite', room, { reason });
      expect(await told('invite')).toBe(seen);
    }
  });

  it('is told to nobody else', async () => {
    const room = await knockRoom(owner);
    await kim.ok('POST', `/knock/${room}`, {});
    const { next_batch } = await sync(owner);
    await act('invite', room);
    const seen = JSON.stringify([await sync(owner, next_batch), await owner.ok('GET', `/rooms/${room}/state`)]);
    for (const key of ['invite_room_state', 'knock_room_state', 'invite_state', 'knock_state'])
      expect(seen).not.toContain(`"${key}"`);
  });
});

it('a knock that is taken back after everybody left the room: the leave is in the state after the timeline as well', async () => {
  const room = await knockRoom(owner);
  await kim.ok('POST', `/knock/${room}`, {});
  const { next_batch } = await sync(kim);
  await owner.ok('POST', `/rooms/${room}/leave`, {});
  await kim.ok('POST', `/rooms/${room}/leave`, {});
  const { timeline, state_after } = (await sync(kim, next_batch, '&use_state_after=true')).rooms.leave[room];
  const own = { type: 'm.room.member', state_key: kim.userId, content: { membership: 'leave' } };
  expect(timeline.events).toMatchObject([own]);
  expect(state_after.events).toMatchObject([own]);
});
