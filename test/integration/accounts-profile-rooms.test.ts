/** A new name or picture shows in every room where its owner is, whatever becomes of the server meanwhile (PROTOCOL §1.2, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
import { holdRoom } from '../support/held-room.ts';
import { openStory, type Story } from '../support/story.ts';

let story: Story;

beforeAll(async () => {
  story = await openStory();
});

afterAll(() => story.close());

const set = (client: Client, key: string, value: string) =>
  client.ok('PUT', `/profile/${client.userId}/${key}`, { [key]: value });
const memberIn = (reader: Client, room: string, member = reader) =>
  reader.ok('GET', `/rooms/${room}/state/m.room.member/${member.userId}`);
const owed = () => story.rows('select user_id, kind from aftercare');

/** How often a user's member event was written, and how many of them changed the membership. */
async function countsOf(room: string, { userId }: Client) {
  const [row] = await story.rows<{ events: number; transitions: number }>(
    `select (select count(*)::int4 from state_changes where room_id = $1 and type = 'm.room.member' and state_key = $2) as events,
            (select count(*)::int4 from transitions where room_id = $1 and user_id = $2) as transitions`,
    [room, userId],
  );
  return row!;
}

async function manyRooms(owner: Client, count: number): Promise<readonly string[]> {
  const rooms: string[] = [];
  for (let made = 0; made < count; made += 10)
    rooms.push(...(await Promise.all(Array.from({ length: 10 }, () => knockRoom(owner)))));
  return rooms;
}

describe('a new name and a new picture', () => {
  it('show in all rooms where their owner is joined when the call is answered, and are no transition', async () => {
    const [ada, bob] = await story.people('ada', 'bob');
    const rooms = [...(await manyRooms(ada, 110)), await knockRoom(bob, { preset: 'public_chat', initial_state: [] })];
    await ada.ok('POST', `/join/${rooms.at(-1)}`, {});
    const before = await countsOf(rooms[0]!, ada);
    await set(ada, 'displayname', 'Ada');
    for (const room of rooms) expect(await memberIn(ada, room)).toEqual({ membership: 'join', displayname: 'Ada' });
    await set(ada, 'avatar_url', 'mxc://example.org/ada');
    for (const room of rooms)
      expect(await memberIn(ada, room)).toEqual({
        ...{ membership: 'join', displayname: 'Ada', avatar_url: 'mxc://example.org/ada' },
      });
    expect(await countsOf(rooms[0]!, ada)).toEqual({ ...before, events: before.events + 2 });
    expect(await memberIn(bob, rooms.at(-1)!, ada)).toMatchObject({ displayname: 'Ada' });
    expect(await owed()).toEqual([]);
  });

  it('are left out when they are taken away, and change nothing when they are the same', async () => {
    const [eve] = await story.people('eve');
    const room = await knockRoom(eve);
    await set(eve, 'displayname', 'Eve');
    const before = await countsOf(room, eve);
    await set(eve, 'displayname', 'Eve');
    expect(await countsOf(room, eve)).toEqual(before);
    await eve.ok('DELETE', `/profile/${eve.userId}/displayname`);
    expect(await memberIn(eve, room)).toEqual({ membership: 'join' });
    await set(eve, 'm.tz', 'Asia/Tokyo');
    expect(await countsOf(room, eve)).toEqual({ ...before, events: before.events + 1 });
  });

  it('leave alone where their owner is not, or not yet', async () => {
    const [owner, guest] = await story.people('owner', 'guest');
    const [invited, knocked, left] = [await knockRoom(owner), await knockRoom(owner), await knockRoom(owner)];
    await owner.ok('POST', `/rooms/${invited}/invite`, { user_id: guest.userId });
    await guest.ok('POST', `/knock/${knocked}`, { reason: 'please' });
    await owner.ok('POST', `/rooms/${left}/invite`, { user_id: guest.userId });
    await guest.ok('POST', `/join/${left}`, {});
    await guest.ok('POST', `/rooms/${left}/leave`, {});
    await set(guest, 'displayname', 'Guest');
    expect(await memberIn(owner, invited, guest)).toEqual({ membership: 'invite' });
    expect(await memberIn(owner, knocked, guest)).toEqual({ membership: 'knock', reason: 'please' });
    expect(await memberIn(owner, left, guest)).toEqual({ membership: 'leave' });
  });

  it('34: come without who vouched for the join, its reason and what else was true of that moment alone', async () => {
    const [host, kim] = await story.people('host', 'kim');
    const club = await knockRoom(host, { preset: 'public_chat', initial_state: [] });
    await kim.ok('POST', `/join/${club}`, {});
    for (const room_version of ['8', '10', '12']) {
      const allow = [{ type: 'm.room_membership', room_id: club }];
      const initial_state = [{ type: 'm.room.join_rules', content: { join_rule: 'restricted', allow } }];
      const room = await knockRoom(host, { room_version, initial_state });
      await kim.ok('POST', `/join/${room}`, { reason: 'let me in' });
      expect(await memberIn(host, room, kim)).toMatchObject({
        ...{ reason: 'let me in', join_authorised_via_users_server: host.userId },
      });
      // Whoever vouched may have lost the power to: the name changes all the same.
      const levels = await host.ok('GET', `/rooms/${room}/state/m.room.power_levels`);
      await host.ok('PUT', `/rooms/${room}/state/m.room.power_levels`, { ...levels, invite: 100 });
      const said = { membership: 'join', is_direct: true, reason: 'here', 'org.example.kept': 1 };
      await kim.ok('PUT', `/rooms/${room}/state/m.room.member/${kim.userId}`, said);
      await set(kim, 'displayname', `Kim in ${room_version}`);
      expect(await memberIn(host, room, kim)).toEqual({
        ...{ membership: 'join', displayname: `Kim in ${room_version}`, 'org.example.kept': 1 },
      });
    }
  });

  it('pass over a room whose rules let nobody join again, and reach the others', async () => {
    const [max] = await story.people('max');
    const rooms = await manyRooms(max, 10);
    const closed = [rooms.toSorted()[0]!, rooms.toSorted()[9]!];
    for (const room of closed) await max.ok('PUT', `/rooms/${room}/state/m.room.join_rules`, { join_rule: 'private' });
    await set(max, 'displayname', 'Max');
    for (const room of rooms)
      expect(await memberIn(max, room)).toEqual({
        ...{ membership: 'join' },
        ...(closed.includes(room) ? {} : { displayname: 'Max' }),
      });
    expect(await owed()).toEqual([]);
    const text =
      "select room_id from actions where actor = $1 and operation = 'spreadProfile' and outcome = 'M_FORBIDDEN'";
    const refused = await story.rows<{ room_id: string }>(text, [max.userId]);
    expect(refused.map(({ room_id }) => room_id).toSorted()).toEqual(closed);
  });

  it('are the last of several that were set at once', async () => {
    const [lee] = await story.people('lee');
    const rooms = await manyRooms(lee, 30);
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => set(lee, 'displayname', `Lee ${n}`)));
    const { displayname } = await lee.ok('GET', `/profile/${lee.userId}`);
    for (const room of rooms) expect(await memberIn(lee, room)).toEqual({ membership: 'join', displayname });
    expect(await owed()).toEqual([]);
  });

  it('reach the rooms that are left when the server is killed amid them, each once', async () => {
    const [ida] = await story.people('ida');
    const rooms = await manyRooms(ida, 60);
    const server = story.server();
    // Rooms are gone through by their ids: about half of them are told before this one.
    const held = await holdRoom(story.databaseUrl, rooms.toSorted()[rooms.length / 2]!);
    const asked = set(ida, 'displayname', 'Ida').catch(() => undefined);
    await held.waitedFor();
    await server.kill();
    await asked;
    await held.letGo();
    const [{ told } = expect.fail()] = await story.rows<{ told: number }>(
      "select count(*)::int4 as told from actions where actor = $1 and operation = 'spreadProfile'",
      [ida.userId],
    );
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(rooms.length);
    expect(await owed()).toEqual([{ user_id: ida.userId, kind: 'profile' }]);
    await story.restart();
    while ((await owed()).length > 0);
    for (const room of rooms) {
      expect(await memberIn(ida, room)).toEqual({ membership: 'join', displayname: 'Ida' });
      expect(await countsOf(room, ida)).toEqual({ events: 2, transitions: 1 });
    }
  });
});
