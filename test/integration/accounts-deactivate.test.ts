/** Ending an account: nobody signs in any more, and no room keeps it, whatever becomes of the server meanwhile (PROTOCOL §1.2, §8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, request, type Client } from '../support/client.ts';
import { holdRoom } from '../support/held-room.ts';
import { runRole } from '../support/server.ts';
import { episodesOf, expectRefusal, kindsOf, membershipIn, openStory, type Story } from '../support/story.ts';
import { confirmed, passwordOf, sessionOf } from '../support/uia.ts';

let story: Story;

beforeAll(async () => {
  story = await openStory();
});

afterAll(() => story.close());

const PATH = '/account/deactivate';
const login = (client: Client, password?: string) =>
  request(story.url, 'POST', '/login', { body: passwordOf(client, undefined, password) });
const owed = () => story.rows<{ kind: string }>('select kind from aftercare order by kind');

/** All words of a member event, as its room's members see them. */
const contentOf = (reader: Client, room: string, { userId }: Client) =>
  reader.ok('GET', `/rooms/${room}/state/m.room.member/${userId}`);

async function end(client: Client, body: object = {}): Promise<void> {
  expect(await confirmed(client, 'POST', PATH, body)).toMatchObject({
    ...{ status: 200, body: { id_server_unbind_result: 'success' } },
  });
}

describe('deactivating an account', () => {
  it('18: retracts its knocks, declines its invites and leaves its rooms', async () => {
    const [owner, kim] = await story.people('owner', 'kim');
    const [knocked, invited, joined] = [await knockRoom(owner), await knockRoom(owner), await knockRoom(owner)];
    const [banned, left] = [await knockRoom(owner), await knockRoom(owner)];
    await kim.ok('POST', `/knock/${knocked}`, { reason: 'please' });
    for (const room of [invited, joined, left])
      await owner.ok('POST', `/rooms/${room}/invite`, { user_id: kim.userId });
    for (const room of [joined, left]) await kim.ok('POST', `/join/${room}`, {});
    await kim.ok('POST', `/rooms/${left}/leave`, {});
    await owner.ok('POST', `/rooms/${banned}/ban`, { user_id: kim.userId });
    const own = await knockRoom(kim);
    await end(kim);
    expect(await kindsOf(story, knocked, kim.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_RETRACTED']);
    expect(await episodesOf(story, knocked, kim.userId)).toEqual(['RETRACTED']);
    expect(await kindsOf(story, invited, kim.userId)).toEqual(['INVITE_SENT', 'INVITE_DECLINED']);
    expect(await kindsOf(story, joined, kim.userId)).toEqual(['INVITE_SENT', 'INVITE_ACCEPTED', 'LEFT']);
    expect(await kindsOf(story, left, kim.userId)).toEqual(['INVITE_SENT', 'INVITE_ACCEPTED', 'LEFT']);
    expect(await kindsOf(story, banned, kim.userId)).toEqual(['BANNED']);
    expect(await kindsOf(story, own, kim.userId)).toEqual(['JOINED', 'LEFT']);
    for (const room of [knocked, invited, joined]) expect(await membershipIn(owner, room, kim.userId)).toBe('leave');
    const { data } = await owner.graphql('{ knocks(where: {status: [PENDING]}) { nodes { user { userId } } } }');
    expect(data.knocks.nodes).toEqual([]);
    expect(await owed()).toEqual([]);
  });

  it('ends its devices and tokens, lets nobody sign in again, and keeps the name taken', async () => {
    const [lee] = await story.people('lee');
    const { body } = await request(story.url, 'POST', '/login', { body: { ...passwordOf(lee), refresh_token: true } });
    await end(lee);
    for (const token of [lee.token, body.access_token]) {
      const answer = await request(story.url, 'GET', '/account/whoami', { token });
      expectRefusal(answer, 401, 'M_UNKNOWN_TOKEN');
      expect(answer.body.soft_logout).toBe(false);
    }
    expectRefusal(
      await request(story.url, 'POST', '/refresh', { body: { refresh_token: body.refresh_token } }),
      401,
      'M_UNKNOWN_TOKEN',
    );
    expectRefusal(await login(lee), 403, 'M_USER_DEACTIVATED');
    expectRefusal(await login(lee, 'guess'), 403, 'M_FORBIDDEN');
    const again = { username: 'lee', password: 'x', auth: { type: 'm.login.dummy' } };
    expectRefusal(await request(story.url, 'POST', '/register', { body: again }), 400, 'M_USER_IN_USE');
    expect(await story.rows('select 1 from devices where user_id = $1', [lee.userId])).toEqual([]);
    const text = 'select operation, outcome, token is not null as token from actions where actor = $1';
    expect(await story.rows(text, [lee.userId])).toEqual([
      { operation: 'deactivateAccount', outcome: 'ok', token: true },
    ]);
  });

  it('asks for the password first, and changes nothing until it is given', async () => {
    const [mia] = await story.people('mia');
    const room = await knockRoom(mia);
    const session = sessionOf(await mia.call('POST', PATH, {}));
    const wrong = await mia.call('POST', PATH, { auth: passwordOf(mia, session, 'guess') });
    expect(sessionOf(wrong)).toBe(session);
    expect(wrong.body.errcode).toBe('M_FORBIDDEN');
    expectRefusal(await request(story.url, 'POST', PATH, { body: {} }), 401, 'M_MISSING_TOKEN');
    expect(await membershipIn(mia, room, mia.userId)).toBe('join');
    expect((await login(mia)).status).toBe(200);
  });

  it('keeps what its owner said, unless they want it erased', async () => {
    const [host, nora, olga] = await story.people('host', 'nora', 'olga');
    const room = await knockRoom(host);
    for (const who of [nora, olga]) {
      await who.ok('PUT', `/profile/${who.userId}/displayname`, { displayname: 'A Name' });
      await who.ok('PUT', `/profile/${who.userId}/io.vestibule.mood`, { 'io.vestibule.mood': 'fine' });
      await who.ok('POST', `/knock/${room}`, { reason: 'a reason' });
    }
    await end(nora);
    await end(olga, { erase: true });
    const knockOf = ({ userId }: Client) =>
      story.rows('select reason, display_name from knocks where room_id = $1 and user_id = $2', [room, userId]);
    expect(await knockOf(nora)).toEqual([{ reason: 'a reason', display_name: 'A Name' }]);
    expect(await knockOf(olga)).toEqual([{ reason: null, display_name: null }]);
    const profile = ({ userId }: Client) => request(story.url, 'GET', `/profile/${userId}`);
    expect((await profile(nora)).body).toEqual({ displayname: 'A Name', 'io.vestibule.mood': 'fine' });
    expect((await profile(olga)).body).toEqual({});
    expect(await contentOf(host, room, olga)).toEqual({ membership: 'leave' });
    expect(await story.rows('select kind, subject, by_user from erasures')).toEqual([
      { kind: 'user', subject: olga.userId, by_user: olga.userId },
    ]);
    // Not even the hash of the password is left.
    expectRefusal(await login(olga), 403, 'M_FORBIDDEN');
    const verified = await runRole(['verify'], { DATABASE_URL: story.databaseUrl, DATA_DIR: story.server().dataDir });
    expect(verified, verified.log).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
  });

  it('binds what the first request asked for: no erasure is slipped in later', async () => {
    const [pia] = await story.people('pia');
    await pia.ok('PUT', `/profile/${pia.userId}/displayname`, { displayname: 'Pia' });
    const session = sessionOf(await pia.call('POST', PATH, { erase: false }));
    await pia.ok('POST', PATH, { erase: true, auth: passwordOf(pia, session) });
    expect((await request(story.url, 'GET', `/profile/${pia.userId}`)).body).toEqual({ displayname: 'Pia' });
  });

  it('comes to its end when the server is killed amid it: all rooms are left, all words erased', async () => {
    const [host, quin] = await story.people('host2', 'quin');
    const rooms: string[] = [];
    for (let made = 0; made < 60; made += 10)
      rooms.push(...(await Promise.all(Array.from({ length: 10 }, () => knockRoom(quin)))));
    const door = await knockRoom(host);
    await quin.ok('POST', `/knock/${door}`, { reason: 'a reason to forget' });
    const server = story.server();
    // Rooms are gone through by their ids: about half of them are left before this one.
    const held = await holdRoom(story.databaseUrl, rooms.toSorted()[rooms.length / 2]!);
    const asked = quin.call('POST', PATH, { erase: true, auth: passwordOf(quin) }).catch(() => undefined);
    await held.waitedFor();
    await server.kill();
    await asked;
    await held.letGo();
    const [{ left } = expect.fail()] = await story.rows<{ left: number }>(
      "select count(*)::int4 as left from transitions where user_id = $1 and kind = 'LEFT'",
      [quin.userId],
    );
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(rooms.length);
    expect(await owed()).toEqual([{ kind: 'departure' }, { kind: 'erasure' }]);
    await story.restart();
    expectRefusal(await login(quin), 403, 'M_USER_DEACTIVATED');
    while ((await owed()).length > 0);
    for (const room of rooms) expect(await kindsOf(story, room, quin.userId)).toEqual(['JOINED', 'LEFT']);
    expect(await episodesOf(story, door, quin.userId)).toEqual(['RETRACTED']);
    expect(await story.rows('select reason from knocks where user_id = $1', [quin.userId])).toEqual([{ reason: null }]);
    expectRefusal(await login(quin), 403, 'M_FORBIDDEN');
  });

  it('of the last admin leaves a server without one: its next start offers the link again', async () => {
    const [rosa] = await story.people('rosa');
    await story.rows('update users set admin = true where user_id = $1', [rosa.userId]);
    await story.restart();
    expect(story.server().output().out).not.toContain('Admin');
    await end(rosa);
    await story.restart();
    expect(story.server().output().out).toContain('Admin');
  });
});
