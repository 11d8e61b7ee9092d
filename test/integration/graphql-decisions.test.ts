/** Deciding: once, by one, told to whoever comes too late; with the powers that the Matrix API gives, no more and no less. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import {
  act,
  actDocument,
  ask,
  makeRoom,
  openDesk,
  refusedAct,
  type Desk,
  type MembershipAct,
} from '../support/graphql.ts';

let desk: Desk;
let owner: Client;
let mod: Client;
let peer: Client;
let plain: Client;
let kim: Client;
let stranger: Client;

beforeAll(async () => {
  desk = await openDesk();
  const names = ['owner', 'mod', 'peer', 'plain', 'kim', 'stranger'];
  [owner, mod, peer, plain, kim, stranger] = (await Promise.all(names.map((name) => desk.join(name)))) as [
    ...[Client, Client, Client, Client, Client, Client],
  ];
});

afterAll(() => desk.close());

/** A room with two moderators of equal power and a member without any. */
async function staffedRoom(version: string): Promise<string> {
  const roomId = await makeRoom(owner, { version });
  for (const client of [mod, peer, plain]) {
    await act(owner, 'inviteUser', { roomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId });
  }
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [mod.userId]: 50, [peer.userId]: 50 };
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
  return roomId;
}

describe('a knock that was decided', () => {
  it('is not decided again: who comes late is told what, by whom and when', async () => {
    const roomId = await staffedRoom('12');
    const target = { roomId, userId: kim.userId };
    const { knock } = await act(kim, 'knock', { roomId, reason: 'hello' });
    const accepted = await act(mod, 'acceptKnock', target);
    for (const name of ['acceptKnock', 'rejectKnock'] as const) {
      const { message, extensions, path } = await refusedAct(owner, name, target);
      expect(message).toBe('The knock is accepted already.');
      expect(path).toEqual(['payload']);
      expect(extensions).toEqual({
        ...{ code: 'KNOCK_ALREADY_DECIDED', knock: knock.id, status: 'ACCEPTED' },
        ...{ decidedBy: mod.userId, decidedAt: accepted.knock.decidedAt },
      });
    }
    await act(kim, 'leaveRoom', { roomId });
    const second = await act(kim, 'knock', { roomId });
    await act(kim, 'retractKnock', { roomId });
    const { extensions } = await refusedAct(owner, 'acceptKnock', target);
    expect(extensions).toMatchObject({ knock: second.knock.id, status: 'RETRACTED', decidedBy: kim.userId });
    // The kick and the invite of Matrix itself know nothing of knocks.
    expect(await act(owner, 'inviteUser', target)).toMatchObject({ transition: { kind: 'INVITE_SENT' } });
  });

  it('is told from one that never was', async () => {
    const roomId = await staffedRoom('12');
    for (const name of ['acceptKnock', 'rejectKnock'] as const) {
      for (const userId of [kim.userId, plain.userId, owner.userId, '@nobody:elsewhere.example']) {
        const { extensions } = await refusedAct(mod, name, { roomId, userId });
        expect(extensions, `${name} ${userId}`).toEqual({ code: 'M_NOT_FOUND' });
      }
    }
  });

  it('by two moderators at once goes to exactly one of them, and the other is told', async () => {
    const roomId = await staffedRoom('12');
    const userId = kim.userId;
    for (let round = 0; round < 12; round += 1) {
      const { knock } = await act(kim, 'knock', { roomId, reason: `round ${round}` });
      const [first, second]: [MembershipAct, MembershipAct] =
        round % 2 === 0 ? ['acceptKnock', 'rejectKnock'] : ['rejectKnock', 'rejectKnock'];
      const answers = await Promise.all([
        mod.graphql(actDocument(first), { input: { roomId, userId } }),
        peer.graphql(actDocument(second), { input: { roomId, userId } }),
      ]);
      const won = answers.filter(({ errors }) => errors === undefined);
      const lost = answers.filter(({ errors }) => errors !== undefined);
      expect([won.length, lost.length]).toEqual([1, 1]);
      const decided = won[0].data.payload.knock;
      expect(decided.id).toBe(knock.id);
      expect(lost[0].errors[0].extensions).toEqual({
        ...{ code: 'KNOCK_ALREADY_DECIDED', knock: knock.id, status: decided.status },
        ...{ decidedBy: decided.decidedBy.userId, decidedAt: decided.decidedAt },
      });
      const { node } = await ask(
        owner,
        'query ($id: ID!) { node(id: $id) { ... on Knock { transitions { nodes { kind } } } } }',
        { id: knock.id },
      );
      expect(node.transitions.nodes).toHaveLength(2);
      if (decided.status === 'ACCEPTED') await act(kim, 'leaveRoom', { roomId });
    }
  });
});

interface Powers {
  readonly viewerCanAccept: boolean;
  readonly viewerCanReject: boolean;
  readonly viewerCanBan: boolean;
  readonly viewerCannotAcceptReason: string | null;
  readonly viewerCannotRejectReason: string | null;
  readonly viewerCannotBanReason: string | null;
}

async function powersOver(client: Client, id: string): Promise<Powers | null> {
  const query = `query ($id: ID!) { knock(id: $id) { viewerCanAccept viewerCannotAcceptReason viewerCanReject
    viewerCannotRejectReason viewerCanBan viewerCannotBanReason } }`;
  return (await ask(client, query, { id })).knock;
}

describe('what the viewer can do', () => {
  // In version 12 a creator stands above every level, also above those of an equal number.
  it.each(['11', '12'])('is what is then done, and the reason is there when not: room version %s', async (version) => {
    const roomId = await staffedRoom(version);
    // The knocker has a moderator's level: a moderator may accept, but neither reject nor ban.
    const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
    const users = { ...levels.users, [kim.userId]: 50 };
    await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
    const expected = {
      owner: { viewerCanAccept: true, viewerCanReject: true, viewerCanBan: true },
      mod: { viewerCanAccept: true, viewerCanReject: false, viewerCanBan: false },
      kim: { viewerCanAccept: false, viewerCanReject: false, viewerCanBan: false },
    };
    for (const [name, client] of Object.entries({ mod, kim, owner })) {
      for (const [can, why, operation] of [
        ['viewerCanAccept', 'viewerCannotAcceptReason', 'acceptKnock'],
        ['viewerCanReject', 'viewerCannotRejectReason', 'rejectKnock'],
        ['viewerCanBan', 'viewerCannotBanReason', 'banUser'],
      ] as const) {
        const { knock } = await act(kim, 'knock', { roomId, reason: `${name} ${operation}` });
        const powers = (await powersOver(client, knock.id))!;
        expect(powers[can], `${name} ${can}`).toBe(expected[name as keyof typeof expected][can]);
        expect(powers[why] === null, `${name} ${why}`).toBe(powers[can]);
        const { errors } = await client.graphql(actDocument(operation), { input: { roomId, userId: kim.userId } });
        expect(errors === undefined, `${name} ${operation}`).toBe(powers[can]);
        if (!powers[can]) {
          expect(errors[0].extensions.code).toBe('M_FORBIDDEN');
          continue;
        }
        const after = (await powersOver(client, knock.id))!;
        expect(after).toMatchObject({
          viewerCanAccept: false,
          viewerCannotAcceptReason: 'The knock is no longer pending.',
        });
        if (operation === 'acceptKnock') await act(kim, 'leaveRoom', { roomId });
        if (operation === 'banUser') await act(owner, 'unbanUser', { roomId, userId: kim.userId });
      }
    }
    expect(await powersOver(plain, (await act(kim, 'knock', { roomId })).knock.id)).toBeNull();
  });

  it('in a room is what is then done there', async () => {
    const roomId = await staffedRoom('11');
    const query = `query ($id: String) { room(roomId: $id) { viewerCanInvite viewerCanKick viewerCanBan viewerCanSetJoinRule } }`;
    const all = { viewerCanInvite: true, viewerCanKick: true, viewerCanBan: true, viewerCanSetJoinRule: true };
    const none = { viewerCanInvite: false, viewerCanKick: false, viewerCanBan: false, viewerCanSetJoinRule: false };
    for (const [client, can] of [
      [owner, all],
      [mod, all],
      [plain, none],
    ] as const) {
      expect((await ask(client, query, { id: roomId })).room, client.userId).toEqual(can);
      const set = `mutation { setJoinRule(input: { roomId: "${roomId}", joinRule: KNOCK }) { room { joinRule } } }`;
      const { errors } = await client.graphql(set);
      expect(errors?.[0].extensions.code).toBe(can.viewerCanSetJoinRule ? undefined : 'M_FORBIDDEN');
    }
  });
});

describe('powers', () => {
  it('where every member may invite do not make every member a judge of knocks', async () => {
    const roomId = await makeRoom(owner, { joinRule: null, version: '11' });
    await act(owner, 'inviteUser', { roomId, userId: plain.userId });
    await act(plain, 'joinRoom', { roomId });
    await ask(owner, `mutation { setJoinRule(input: { roomId: "${roomId}", joinRule: KNOCK }) { room { id } } }`);
    expect((await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`)).invite).toBe(0);
    const { knock } = await act(kim, 'knock', { roomId, reason: 'for the owner alone' });
    for (const userId of [kim.userId, stranger.userId]) {
      expect(await refusedAct(plain, 'acceptKnock', { roomId, userId })).toMatchObject({
        message: 'You do not decide about the knocks on this room.',
        extensions: { code: 'M_FORBIDDEN' },
      });
    }
    // Inviting is another matter: the room lets its members. But what that did to a knock is not theirs to know.
    const invited = await act(plain, 'inviteUser', { roomId, userId: kim.userId });
    expect(invited).toMatchObject({ member: { membership: 'INVITE' }, transition: null, knock: null });
    const query = 'query ($id: ID!) { knock(id: $id) { status decidedBy { userId } } }';
    expect(await ask(owner, query, { id: knock.id })).toEqual({
      knock: { status: 'ACCEPTED', decidedBy: { userId: plain.userId } },
    });
  });

  it('are those of the Matrix API: the same refused act is refused in the same words', async () => {
    const roomId = await staffedRoom('11');
    await act(kim, 'knock', { roomId });
    await act(owner, 'banUser', { roomId, userId: stranger.userId });
    const pairs = [
      ...[
        ['inviteUser', 'invite'],
        ['kickUser', 'kick'],
        ['banUser', 'ban'],
        ['unbanUser', 'unban'],
      ],
    ] as const;
    const nowhere = `!${'b'.repeat(43)}`;
    let compared = 0;
    for (const [mutation, endpoint] of pairs) {
      for (const client of [plain, mod, stranger, kim]) {
        for (const target of [owner, mod, peer, plain, kim, stranger]) {
          for (const room of [roomId, nowhere]) {
            // Only what cannot be done, or each act would change what the next one finds.
            const may = client === mod && room === roomId && ![owner, mod, peer].includes(target);
            if (may) continue;
            const userId = target.userId;
            const rest = await client.call('POST', `/rooms/${room}/${endpoint}`, { user_id: userId });
            const told = await refusedAct(client, mutation, { roomId: room, userId });
            expect(rest.status, `${endpoint} ${client.userId} ${userId}`).toBe(403);
            expect([told.extensions.code, told.message]).toEqual([rest.body.errcode, rest.body.error]);
            compared += 1;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(150);
    for (const [mutation, path] of [
      ['knock', `/knock/${roomId}`],
      ['joinRoom', `/join/${roomId}`],
    ] as const) {
      for (const client of [stranger, plain, kim]) {
        const rest = await client.call('POST', path, {});
        const told = await client.graphql(actDocument(mutation), { input: { roomId } });
        expect(told.errors?.[0].extensions.code, `${mutation} ${client.userId}`).toBe(rest.body.errcode);
        expect(told.errors?.[0].message).toBe(rest.body.error);
      }
    }
  });
});
