/** Reading and writing a room's state: who may, in which shape, and what those see who are gone (PROTOCOL §1.3, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, publicRoom, request, type Client } from '../support/client.ts';
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

const openRoom = (...members: readonly Client[]): Promise<string> => publicRoom(owner, members, { name: 'before' });

const rename = (by: Client, room: string, name: string) => by.call('PUT', `/rooms/${room}/state/m.room.name`, { name });
const memberIds = async (by: Client, room: string, query = ''): Promise<readonly string[]> => {
  const { chunk } = await by.ok('GET', `/rooms/${room}/members${query}`);
  return chunk.map((event: { state_key: string }) => event.state_key).toSorted();
};

describe('a state event', () => {
  it('is written and read under its key, the empty one with or without its slash, as content or as the event', async () => {
    const room = await openRoom();
    const { event_id } = await owner.ok('PUT', `/rooms/${room}/state/io.vestibule.note/`, { text: 'a' });
    await owner.ok('PUT', `/rooms/${room}/state/io.vestibule.note/%2Fkey%20%23`, { text: 'b' });
    for (const path of ['io.vestibule.note', 'io.vestibule.note/', 'io.vestibule.note?format=content'])
      expect(await owner.ok('GET', `/rooms/${room}/state/${path}`), path).toEqual({ text: 'a' });
    expect(await owner.ok('GET', `/rooms/${room}/state/io.vestibule.note/%2Fkey%20%23`)).toEqual({ text: 'b' });
    const event = await owner.ok('GET', `/rooms/${room}/state/io.vestibule.note?format=event`);
    expect(event).toMatchObject({
      event_id,
      room_id: room,
      sender: owner.userId,
      type: 'io.vestibule.note',
      state_key: '',
    });
    expect(Object.keys(event).toSorted()).toEqual(
      ['content', 'event_id', 'origin_server_ts', 'room_id', 'sender', 'state_key', 'type', 'unsigned'].toSorted(),
    );
    expectRefusal(await owner.call('GET', `/rooms/${room}/state/io.vestibule.note/other`), 404, 'M_NOT_FOUND');
    expectRefusal(await owner.call('GET', `/rooms/${room}/state/io.vestibule.note?format=xml`), 400, 'M_INVALID_PARAM');
  });

  it('under a user id is that user’s alone', async () => {
    const room = await openRoom(kim);
    const levels = await owner.ok('GET', `/rooms/${room}/state/m.room.power_levels`);
    await owner.ok('PUT', `/rooms/${room}/state/m.room.power_levels`, { ...levels, state_default: 0 });
    await kim.ok('PUT', `/rooms/${room}/state/io.vestibule.note/${kim.userId}`, {});
    expectRefusal(
      await kim.call('PUT', `/rooms/${room}/state/io.vestibule.note/${owner.userId}`, {}),
      403,
      'M_FORBIDDEN',
    );
    expectRefusal(
      await owner.call('PUT', `/rooms/${room}/state/io.vestibule.note/${kim.userId}`, {}),
      403,
      'M_FORBIDDEN',
    );
  });

  it('needs the power for it, and a place in the room', async () => {
    const room = await openRoom(kim);
    expectRefusal(await rename(kim, room, 'mine'), 403, 'M_FORBIDDEN');
    expectRefusal(await rename(lee, room, 'mine'), 403, 'M_FORBIDDEN');
    expect((await rename(owner, room, 'ours')).status).toBe(200);
  });

  it('beyond the sizes is refused: 65,000 bytes of an event, 255 of its names', async () => {
    const room = await openRoom();
    const put = (path: string, content: object) => owner.call('PUT', `/rooms/${room}/state/${path}`, content);
    expectRefusal(await put('io.vestibule.big', { text: 'x'.repeat(65_000) }), 413, 'M_TOO_LARGE');
    expect((await put('io.vestibule.big', { text: 'x'.repeat(63_000) })).status).toBe(200);
    expectRefusal(await put('x'.repeat(256), {}), 413, 'M_TOO_LARGE');
    expectRefusal(await put(`t/${'%C3%BC'.repeat(128)}`, {}), 413, 'M_TOO_LARGE', 'bytes, not characters');
    expect((await put(`t/${'%C3%BC'.repeat(127)}`, {})).status).toBe(200);
  });

  it('of the members is a membership act, and nothing else', async () => {
    const room = await openRoom(kim);
    const put = (key: string, content: object) =>
      owner.call('PUT', `/rooms/${room}/state/m.room.member/${key}`, content);
    for (const content of [
      {},
      { membership: 'sleep' },
      { membership: 1 },
      { membership: null },
      { membership: 'JOIN' },
    ])
      expectRefusal(await put(owner.userId, content), 400, 'M_BAD_JSON', JSON.stringify(content));
    for (const wrong of [{ reason: 1 }, { reason: null }, { reason: {} }, { displayname: 1 }, { avatar_url: ['x'] }])
      expectRefusal(
        await put(owner.userId, { membership: 'join', ...wrong }),
        400,
        'M_BAD_JSON',
        JSON.stringify(wrong),
      );
    for (const key of ['', 'kim', '@kim', '!x:y'])
      expectRefusal(await put(key, { membership: 'invite' }), 400, 'M_INVALID_PARAM', key);
    for (const membership of ['join', 'knock'])
      expectRefusal(await put(lee.userId, { membership }), 403, 'M_FORBIDDEN', membership);
    const renamed = await put(owner.userId, { membership: 'join', displayname: 'The Owner' });
    expect(renamed.status).toBe(200);
    expect((await put(owner.userId, { membership: 'join', displayname: 'The Owner' })).body).toEqual(renamed.body);
    expect((await put(owner.userId, { membership: 'leave', reason: 'done' })).status).toBe(200);
    expect((await put(owner.userId, { membership: 'leave' })).status).toBe(200);
    expect(await memberIds(kim, room, '?membership=join')).toEqual([kim.userId]);
  });
});

describe('who reads the state', () => {
  it('29: somebody who left sees it as it was then: names, members, themselves; nothing later', async () => {
    const room = await openRoom(kim);
    const [mia] = await story.people('mia');
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await rename(owner, room, 'after');
    await mia.ok('POST', `/join/${room}`, {});
    await owner.ok('PUT', `/rooms/${room}/state/io.vestibule.note`, { text: 'later' });
    expect(await kim.ok('GET', `/rooms/${room}/state/m.room.name`)).toEqual({ name: 'before' });
    expectRefusal(await kim.call('GET', `/rooms/${room}/state/io.vestibule.note`), 404, 'M_NOT_FOUND');
    expect(await memberIds(kim, room)).toEqual([kim.userId, owner.userId].toSorted());
    expect(await memberIds(kim, room, '?membership=leave')).toEqual([kim.userId]);
    const state: { type: string; content: object }[] = await kim.ok('GET', `/rooms/${room}/state`);
    expect(state.find(({ type }) => type === 'm.room.name')?.content).toEqual({ name: 'before' });
    const { next_batch } = await owner.ok('GET', '/sync');
    expect(await memberIds(kim, room, `?at=${next_batch}`), 'a later point changes nothing').not.toContain(mia.userId);
  });

  it('those put out see it as it was then too; those who were never in it see nothing', async () => {
    const room = await openRoom(kim, lee);
    await owner.ok('POST', `/rooms/${room}/kick`, { user_id: kim.userId });
    await owner.ok('POST', `/rooms/${room}/ban`, { user_id: lee.userId });
    await rename(owner, room, 'after');
    for (const client of [kim, lee])
      expect(await client.ok('GET', `/rooms/${room}/state/m.room.name`)).toEqual({ name: 'before' });
    const [invited, banned, knocker] = await story.people('invited', 'banned', 'knocker');
    const door = await knockRoom(owner);
    await owner.ok('POST', `/rooms/${door}/invite`, { user_id: invited.userId });
    await owner.ok('POST', `/rooms/${door}/ban`, { user_id: banned.userId });
    await knocker.ok('POST', `/knock/${door}`, {});
    for (const client of [invited, banned, knocker]) {
      for (const path of ['state', 'state/m.room.name', 'members'])
        expectRefusal(await client.call('GET', `/rooms/${door}/${path}`), 403, 'M_FORBIDDEN', path);
    }
    await invited.ok('POST', `/rooms/${door}/leave`, {});
    expectRefusal(await invited.call('GET', `/rooms/${door}/state`), 403, 'M_FORBIDDEN', 'after declining');
  });

  it('anybody with an account, while the room is world readable', async () => {
    const room = await openRoom();
    const path = `/rooms/${room}/state/m.room.history_visibility`;
    expectRefusal(await lee.call('GET', `/rooms/${room}/state`), 403, 'M_FORBIDDEN');
    await owner.ok('PUT', path, { history_visibility: 'world_readable' });
    expect(await lee.ok('GET', `/rooms/${room}/state/m.room.name`)).toEqual({ name: 'before' });
    expect(await memberIds(lee, room)).toEqual([owner.userId]);
    expectRefusal(await request(story.url, 'GET', `/rooms/${room}/state`), 401, 'M_MISSING_TOKEN');
    await owner.ok('PUT', path, { history_visibility: 'shared' });
    expectRefusal(await lee.call('GET', `/rooms/${room}/members`), 403, 'M_FORBIDDEN');
  });
});

describe('the members of a room', () => {
  it('are picked by membership: one, all but one, or either', async () => {
    const room = await openRoom(kim, lee);
    const { next_batch: at } = await owner.ok('GET', '/sync');
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await owner.ok('POST', `/rooms/${room}/ban`, { user_id: lee.userId });
    const all = [kim.userId, lee.userId, owner.userId].toSorted();
    expect(await memberIds(owner, room)).toEqual(all);
    expect(await memberIds(owner, room, '?membership=ban')).toEqual([lee.userId]);
    expect(await memberIds(owner, room, '?not_membership=join')).toEqual([kim.userId, lee.userId].toSorted());
    expect(await memberIds(owner, room, '?membership=join&not_membership=leave')).toEqual(
      [lee.userId, owner.userId].toSorted(),
    );
    expect(await memberIds(owner, room, '?membership=knock')).toEqual([]);
    expect(await memberIds(owner, room, `?at=${at}&membership=join`)).toEqual(all);
    for (const query of ['membership=sleep', 'not_membership=', 'at=', 'at=x5', 'at=s-1', 'at=s1&at=s2'])
      expectRefusal(await owner.call('GET', `/rooms/${room}/members?${query}`), 400, 'M_INVALID_PARAM', query);
  });
});
