/** Who went which way: the difference between two moments of a room, and a person's path through rooms. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusal, type Data, type Desk } from '../support/graphql.ts';

let desk: Desk;
let [owner, kim, lee, member, stranger, root] = [] as unknown as Client[];
let [roomId, otherRoom] = [] as unknown as string[];
const then: Record<string, string> = {};

async function mark(name: string): Promise<void> {
  const { rows } = await desk.test.database.pool.query<{ position: number }>('select position from log_head');
  then[name] = String(rows[0]!.position);
}

beforeAll(async () => {
  desk = await openDesk();
  [owner, kim, lee, member, stranger] = await Promise.all(
    ['owner', 'kim', 'lee', 'member', 'stranger'].map((name) => desk.join(name)),
  );
  root = await desk.admin('root');
  roomId = await makeRoom(owner!, { version: '11' });
  otherRoom = await makeRoom(kim!, { version: '11' });
  await act(owner!, 'inviteUser', { roomId, userId: member!.userId });
  await act(member!, 'joinRoom', { roomId });
  await mark('made');
  await act(kim!, 'knock', { roomId, reason: 'one' });
  await act(kim!, 'knock', { roomId, reason: 'two' });
  await mark('knocked');
  await act(owner!, 'acceptKnock', { roomId, userId: kim!.userId });
  await act(kim!, 'joinRoom', { roomId });
  await mark('joined');
  // Comes and goes: nothing is different afterwards.
  await act(lee!, 'knock', { roomId });
  await mark('lee');
  await act(owner!, 'banUser', { roomId, userId: lee!.userId });
  await act(owner!, 'unbanUser', { roomId, userId: lee!.userId });
  await act(owner!, 'kickUser', { roomId, userId: kim!.userId });
  await mark('end');
  await act(lee!, 'knock', { roomId: otherRoom });
});

afterAll(() => desk.close());

const DIFF = `query ($id: String!, $from: AsOf!, $to: AsOf, $first: Int, $after: String) {
  membershipDiff(roomId: $id, from: $from, to: $to, first: $first, after: $after) {
    nodes { from to user { userId } transition { kind } } pageInfo { hasNextPage endCursor } } }`;

async function diff(client: Client, from: string, to?: string, more: object = {}): Promise<Data> {
  const at = (name: string) => ({ position: then[name] });
  const variables = { id: roomId, from: at(from), to: to === undefined ? null : at(to), ...more };
  return (await ask(client, DIFF, variables)).membershipDiff;
}

const said = ({ nodes }: Data): readonly string[] =>
  nodes.map((node: Data) => `${node.user.userId.slice(1, 4)} ${node.from} ${node.to} ${node.transition.kind}`);

describe('the difference between two moments', () => {
  it('names whose membership is another one, with the last change between them', async () => {
    expect(said(await diff(owner!, 'made', 'knocked'))).toEqual(['kim NONE KNOCK KNOCK_RENEWED']);
    expect(said(await diff(owner!, 'knocked', 'joined'))).toEqual(['kim KNOCK JOIN INVITE_ACCEPTED']);
    expect(said(await diff(owner!, 'made', 'lee'))).toEqual([
      'kim NONE JOIN INVITE_ACCEPTED',
      'lee NONE KNOCK KNOCK_REQUESTED',
    ]);
    expect(said(await diff(owner!, 'lee', 'end'))).toEqual(['lee KNOCK LEAVE UNBANNED', 'kim JOIN LEAVE KICKED']);
    expect(said(await diff(owner!, 'made'))).toEqual(['lee NONE LEAVE UNBANNED', 'kim NONE LEAVE KICKED']);
    expect(said(await diff(owner!, 'joined', 'joined'))).toEqual([]);
  });

  it('is paged', async () => {
    const first = await diff(owner!, 'lee', 'end', { first: 1 });
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await diff(owner!, 'lee', 'end', { first: 1, after: first.pageInfo.endCursor });
    expect([...said(first), ...said(second)]).toEqual(said(await diff(owner!, 'lee', 'end')));
    expect(second.pageInfo.hasNextPage).toBe(false);
  });

  it('tells others than those who keep the door of themselves alone', async () => {
    expect(said(await diff(root!, 'made', 'lee'))).toHaveLength(2);
    expect(said(await diff(member!, 'made', 'lee'))).toEqual([]);
    expect(said(await diff(kim!, 'made', 'lee'))).toEqual(['kim NONE JOIN INVITE_ACCEPTED']);
    expect(await diff(stranger!, 'made', 'lee')).toBeNull();
  });

  it('is refused backwards', async () => {
    const variables = { id: roomId, from: { position: then['end'] }, to: { position: then['made'] } };
    expect((await refusal(owner!, DIFF, variables)).extensions.code).toBe('M_INVALID_PARAM');
  });
});

describe('a person’s path', () => {
  const STEP = 'membership since until seconds room { roomId } user { userId } began { kind } ended { kind position }';
  const path = async (client: Client, person: Client, roomIds: readonly string[] | null = null): Promise<Data[]> => {
    const query = `query ($room: String, $user: String!, $ids: [String!]) { room(roomId: $room) { member(userId: $user) {
      path { nodes { ${STEP} } } user { path(roomIds: $ids) { nodes { ${STEP} } } } } } }`;
    const { room } = await ask(client, query, { room: roomId, user: person.userId, ids: roomIds });
    expect(room.member.path.nodes).toEqual(
      room.member.user.path.nodes.filter((step: Data) => step.room.roomId === roomId),
    );
    return room.member.user.path.nodes;
  };
  const steps = (nodes: Data[]) =>
    nodes.map(({ membership, began, ended }) => [membership, began.kind, ended?.kind ?? null]);

  it('is each membership they came to have, from when until when, and not what was said again', async () => {
    const nodes = await path(owner!, kim!);
    expect(steps(nodes)).toEqual([
      ['KNOCK', 'KNOCK_REQUESTED', 'KNOCK_ACCEPTED'],
      ['INVITE', 'KNOCK_ACCEPTED', 'INVITE_ACCEPTED'],
      ['JOIN', 'INVITE_ACCEPTED', 'KICKED'],
      ['LEAVE', 'KICKED', null],
    ]);
    nodes.forEach((step, n) => {
      expect(step.until).toBe(nodes[n + 1]?.since ?? null);
      const seconds = (Date.parse(step.until) - Date.parse(step.since)) / 1000;
      expect(step.seconds).toEqual(step.until === null ? null : seconds);
    });
  });

  it('leads through all rooms where the viewer may see it, or those that are asked for', async () => {
    expect(steps(await path(root!, lee!))).toEqual([
      ['KNOCK', 'KNOCK_REQUESTED', 'BANNED'],
      ['BAN', 'BANNED', 'UNBANNED'],
      ['LEAVE', 'UNBANNED', null],
      ['KNOCK', 'KNOCK_REQUESTED', null],
    ]);
    expect(await path(root!, lee!, [roomId!])).toHaveLength(3);
    expect(await path(lee!, lee!)).toHaveLength(4);
    expect(await path(owner!, lee!)).toHaveLength(3);
    // Their own room, where they keep the door.
    const node = `query ($id: String!) { room(roomId: $id) { transitions(last: 1) { nodes { user { path { nodes { room { roomId } } } } } } } }`;
    const seen = (await ask(kim!, node, { id: otherRoom })).room.transitions.nodes[0].user.path.nodes;
    expect(seen).toEqual([{ room: { roomId: otherRoom } }]);
  });
});
