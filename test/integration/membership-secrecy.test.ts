/** What those outside may not learn, what a room's levels and creators allow, and users of other servers (PROTOCOL §0.2 D19, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { expectRefusal, kindsOf, membershipIn, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let kim: Client;
let lee: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

const TARGETED = ['invite', 'kick', 'ban', 'unban'];
const act = (by: Client, name: string, room: string, userId: string) =>
  by.call('POST', `/rooms/${room}/${name}`, { user_id: userId });

describe('whether a room exists', () => {
  it('is not told to those outside by any act, whatever it aims at', async () => {
    const room = await knockRoom(owner);
    const banned = await knockRoom(owner);
    await act(owner, 'ban', banned, kim.userId);
    const unknown = `!${'A'.repeat(43)}`;
    const asked: [string, string, object?][] = [
      ...TARGETED.flatMap((name) =>
        [owner, kim, lee].map(({ userId }): [string, string, object] => ['POST', `/${name}`, { user_id: userId }]),
      ),
      ['POST', '/invite', { user_id: '@them:elsewhere.example' }],
      ['PUT', '/state/m.room.name', { name: 'mine' }],
      ['PUT', '/state/m.room.create', {}],
      ['PUT', '/state/m.room.power_levels', { users: { [kim.userId]: 'much' } }],
      ['PUT', '/state/m.room.canonical_alias', { alias: 1 }],
      ['PUT', `/state/m.room.member/${lee.userId}`, { membership: 'invite' }],
      ['PUT', `/state/m.room.member/${lee.userId}`, { membership: 'leave' }],
      ['PUT', `/state/m.room.member/${lee.userId}`, { membership: 'ban' }],
      ['PUT', `/state/m.room.member/${lee.userId}`, { membership: 'join' }],
      ['PUT', `/state/m.room.member/${kim.userId}`, { membership: 'sleep' }],
      ['GET', '/state'],
      ['GET', '/state/m.room.create'],
      ['GET', '/state/m.room.nothing/of-the-kind'],
      ['GET', '/members'],
      ['GET', '/members?at=s1'],
      ['GET', '/members?at=nothing'],
    ];
    for (const [method, path, body] of asked) {
      const answers = [];
      for (const id of [room, banned, unknown]) answers.push(await kim.call(method, `/rooms/${id}${path}`, body));
      const seen = answers.map(({ status, body: said }) => ({ status, said }));
      const what = `${method} ${path} ${JSON.stringify(body)}`;
      expect(seen[0], what).toEqual(seen[2]);
      expect(seen[1], what).toEqual(seen[2]);
      expect(seen[2]!.status, what).toBeGreaterThanOrEqual(400);
    }
  });

  it('is not told by a member event either: only knocking, joining and leaving say that there is none', async () => {
    const unknown = `!${'B'.repeat(43)}`;
    for (const path of [`/knock/${unknown}`, `/join/${unknown}`, `/rooms/${unknown}/join`, `/rooms/${unknown}/leave`])
      expectRefusal(await kim.call('POST', path, {}), 404, 'M_NOT_FOUND', path);
    for (const path of [`/knock/${encodeURIComponent('#none:localhost:8448')}`])
      expectRefusal(await kim.call('POST', path, {}), 404, 'M_NOT_FOUND', path);
    for (const path of ['/knock/kim', '/join/!', `/knock/${encodeURIComponent(kim.userId)}`])
      expectRefusal(await kim.call('POST', path, {}), 400, 'M_INVALID_PARAM', path);
  });
});

describe('users and rooms of other servers', () => {
  it('a user whose server cannot be reached cannot be invited, which only those learn who may invite', async () => {
    const remote = '@them:elsewhere.example';
    const room = await knockRoom(owner, { power_level_content_override: { invite: 50 } });
    await act(owner, 'invite', room, lee.userId);
    await lee.ok('POST', `/join/${room}`, {});
    expectRefusal(await act(owner, 'invite', room, remote), 502, 'M_UNKNOWN');
    expectRefusal(await act(lee, 'invite', room, remote), 403, 'M_FORBIDDEN');
    expect(await act(owner, 'ban', room, remote), 'a ban needs nobody').toMatchObject({ status: 200 });
    expectRefusal(await act(owner, 'invite', room, remote), 403, 'M_FORBIDDEN');
    expect(await kindsOf(story, room, remote)).toEqual(['BANNED']);
    const made = await owner.ok('POST', '/createRoom', { invite: [kim.userId, remote] });
    expect(await kindsOf(story, made.room_id, kim.userId)).toEqual(['INVITE_SENT']);
    expect(await kindsOf(story, made.room_id, remote)).toEqual([]);
    const outcome = 'select outcome from actions where room_id = $1 and target = $2';
    expect(await story.rows(outcome, [made.room_id, remote])).toEqual([{ outcome: 'M_UNKNOWN' }]);
  });

  it('an unknown room with somebody to ask is 502, without anybody 404', async () => {
    const unknown = `!${'C'.repeat(43)}`;
    for (const act of ['knock', 'join']) {
      for (const query of ['?via=elsewhere.example', '?server_name=elsewhere.example', '?via=a.example&via=b.example'])
        expectRefusal(await kim.call('POST', `/${act}/${unknown}${query}`, {}), 502, 'M_UNKNOWN', query);
      expectRefusal(await kim.call('POST', `/${act}/!old:elsewhere.example`, {}), 502, 'M_UNKNOWN', 'its own domain');
      const alias = encodeURIComponent('#door:elsewhere.example');
      expectRefusal(await kim.call('POST', `/${act}/${alias}`, {}), 502, 'M_UNKNOWN', 'an alias there');
      for (const query of ['', '?via=localhost:8448', '?via=localhost:8448&server_name=elsewhere.example'])
        expectRefusal(await kim.call('POST', `/${act}/${unknown}${query}`, {}), 404, 'M_NOT_FOUND', query);
      expectRefusal(await kim.call('POST', `/${act}/${unknown}?via=no%20name`, {}), 400, 'M_INVALID_PARAM');
    }
    const known = await knockRoom(owner);
    const path = `/knock/${known}?via=elsewhere.example`;
    expect(await kim.call('POST', path, {}), 'nobody is asked for a room of ours').toMatchObject({ status: 200 });
  });
});

describe.each(ALL_VERSIONS)('power in a room of version %s', (version) => {
  it('37: creators stand above every level only where they are privileged', async () => {
    const privileged = version === '12';
    const creation_content = privileged ? { additional_creators: [kim.userId] } : {};
    const room = await knockRoom(owner, { room_version: version, creation_content });
    for (const { userId } of [kim, lee]) await act(owner, 'invite', room, userId);
    for (const client of [kim, lee]) await client.ok('POST', `/join/${room}`, {});
    const levels = await owner.ok('GET', `/rooms/${room}/state/m.room.power_levels`);
    const users = privileged ? { [lee.userId]: 2 ** 53 - 1 } : { [owner.userId]: 100, [lee.userId]: 100 };
    await owner.ok('PUT', `/rooms/${room}/state/m.room.power_levels`, { ...levels, users });
    expectRefusal(await act(lee, 'kick', room, owner.userId), 403, 'M_FORBIDDEN');
    if (!privileged) return;
    expectRefusal(await act(lee, 'kick', room, kim.userId), 403, 'M_FORBIDDEN');
    expectRefusal(await act(kim, 'ban', room, owner.userId), 403, 'M_FORBIDDEN', 'another creator');
    await kim.ok('PUT', `/rooms/${room}/state/m.room.name`, { name: 'without an entry in the levels' });
    expect(await act(kim, 'kick', room, lee.userId)).toMatchObject({ status: 200 });
    expect(await membershipIn(owner, room, lee.userId)).toBe('leave');
  });

  it('42: the default level may be lowered by who has just that, and an empty event of levels is no trap', async () => {
    const room = await knockRoom(owner, { room_version: version });
    const levels = await owner.ok('GET', `/rooms/${room}/state/m.room.power_levels`);
    await act(owner, 'invite', room, kim.userId);
    await kim.ok('POST', `/join/${room}`, {});
    const path = `/rooms/${room}/state/m.room.power_levels`;
    await owner.ok('PUT', path, { ...levels, users_default: 50, events: {}, state_default: 50 });
    expectRefusal(await kim.call('PUT', path, { ...levels, users_default: 51, events: {} }), 403, 'M_FORBIDDEN');
    await kim.ok('PUT', path, { ...levels, users_default: 40, events: {}, state_default: 50 });
    await owner.ok('PUT', path, {});
    const again = await owner.call('PUT', path, { ...levels, ban: 10 });
    // Without an entry of their own the creators of old have no power left; those of version 12 always have.
    if (version === '12') expect(again).toMatchObject({ status: 200 });
    else expectRefusal(again, 403, 'M_FORBIDDEN');
  });
});
