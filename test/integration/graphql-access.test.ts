/** Who sees what through GraphQL: each thing by every way there is, for everybody from the owner to a stranger. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusedAct, revealReasons, type Data, type Desk } from '../support/graphql.ts';

let desk: Desk;
let roomId: string;
let people: Readonly<Record<string, Client>>;
let ids: Readonly<Record<string, string>>;

// Words that must not reach anybody but those who keep the door, and the knocker.
const SECRETS = ['kims secret words', 'petras secret words', 'no room for petra'];

beforeAll(async () => {
  desk = await openDesk();
  const names = ['owner', 'mod', 'member', 'kim', 'petra', 'invited', 'banned', 'stranger'];
  const clients = await Promise.all(names.map((name) => desk.join(name)));
  people = { ...Object.fromEntries(names.map((name, n) => [name, clients[n]!])), admin: await desk.admin('root') };
  const { owner, mod, member, kim, petra, invited, banned } = people as Record<string, Client>;
  roomId = await makeRoom(owner!, { version: '11', topic: 'Behind the door' });
  for (const client of [mod!, member!]) {
    await act(owner!, 'inviteUser', { roomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId });
  }
  const levels = await owner!.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [mod!.userId]: 50 };
  await owner!.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
  await act(owner!, 'inviteUser', { roomId, userId: invited!.userId });
  await act(owner!, 'banUser', { roomId, userId: banned!.userId });
  const turnedAway = await act(petra!, 'knock', { roomId, reason: SECRETS[1] });
  await act(owner!, 'rejectKnock', { roomId, userId: petra!.userId, reason: SECRETS[2] });
  const pending = await act(kim!, 'knock', { roomId, reason: SECRETS[0] });
  for (const name of ['owner', 'mod', 'admin']) await revealReasons(people[name]!);
  ids = {
    Room: pending.room.id,
    Member: pending.member.id,
    Knock: pending.knock.id,
    Transition: pending.transition.id,
    Event: await eventNode(kim!, pending.transition.id),
    RejectedKnock: turnedAway.knock.id,
  };
});

afterAll(() => desk.close());

async function eventNode(client: Client, transition: string): Promise<string> {
  const query = 'query ($id: ID!) { node(id: $id) { ... on Transition { event { id } } } }';
  return (await ask(client, query, { id: transition })).node.event.id;
}

const EVERY_WAY = `query ($room: String!, $user: String!, $Room: ID!, $Member: ID!, $Knock: ID!, $Transition: ID!, $Event: ID!) {
  Room: node(id: $Room) { id __typename }
  Member: node(id: $Member) { id ... on Member { membership displayName event { eventId } } }
  Knock: node(id: $Knock) { id ... on Knock { reason event { content } } }
  Transition: node(id: $Transition) { id ... on Transition { reason } }
  Event: node(id: $Event) { id ... on Event { content pdu } }
  knock(id: $Knock) { id reason }
  knocks { totalCount nodes { reason decisionReason user { userId } } }
  transitions(first: 100) { nodes { kind reason user { userId } event { content } previous { content } } }
  of: knocks(where: { userId: $user, roomId: $room }) { totalCount }
  room(roomId: $room) {
    name topic joinRule viewerMembership viewerCanSeeKnocks
    stats { pendingKnocks }
    member(userId: $user) { membership }
    members(where: { membership: [KNOCK, LEAVE, INVITE, JOIN, BAN] }) {
      totalCount nodes { membership user { userId knocks { totalCount } transitions { nodes { reason } } } } }
    knockers: members(where: { membership: [KNOCK] }) { totalCount edges { cursor } pageInfo { hasNextPage endCursor } }
    bans { totalCount } invites { totalCount }
    knocks { totalCount nodes { reason } edges { cursor node { id } } }
    transitions { nodes { reason } }
  }
  viewer { user { userId memberships { totalCount } } rooms { totalCount nodes { roomId } } knocks { totalCount } }
}`;

async function look(name: string): Promise<{ readonly data: Data; readonly text: string }> {
  const client = people[name]!;
  const variables = { ...ids, RejectedKnock: undefined, room: roomId, user: people['kim']!.userId };
  const data = await ask(client, EVERY_WAY, variables);
  return { data, text: JSON.stringify(data) };
}

describe('those who keep the door', () => {
  it.each(['owner', 'mod', 'admin'])('see all knocks, members and transitions, by every way: %s', async (name) => {
    const { data, text } = await look(name);
    for (const kind of ['Room', 'Member', 'Knock', 'Transition', 'Event']) expect(data[kind].id).toBe(ids[kind]);
    for (const secret of SECRETS) expect(text).toContain(secret);
    expect(data.knocks.totalCount).toBe(2);
    expect(data.of.totalCount).toBe(1);
    expect(data.room).toMatchObject({
      ...{ name: 'The door', topic: 'Behind the door', joinRule: 'KNOCK', viewerCanSeeKnocks: true },
      ...{ stats: { pendingKnocks: 1 }, member: { membership: 'KNOCK' }, knockers: { totalCount: 1 } },
      ...{ bans: { totalCount: 1 }, invites: { totalCount: 1 }, knocks: { totalCount: 2 } },
      members: { totalCount: 7 },
    });
    expect(data.transitions.nodes.map(({ kind }: { kind: string }) => kind)).toEqual([
      ...['JOINED', 'INVITE_SENT', 'INVITE_ACCEPTED', 'INVITE_SENT', 'INVITE_ACCEPTED', 'INVITE_SENT', 'BANNED'],
      ...['KNOCK_REQUESTED', 'KNOCK_REJECTED', 'KNOCK_REQUESTED'],
    ]);
  });

  it('an admin who is not in the room sees it, and may do nothing there', async () => {
    const { data } = await look('admin');
    expect(data.room.viewerMembership).toBe('NONE');
    const can = `query ($id: String) { room(roomId: $id) { viewerCanInvite viewerCanKick viewerCanBan viewerCanSetJoinRule
      knocks(where: { status: [PENDING] }) { nodes { viewerCanAccept viewerCannotAcceptReason viewerCanReject viewerCanBan } } } }`;
    const { room } = await ask(people['admin']!, can, { id: roomId });
    expect(room).toEqual({
      ...{ viewerCanInvite: false, viewerCanKick: false, viewerCanBan: false, viewerCanSetJoinRule: false },
      knocks: {
        nodes: [
          {
            ...{ viewerCanAccept: false, viewerCanReject: false, viewerCanBan: false },
            viewerCannotAcceptReason: 'You are not in this room.',
          },
        ],
      },
    });
    const input = { roomId, userId: people['kim']!.userId };
    expect((await refusedAct(people['admin']!, 'acceptKnock', input)).extensions.code).toBe('M_FORBIDDEN');
  });
});

describe('a member without power', () => {
  it('sees the room with its members, invites and bans, and nothing of who knocked', async () => {
    const { data, text } = await look('member');
    for (const secret of [...SECRETS, people['petra']!.userId]) expect(text).not.toContain(secret);
    expect(text).not.toContain(people['kim']!.userId);
    expect(data).toMatchObject({
      ...{ Room: { id: ids['Room'] }, Member: null, Knock: null, Transition: null, Event: null, knock: null },
      ...{ knocks: { totalCount: 0, nodes: [] }, of: { totalCount: 0 } },
    });
    expect(data.room).toMatchObject({
      ...{ name: 'The door', viewerCanSeeKnocks: false, stats: null, member: null },
      ...{ knockers: { totalCount: 0, edges: [], pageInfo: { hasNextPage: false, endCursor: null } } },
      ...{ bans: { totalCount: 1 }, invites: { totalCount: 1 }, knocks: { totalCount: 0, nodes: [], edges: [] } },
      members: { totalCount: 5 },
    });
    // Their own way into the room, and nobody else's.
    const kinds = data.transitions.nodes.map(({ kind }: { kind: string }) => kind);
    expect(kinds).toEqual(['INVITE_SENT', 'INVITE_ACCEPTED']);
  });

  it('learns from no refusal who knocked', async () => {
    const member = people['member']!;
    for (const name of [
      'acceptKnock',
      'rejectKnock',
      'kickUser',
      'revokeInvite',
      'unbanUser',
      'banUser',
      'inviteUser',
    ] as const) {
      const told = new Set<string>();
      for (const target of ['kim', 'petra', 'stranger']) {
        const refused = await refusedAct(member, name, { roomId, userId: people[target]!.userId });
        told.add(JSON.stringify([refused.message, refused.extensions]));
      }
      expect([...told], name).toHaveLength(1);
      expect([...told][0], name).toContain('M_FORBIDDEN');
    }
  });
});

describe('a knocker', () => {
  it('sees the room’s face and their own knock, and nobody else’s', async () => {
    const { data, text } = await look('kim');
    for (const kind of ['Room', 'Member', 'Knock', 'Transition', 'Event']) expect(data[kind].id).toBe(ids[kind]);
    expect(text).toContain(SECRETS[0]);
    for (const secret of SECRETS.slice(1)) expect(text).not.toContain(secret);
    for (const other of ['owner', 'mod', 'member', 'petra', 'invited', 'banned']) {
      expect(text, other).not.toContain(people[other]!.userId);
    }
    expect(data.room).toMatchObject({
      ...{ name: 'The door', topic: 'Behind the door', viewerMembership: 'KNOCK', stats: null },
      ...{ members: { totalCount: 1 }, bans: { totalCount: 0 }, invites: { totalCount: 0 }, knocks: { totalCount: 1 } },
    });
    expect(data.viewer).toMatchObject({ rooms: { totalCount: 1 }, knocks: { totalCount: 1 } });
  });

  it('who was turned away sees that, by whom and why, and no longer the room’s name', async () => {
    const { data, text } = await look('petra');
    expect(text).toContain(SECRETS[2]);
    expect(text).not.toContain(SECRETS[0]);
    expect(data).toMatchObject({ Knock: null, Member: null, Transition: null, Event: null, knock: null });
    expect(data.room).toMatchObject({ name: null, topic: null, joinRule: null, viewerMembership: 'LEAVE' });
    expect(data.viewer.rooms.totalCount).toBe(0);
    const query = 'query ($id: ID!) { knock(id: $id) { status decidedBy { userId } decisionReason } }';
    expect(await ask(people['petra']!, query, { id: ids['RejectedKnock'] })).toEqual({
      knock: { status: 'REJECTED', decidedBy: { userId: people['owner']!.userId }, decisionReason: SECRETS[2] },
    });
  });
});

describe('those outside', () => {
  it('who are invited see the room’s face, and no members but themselves', async () => {
    const { data, text } = await look('invited');
    for (const secret of SECRETS) expect(text).not.toContain(secret);
    expect(data).toMatchObject({ Room: { id: ids['Room'] }, Member: null, Knock: null, Transition: null, Event: null });
    expect(data.room).toMatchObject({
      name: 'The door',
      members: { totalCount: 1, nodes: [{ membership: 'INVITE' }] },
    });
  });

  it('who are banned see that they are, and not the room’s name', async () => {
    const { data } = await look('banned');
    expect(data.room).toMatchObject({
      name: null,
      viewerMembership: 'BAN',
      bans: { totalCount: 1 },
      members: { totalCount: 1 },
    });
  });

  it('strangers see nothing at all: no room, no node, no count', async () => {
    const { data, text } = await look('stranger');
    for (const kind of ['Room', 'Member', 'Knock', 'Transition', 'Event', 'knock', 'room'])
      expect(data[kind], kind).toBeNull();
    expect(data.knocks).toEqual({ totalCount: 0, nodes: [] });
    expect(data.transitions.nodes).toEqual([]);
    expect(data.viewer).toMatchObject({ rooms: { totalCount: 0, nodes: [] }, knocks: { totalCount: 0 } });
    for (const secret of [...SECRETS, roomId]) expect(text).not.toContain(secret);
  });

  it('strangers are told the same of a room that is not there', async () => {
    const nowhere = `!${'a'.repeat(43)}`;
    const stranger = people['stranger']!;
    for (const name of [
      'acceptKnock',
      'rejectKnock',
      'inviteUser',
      'revokeInvite',
      'kickUser',
      'banUser',
      'unbanUser',
    ] as const) {
      for (const target of ['kim', 'owner', 'stranger']) {
        const userId = people[target]!.userId;
        const here = await refusedAct(stranger, name, { roomId, userId });
        const there = await refusedAct(stranger, name, { roomId: nowhere, userId });
        expect(here, `${name} ${target}`).toEqual(there);
        expect(here.extensions).toEqual({ code: 'M_FORBIDDEN' });
      }
    }
  });

  it('without a token get nothing, and with a wrong one neither', async () => {
    const send = (headers: Record<string, string>) =>
      fetch(`${desk.server.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ viewer { isAdmin } }' }),
      });
    const none = await send({});
    expect(none.status).toBe(401);
    expect(await none.json()).toMatchObject({ errors: [{ extensions: { code: 'M_MISSING_TOKEN' } }] });
    for (const authorization of ['Bearer nonsense', 'Bearer ', 'Basic a2ltOnh4', people['kim']!.token]) {
      const wrong = await send({ authorization });
      expect(wrong.status, authorization).toBe(401);
      const { data, errors } = (await wrong.json()) as { data?: unknown; errors: { extensions: { code: string } }[] };
      expect(data ?? null).toBeNull();
      expect(errors[0]!.extensions.code).toMatch(/^M_(MISSING|UNKNOWN)_TOKEN$/);
    }
  });
});
