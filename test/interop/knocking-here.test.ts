/** Users of real Synapses knock on rooms of this server. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
import { revealReasons } from '../support/graphql.ts';
import {
  bodiesIn,
  outcomeOf,
  type ToldKnock,
  expectSoon,
  memberSeen,
  openInterop,
  sectionOf,
  standsIn,
  type InteropWorld,
} from '../support/interop-world.ts';

const python = inject('synapsePython');

let world: InteropWorld;
let owner: Client;
/** At the first Synapse. */
let knocker: Client;
/** At the second. */
let resident: Client;

beforeAll(async () => {
  if (python === null) return;
  world = await openInterop(python, 2);
  [owner, knocker, resident] = await Promise.all([
    world.person('owner'),
    world.synapses[0]!.person('knocker'),
    world.synapses[1]!.person('resident'),
  ]);
});

afterAll(async () => {
  if (python !== null) await world.close();
});

const enc = encodeURIComponent;
const knockOn = (client: Client, room: string, reason?: string) =>
  client.call('POST', `/knock/${enc(room)}?via=${world.name}`, reason === undefined ? {} : { reason });

/** The knock episodes of the room, newest first, as GraphQL tells them. */
async function knocks(roomId: string): Promise<readonly object[]> {
  await revealReasons(owner, { roomId });
  const answer = await owner.graphql(
    `query ($room: String!) { room(roomId: $room) { knocks { edges { node { status reason user { userId } decidedBy { userId } } } } } }`,
    { room: roomId },
  );
  expect(answer.errors).toBeUndefined();
  return answer.data.room.knocks.edges.map(({ node }: { node: ToldKnock }) => outcomeOf(node));
}

/** What is owed for decisions on the newest knock, as the ledger tells it. */
async function deliveries(roomId: string): Promise<readonly string[]> {
  const answer = await owner.graphql(
    `query ($room: String!) { room(roomId: $room) { knocks(first: 1) { edges { node { deliveries { edges { node { state server } } } } } } } }`,
    { room: roomId },
  );
  expect(answer.errors).toBeUndefined();
  const [{ node }] = answer.data.room.knocks.edges;
  return node.deliveries.edges.map((edge: { node: { state: string } }) => edge.node.state);
}

describe.skipIf(python === null).each(['10', '11', '12'])('a room of version %s here', (version) => {
  const room = (options: object = {}): Promise<string> => knockRoom(owner, { room_version: version, ...options });

  it('is knocked on from a Synapse, which is let in', async () => {
    const roomId = await room();
    expect(await knockOn(knocker, roomId, 'let me in')).toMatchObject({ status: 200, body: { room_id: roomId } });
    const seen = await sectionOf(knocker, roomId);
    expect(seen?.section).toBe('knock');
    const types = seen?.room['knock_state']?.events?.map(({ type }) => type) ?? [];
    for (const type of ['m.room.create', 'm.room.join_rules', 'm.room.name', 'm.room.member'])
      expect(types).toContain(type);
    expect(await memberSeen(owner, roomId, knocker.userId)).toEqual({ membership: 'knock', reason: 'let me in' });
    expect(await knocks(roomId)).toEqual([{ status: 'PENDING', reason: 'let me in', by: null }]);

    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId, reason: 'welcome' });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    expect(await knocks(roomId)).toMatchObject([{ status: 'ACCEPTED', by: owner.userId }]);
    await knocker.ok('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
    await expectSoon(() => standsIn(knocker, roomId), 'join');
    expect(await memberSeen(owner, roomId, knocker.userId)).toMatchObject({ membership: 'join' });
    await owner.ok('PUT', `/rooms/${enc(roomId)}/send/m.room.message/hello`, { msgtype: 'm.text', body: 'hello' });
    await expectSoon(async () => bodiesIn(knocker, roomId), expect.arrayContaining(['hello']));
    await knocker.ok('PUT', `/rooms/${enc(roomId)}/send/m.room.message/back`, { msgtype: 'm.text', body: 'and back' });
    await expectSoon(async () => bodiesIn(owner, roomId), expect.arrayContaining(['hello', 'and back']));
  });

  it('rejects, and is knocked on again', async () => {
    const roomId = await room();
    await knockOn(knocker, roomId, 'first');
    await owner.ok('POST', `/rooms/${enc(roomId)}/kick`, { user_id: knocker.userId, reason: 'not now' });
    await expectSoon(() => deliveries(roomId), expect.arrayContaining(['ACKNOWLEDGED']));
    expect(await knockOn(knocker, roomId, 'second')).toMatchObject({ status: 200 });
    expect(await knocks(roomId)).toEqual([
      { status: 'PENDING', reason: 'second', by: null },
      { status: 'REJECTED', reason: 'first', by: owner.userId },
    ]);
  });

  it('bans, and lets nobody knock who is banned until the ban is lifted', async () => {
    const roomId = await room();
    await knockOn(knocker, roomId, 'first');
    await owner.ok('POST', `/rooms/${enc(roomId)}/ban`, { user_id: knocker.userId });
    expect(await knockOn(knocker, roomId, 'banned')).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    await owner.ok('POST', `/rooms/${enc(roomId)}/unban`, { user_id: knocker.userId });
    expect(await knockOn(knocker, roomId, 'again')).toMatchObject({ status: 200 });
    expect(await knocks(roomId)).toEqual([
      { status: 'PENDING', reason: 'again', by: null },
      { status: 'BANNED', reason: 'first', by: owner.userId },
    ]);
  });

  it('shows a knock at once to the third server in the room', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: resident.userId });
    await resident.ok('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
    await knockOn(knocker, roomId, 'seen by all');
    await expectSoon(() => memberSeen(resident, roomId, knocker.userId), {
      membership: 'knock',
      reason: 'seen by all',
    });
    await owner.ok('POST', `/rooms/${enc(roomId)}/kick`, { user_id: knocker.userId });
    await expectSoon(() => memberSeen(resident, roomId, knocker.userId), { membership: 'leave', reason: null });
  });

  it('is decided on by a moderator of the third server', async () => {
    const roomId = await room({ power_level_content_override: { users: powers(version, resident) } });
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: resident.userId });
    await resident.ok('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
    await knockOn(knocker, roomId, 'anybody there?');
    await expectSoon(
      () => memberSeen(resident, roomId, knocker.userId),
      expect.objectContaining({ membership: 'knock' }),
    );
    await resident.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    await expectSoon(() => knocks(roomId), [{ status: 'ACCEPTED', reason: 'anybody there?', by: resident.userId }]);
  });

  it('is knocked on by its alias', async () => {
    const name = `door-${version}-${Date.now()}`;
    const roomId = await room({ room_alias_name: name });
    expect(await knockOn(knocker, `#${name}:${world.name}`)).toMatchObject({ status: 200, body: { room_id: roomId } });
    expect(await memberSeen(owner, roomId, knocker.userId)).toMatchObject({ membership: 'knock' });
  });

  it('is told when an invite is declined', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    await knocker.ok('POST', `/rooms/${enc(roomId)}/leave`, {});
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), { membership: 'leave', reason: null });
  });

  it('takes an invite back, which the invited sees', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    await owner.ok('POST', `/rooms/${enc(roomId)}/kick`, { user_id: knocker.userId });
    // A first sync of Synapse tells nothing of invites that are over.
    await expectSoon(() => standsIn(knocker, roomId), null);
  });

  it('lets nobody join on an invite that a ban has taken back', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    await owner.ok('POST', `/rooms/${enc(roomId)}/ban`, { user_id: knocker.userId });
    const joined = await knocker.call('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
    expect(joined).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
  });

  it('lets members of another room in, and whoever is none knock', async () => {
    const club = await owner.ok('POST', '/createRoom', { preset: 'public_chat', room_version: version });
    const allow = [{ type: 'm.room_membership', room_id: club.room_id }];
    const content = { join_rule: 'knock_restricted', allow };
    const roomId = await room({ initial_state: [{ type: 'm.room.join_rules', state_key: '', content }] });
    const refused = await knocker.call('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
    expect(refused).toMatchObject({ status: 403 });
    expect(await knockOn(knocker, roomId)).toMatchObject({ status: 200 });
    expect(await memberSeen(owner, roomId, knocker.userId)).toMatchObject({ membership: 'knock' });
    await resident.ok('POST', `/join/${enc(club.room_id)}?via=${world.name}`, {});
    await resident.ok('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
    expect(await memberSeen(owner, roomId, resident.userId)).toMatchObject({ membership: 'join' });
  });
});

describe.skipIf(python === null)('when this server starts again', () => {
  it('goes on with the rooms that it shares', async () => {
    const roomId = await knockRoom(owner, {});
    await knockOn(knocker, roomId, 'before');
    await world.restart();
    expect(await knocks(roomId)).toEqual([{ status: 'PENDING', reason: 'before', by: null }]);
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    await knocker.ok('POST', `/join/${enc(roomId)}?via=${world.name}`, {});
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'join' }));
  });
});

const powers = (version: string, moderator: Client): object => ({
  ...(version === '12' ? {} : { [owner.userId]: 100 }),
  [moderator.userId]: 50,
});
