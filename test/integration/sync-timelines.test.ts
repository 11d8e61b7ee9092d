/** Timelines and the state beside them: what is cut, where a client goes on, what a filter asks for (PROTOCOL §1.5, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, publicRoom, type Answer, type Client } from '../support/client.ts';
import { openStory, type Story } from '../support/story.ts';
import { fold, NOTHING_KNOWN, syncOn } from '../support/sync-fold.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

type News = Answer['body'];

const joinedRoom = (options: object = {}): Promise<string> => publicRoom(owner, [kim], options);

const note = (room: string, n: number, key = '') =>
  owner.ok('PUT', `/rooms/${room}/state/io.vestibule.note/${key}`, { n });
const filterOf = (room: object): string => `&filter=${encodeURIComponent(JSON.stringify({ room }))}`;
const limited = (limit: number): string => filterOf({ timeline: { limit } });
const numbers = (events: readonly News[]) => events.flatMap(({ content }) => content.n ?? []);

describe('a timeline', () => {
  it('holds the newest ten events by default, says that it was cut, and where', async () => {
    const room = await joinedRoom();
    const { next_batch: since } = await kim.ok('GET', '/sync');
    for (let n = 1; n <= 9; n += 1) await note(room, n);
    const whole = (await kim.ok('GET', `/sync?since=${since}`)).rooms.join[room].timeline;
    expect({ limited: whole.limited, notes: numbers(whole.events) }).toEqual({
      limited: false,
      notes: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    });
    for (let n = 10; n <= 12; n += 1) await note(room, n);
    const cut = (await kim.ok('GET', `/sync?since=${since}`)).rooms.join[room].timeline;
    expect({ limited: cut.limited, notes: numbers(cut.events) }).toEqual({
      limited: true,
      notes: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    });
    expect(cut.prev_batch).toMatch(/^t\d+_0$/);
  });

  it('says of each state event what it took the place of', async () => {
    const room = await joinedRoom();
    const first = await note(room, 1);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    await note(room, 2);
    const [event] = (await kim.ok('GET', `/sync?since=${since}`)).rooms.join[room].timeline.events;
    expect(event.unsigned).toMatchObject({ prev_content: { n: 1 }, replaces_state: first.event_id });
    expect(event.unsigned.age).toBeGreaterThanOrEqual(0);
  });

  it('says whether it was an invite or a knock that ended, to whom it was, whatever they see of the history', async () => {
    for (const [began, ended] of [
      ['invite', 'leave'],
      ['invite', 'kick'],
      ['knock', 'leave'],
      ['knock', 'kick'],
      ['knock', 'ban'],
    ] as const) {
      const room = await knockRoom(owner, {
        initial_state: [
          { type: 'm.room.join_rules', content: { join_rule: 'knock' } },
          { type: 'm.room.history_visibility', content: { history_visibility: 'joined' } },
        ],
      });
      if (began === 'knock') await kim.ok('POST', `/knock/${room}`, { reason: 'I sing' });
      else await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId, reason: 'I sing' });
      const { next_batch: since } = await kim.ok('GET', '/sync');
      const who = ended === 'leave' ? kim : owner;
      await who.ok('POST', `/rooms/${room}/${ended}`, ended === 'leave' ? {} : { user_id: kim.userId });
      const [event, ...more] = (await kim.ok('GET', `/sync?since=${since}`)).rooms.leave[room].timeline.events;
      expect(more, `${began}, ${ended}`).toEqual([]);
      expect(event.unsigned, `${began}, ${ended}`).toMatchObject({
        replaces_state: expect.any(String),
        prev_content: { membership: began, reason: 'I sing' },
      });
    }
  });

  it('before one’s joining is seen where the history is shared, and only from the joining where it is not', async () => {
    for (const [history_visibility, seen] of [
      ['shared', [1, 2]],
      ['invited', [2]],
      ['joined', [2]],
    ] as const) {
      const content = { history_visibility };
      const { room_id: room } = await owner.ok('POST', '/createRoom', {
        preset: 'public_chat',
        initial_state: [{ type: 'm.room.history_visibility', content }],
      });
      await note(room, 1, 'early');
      await kim.ok('POST', `/join/${room}`, {});
      await note(room, 2, 'late');
      const { timeline, state } = (await kim.ok('GET', '/sync')).rooms.join[room];
      expect(numbers(timeline.events), history_visibility).toEqual(seen);
      const hidden = history_visibility !== 'shared';
      expect(timeline.limited, history_visibility).toBe(hidden);
      expect(numbers(state.events), 'what is not seen as an event is known as state').toEqual(hidden ? [1] : []);
    }
  });
});

describe('the state beside a timeline', () => {
  it('56: brings every change that the timeline does not, of a gap and of a filter', async () => {
    const room = await joinedRoom();
    const known = await syncOn(kim, NOTHING_KNOWN);
    for (let n = 1; n <= 6; n += 1) await note(room, n, `key${n % 3}`);
    const whole = new Map(
      [0, 1, 2].map((key) => [`io.vestibule.note key${key}`, JSON.stringify({ n: key + (key === 0 ? 6 : 3) })]),
    );
    for (const limit of [0, 1, 2, 5]) {
      const news = await kim.ok('GET', `/sync?since=${known.since}${limited(limit)}`);
      const { timeline, state } = news.rooms.join[room];
      expect(timeline.events, `limit ${limit}`).toHaveLength(limit);
      expect(timeline.limited, `limit ${limit}`).toBe(true);
      expect(
        new Set([...numbers(state.events), ...numbers(timeline.events)]).size,
        `limit ${limit}`,
      ).toBeGreaterThanOrEqual(3);
      const after = fold(known, news).rooms.get(room)!.state;
      for (const [key, content] of whole) expect(after.get(key), `limit ${limit}, ${key}`).toBe(content);
    }
  });

  it('is that of the start of the timeline, or with use_state_after that of its end', async () => {
    const room = await joinedRoom();
    for (const n of [1, 2]) await note(room, n);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    for (const n of [3, 4, 5]) await note(room, n);
    const before = (await kim.ok('GET', `/sync?since=${since}${limited(1)}`)).rooms.join[room];
    expect(numbers(before.state.events)).toEqual([4]);
    const after = (await kim.ok('GET', `/sync?since=${since}&use_state_after=true${limited(1)}`)).rooms.join[room];
    expect(after).not.toHaveProperty('state');
    expect(numbers(after.state_after.events)).toEqual([5]);
    const first = (await kim.ok('GET', `/sync?use_state_after=true${limited(1)}`)).rooms.join[room];
    expect(numbers(first.state_after.events)).toEqual([5]);
  });

  it('56: is not overtaken by an earlier event of the timeline where the last one is not for this user to see', async () => {
    const { room_id: room } = await owner.ok('POST', '/createRoom', { preset: 'public_chat' });
    const visible = (history_visibility: string) =>
      owner.ok('PUT', `/rooms/${room}/state/m.room.history_visibility/`, { history_visibility });
    await note(room, 1);
    await note(room, 7, 'other');
    await visible('joined');
    await note(room, 2);
    await visible('shared');
    await kim.ok('POST', `/join/${room}`, {});
    const news = await kim.ok('GET', '/sync');
    const { timeline } = news.rooms.join[room];
    expect(timeline.limited).toBe(true);
    expect(numbers(timeline.events)).toEqual([7]);
    const { state } = fold(NOTHING_KNOWN, news).rooms.get(room)!;
    expect(state.get('io.vestibule.note ')).toBe('{"n":2}');
    const after = (await kim.ok('GET', '/sync?use_state_after=true')).rooms.join[room];
    expect(numbers(after.timeline.events), 'the state after holds whatever the timeline says').toEqual([1, 7]);
  });

  it('is whole on a first sync and on full_state, and only then', async () => {
    const room = await joinedRoom({ name: 'whole' });
    const { next_batch: since } = await kim.ok('GET', '/sync');
    const first = fold(NOTHING_KNOWN, await kim.ok('GET', '/sync')).rooms.get(room)!.state;
    const again = await kim.ok('GET', `/sync?since=${since}&full_state=true&timeout=30000`);
    expect(again.rooms.join[room].timeline).toMatchObject({ events: [], limited: false });
    expect(fold(NOTHING_KNOWN, again).rooms.get(room)!.state).toEqual(first);
    expect(first.get('m.room.name ')).toBe('{"name":"whole"}');
    await note(room, 1);
    const next = (await kim.ok('GET', `/sync?since=${since}`)).rooms.join[room];
    expect(next.state.events).toEqual([]);
    expect(next.timeline.events).toHaveLength(1);
  });

  it('of a room one came back to covers the time away', async () => {
    const room = await joinedRoom();
    const known = await syncOn(kim, NOTHING_KNOWN);
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    for (let n = 1; n <= 15; n += 1) await note(room, n, `key${n}`);
    await kim.ok('POST', `/join/${room}`, {});
    const state = (await syncOn(kim, known)).rooms.get(room)!.state;
    expect(state).toEqual((await syncOn(kim, NOTHING_KNOWN)).rooms.get(room)!.state);
    expect(state.get('io.vestibule.note key1')).toBe('{"n":1}');
  });
});

describe('a filter', () => {
  it('picks rooms, and passes over what this server need not heed', async () => {
    const [one, two] = [await joinedRoom(), await joinedRoom()];
    const joined = async (room: object) => Object.keys((await kim.ok('GET', `/sync?${filterOf(room)}`)).rooms.join);
    expect(await joined({ rooms: [one] })).toEqual([one]);
    expect(await joined({ rooms: [] })).toEqual([]);
    expect(await joined({ not_rooms: [one] })).toContain(two);
    expect(await joined({ not_rooms: [one] })).not.toContain(one);
    expect(await joined({ rooms: [one], not_rooms: [one] })).toEqual([]);
    const lazy = { state: { lazy_load_members: true, types: [] }, ephemeral: { limit: 0 }, 'io.vestibule.x': [1] };
    expect(await joined({ ...lazy, rooms: [two] })).toEqual([two]);
  });

  it('keeps what it leaves out from waking a sync', async () => {
    const room = await joinedRoom();
    const { next_batch: since } = await kim.ok('GET', '/sync');
    await note(room, 1);
    const news = await kim.ok('GET', `/sync?since=${since}&timeout=300${filterOf({ not_rooms: [room] })}`);
    expect(news.rooms.join).toEqual({});
    expect((await kim.ok('GET', `/sync?since=${since}`)).rooms.join).toHaveProperty([room]);
  });
});

describe('a summary', () => {
  it('counts who is in and invited, and names people only where the room has no name', async () => {
    const [lee] = await story.people('lee');
    const { room_id: room } = await owner.ok('POST', '/createRoom', { preset: 'public_chat', invite: [lee.userId] });
    await kim.ok('POST', `/join/${room}`, {});
    const summaryOf = async () => (await kim.ok('GET', '/sync')).rooms.join[room].summary;
    const counts = { 'm.joined_member_count': 2, 'm.invited_member_count': 1 };
    expect(await summaryOf()).toEqual({ ...counts, 'm.heroes': [owner.userId, lee.userId] });
    await owner.ok('PUT', `/rooms/${room}/state/m.room.name`, { name: 'named' });
    expect(await summaryOf()).toEqual(counts);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    await owner.ok('PUT', `/rooms/${room}/state/m.room.name`, {});
    const { summary } = (await kim.ok('GET', `/sync?since=${since}`)).rooms.join[room];
    expect(summary, 'told again when the name is gone').toEqual({ ...counts, 'm.heroes': [owner.userId, lee.userId] });
  });
});
