/** One event of a room, and what was said around it: who may see it, and what stands in the answer (PROTOCOL §1.3, §1.6, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, publicRoom, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

type News = Answer['body'];

const openRoom = (options: object = {}, ...members: readonly Client[]): Promise<string> =>
  publicRoom(owner, members, options);

const note = async (room: string, n: number, key = ''): Promise<string> =>
  (await owner.ok('PUT', `/rooms/${room}/state/io.vestibule.note/${key}`, { n })).event_id;
const visible = async (room: string, history_visibility: string): Promise<string> =>
  (await owner.ok('PUT', `/rooms/${room}/state/m.room.history_visibility`, { history_visibility })).event_id;
const memberEvent = async (room: string, userId: string): Promise<string> =>
  (await owner.ok('GET', `/rooms/${room}/state/m.room.member/${userId}?format=event`)).event_id;
const seen = (client: Client, room: string, eventId: string): Promise<Answer> =>
  client.call('GET', `/rooms/${room}/event/${eventId}`);
const context = (client: Client, room: string, eventId: string, query = ''): Promise<News> =>
  client.ok('GET', `/rooms/${room}/context/${eventId}${query}`);
const filterOf = (filter: object): string => `filter=${encodeURIComponent(JSON.stringify(filter))}`;
const numbers = (events: readonly News[]): readonly number[] => events.flatMap(({ content }) => content.n ?? []);

describe('an event by its id', () => {
  it('is shown whole to a member: its room, what it took the place of, what the reader was then', async () => {
    const room = await openRoom({}, kim);
    const first = await note(room, 1);
    const second = await note(room, 2);
    const { body } = await seen(kim, room, second);
    expect(body).toEqual({
      type: 'io.vestibule.note',
      state_key: '',
      sender: owner.userId,
      content: { n: 2 },
      event_id: second,
      room_id: room,
      origin_server_ts: expect.any(Number),
      unsigned: { age: expect.any(Number), prev_content: { n: 1 }, replaces_state: first, membership: 'join' },
    });
  });

  it('38: of the creation of a room of version 12 names the room', async () => {
    const room = await openRoom({ room_version: '12' }, kim);
    const { event_id } = await kim.ok('GET', `/rooms/${room}/state/m.room.create?format=event`);
    expect((await seen(kim, room, event_id)).body).toMatchObject({ type: 'm.room.create', room_id: room, event_id });
    expect((await context(kim, room, event_id)).event).toMatchObject({ room_id: room, event_id });
  });

  it('is 404 when it is unknown, of another room, or not for the caller to see, all alike', async () => {
    const [room, other] = [await openRoom({}, kim), await openRoom({}, kim)];
    const event = await note(room, 1);
    for (const path of [`event/$${'x'.repeat(43)}`, 'event/x', 'context/x', `context/$${'x'.repeat(43)}`])
      expectRefusal(await kim.call('GET', `/rooms/${room}/${path}`), 404, 'M_NOT_FOUND', path);
    for (const kind of ['event', 'context']) {
      expectRefusal(await kim.call('GET', `/rooms/${other}/${kind}/${event}`), 404, 'M_NOT_FOUND', kind);
      expectRefusal(await lee.call('GET', `/rooms/${room}/${kind}/${event}`), 404, 'M_NOT_FOUND', kind);
      expectRefusal(await kim.call('GET', `/rooms/!${'x'.repeat(43)}/${kind}/${event}`), 404, 'M_NOT_FOUND', kind);
    }
  });

  it('29: stays visible to those who left, and what came later is not', async () => {
    const room = await openRoom({}, kim);
    const before = await note(room, 1);
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    const after = await note(room, 2);
    expect((await seen(kim, room, before)).body.content).toEqual({ n: 1 });
    expectRefusal(await seen(kim, room, after), 404, 'M_NOT_FOUND');
    const own = (await seen(kim, room, await memberEvent(room, kim.userId))).body;
    expect(own.unsigned).toMatchObject({ membership: 'leave', prev_content: { membership: 'join' } });
  });

  it('of a change of the history’s visibility is seen when the old or the new value lets it be seen', async () => {
    const room = await openRoom();
    const opened = await visible(room, 'world_readable');
    const closed = await visible(room, 'joined');
    const closedAgain = await visible(room, 'invited');
    expect((await seen(lee, room, opened)).status).toBe(200);
    expect((await seen(lee, room, closed)).status).toBe(200);
    expectRefusal(await seen(lee, room, closedAgain), 404, 'M_NOT_FOUND');
  });

  it('30: of one’s own declined invite or rejected knock is seen, and of nobody else’s', async () => {
    const room = await knockRoom(owner);
    await kim.ok('POST', `/knock/${room}`, {});
    await lee.ok('POST', `/knock/${room}`, {});
    for (const { userId } of [kim, lee]) await owner.ok('POST', `/rooms/${room}/kick`, { user_id: userId });
    const [own, others] = [await memberEvent(room, kim.userId), await memberEvent(room, lee.userId)];
    expect((await seen(kim, room, own)).body.content.membership).toBe('leave');
    expectRefusal(await seen(kim, room, others), 404, 'M_NOT_FOUND');
  });
});

describe('the context of an event', () => {
  it('is half of the limit before it and half after, with tokens that go on, and the state at its end', async () => {
    const room = await openRoom({}, kim);
    const events: string[] = [];
    for (let n = 0; n < 12; n += 1) events.push(await note(room, n));
    const around = await context(kim, room, events[6]!, '?limit=4');
    expect(numbers(around.events_before)).toEqual([5, 4]);
    expect(around.event).toMatchObject({ event_id: events[6], content: { n: 6 } });
    expect(numbers(around.events_after)).toEqual([7, 8]);
    expect(around.state.find(({ type }: News) => type === 'io.vestibule.note').content).toEqual({ n: 8 });
    expect(around.state.map(({ room_id }: News) => room_id)).toEqual(around.state.map(() => room));
    const back = await kim.ok('GET', `/rooms/${room}/messages?dir=b&from=${around.start}&limit=2`);
    expect(numbers(back.chunk)).toEqual([4 - 1, 4 - 2]);
    const forth = await kim.ok('GET', `/rooms/${room}/messages?dir=f&from=${around.end}&limit=2`);
    expect(numbers(forth.chunk)).toEqual([9, 10]);
  });

  it('holds the event with a limit of none, more after it than before with an odd one, and ten by default', async () => {
    const room = await openRoom({}, kim);
    const events: string[] = [];
    for (let n = 0; n < 15; n += 1) events.push(await note(room, n));
    const sizes = async (query: string) => {
      const { events_before, events_after } = await context(kim, room, events[7]!, query);
      return [events_before.length, events_after.length];
    };
    expect(await sizes('')).toEqual([5, 5]);
    expect(await sizes('?limit=0')).toEqual([0, 0]);
    expect(await sizes('?limit=3')).toEqual([1, 2]);
    expect(await sizes('?limit=100000')).toEqual([7 + 7, 7]);
    expectRefusal(await kim.call('GET', `/rooms/${room}/context/${events[7]}?limit=x`), 400, 'M_INVALID_PARAM');
    expectRefusal(await kim.call('GET', `/rooms/${room}/context/${events[7]}?filter=x`), 400, 'M_INVALID_PARAM');
  });

  it('is filtered, the event itself excepted; lazily loaded members are those who spoke', async () => {
    const room = await openRoom({}, kim, lee);
    const event = await note(room, 1);
    await owner.ok('PUT', `/rooms/${room}/state/m.room.name`, { name: 'x' });
    await note(room, 2);
    const named = await context(kim, room, event, `?${filterOf({ types: ['m.room.name'] })}`);
    expect(named.events_after.map(({ type }: News) => type)).toEqual(['m.room.name']);
    expect(named.event.event_id).toBe(event);
    expect(named.state.map(({ type }: News) => type)).toEqual(['m.room.name']);
    const lazy = await context(kim, room, event, `?limit=0&${filterOf({ lazy_load_members: true })}`);
    const members = lazy.state.filter(({ type }: News) => type === 'm.room.member');
    expect(members.map(({ state_key }: News) => state_key)).toEqual([owner.userId]);
    expect(lazy.state.length).toBeGreaterThan(members.length);
  });

  it('29: ends at one’s departure, in its events and in its state', async () => {
    const room = await openRoom({}, kim);
    const event = await note(room, 1);
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await note(room, 2);
    await lee.ok('POST', `/join/${room}`, {});
    const around = await context(kim, room, event, '?limit=100');
    expect(around.events_after.map(({ state_key }: News) => state_key)).toEqual([kim.userId]);
    expect(JSON.stringify(around)).not.toContain(lee.userId);
    expect(around.state.find(({ type }: News) => type === 'io.vestibule.note').content).toEqual({ n: 1 });
    expect((await kim.ok('GET', `/rooms/${room}/messages?dir=f&from=${around.end}`)).chunk).toEqual([]);
  });

  it.each(['ban', 'kick'])('29: of one’s own %s after one’s departure brings the state as one left it', async (end) => {
    const room = await openRoom({}, kim);
    await note(room, 1);
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await note(room, 2);
    await lee.ok('POST', `/join/${room}`, {});
    if (end === 'kick') await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
    await owner.ok('POST', `/rooms/${room}/${end}`, { user_id: kim.userId });
    const around = await context(kim, room, await memberEvent(room, kim.userId));
    expect(JSON.stringify(around)).not.toContain(lee.userId);
    expect(numbers(around.state)).toEqual([1]);
  });

  it('brings no state to those who see the event and may not read the room', async () => {
    const room = await openRoom();
    const event = await visible(room, 'world_readable');
    expect((await context(lee, room, event)).state.length).toBeGreaterThan(5);
    await visible(room, 'shared');
    const { state, events_before } = await context(lee, room, event);
    expect({ state, events_before }).toEqual({ state: [], events_before: [] });
  });
});
