/** Users of other servers join and leave rooms here (server-server API, Joining Rooms, Leaving Rooms; PROTOCOL §2.4). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkContentHash, eventIdOf } from '../../src/matrix/hashes.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import type { Pdu } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { knockRoom, publicRoom, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { expectError } from '../support/raw.ts';
import { remoteMember, signsInvites, VERSIONS, type RemoteMember } from '../support/remote-member.ts';
import { runRole } from '../support/server.ts';
import { kindsOf, membershipIn, SERVER_NAME } from '../support/story.ts';

let story: FederatedStory;
let other: OtherServer;
let owner: Client;
let kim: Client;
let lee: Client;
let named = 0;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  other.on('/_matrix/federation/v2/invite/', signsInvites(other));
  [owner, kim, lee] = await story.people('owner', 'kim', 'lee');
});

afterAll(() => story.close());

const somebody = (): RemoteMember => remoteMember(other, `guest${(named += 1)}`);

const idsOf = (events: readonly Pdu[], version: RoomVersionId): readonly string[] =>
  events.map((pdu) => eventIdOf(pdu, ROOM_VERSIONS[version]));

const stateIds = async (roomId: string): Promise<readonly string[]> =>
  (
    await story.rows<{ event_id: string }>(
      `select e.event_id from room_state s join events e on e.room_id = s.room_id and e.position = s.event
        where s.room_id = $1 order by 1`,
      [roomId],
    )
  ).map((row) => row.event_id);

const sendPath = (version: 'v1' | 'v2', act: 'join' | 'leave', roomId: string, eventId: string): string =>
  `/${version}/send_${act}/${encodeURIComponent(roomId)}/${encodeURIComponent(eventId)}`;

describe.each(VERSIONS)('a public room of version %s', (version) => {
  it('lets somebody join, and tells their server of the state before it and of all that this rests on', async () => {
    const id = await publicRoom(owner, [kim, lee], { room_version: version, name: 'Open' });
    await kim.ok('POST', `/rooms/${id}/leave`, {});
    const before = await stateIds(id);
    const guest = somebody();
    const { answer, eventId, pdu } = await guest.does('join', id, jsonObject({ displayname: 'Guest' }));
    const { state, auth_chain: chain, event, members_omitted: omitted, ...rest } = answer.json;
    expect({ omitted, rest }).toEqual({ omitted: false, rest: {} });
    expect(event).toEqual(pdu);
    expect([...idsOf(state, version)].sort()).toEqual(before);
    const known = new Map([...state, ...chain].map((one: Pdu) => [eventIdOf(one, ROOM_VERSIONS[version]), one]));
    for (const one of [...known.values(), event as Pdu]) {
      expect(checkContentHash(one)).toBe(true);
      for (const cited of one.auth_events) expect(known.has(cited), `${one.type} cites ${cited}`).toBe(true);
    }
    // Nothing that nobody rests on.
    const cited = new Set([...state, event].flatMap((one: Pdu) => one.auth_events));
    const all = new Set([...known.values()].flatMap((one) => one.auth_events));
    for (const one of idsOf(chain, version)) expect(cited.has(one as never) || all.has(one as never)).toBe(true);
    expect(await membershipIn(owner, id, guest.userId)).toBe('join');
    const again = await guest.send('join', id, { eventId, pdu });
    expect([...idsOf(again.json.state, version)].sort()).toEqual(before);
    expect(await kindsOf(story, id, guest.userId)).toEqual(['JOINED']);
    const old = await other.ask('PUT', sendPath('v1', 'join', id, eventId), pdu);
    expect(old).toMatchObject({ status: 200, json: [200, { event: pdu, members_omitted: false }] });
    expect(old.json).toHaveLength(2);
  });

  it('27: somebody banned cannot come in with the template of another', async () => {
    const id = await publicRoom(owner, [], { room_version: version });
    const [allowed, banned] = [somebody(), somebody()];
    await owner.ok('POST', `/rooms/${id}/ban`, { user_id: banned.userId });
    expectError(await banned.make('join', id), 403, 'M_FORBIDDEN');
    const template = await allowed.template('join', id);
    const { userId } = banned;
    const swapped = banned.sign(template, {}, jsonObject({ sender: userId, state_key: userId }));
    expectError(await banned.send('join', id, swapped), 403, 'M_FORBIDDEN');
    expect(await membershipIn(owner, id, userId)).toBe('ban');
    expect(await story.rows('select from events where sender = $1', [userId])).toHaveLength(0);
  });

  it('lets somebody leave, by both versions of the endpoint', async () => {
    const id = await publicRoom(owner, [], { room_version: version });
    const guest = somebody();
    await guest.does('join', id);
    const { answer } = await guest.does('leave', id);
    expect(answer.json).toEqual({});
    await guest.does('join', id);
    const leave = guest.sign(await guest.template('leave', id));
    expect(await other.ask('PUT', sendPath('v1', 'leave', id, leave.eventId), leave.pdu)).toMatchObject({
      status: 200,
      json: [200, {}],
    });
    expect(await kindsOf(story, id, guest.userId)).toEqual(['JOINED', 'LEFT', 'JOINED', 'LEFT']);
    expectError(await guest.make('leave', id), 403, 'M_FORBIDDEN');
  });

  it('12: takes no other event for a join or a leave', async () => {
    const id = await publicRoom(owner, [], { room_version: version });
    const guest = somebody();
    const join = await guest.template('join', id);
    for (const act of ['join', 'leave', 'knock'] as const) {
      for (const membership of ['join', 'leave', 'knock', 'invite', 'ban'].filter((one) => one !== act)) {
        const wrong = guest.sign(join, jsonObject({ membership }));
        expectError(await guest.send(act, id, wrong), 400, 'M_INVALID_PARAM', `${act} ${membership}`);
      }
      const wrong = guest.sign(join, jsonObject({ membership: act }), jsonObject({ state_key: kim.userId }));
      expectError(await guest.send(act, id, wrong), 400, 'M_INVALID_PARAM', act);
    }
    expect(await kindsOf(story, id, guest.userId)).toEqual([]);
  });

  it('speaks of its version to who joins, and takes who names none to speak the first', async () => {
    const id = await publicRoom(owner, [], { room_version: version });
    const guest = somebody();
    for (const versions of [null, ['1', '6', 'org.example']]) {
      const { status, json } = await guest.make('join', id, versions);
      expect({ status, json }).toMatchObject({
        status: 400,
        json: { errcode: 'M_INCOMPATIBLE_ROOM_VERSION', room_version: version },
      });
    }
  });
});

describe('an invite', () => {
  it.each(VERSIONS)('21: after a ban that was lifted is accepted from elsewhere, in version %s', async (version) => {
    const id = await knockRoom(owner, { room_version: version });
    const guest = somebody();
    await owner.ok('POST', `/rooms/${id}/ban`, { user_id: guest.userId });
    await owner.ok('POST', `/rooms/${id}/unban`, { user_id: guest.userId });
    await owner.ok('POST', `/rooms/${id}/invite`, { user_id: guest.userId });
    await guest.does('join', id);
    expect(await kindsOf(story, id, guest.userId)).toEqual(['BANNED', 'UNBANNED', 'INVITE_SENT', 'INVITE_ACCEPTED']);
  });

  it('is declined through the server of who invited', async () => {
    const id = await knockRoom(owner, {});
    const guest = somebody();
    for (let n = 0; n < 3; n += 1) {
      await owner.ok('POST', `/rooms/${id}/invite`, { user_id: guest.userId });
      await guest.does('leave', id, jsonObject({ reason: 'no' }));
    }
    const told = ['INVITE_SENT', 'INVITE_DECLINED'];
    expect(await kindsOf(story, id, guest.userId)).toEqual([...told, ...told, ...told]);
  });

  it('once revoked lets nobody in, with a template of before either', async () => {
    const id = await knockRoom(owner, {});
    const guest = somebody();
    await owner.ok('POST', `/rooms/${id}/invite`, { user_id: guest.userId });
    const template = await guest.template('join', id);
    await owner.ok('POST', `/rooms/${id}/kick`, { user_id: guest.userId });
    expectError(await guest.make('join', id), 403, 'M_FORBIDDEN');
    expectError(await guest.send('join', id, guest.sign(template)), 403, 'M_FORBIDDEN');
    expect(await membershipIn(owner, id, guest.userId)).toBe('leave');
  });
});

const restricted = (allow: unknown, join_rule = 'restricted'): object => ({
  initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule, allow } }],
});
const members = (...rooms: readonly string[]): readonly object[] =>
  rooms.map((room_id) => ({ type: 'm.room_membership', room_id }));
const AUTHORISER = 'join_authorised_via_users_server';

describe.each(['8', '9', '10', '11', '12'])('a restricted room of version %s', (room_version) => {
  it('lets in a member of the allowed room, with the word of somebody here and the signature of this server', async () => {
    const club = await publicRoom(owner, []);
    const id = await knockRoom(owner, { room_version, ...restricted(members('!unknown:localhost', club)) });
    const guest = somebody();
    await guest.does('join', club);
    const template = await guest.template('join', id);
    expect(template.event.content).toEqual({ membership: 'join', [AUTHORISER]: owner.userId });
    const join = guest.sign(template);
    const answer = await guest.send('join', id, join);
    expect(answer).toMatchObject({ status: 200 });
    expect(Object.keys(answer.json.event.signatures).sort()).toEqual([SERVER_NAME, other.name].sort());
    expect(eventIdOf(answer.json.event, ROOM_VERSIONS[room_version as RoomVersionId])).toBe(join.eventId);
    expect(await guest.send('join', id, join)).toMatchObject({ status: 200, json: { event: answer.json.event } });
    expect(await membershipIn(owner, id, guest.userId)).toBe('join');
  });

  it('does not sign for who is in none of the allowed rooms, whoever they say vouches for them', async () => {
    const [club, open] = [await publicRoom(owner, []), await publicRoom(owner, [], { room_version })];
    const id = await knockRoom(owner, { room_version, ...restricted(members(club)) });
    const guest = somebody();
    expectError(await guest.make('join', id), 403, 'M_FORBIDDEN');
    // All that a template of this room would have.
    await guest.does('join', club);
    const template = await guest.template('join', id);
    await guest.does('leave', club);
    expectError(await guest.send('join', id, guest.sign(template)), 403, 'M_FORBIDDEN');
    const vouched = jsonObject({ [AUTHORISER]: kim.userId });
    expectError(await guest.send('join', id, guest.sign(template, vouched)), 403, 'M_FORBIDDEN', 'not a member');
    for (const by of [`@them:${other.name}`, '@them:elsewhere.example', 'them', 1])
      expectError(
        await guest.send('join', id, guest.sign(template, jsonObject({ [AUTHORISER]: by }))),
        400,
        'M_INVALID_PARAM',
        String(by),
      );
    const bare = guest.sign({ ...template, event: { ...template.event, content: jsonObject({ membership: 'join' }) } });
    expectError(await guest.send('join', id, bare), 403, 'M_FORBIDDEN', 'nobody vouches');
    expect(await kindsOf(story, id, guest.userId)).toEqual([]);
    // Where nobody needs it, nobody is vouched for either.
    const anyones = await guest.template('join', open);
    const needless = guest.sign(anyones, jsonObject({ [AUTHORISER]: owner.userId }));
    expectError(await guest.send('join', open, needless), 403, 'M_FORBIDDEN', 'needless');
  });

  it('32: cannot grant a join once nobody here may invite, and cannot tell of rooms that nobody here is in', async () => {
    const club = await publicRoom(owner, []);
    const id = await knockRoom(owner, { room_version, ...restricted(members(club)) });
    const guest = somebody();
    await guest.does('join', club);
    await lee.call('POST', `/join/${club}`, {});
    await lee.ok('POST', `/join/${id}`, {});
    const template = await guest.template('join', id);
    const levels = await owner.ok('GET', `/rooms/${id}/state/m.room.power_levels`);
    await owner.ok('PUT', `/rooms/${id}/state/m.room.power_levels`, { ...levels, invite: 60 });
    await owner.ok('POST', `/rooms/${id}/leave`, {});
    expectError(await guest.make('join', id), 400, 'M_UNABLE_TO_GRANT_JOIN');
    expectError(await guest.send('join', id, guest.sign(template)), 403, 'M_FORBIDDEN');
    const unknown = await knockRoom(owner, { room_version, ...restricted(members('!unknown:localhost')) });
    expectError(await guest.make('join', unknown), 400, 'M_UNABLE_TO_AUTHORISE_JOIN');
    const { status, body } = await lee.call('POST', `/join/${unknown}`, {});
    expect({ status, errcode: body.errcode }).toEqual({ status: 400, errcode: 'M_UNABLE_TO_AUTHORISE_JOIN' });
  });

  it('33: with a mangled `allow` lets nobody in, and an invite still does', async () => {
    for (const allow of ['club', ['club'], [{ type: 'm.other', room_id: '!a:b' }], members('x'), [null], {}]) {
      const id = await knockRoom(owner, { room_version, ...restricted(allow) });
      const guest = somebody();
      expectError(await guest.make('join', id), 403, 'M_FORBIDDEN', JSON.stringify(allow));
      await owner.ok('POST', `/rooms/${id}/invite`, { user_id: guest.userId });
      await guest.does('join', id);
    }
  });

  it('34: who is in already changes their name without anybody vouching', async () => {
    const club = await publicRoom(owner, []);
    const id = await knockRoom(owner, { room_version, ...restricted(members(club)) });
    const guest = somebody();
    await guest.does('join', club);
    await guest.does('join', id);
    const template = await guest.template('join', id);
    expect(template.event.content).toEqual({ membership: 'join' });
    const renamed = guest.sign(template, jsonObject({ displayname: 'New' }));
    expect(await guest.send('join', id, renamed)).toMatchObject({ status: 200 });
  });

  it('35: a join whose words are redacted stands, and the room goes on', async () => {
    const club = await publicRoom(owner, []);
    const id = await knockRoom(owner, { room_version, ...restricted(members(club)) });
    const [guest, next] = [somebody(), somebody()];
    await guest.does('join', club);
    await next.does('join', club);
    const { eventId } = await guest.does('join', id, jsonObject({ displayname: 'Words' }));
    await owner.ok('PUT', `/rooms/${id}/redact/${encodeURIComponent(eventId)}/${named}`, {});
    expect(await membershipIn(owner, id, guest.userId)).toBe('join');
    const { answer } = await next.does('join', id);
    expect(idsOf(answer.json.state as Pdu[], room_version as RoomVersionId)).toContain(eventId);
    await guest.does('leave', id);
  });
});

describe('a restricted room of version 7', () => {
  it('lets nobody in: the version does not know the rule', async () => {
    const club = await publicRoom(owner, []);
    const id = await knockRoom(owner, { room_version: '7', ...restricted(members(club)) });
    const guest = somebody();
    await guest.does('join', club);
    expectError(await guest.make('join', id), 403, 'M_FORBIDDEN');
  });
});

it('a room with the rule knock_restricted lets in whom it allows, and hears the knocks of others', async () => {
  for (const room_version of ['10', '11', '12']) {
    const club = await publicRoom(owner, []);
    const id = await knockRoom(owner, { room_version, ...restricted(members(club), 'knock_restricted') });
    const [guest, stranger] = [somebody(), somebody()];
    await guest.does('join', club);
    await guest.does('knock', id);
    await guest.does('join', id);
    expect(await kindsOf(story, id, guest.userId)).toEqual(['KNOCK_REQUESTED', 'JOINED']);
    expectError(await stranger.make('join', id), 403, 'M_FORBIDDEN', room_version);
    await stranger.does('knock', id);
  }
});

it('does not believe what was last known of a room that nobody here is in any more', async () => {
  const club = await publicRoom(owner, []);
  const id = await knockRoom(owner, { ...restricted(members(club)) });
  const guest = somebody();
  await guest.does('join', club);
  await owner.ok('POST', `/rooms/${club}/leave`, {});
  expectError(await guest.make('join', id), 400, 'M_UNABLE_TO_AUTHORISE_JOIN');
});

it('a room that is not open to other servers takes nobody of them', async () => {
  for (const room_version of VERSIONS) {
    const id = await publicRoom(owner, [], { room_version, creation_content: { 'm.federate': false } });
    const guest = somebody();
    for (const act of ['join', 'leave'] as const) expectError(await guest.make(act, id), 403, 'M_FORBIDDEN', act);
    const { status, body } = await owner.call('POST', `/rooms/${id}/invite`, { user_id: guest.userId });
    expect({ status, errcode: body.errcode }).toEqual({ status: 403, errcode: 'M_FORBIDDEN' });
  }
  expect(other.asked.some(({ body }) => body.includes('m.federate'))).toBe(false);
});

it('leaves a log that verifies', async () => {
  const verified = await runRole(['verify', '--deep'], {
    DATABASE_URL: story.databaseUrl,
    DATA_DIR: story.server().dataDir,
  });
  expect(verified, verified.out).toMatchObject({ code: 0 });
});
