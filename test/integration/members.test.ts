/** The members of a room, the rooms of a member: whole, exact and for those alone who may know (PROTOCOL §1.3, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, publicRoom, request, type Answer, type Client } from '../support/client.ts';
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

const members = async (client: Client, room: string, query = ''): Promise<readonly News[]> =>
  (await client.ok('GET', `/rooms/${room}/members${query}`)).chunk;
const putMember = (client: Client, room: string, content: object) =>
  client.ok('PUT', `/rooms/${room}/state/m.room.member/${client.userId}`, { membership: 'join', ...content });

/** Without what passes with time. */
const timeless = ({ unsigned, ...event }: News): object => {
  const { age, ...rest } = unsigned;
  expect(age).toBeGreaterThanOrEqual(0);
  return { ...event, unsigned: rest };
};

describe('the members of a room', () => {
  it('are the events that are told one by one as well, whatever is in them', async () => {
    const creation_content = { depth: { depth: 1 }, content: { content: {} }, 'io.vestibule.x': '{' };
    const room = await openRoom({ creation_content }, kim, lee);
    const [nul, quotes, braces, plain] = await story.people('nul', 'quotes', 'braces', 'plain');
    for (const client of [nul, quotes, braces, plain]) await client.ok('POST', `/join/${room}`, {});
    await owner.ok('PUT', `/rooms/${room}/state/io.vestibule.x/`, { content: { depth: {}, event: {} }, event: {} });
    await putMember(braces, room, { displayname: '},"depth":1,"event":{}}', event: {}, depth: { content: {} } });
    await putMember(kim, room, { displayname: 'Kim \u{1f6aa} \u2028', 'io.vestibule.x': { deep: [1, { a: null }] } });
    await putMember(nul, room, { displayname: 'NUL \u0000 in a name', avatar_url: 'mxc://here/\u0000' });
    await putMember(quotes, room, { displayname: '"quoted" \\u0000 \\ {"a":1}', membership: 'join' });
    await putMember(plain, room, {});
    await lee.ok('POST', `/rooms/${room}/leave`, { reason: '\\"}' });
    const told = await members(owner, room);
    expect(told).toHaveLength(7);
    for (const event of told) {
      const path = `/rooms/${room}/state/m.room.member/${encodeURIComponent(event.state_key)}?format=event`;
      expect(timeless(event)).toEqual(timeless(await owner.ok('GET', path)));
    }
    const state: readonly News[] = await owner.ok('GET', `/rooms/${room}/state`);
    for (const event of state) {
      const path = `/rooms/${room}/state/${event.type}/${encodeURIComponent(event.state_key)}?format=event`;
      expect(timeless(event)).toEqual(timeless(await owner.ok('GET', path)));
    }
    expect(state.filter(({ type }) => type === 'm.room.member')).toHaveLength(told.length);
  });

  it('whose words were redacted are told with what took them', async () => {
    const room = await openRoom({}, kim, lee);
    for (const [client, content] of [
      [kim, { displayname: 'Kim' }],
      [lee, {}],
    ] as const) {
      const { event_id } = await putMember(client, room, content);
      await owner.ok('PUT', `/rooms/${room}/redact/${event_id}/${event_id}`, { reason: 'no names' });
    }
    const told = (await members(owner, room)).filter(({ state_key }) => state_key !== owner.userId);
    expect(told.map(({ content }) => content)).toEqual([{ membership: 'join' }, { membership: 'join' }]);
    for (const { unsigned } of told)
      expect(unsigned.redacted_because).toMatchObject({ sender: owner.userId, content: { reason: 'no names' } });
    expect((await owner.ok('GET', `/rooms/${room}/joined_members`)).joined[kim.userId]).toEqual({});
  });

  it('of thousands are each told once', async () => {
    const room = await openRoom();
    // Rows of the log as so many joins would have made them, but for their signatures, which nobody reads here.
    await story.rows(
      `with self as (select e.*, c.content, s.since from room_state s join events e on e.room_id = s.room_id and e.position = s.event
                       left join event_content c on c.room_id = e.room_id and c.event = e.position
                      where s.room_id = $1 and s.state_key = $2),
            made as (insert into events (room_id, position, event_id, type, state_key, sender, depth, origin_server_ts, origin, received_at, auth, words, proof)
                     select room_id, 1000000 + n, event_id || n, type, '@member' || n || ':localhost:8448', '@member' || n || ':localhost:8448',
                            depth, origin_server_ts, origin, received_at, auth, false, proof from self, generate_series(1, 2345) n returning room_id, position, type, state_key)
       insert into room_state (room_id, type, state_key, event, membership, since)
       select room_id, type, state_key, position, 'join', 1 from made`,
      [room, owner.userId],
    );
    const told = await members(owner, room);
    expect(new Set(told.map(({ state_key }) => state_key)).size).toBe(2346);
    expect(told).toHaveLength(2346);
    expect(Object.keys((await owner.ok('GET', `/rooms/${room}/joined_members`)).joined)).toHaveLength(2346);
    expect(await members(owner, room, '?membership=knock')).toEqual([]);
    expect(await owner.ok('GET', `/rooms/${room}/state`)).toHaveLength(2346 + 5);
  });

  it('29: are those of one’s departure, then and before it, and picked the same way', async () => {
    const room = await openRoom({}, kim);
    const { next_batch: before } = await kim.ok('GET', '/sync');
    await lee.ok('POST', `/join/${room}`, {});
    await lee.ok('POST', `/rooms/${room}/leave`, {});
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await lee.ok('POST', `/join/${room}`, {});
    const ids = async (query: string): Promise<readonly string[]> => {
      const keys: readonly string[] = (await members(kim, room, query)).map(({ state_key }) => state_key);
      return keys.toSorted();
    };
    expect(await ids('')).toEqual([kim.userId, lee.userId, owner.userId]);
    expect(await ids('?membership=join')).toEqual([owner.userId]);
    expect(await ids('?not_membership=join')).toEqual([kim.userId, lee.userId]);
    expect(await ids(`?at=${before}&membership=join`)).toEqual([kim.userId, owner.userId]);
    expect(await ids(`?at=${before}&membership=leave`)).toEqual([]);
  });

  it('31: are nobody’s who forgot the room', async () => {
    const room = await openRoom({}, kim);
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    await kim.ok('POST', `/rooms/${room}/forget`);
    for (const path of ['members', 'joined_members', 'state', 'messages?dir=b'])
      expectRefusal(await kim.call('GET', `/rooms/${room}/${path}`), 403, 'M_FORBIDDEN', path);
  });
});

describe('the joined members', () => {
  it('are told by name and picture, to members alone', async () => {
    const room = await openRoom({}, kim, lee);
    await putMember(kim, room, { displayname: 'Kim "K" \u0000', avatar_url: 'mxc://here/kim' });
    await putMember(lee, room, { displayname: 'Lee', avatar_url: 'mxc://here/lee' });
    const { joined } = await kim.ok('GET', `/rooms/${room}/joined_members`);
    expect(joined[kim.userId]).toEqual({ display_name: 'Kim "K" \u0000', avatar_url: 'mxc://here/kim' });
    expect(joined[lee.userId]).toEqual({ display_name: 'Lee', avatar_url: 'mxc://here/lee' });
    expect(Object.keys(joined).toSorted()).toEqual([kim.userId, lee.userId, owner.userId]);
    await lee.ok('POST', `/rooms/${room}/leave`, {});
    expect(Object.keys((await kim.ok('GET', `/rooms/${room}/joined_members`)).joined)).not.toContain(lee.userId);
    expectRefusal(await lee.call('GET', `/rooms/${room}/joined_members`), 403, 'M_FORBIDDEN');
    const door = await knockRoom(owner);
    await kim.ok('POST', `/knock/${door}`, {});
    expectRefusal(await kim.call('GET', `/rooms/${door}/joined_members`), 403, 'M_FORBIDDEN');
    expectRefusal(await kim.call('GET', `/rooms/!${'x'.repeat(43)}/joined_members`), 403, 'M_FORBIDDEN');
    expectRefusal(await request(story.url, 'GET', `/rooms/${room}/joined_members`), 401, 'M_MISSING_TOKEN');
  });
});

describe('the joined rooms', () => {
  it('are those that one is in: none that one knocks on, is invited to, or left', async () => {
    const [mia] = await story.people('mia');
    expect(await mia.ok('GET', '/joined_rooms')).toEqual({ joined_rooms: [] });
    const [one, two, left] = [await openRoom({}, mia), await openRoom({}, mia), await openRoom({}, mia)];
    await mia.ok('POST', `/rooms/${left}/leave`, {});
    const door = await knockRoom(owner);
    await mia.ok('POST', `/knock/${door}`, {});
    await owner.ok('POST', `/rooms/${await knockRoom(owner)}/invite`, { user_id: mia.userId });
    expect((await mia.ok('GET', '/joined_rooms')).joined_rooms.toSorted()).toEqual([one, two].toSorted());
  });
});
