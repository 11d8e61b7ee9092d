/** The lists of events and of acts: for everybody what they see one by one, and what a filter describes of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusedAct, type Data, type Desk } from '../support/graphql.ts';

let desk: Desk;
let people: Readonly<Record<'owner' | 'mod' | 'member' | 'kim' | 'stranger' | 'root', Client>>;
let roomIds: readonly string[];

beforeAll(async () => {
  desk = await openDesk();
  const join = (name: string) => desk.join(name);
  const [owner, mod, member, kim, stranger] = await Promise.all([
    join('owner'),
    join('mod'),
    join('member'),
    join('kim'),
    join('stranger'),
  ] as const);
  people = { owner, mod, member, kim, stranger, root: await desk.admin('root') };
  roomIds = [await makeRoom(owner, { version: '11' }), await makeRoom(mod)];
  const [roomId, other] = roomIds as [string, string];
  for (const client of [mod, member]) {
    await act(owner, 'inviteUser', { roomId, userId: client.userId });
    await act(client, 'joinRoom', { roomId });
  }
  const levels = await owner.ok('GET', `/rooms/${roomId}/state/m.room.power_levels`);
  const users = { ...levels.users, [mod.userId]: 50 };
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.power_levels`, { ...levels, users });
  await member.ok('PUT', `/rooms/${roomId}/send/m.room.message/1`, { msgtype: 'm.text', body: 'hello' });
  for (const room of [roomId, other]) await act(kim, 'knock', { roomId: room, reason: 'let me in' });
  await act(owner, 'rejectKnock', { roomId, userId: kim.userId, reason: 'the room is full' });
  await refusedAct(member, 'banUser', { roomId, userId: kim.userId });
  await refusedAct(stranger, 'inviteUser', { roomId, userId: kim.userId });
  await act(kim, 'retractKnock', { roomId: other });
});

afterAll(() => desk.close());

const FIELDS = {
  events: 'id position receivedAt type stateKey sender { userId } room { roomId }',
  actions: 'id position at operation outcome target token actor { userId } room { roomId } event { eventId }',
} as const;
type ListName = keyof typeof FIELDS;

async function listed(client: Client, name: ListName, where: object = {}, orderBy = 'ASC'): Promise<readonly Data[]> {
  const filter = name === 'events' ? 'EventFilter' : 'ActionFilter';
  const query = `query ($where: ${filter}, $after: String) { list: ${name}(where: $where, first: 40, after: $after, orderBy: { direction: ${orderBy} }) {
    totalCount totalCountIsEstimate nodes { ${FIELDS[name]} } pageInfo { hasNextPage endCursor } } }`;
  const all: Data[] = [];
  for (let after: string | null = null; ;) {
    const { list }: Data = await ask(client, query, { where, after });
    all.push(...list.nodes);
    after = list.pageInfo.endCursor;
    if (list.pageInfo.hasNextPage) continue;
    expect([list.totalCount, list.totalCountIsEstimate]).toEqual([all.length, false]);
    return all;
  }
}

const ids = (entries: readonly Data[]): readonly string[] => entries.map(({ id }) => id);

describe.each(['events', 'actions'] as const)('the list of %s', (name) => {
  it('has for everybody what they see one by one, and all of it for an admin', async () => {
    const all = await listed(people.root, name);
    const { rows } = await desk.test.owner.pool.query(`select count(*)::int4 as count from ${name}`);
    expect(all).toHaveLength(rows[0].count);
    expect(all.map(({ position }) => Number(position))).toEqual(
      all.map(({ position }) => Number(position)).toSorted((a, b) => a - b),
    );
    for (const [who, client] of Object.entries(people)) {
      const seen: string[] = [];
      for (const id of ids(all)) {
        const { node } = await ask(client, 'query ($id: ID!) { node(id: $id) { id } }', { id });
        if (node !== null) seen.push(id);
      }
      expect(ids(await listed(client, name)), who).toEqual(seen);
      expect(ids(await listed(client, name, {}, 'DESC')), who).toEqual(seen.toReversed());
      if (who !== 'root') expect(seen.length, who).toBeLessThan(all.length);
    }
  });

  it('has what a filter describes', async () => {
    const all = await listed(people.root, name);
    const middle = all[Math.floor(all.length / 2)]!;
    const time = name === 'events' ? 'receivedAt' : 'at';
    const filters: readonly (readonly [object, (entry: Data) => boolean])[] = [
      [{ roomId: roomIds[0] }, ({ room }) => room?.roomId === roomIds[0]],
      [{ roomIds }, ({ room }) => room !== null],
      [{ since: middle[time] }, (entry) => entry[time] >= middle[time]],
      [{ until: middle[time] }, (entry) => entry[time] < middle[time]],
      [{ sincePosition: middle.position }, ({ position }) => Number(position) >= Number(middle.position)],
      [{ untilPosition: middle.position }, ({ position }) => Number(position) < Number(middle.position)],
      ...(name === 'events' ? EVENT_FILTERS() : ACTION_FILTERS()),
    ];
    for (const [where, describes] of filters) {
      const expected = all.filter((entry) => describes(entry));
      expect(ids(await listed(people.root, name, where)), JSON.stringify(where)).toEqual(ids(expected));
      expect(expected.length, JSON.stringify(where)).toBeGreaterThan(0);
    }
  });
});

const EVENT_FILTERS = (): readonly (readonly [object, (entry: Data) => boolean])[] => [
  [{ types: ['m.room.message', 'm.room.create'] }, ({ type }) => ['m.room.message', 'm.room.create'].includes(type)],
  [{ sender: people.kim.userId }, ({ sender }) => sender.userId === people.kim.userId],
  [{ userId: people.kim.userId }, ({ stateKey }) => stateKey === people.kim.userId],
  [
    { userId: people.kim.userId, sender: people.owner.userId, roomId: roomIds[0] },
    ({ stateKey, sender }) => stateKey === people.kim.userId && sender.userId === people.owner.userId,
  ],
  [{ text: 'full' }, ({ stateKey, sender }) => stateKey === people.kim.userId && sender.userId === people.owner.userId],
];

const ACTION_FILTERS = (): readonly (readonly [object, (entry: Data) => boolean])[] => [
  [{ actor: people.kim.userId }, ({ actor }) => actor.userId === people.kim.userId],
  [{ operations: ['knock', 'banUser'] }, ({ operation }) => ['knock', 'banUser'].includes(operation)],
  [{ refused: true }, ({ outcome }) => outcome === 'M_FORBIDDEN'],
  [{ refused: false }, ({ outcome }) => ['ok', 'unchanged'].includes(outcome)],
  [{ target: people.kim.userId }, ({ target }) => target === people.kim.userId],
];

describe('an act', () => {
  it('tells who did it, by which token, where, to whom, and what came of it', async () => {
    const [refused] = await listed(people.member, 'actions', { operations: ['banUser'] });
    expect(refused).toMatchObject({
      ...{ actor: { userId: people.member.userId }, operation: 'banUser', outcome: 'M_FORBIDDEN', event: null },
      ...{ target: people.kim.userId, room: { roomId: roomIds[0] }, token: expect.any(String) },
    });
    expect(people.member.token).not.toContain(refused.token);
    const [done] = await listed(people.owner, 'actions', { operations: ['rejectKnock'] });
    expect(done).toMatchObject({ outcome: 'ok', event: { eventId: expect.stringMatching(/^\$/) } });
    // Who is told nothing of a room, is told nothing of it by their own record either.
    const [elsewhere] = await listed(people.stranger, 'actions', { operations: ['inviteUser'] });
    expect(elsewhere).toMatchObject({ outcome: 'M_FORBIDDEN', room: null });
  });
});

describe('what a knocker wrote', () => {
  it('is hidden in lists of events, and not found there, until it is revealed', async () => {
    const query = `query ($text: String) { events(where: { userId: "${people.kim.userId}", text: $text }) { nodes { content pdu reasonIsHidden } } }`;
    for (const client of [people.owner, people.mod, people.root]) {
      const { events } = await ask(client, query);
      expect(JSON.stringify(events)).not.toContain('let me in');
      expect(events.nodes.some((event: Data) => event.reasonIsHidden)).toBe(true);
      expect((await ask(client, query, { text: 'let' })).events.nodes).toEqual([]);
    }
    expect(JSON.stringify(await ask(people.kim, query))).toContain('let me in');
  });
});
