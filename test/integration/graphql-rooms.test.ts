/** Rooms and what is in them, asked for in every way: made, listed, filtered, fetched by id; every node from every other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actInRoom } from '../../src/commands/act.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Data, type Desk } from '../support/graphql.ts';
import { actor, makeKnockRoom } from '../support/history.ts';

let desk: Desk;
let owner: Client;
let kim: Client;
let lee: Client;
let admin: Client;
let aliased: RoomId;

beforeAll(async () => {
  desk = await openDesk(async ({ deps }) => {
    aliased = await makeKnockRoom(deps, 'owner');
    // As of a room from elsewhere: the alias does not stand in our own directory.
    const draft = {
      type: 'm.room.canonical_alias',
      stateKey: '',
      content: jsonObject({ alias: '#door:vestibule.test' }),
    };
    await actInRoom(deps, actor('owner'), { operation: 'test', roomId: aliased }, async () => ({
      send: { ...draft, sender: actor('owner').userId },
    }));
  });
  [owner, kim, lee] = await Promise.all([desk.join('owner'), desk.join('kim'), desk.join('lee')]);
  admin = await desk.admin('root');
});

afterAll(() => desk.close());

const user = (client: Client) => ({ userId: client.userId });

describe('a room to knock on', () => {
  it('is made with a name, a topic and a version, and only power level 50 may invite', async () => {
    const { createRoom } = await ask(
      owner,
      `mutation ($input: CreateRoomInput!) { createRoom(input: $input) {
         room { id roomId name topic canonicalAlias joinRule version viewerMembership viewerCanSeeKnocks viewerCanInvite
           viewerCanKick viewerCanBan viewerCanSetJoinRule members { totalCount nodes { membership powerLevel } } } } }`,
      { input: { name: 'The door', topic: 'Knock', joinRule: 'KNOCK', version: '11', preset: 'PRIVATE_CHAT' } },
    );
    expect(createRoom.room).toMatchObject({
      name: 'The door',
      topic: 'Knock',
      canonicalAlias: null,
      joinRule: 'KNOCK',
      version: '11',
      viewerMembership: 'JOIN',
      viewerCanSeeKnocks: true,
      viewerCanInvite: true,
      viewerCanKick: true,
      viewerCanBan: true,
      viewerCanSetJoinRule: true,
      members: { totalCount: 1, nodes: [{ membership: 'JOIN', powerLevel: 100 }] },
    });
    const levels = await owner.ok('GET', `/rooms/${createRoom.room.roomId}/state/m.room.power_levels`);
    expect(levels).toMatchObject({ invite: 50, kick: 50, ban: 50 });
  });

  it('invites whom its maker names', async () => {
    const roomId = await makeRoom(owner, { invite: [kim.userId, lee.userId] });
    const { room } = await ask(
      owner,
      'query ($id: String) { room(roomId: $id) { invites { totalCount nodes { user { userId } membership } } } }',
      { id: roomId },
    );
    expect(room.invites.totalCount).toBe(2);
    expect(room.invites.nodes.map((node: { user: object }) => node.user)).toEqual([user(kim), user(lee)]);
  });

  it('changes its join rule, and the event says so', async () => {
    const roomId = await makeRoom(owner);
    const set = `mutation ($input: SetJoinRuleInput!) { setJoinRule(input: $input) {
      room { roomId joinRule } event { type stateKey content sender { userId } verdict } } }`;
    const { setJoinRule } = await ask(owner, set, {
      input: { roomId, joinRule: 'RESTRICTED', allowRoomIds: [roomId] },
    });
    expect(setJoinRule).toEqual({
      room: { roomId, joinRule: 'RESTRICTED' },
      event: {
        type: 'm.room.join_rules',
        stateKey: '',
        content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: roomId }] },
        sender: user(owner),
        verdict: 'ACCEPTED',
      },
    });
    await ask(owner, set, { input: { roomId, joinRule: 'PUBLIC' } });
    await act(kim, 'joinRoom', { roomId });
  });
});

describe('the list of rooms', () => {
  const list = async (client: Client, where: object, on: 'rooms' | 'viewer' = 'rooms'): Promise<readonly string[]> => {
    const rooms = 'rooms(where: $where, first: 100) { totalCount nodes { roomId } }';
    const query = `query ($where: RoomFilter) { ${on === 'rooms' ? rooms : `viewer { ${rooms} }`} }`;
    const data = await ask(client, query, { where });
    const { totalCount, nodes } = on === 'rooms' ? data.rooms : data.viewer.rooms;
    expect(nodes).toHaveLength(totalCount);
    return nodes.map(({ roomId }: { roomId: string }) => roomId);
  };

  it('holds the viewer’s own, or of those what a filter leaves; every room for an admin', async () => {
    const [kept, joined, knocked, left] = await Promise.all([
      makeRoom(lee),
      makeRoom(owner),
      makeRoom(owner),
      makeRoom(owner),
    ]);
    await act(owner, 'inviteUser', { roomId: joined, userId: lee.userId });
    await act(lee, 'joinRoom', { roomId: joined });
    await act(lee, 'knock', { roomId: knocked });
    await act(lee, 'knock', { roomId: left });
    await act(lee, 'retractKnock', { roomId: left });
    const sorted = (...ids: readonly string[]) => ids.toSorted((a, b) => (a < b ? -1 : 1));
    const before = await list(lee, {});
    expect(before).toEqual(expect.arrayContaining([kept, joined, knocked]));
    expect(before).not.toContain(left);
    expect(before).toEqual(sorted(...before));
    expect(await list(lee, { roomIds: [kept, joined, left, aliased] })).toEqual(sorted(kept, joined));
    expect(await list(lee, { viewerCanSeeKnocks: true })).toEqual([kept]);
    expect(await list(lee, { viewerCanSeeKnocks: false, roomIds: [kept, joined] })).toEqual([joined]);
    expect(await list(lee, { viewerMembership: ['KNOCK'] })).toEqual([knocked]);
    expect(await list(lee, { viewerMembership: ['LEAVE', 'BAN'] })).toEqual([left]);
    expect(await list(lee, { viewerMembership: ['NONE'] })).toEqual([]);
    expect(await list(lee, { viewerMembership: [] })).toEqual([]);
    expect(await list(lee, { roomIds: [] })).toEqual([]);
    expect(await list(lee, {}, 'viewer')).toEqual(before);

    const { rows } = await desk.test.database.pool.query<{ room_id: string }>(
      'select room_id from rooms order by room_id',
    );
    expect(await list(admin, {})).toEqual(rows.map(({ room_id }) => room_id));
    expect(await list(admin, {}, 'viewer')).toEqual([]);
    expect(await list(admin, { viewerCanSeeKnocks: true, roomIds: [kept] })).toEqual([kept]);
    expect(await list(admin, { viewerCanSeeKnocks: false })).toEqual([]);
    expect(await list(admin, { viewerMembership: ['JOIN'] })).toEqual([]);
  });

  it('finds a room by its id, or by its alias among the viewer’s own', async () => {
    const query = `query ($id: String, $alias: String) { room(roomId: $id, alias: $alias) { roomId canonicalAlias } }`;
    const door = { room: { roomId: aliased, canonicalAlias: '#door:vestibule.test' } };
    expect(await ask(owner, query, { id: aliased })).toEqual(door);
    expect(await ask(owner, query, { alias: '#door:vestibule.test' })).toEqual(door);
    expect(await ask(owner, query, { alias: '#other:vestibule.test' })).toEqual({ room: null });
    expect(await ask(kim, query, { alias: '#door:vestibule.test' })).toEqual({ room: null });
    await act(kim, 'knock', { roomId: aliased });
    expect(await ask(kim, query, { alias: '#door:vestibule.test' })).toEqual(door);
  });
});

describe('the list of knocks', () => {
  it('is filtered by room, rooms, user, server and status, ordered either way, and counted', async () => {
    const knocks = async (client: Client, where: object, direction?: string): Promise<readonly string[]> => {
      const query = `query ($where: KnockFilter, $by: KnockOrder) { knocks(where: $where, orderBy: $by, first: 100) {
        totalCount nodes { room { roomId } status user { userId server } } } }`;
      const by = direction === undefined ? null : { field: 'KNOCKED_AT', direction };
      const { totalCount, nodes } = (await ask(client, query, { where, by })).knocks;
      expect(nodes).toHaveLength(totalCount);
      return nodes.map((node: Data) => `${node.status} ${node.user.userId === lee.userId ? 'lee' : 'kim'}`);
    };
    const [first, second] = [await makeRoom(owner), await makeRoom(owner)];
    await act(lee, 'knock', { roomId: first });
    await act(kim, 'knock', { roomId: first });
    await act(lee, 'knock', { roomId: second });
    await act(owner, 'rejectKnock', { roomId: first, userId: kim.userId });
    const both = { roomIds: [first, second] };
    expect(await knocks(owner, both)).toEqual(['PENDING lee', 'REJECTED kim', 'PENDING lee']);
    expect(await knocks(owner, { roomId: first })).toEqual(['REJECTED kim', 'PENDING lee']);
    expect(await knocks(owner, { roomId: first }, 'ASC')).toEqual(['PENDING lee', 'REJECTED kim']);
    expect(await knocks(owner, { roomId: first }, 'DESC')).toEqual(['REJECTED kim', 'PENDING lee']);
    expect(await knocks(owner, { roomId: first, roomIds: [second] })).toEqual([]);
    expect(await knocks(owner, { ...both, userId: kim.userId })).toEqual(['REJECTED kim']);
    expect(await knocks(owner, { ...both, status: ['REJECTED', 'BANNED'] })).toEqual(['REJECTED kim']);
    expect(await knocks(owner, { ...both, status: [] })).toEqual([]);
    expect(await knocks(owner, { ...both, server: 'vestibule.test' })).toHaveLength(3);
    expect(await knocks(owner, { ...both, server: 'other.test' })).toEqual([]);
    expect(await knocks(kim, both)).toEqual(['REJECTED kim']);
    expect(await knocks(kim, { ...both, userId: lee.userId })).toEqual([]);
    expect(await knocks(admin, both)).toHaveLength(3);
    const stats = `query ($id: String) { room(roomId: $id) { stats { joined invited banned pendingKnocks acceptedKnocks
      rejectedKnocks bannedKnocks retractedKnocks supersededKnocks voidedKnocks lapsedKnocks } } }`;
    expect((await ask(owner, stats, { id: first })).room.stats).toEqual({
      ...{ joined: 1, invited: 0, banned: 0, pendingKnocks: 1, acceptedKnocks: 0, rejectedKnocks: 1 },
      ...{ bannedKnocks: 0, retractedKnocks: 0, supersededKnocks: 0, voidedKnocks: 0, lapsedKnocks: 0 },
    });
  });
});

describe('every node', () => {
  it('is found by its id, and reached from every other', async () => {
    const roomId = await makeRoom(owner);
    const { knock } = await act(kim, 'knock', { roomId, reason: 'by every way' });
    const query = `query ($id: ID!) { knock(id: $id) {
      id
      room { id knocks { nodes { id } } transitions(last: 1) { nodes { id } } members { nodes { id } } member(userId: "${kim.userId}") { id } }
      user { id server memberships(first: 100) { nodes { id } } knocks { nodes { id } } transitions(last: 1) { nodes { id } } }
      event { id room { id } sender { id } transitions { nodes { id } } }
      transitions { nodes { id knock { id } room { id } user { id } event { id } trigger { id } actor { id } } }
    } }`;
    const found = (await ask(owner, query, { id: knock.id })).knock;
    const ids = {
      Room: found.room.id,
      User: found.user.id,
      Member: found.room.member.id,
      Knock: found.id,
      Transition: found.transitions.nodes[0].id,
      Event: found.event.id,
    };
    expect(new Set(Object.values(ids)).size).toBe(6);
    const { Room: room, User: person, Member: member, Transition: transition, Event: event } = ids;
    expect(found).toMatchObject({
      room: { knocks: { nodes: [{ id: knock.id }] }, transitions: { nodes: [{ id: transition }] } },
      user: { server: 'vestibule.test', transitions: { nodes: [{ id: transition }] } },
      event: { room: { id: room }, sender: { id: person }, transitions: { nodes: [{ id: transition }] } },
      transitions: {
        nodes: [...[{ knock: { id: knock.id }, room: { id: room }, user: { id: person }, event: { id: event } }]],
      },
    });
    expect(found.room.members.nodes).toContainEqual({ id: member });
    expect(found.user.memberships.nodes).toContainEqual({ id: member });
    expect(found.user.knocks.nodes[0]).toEqual({ id: knock.id });
    for (const [type, id] of Object.entries(ids)) {
      const node = `query ($id: ID!) { node(id: $id) { id __typename
        ... on Room { roomId } ... on User { userId } ... on Member { membership knocks { nodes { id } } transitions { nodes { id } } }
        ... on Knock { status } ... on Transition { kind } ... on Event { eventId } } }`;
      const answer = (await ask(owner, node, { id })).node;
      expect(answer, type).toMatchObject({ id, __typename: type });
      expect(Object.keys(answer).length).toBeGreaterThan(2);
    }
  });

  it('of a user shows the profile, of a member the name in that room', async () => {
    await kim.ok('PUT', `/profile/${kim.userId}/displayname`, { displayname: 'Kim' });
    const roomId = await makeRoom(owner);
    const { member } = await act(kim, 'knock', { roomId });
    await kim.ok('PUT', `/profile/${kim.userId}/displayname`, { displayname: 'Kim, renamed' });
    const query = `query ($id: ID!) { node(id: $id) { ... on Member { displayName powerLevel event { type }
      user { userId displayName avatarUrl } } } }`;
    expect((await ask(owner, query, { id: member.id })).node).toEqual({
      ...{ displayName: 'Kim', powerLevel: 0, event: { type: 'm.room.member' } },
      user: { userId: kim.userId, displayName: 'Kim, renamed', avatarUrl: null },
    });
    // A creator of a version 12 room stands above all numbers.
    const levels =
      'query ($id: String) { room(roomId: $id) { version members { nodes { powerLevel user { userId } } } } }';
    const { room } = await ask(owner, levels, { id: roomId });
    expect(room.version).toBe('12');
    expect(room.members.nodes).toContainEqual({ powerLevel: null, user: user(owner) });
  });

  it('transitions are filtered by room, user, kind, actor and cause', async () => {
    const roomId = await makeRoom(owner);
    await act(kim, 'knock', { roomId });
    await act(owner, 'rejectKnock', { roomId, userId: kim.userId });
    const kinds = async (where: object): Promise<readonly string[]> => {
      const query = 'query ($where: TransitionFilter) { transitions(where: $where) { nodes { kind } } }';
      return (await ask(owner, query, { where: { roomId, ...where } })).transitions.nodes.map(
        ({ kind }: { kind: string }) => kind,
      );
    };
    expect(await kinds({})).toEqual(['JOINED', 'KNOCK_REQUESTED', 'KNOCK_REJECTED']);
    expect(await kinds({ userId: kim.userId })).toEqual(['KNOCK_REQUESTED', 'KNOCK_REJECTED']);
    expect(await kinds({ kinds: ['JOINED', 'KNOCK_REJECTED'] })).toEqual(['JOINED', 'KNOCK_REJECTED']);
    expect(await kinds({ actor: owner.userId })).toEqual(['JOINED', 'KNOCK_REJECTED']);
    expect(await kinds({ cause: ['MODERATOR'] })).toEqual(['KNOCK_REJECTED']);
    expect(await kinds({ cause: ['SELF'], userId: kim.userId })).toEqual(['KNOCK_REQUESTED']);
    expect(await kinds({ kinds: [] })).toEqual([]);
    expect(await kinds({ roomIds: [aliased] })).toEqual([]);
  });
});
