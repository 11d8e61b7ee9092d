/** Users of this server knock on rooms of real Synapses. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { knockRoom, type Client } from '../support/client.ts';
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
/** At the first Synapse, where the rooms are. */
let owner: Client;
/** At the second, for the rooms that more than one server is in. */
let resident: Client;
let knocker: Client;

beforeAll(async () => {
  if (python === null) return;
  world = await openInterop(python, 2);
  [knocker, owner, resident] = await Promise.all([
    world.person('knocker'),
    world.synapses[0]!.person('owner'),
    world.synapses[1]!.person('resident'),
  ]);
});

afterAll(async () => {
  if (python !== null) await world.close();
});

const enc = encodeURIComponent;
const there = (): string => world.synapses[0]!.name;
const knockOn = (room: string, reason?: string) =>
  knocker.call('POST', `/knock/${enc(room)}?via=${there()}`, reason === undefined ? {} : { reason });

/** The knocker's own knocks on the room, newest first, as GraphQL tells them. */
async function knocks(roomId: string): Promise<readonly object[]> {
  const answer = await knocker.graphql(
    `query ($room: String!) { viewer { knocks(where: { roomId: $room }) { edges { node { status reason decidedBy { userId } } } } } }`,
    { room: roomId },
  );
  expect(answer.errors).toBeUndefined();
  return answer.data.viewer.knocks.edges.map(({ node }: { node: ToldKnock }) => outcomeOf(node));
}

describe.skipIf(python === null).each(['10', '11', '12'])('a room of version %s on a Synapse', (version) => {
  const room = (options: object = {}): Promise<string> => knockRoom(owner, { room_version: version, ...options });

  it('is knocked on, and joined when the knock is accepted', async () => {
    const roomId = await room();
    expect(await knockOn(roomId, 'let me in')).toMatchObject({ status: 200, body: { room_id: roomId } });
    const seen = await sectionOf(knocker, roomId);
    expect(seen?.section).toBe('knock');
    const stripped = seen?.room['knock_state']?.events ?? [];
    const types = stripped.map(({ type }) => type);
    for (const type of ['m.room.create', 'm.room.join_rules', 'm.room.name']) expect(types).toContain(type);
    expect(stripped.at(-1)).toEqual({
      type: 'm.room.member',
      state_key: knocker.userId,
      sender: knocker.userId,
      content: expect.objectContaining({ membership: 'knock', reason: 'let me in' }),
    });
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), { membership: 'knock', reason: 'let me in' });
    expect(await knocks(roomId)).toEqual([{ status: 'PENDING', reason: 'let me in', by: null }]);

    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    expect(await knocks(roomId)).toEqual([{ status: 'ACCEPTED', reason: 'let me in', by: owner.userId }]);
    await knocker.ok('POST', `/join/${enc(roomId)}?via=${there()}`, {});
    expect(await standsIn(knocker, roomId)).toBe('join');
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'join' }));
    await owner.ok('PUT', `/rooms/${enc(roomId)}/send/m.room.message/hello`, { msgtype: 'm.text', body: 'hello' });
    await expectSoon(async () => bodiesIn(knocker, roomId), expect.arrayContaining(['hello']));
    await knocker.ok('PUT', `/rooms/${enc(roomId)}/send/m.room.message/back`, { msgtype: 'm.text', body: 'and back' });
    await expectSoon(async () => bodiesIn(owner, roomId), expect.arrayContaining(['hello', 'and back']));
    await knocker.ok('POST', `/rooms/${enc(roomId)}/leave`, {});
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'leave' }));
  });

  it('loses the knock when it is taken back', async () => {
    const roomId = await room();
    await knockOn(roomId, 'never mind');
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'knock' }));
    await knocker.ok('POST', `/rooms/${enc(roomId)}/leave`, {});
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'leave' }));
    expect(await standsIn(knocker, roomId)).toBe('leave');
    expect(await knocks(roomId)).toEqual([{ status: 'RETRACTED', reason: 'never mind', by: knocker.userId }]);
  });

  it('is knocked on again after a rejection that nobody told us of', async () => {
    const roomId = await room();
    await knockOn(roomId, 'first');
    await owner.ok('POST', `/rooms/${enc(roomId)}/kick`, { user_id: knocker.userId });
    expect(await knockOn(roomId, 'second')).toMatchObject({ status: 200 });
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), { membership: 'knock', reason: 'second' });
    expect((await knocks(roomId))[0]).toEqual({ status: 'PENDING', reason: 'second', by: null });
  });

  it('bans, and is knocked on again when the ban is lifted', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/ban`, { user_id: knocker.userId });
    expect(await knockOn(roomId)).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    expect(await knocks(roomId)).toEqual([]);
    await owner.ok('POST', `/rooms/${enc(roomId)}/unban`, { user_id: knocker.userId });
    expect(await knockOn(roomId, 'again')).toMatchObject({ status: 200 });
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), { membership: 'knock', reason: 'again' });
  });

  it('invites, which is declined', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    expect(await standsIn(knocker, roomId)).toBe('invite');
    await knocker.ok('POST', `/rooms/${enc(roomId)}/leave`, {});
    expect(await standsIn(knocker, roomId)).toBe('leave');
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'leave' }));
  });

  it('takes an invite back', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    expect(await standsIn(knocker, roomId)).toBe('invite');
    await owner.ok('POST', `/rooms/${enc(roomId)}/kick`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'leave');
  });

  it('takes an invite back by a ban, which the join finds', async () => {
    const roomId = await room();
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await owner.ok('POST', `/rooms/${enc(roomId)}/ban`, { user_id: knocker.userId });
    const joined = await knocker.call('POST', `/join/${enc(roomId)}?via=${there()}`, {});
    expect(joined).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    expect(await standsIn(knocker, roomId)).toBe('leave');
  });

  it('is knocked on by its alias', async () => {
    const name = `door-${version}-${Date.now()}`;
    const roomId = await room({ room_alias_name: name });
    expect(await knocker.call('POST', `/knock/${enc(`#${name}:${there()}`)}`, {})).toMatchObject({
      status: 200,
      body: { room_id: roomId },
    });
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'knock' }));
  });

  it('that another Synapse is in too: its moderator lets the knocker in', async () => {
    const users = { ...(version === '12' ? {} : { [owner.userId]: 100 }), [resident.userId]: 50 };
    const roomId = await room({ power_level_content_override: { users } });
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: resident.userId });
    await expectSoon(() => standsIn(resident, roomId), 'invite');
    await resident.ok('POST', `/join/${enc(roomId)}?via=${there()}`, {});
    await knockOn(roomId, 'anybody there?');
    await expectSoon(() => memberSeen(resident, roomId, knocker.userId), {
      membership: 'knock',
      reason: 'anybody there?',
    });
    await resident.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    expect(await standsIn(knocker, roomId)).toBe('invite');
    expect(await knocks(roomId)).toEqual([{ status: 'ACCEPTED', reason: 'anybody there?', by: resident.userId }]);
    await knocker.ok('POST', `/join/${enc(roomId)}?via=${there()}&via=${world.synapses[1]!.name}`, {});
    await expectSoon(
      () => memberSeen(resident, roomId, knocker.userId),
      expect.objectContaining({ membership: 'join' }),
    );
  });

  it('that members of another room may join: those join, others knock', async () => {
    const club = await owner.ok('POST', '/createRoom', { preset: 'public_chat', room_version: version });
    const allow = [{ type: 'm.room_membership', room_id: club.room_id }];
    const content = { join_rule: 'knock_restricted', allow };
    const roomId = await room({ initial_state: [{ type: 'm.room.join_rules', state_key: '', content }] });
    const refused = await knocker.call('POST', `/join/${enc(roomId)}?via=${there()}`, {});
    expect(refused).toMatchObject({ status: 403 });
    expect(await knockOn(roomId)).toMatchObject({ status: 200 });
    await knocker.ok('POST', `/join/${enc(club.room_id)}?via=${there()}`, {});
    await knocker.ok('POST', `/join/${enc(roomId)}?via=${there()}`, {});
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'join' }));
    expect((await knocks(roomId))[0]).toMatchObject({ status: 'SUPERSEDED' });
  });
});

describe.skipIf(python === null)('when a server starts again', () => {
  it('a knock from before is accepted after', async () => {
    const roomId = await knockRoom(owner, {});
    await knockOn(roomId, 'before');
    await world.restart();
    expect(await standsIn(knocker, roomId)).toBe('knock');
    await owner.ok('POST', `/rooms/${enc(roomId)}/invite`, { user_id: knocker.userId });
    await expectSoon(() => standsIn(knocker, roomId), 'invite');
    await world.synapses[0]!.restart();
    await knocker.ok('POST', `/join/${enc(roomId)}?via=${there()}`, {});
    await expectSoon(() => memberSeen(owner, roomId, knocker.userId), expect.objectContaining({ membership: 'join' }));
  });
});
