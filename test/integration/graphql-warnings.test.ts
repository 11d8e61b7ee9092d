/** What moderators are told about a room's powers, and what they may do with whom, also where creators stand above all levels. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Data, type Desk } from '../support/graphql.ts';

let desk: Desk;
let owner: Client;
let mod: Client;
let plain: Client;
let kim: Client;

beforeAll(async () => {
  desk = await openDesk();
  [owner, mod, plain, kim] = (await Promise.all(['owner', 'mod', 'plain', 'kim'].map((name) => desk.join(name)))) as [
    ...[Client, Client, Client, Client],
  ];
});

afterAll(() => desk.close());

async function staffed(version: string): Promise<string> {
  const roomId = await makeRoom(owner, { version });
  for (const client of [mod, plain]) {
    await act(owner, 'inviteUser', { roomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId });
  }
  await setLevels(roomId, ({ users, events }) => ({
    users: { ...users, [mod.userId]: 50 },
    events: { ...events, 'm.room.join_rules': 75 },
  }));
  return roomId;
}

async function setLevels(roomId: string, change: (levels: Data) => object): Promise<void> {
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, ...change(levels) });
}

async function warnings(client: Client, roomId: string): Promise<Data> {
  const document = `query ($roomId: String!) { room(roomId: $roomId) { warnings { code message users { userId } } } }`;
  return (await ask(client, document, { roomId })).room.warnings;
}

const codes = (found: Data): readonly string[] => found.map(({ code }: Data) => code);

it('a room that people knock on and every member may invite to is warned of, to those who keep its door', async () => {
  const roomId = await staffed('11');
  expect(await warnings(mod, roomId)).toEqual([]);
  await setLevels(roomId, () => ({ invite: 0 }));
  expect(codes(await warnings(mod, roomId))).toEqual(['EVERY_MEMBER_MAY_INVITE']);
  expect(await warnings(plain, roomId)).toEqual([]);
  await setLevels(roomId, () => ({ invite: 50, users_default: 50 }));
  expect(codes(await warnings(mod, roomId))).toEqual(['EVERY_MEMBER_MAY_INVITE']);
  await setLevels(roomId, () => ({ invite: 0, users_default: 0 }));
  await act(owner, 'banUser', { roomId, userId: kim.userId });
  await ask(owner, `mutation { setJoinRule(input: {roomId: "${roomId}", joinRule: INVITE}) { room { id } } }`);
  expect(await warnings(mod, roomId)).toEqual([]);
});

it('the creators of a version 12 room are named as those whom nobody can remove', async () => {
  const roomId = await staffed('12');
  const [warning, ...others] = await warnings(mod, roomId);
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ code: 'CREATOR_CANNOT_BE_REMOVED', users: [{ userId: owner.userId }] });
});

it('what the viewer may do with a member is told with the reason when not, and the act agrees', async () => {
  for (const version of ['11', '12']) {
    const roomId = await staffed(version);
    await act(kim, 'knock', { roomId });
    const document = `query ($roomId: String!, $userId: String!) { room(roomId: $roomId) {
      viewerCanInvite viewerCannotInviteReason viewerCanSetJoinRule viewerCannotSetJoinRuleReason
      viewerCannotKickReason viewerCannotBanReason
      member(userId: $userId) { viewerCanKick viewerCannotKickReason viewerCanBan viewerCannotBanReason } } }`;
    const room = async (client: Client, userId: string): Promise<Data> =>
      (await ask(client, document, { roomId, userId })).room;
    const above = await room(mod, owner.userId);
    expect(above).toMatchObject({ viewerCanInvite: true, viewerCannotInviteReason: null, viewerCanSetJoinRule: false });
    expect(above).toMatchObject({ viewerCannotKickReason: null, viewerCannotBanReason: null });
    expect(above.viewerCannotSetJoinRuleReason).toContain('power level');
    expect(above.member).toEqual({
      viewerCanKick: false,
      viewerCannotKickReason: expect.stringContaining(version === '12' ? 'creator' : 'at least your power'),
      viewerCanBan: false,
      viewerCannotBanReason: expect.stringContaining(version === '12' ? 'creator' : 'at least your power'),
    });
    expect((await room(mod, plain.userId)).member).toMatchObject({ viewerCanKick: true, viewerCanBan: true });
    expect((await room(mod, kim.userId)).member).toMatchObject({ viewerCanKick: true, viewerCannotKickReason: null });
    expect((await room(plain, mod.userId)).member).toMatchObject({ viewerCanKick: false, viewerCanBan: false });
    await act(owner, 'kickUser', { roomId, userId: plain.userId });
    expect((await room(mod, plain.userId)).member).toMatchObject({
      ...{ viewerCanKick: false, viewerCannotKickReason: 'The user is not in the room.', viewerCanBan: true },
    });
    // The owner of a version 11 room, who has 100, and the creator of a version 12 room decide about the knock alike.
    const knocks = `{ knocks(where: {roomId: "${roomId}", status: [PENDING]}) { nodes {
      viewerCanAccept viewerCanReject viewerCanBan } } }`;
    expect((await ask(owner, knocks)).knocks.nodes).toEqual([
      { viewerCanAccept: true, viewerCanReject: true, viewerCanBan: true },
    ]);
  }
});
