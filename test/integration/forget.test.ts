/** Forgetting a room that one is out of (PROTOCOL §1.3, §1.5, §8 31). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, request, type Answer, type Client } from '../support/client.ts';
import { expectRefusal, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim] = await story.people('owner', 'kim');
});

afterAll(() => story.close());

const tell = (room: string, act: string) => owner.ok('POST', `/rooms/${room}/${act}`, { user_id: kim.userId });
const forget = (room: string, client = kim): Promise<Answer> => client.call('POST', `/rooms/${room}/forget`);
const forgotten = async (room: string) => expect(await forget(room)).toMatchObject({ status: 200, body: {} });
const WITH_LEFT = encodeURIComponent('{"room":{"include_leave":true}}');
const left = async (query: string) => (await kim.ok('GET', `/sync?${query}`)).rooms.leave;
const READS = ['/messages?dir=b', '/members', '/state', '/state/m.room.create'];

async function leftRoom(): Promise<string> {
  const room = await knockRoom(owner, { preset: 'public_chat', initial_state: [] });
  await kim.ok('POST', `/join/${room}`, {});
  await kim.ok('POST', `/rooms/${room}/leave`, {});
  return room;
}

describe('31: a room', () => {
  it('is not forgotten while one is joined, invited or knocking', async () => {
    const room = await knockRoom(owner);
    await kim.ok('POST', `/knock/${room}`, {});
    expectRefusal(await forget(room), 400, 'M_UNKNOWN');
    await tell(room, 'invite');
    expectRefusal(await forget(room), 400, 'M_UNKNOWN');
    await kim.ok('POST', `/join/${room}`, {});
    expectRefusal(await forget(room), 400, 'M_UNKNOWN');
    expect(await story.rows('select from forgotten_rooms where room_id = $1', [room])).toEqual([]);
  });

  it('that one never had to do with is the same as one that does not exist', async () => {
    const room = await knockRoom(owner);
    for (const id of [room, '!none:localhost:8448']) expectRefusal(await forget(id), 403, 'M_FORBIDDEN', id);
    expectRefusal(await forget('no-room'), 400, 'M_INVALID_PARAM');
    expectRefusal(await request(story.url, 'POST', `/rooms/${room}/forget`), 401, 'M_MISSING_TOKEN');
  });

  it('is readable after one left, and not after one forgot it, once and again', async () => {
    const room = await leftRoom();
    for (const path of READS) await kim.ok('GET', `/rooms/${room}${path}`);
    expect(Object.keys(await left(`filter=${WITH_LEFT}`))).toContain(room);
    for (let n = 0; n < 2; n += 1) {
      await forgotten(room);
      for (const path of READS) expectRefusal(await kim.call('GET', `/rooms/${room}${path}`), 403, 'M_FORBIDDEN', path);
      expect(Object.keys(await left(`filter=${WITH_LEFT}`))).not.toContain(room);
    }
    // To others it is what it was.
    expectRefusal(await forget(room, owner), 400, 'M_UNKNOWN');
    await owner.ok('GET', `/rooms/${room}/messages?dir=b`);
  });

  it('shows its leave in a sync that spans it, and then never', async () => {
    const room = await knockRoom(owner, { preset: 'public_chat', initial_state: [] });
    await kim.ok('POST', `/join/${room}`, {});
    const { next_batch: since } = await kim.ok('GET', '/sync');
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await forgotten(room);
    const news = await kim.ok('GET', `/sync?since=${since}`);
    expect(news.rooms.leave[room].timeline.events.at(-1)).toMatchObject({ content: { membership: 'leave' } });
    expect(await left(`since=${news.next_batch}`)).toEqual({});
    expect(Object.keys(await left(`since=${news.next_batch}&full_state=true&filter=${WITH_LEFT}`))).not.toContain(room);
  });

  it.each([
    ['invite', 'invite', () => undefined],
    ['join', 'join', (room: string) => kim.ok('POST', `/join/${room}`, {})],
  ])('is back with an %s', async (_, section, act) => {
    const room = await leftRoom();
    await forgotten(room);
    const { next_batch: since } = await kim.ok('GET', '/sync');
    await tell(room, 'invite');
    await act(room);
    for (const query of ['', `since=${since}`])
      expect(Object.keys((await kim.ok('GET', `/sync?${query}`)).rooms[section])).toContain(room);
    // Whoever is out again has not forgotten it: what they saw of it is there again.
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    for (const path of READS) await kim.ok('GET', `/rooms/${room}${path}`);
    expect(Object.keys(await left(`filter=${WITH_LEFT}`))).toContain(room);
    await forgotten(room);
    expectRefusal(await kim.call('GET', `/rooms/${room}/members`), 403, 'M_FORBIDDEN');
  });

  it('is back with a knock, also with one that is rejected', async () => {
    const room = await knockRoom(owner);
    await kim.ok('POST', `/knock/${room}`, {});
    await tell(room, 'kick');
    await forgotten(room);
    expect(Object.keys(await left(`filter=${WITH_LEFT}`))).not.toContain(room);
    await kim.ok('POST', `/knock/${room}`, {});
    expect(Object.keys((await kim.ok('GET', '/sync')).rooms.knock)).toContain(room);
    await tell(room, 'kick');
    expect(Object.keys(await left(`filter=${WITH_LEFT}`))).toContain(room);
  });

  it('stays forgotten when one is banned from it, and when the server restarts', async () => {
    const room = await leftRoom();
    await forgotten(room);
    await tell(room, 'ban');
    expectRefusal(await kim.call('GET', `/rooms/${room}/messages?dir=b`), 403, 'M_FORBIDDEN');
    expect(Object.keys(await left(`filter=${WITH_LEFT}`))).not.toContain(room);
    await forgotten(room);
    await story.restart();
    expectRefusal(await kim.call('GET', `/rooms/${room}/messages?dir=b`), 403, 'M_FORBIDDEN');
  });

  it('that everybody may read is to those who forgot it what it is to strangers', async () => {
    const room = await leftRoom();
    const path = `/rooms/${room}/state/m.room.history_visibility`;
    await owner.ok('PUT', path, { history_visibility: 'world_readable' });
    await owner.ok('PUT', `/rooms/${room}/state/m.room.name`, { name: 'afterwards' });
    const name = `/rooms/${room}/state/m.room.name`;
    expect(await kim.ok('GET', name)).toEqual({ name: 'The door' });
    await forgotten(room);
    expect(await kim.ok('GET', name)).toEqual({ name: 'afterwards' });
  });
});
