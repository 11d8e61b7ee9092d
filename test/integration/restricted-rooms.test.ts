/** Rooms that let in the members of another room: who vouches, and that nobody vouches for themselves (PROTOCOL §4.2, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { runRole } from '../support/server.ts';
import { episodesOf, expectRefusal, kindsOf, membershipIn, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;
let club: string;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
  club = (await owner.ok('POST', '/createRoom', { preset: 'public_chat' })).room_id;
  await kim.ok('POST', `/join/${club}`, {});
});

afterAll(() => story.close());

const members = (roomId: unknown) => [{ type: 'm.room_membership', room_id: roomId }];

/** A room that lets in the members of `club`, or whom `allow` says. */
async function restrictedRoom(
  version: string,
  options: object = {},
  rule = 'restricted',
  allow: unknown = members(club),
) {
  const content = { join_rule: rule, allow };
  const initial_state = [{ type: 'm.room.join_rules', state_key: '', content }];
  const { room_id } = await owner.ok('POST', '/createRoom', { room_version: version, initial_state, ...options });
  return room_id as string;
}

const join = (client: Client, room: string) => client.call('POST', `/join/${room}`, {});
const contentOf = (room: string, client: Client) =>
  owner.ok('GET', `/rooms/${room}/state/m.room.member/${client.userId}`);

describe.each(['8', '9', '10', '11', '12'])('a restricted room of version %s', (version) => {
  it('lets in a member of the allowed room, and says who vouched', async () => {
    const room = await restrictedRoom(version);
    expect(await join(kim, room)).toMatchObject({ status: 200, body: { room_id: room } });
    expect(await contentOf(room, kim)).toEqual({
      membership: 'join',
      join_authorised_via_users_server: owner.userId,
    });
    expectRefusal(await join(lee, room), 403, 'M_FORBIDDEN');
  });

  it('lets nobody in who names the member that should have vouched', async () => {
    const room = await restrictedRoom(version);
    const forged = { membership: 'join', join_authorised_via_users_server: owner.userId };
    const path = `/rooms/${room}/state/m.room.member/${lee.userId}`;
    expectRefusal(await lee.call('PUT', path, forged), 403, 'M_FORBIDDEN');
    expect(await kindsOf(story, room, lee.userId)).toEqual([]);
  });

  it('33: an `allow` that is mangled lets nobody in, and an invite still does', async () => {
    for (const allow of [
      'club',
      [club],
      [{ type: 'm.other', room_id: club }],
      members(1),
      members(['x']),
      [null],
      {},
    ]) {
      const room = await restrictedRoom(version, {}, 'restricted', allow);
      expectRefusal(await join(kim, room), 403, 'M_FORBIDDEN', JSON.stringify(allow));
      await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
      expect(await join(kim, room), JSON.stringify(allow)).toMatchObject({ status: 200 });
      expect(await contentOf(room, kim)).toEqual({ membership: 'join' });
    }
  });

  it('34: a changed profile does not carry who once vouched, even when the client sends it back', async () => {
    const room = await restrictedRoom(version);
    await join(kim, room);
    const content = { ...(await contentOf(room, kim)), displayname: 'Kim' };
    expect(content).toHaveProperty('join_authorised_via_users_server');
    await kim.ok('PUT', `/rooms/${room}/state/m.room.member/${kim.userId}`, content);
    expect(await contentOf(room, kim)).toEqual({ membership: 'join', displayname: 'Kim' });
    const elsewhere = { membership: 'join', join_authorised_via_users_server: '@them:elsewhere.example' };
    await kim.ok('PUT', `/rooms/${room}/state/m.room.member/${kim.userId}`, elsewhere);
    expect(await kindsOf(story, room, kim.userId)).toEqual(['JOINED']);
  });

  it('35: a join whose words are redacted stands, though version 8 forgets who vouched', async () => {
    const room = await restrictedRoom(version);
    await join(kim, room);
    const path = `/rooms/${encodeURIComponent(room)}`;
    const { event_id } = await owner.ok('GET', `${path}/state/m.room.member/${kim.userId}?format=event`);
    await owner.ok('PUT', `${path}/redact/${encodeURIComponent(event_id)}/${version}`, {});
    const vouched = version === '8' ? {} : { join_authorised_via_users_server: owner.userId };
    expect(await contentOf(room, kim)).toEqual({ membership: 'join', ...vouched });
    await kim.ok('PUT', `${path}/send/m.room.message/${version}`, { body: 'still here' });
    await kim.ok('POST', `${path}/leave`, {});
    expect(await join(kim, room)).toMatchObject({ status: 200 });
  });

  it('32: of which nobody could invite any more grants no join', async () => {
    const room = await restrictedRoom(version);
    await join(kim, room);
    await owner.ok('POST', `/rooms/${room}/leave`, {});
    await kim.ok('POST', `/rooms/${room}/leave`, {});
    const alone = await restrictedRoom(version);
    await join(kim, alone);
    const levels = await owner.ok('GET', `/rooms/${alone}/state/m.room.power_levels`);
    await owner.ok('PUT', `/rooms/${alone}/state/m.room.power_levels`, { ...levels, invite: 50 });
    await owner.ok('POST', `/rooms/${alone}/leave`, {});
    await lee.ok('POST', `/join/${club}`, {});
    expectRefusal(await join(lee, alone), 400, 'M_UNABLE_TO_GRANT_JOIN');
    await lee.ok('POST', `/rooms/${club}/leave`, {});
  });
});

describe('a room with the join rule knock_restricted', () => {
  it.each(['10', '11', '12'])('of version %s takes knocks, and lets in who is allowed by the other room', async (v) => {
    const room = await restrictedRoom(v, {}, 'knock_restricted');
    for (const client of [kim, lee]) await client.ok('POST', `/knock/${room}`, {});
    expect(await join(kim, room)).toMatchObject({ status: 200 });
    expect(await episodesOf(story, room, kim.userId)).toEqual(['SUPERSEDED']);
    expectRefusal(await join(lee, room), 403, 'M_FORBIDDEN');
    expect(await membershipIn(owner, room, lee.userId)).toBe('knock');
  });
});

describe('a restricted room of version 7', () => {
  it('lets nobody in: the version does not know the rule', async () => {
    const room = await restrictedRoom('7');
    expectRefusal(await join(kim, room), 403, 'M_FORBIDDEN');
  });
});

describe('a room of version 12 with two creators', () => {
  it('is vouched for by the second one when the first has left', async () => {
    const creation_content = { additional_creators: [kim.userId] };
    const room = await restrictedRoom('12', { creation_content, power_level_content_override: { invite: 100 } });
    expect(await join(kim, room)).toMatchObject({ status: 200 });
    await owner.ok('POST', `/rooms/${room}/leave`, {});
    await lee.ok('POST', `/join/${club}`, {});
    expect(await join(lee, room)).toMatchObject({ status: 200 });
    const path = `/rooms/${room}/state/m.room.member/${lee.userId}`;
    expect(await kim.ok('GET', path)).toMatchObject({ join_authorised_via_users_server: kim.userId });
    await lee.ok('POST', `/rooms/${club}/leave`, {});
  });
});

it('35: the log of all these rooms verifies, whatever a redaction took of who vouched', async () => {
  const env = { DATABASE_URL: story.databaseUrl, DATA_DIR: story.server().dataDir };
  const verified = await runRole(['verify'], env);
  // Since version 9 who vouched is no word, and such a join has no others.
  expect(verified, verified.out).toMatchObject({ code: 0, out: expect.stringContaining('words of 1 events') });
});
