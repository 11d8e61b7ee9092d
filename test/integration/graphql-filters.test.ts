/** What lists of knocks and transitions are filtered by: any filter gives those entries that it describes, in order, and their count. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COUNTED } from '../../src/log/arms.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import type { Client } from '../support/client.ts';
import { ask, openDesk, refusal, type Data, type Desk } from '../support/graphql.ts';
import { everyKind, makeKnockRoom } from '../support/history.ts';

let desk: Desk;
let admin: Client;
let roomIds: readonly RoomId[];

beforeAll(async () => {
  desk = await openDesk(async ({ deps }) => {
    roomIds = [await makeKnockRoom(deps, 'boss'), await makeKnockRoom(deps, 'other')];
    await everyKind(deps, roomIds[0]!, 'boss', 'one');
    await everyKind(deps, roomIds[1]!, 'other', 'two');
    await everyKind(deps, roomIds[0]!, 'boss', 'three');
  });
  admin = await desk.admin('root');
});

afterAll(() => desk.close());

const FIELDS = {
  knocks: `id status knockedAt decidedAt outOfBand decidedBy { userId } user { userId server } room { roomId }
    transitions(first: 1) { nodes { position } }`,
  transitions: 'id position kind cause recordedAt actor { userId } user { userId server } room { roomId }',
} as const;
type ListName = keyof typeof FIELDS;
type Entry = Data;

async function listed(name: ListName, where: object, orderBy: object | null): Promise<readonly Entry[]> {
  const [filter, order] = name === 'knocks' ? ['KnockFilter', 'KnockOrder'] : ['TransitionFilter', 'LogOrder'];
  const query = `query ($where: ${filter}, $orderBy: ${order}, $after: String) { list: ${name}(where: $where, orderBy: $orderBy, first: 50, after: $after) {
    totalCount totalCountIsEstimate pageInfo { hasNextPage endCursor } nodes { ${FIELDS[name]} } } }`;
  const all: Entry[] = [];
  for (let after: string | null = null; ;) {
    const { list }: Data = await ask(admin, query, { where, orderBy, after });
    all.push(...list.nodes);
    if (!list.pageInfo.hasNextPage) {
      expect([list.totalCount, list.totalCountIsEstimate]).toEqual([all.length, false]);
      return all;
    }
    after = list.pageInfo.endCursor;
  }
}

type Given<T> = (drawn: T, entry: Entry) => boolean;
const positionOf = (entry: Entry): number => Number(entry.position ?? entry.transitions.nodes[0].position);
const stampOf = (entry: Entry): string => entry.recordedAt ?? entry.knockedAt;

// What each part of a filter says of an entry, in the words of its description.
const MEANINGS: Readonly<Record<string, Given<Data>>> = {
  roomId: (roomId, { room }) => room.roomId === roomId,
  roomIds: (rooms, { room }) => rooms.includes(room.roomId),
  userId: (userId, { user }) => user.userId === userId,
  server: (server, { user }) => user.server === server,
  status: (statuses, { status }) => statuses.includes(status),
  decidedBy: (userId, { decidedBy }) => decidedBy?.userId === userId,
  outOfBand: (outside, { outOfBand }) => outOfBand === outside,
  kinds: (kinds, { kind }) => kinds.includes(kind),
  cause: (causes, { cause }) => causes.includes(cause),
  actor: (userId, { actor }) => actor?.userId === userId,
  since: (time, entry) => stampOf(entry) >= time,
  until: (time, entry) => stampOf(entry) < time,
  sincePosition: (position, entry) => positionOf(entry) >= Number(position),
  untilPosition: (position, entry) => positionOf(entry) < Number(position),
  decidedSince: (time, { decidedAt }) => decidedAt !== null && decidedAt >= time,
  decidedUntil: (time, { decidedAt }) => decidedAt !== null && decidedAt < time,
};

/** Filters made of what the entries themselves say, and of what none of them does. */
function filters(name: ListName, all: readonly Entry[]): fc.Arbitrary<Record<string, unknown>> {
  const some = (of: (entry: Entry) => unknown, ...more: unknown[]) =>
    fc.constantFrom(...new Set([...all.map(of).filter((value) => value !== null && value !== undefined), ...more]));
  const rooms = some(({ room }) => room.roomId, '!nowhere:vestibule.test');
  const people = some(({ user }) => user.userId, '@nobody:elsewhere.example');
  const shared = {
    roomId: rooms,
    roomIds: fc.array(rooms, { maxLength: 3 }),
    userId: people,
    server: some(({ user }) => user.server, 'elsewhere.example'),
    since: some(stampOf, '2001-01-01T00:00:00.000Z'),
    until: some(stampOf, '2999-01-01T00:00:00.000Z'),
    sincePosition: some((entry) => String(positionOf(entry)), '0', '9007199254740991'),
    untilPosition: some((entry) => String(positionOf(entry)), '0', '9007199254740991'),
  };
  const own =
    name === 'knocks'
      ? {
          status: fc.array(
            some(({ status }) => status, 'VOIDED'),
            { maxLength: 3 },
          ),
          decidedBy: some(({ decidedBy }) => decidedBy?.userId, '@nobody:elsewhere.example'),
          outOfBand: fc.boolean(),
          decidedSince: some(({ decidedAt }) => decidedAt),
          decidedUntil: some(({ decidedAt }) => decidedAt),
        }
      : {
          kinds: fc.array(
            some(({ kind }) => kind, 'KNOCK_LAPSED'),
            { maxLength: 4 },
          ),
          cause: fc.array(
            some(({ cause }) => cause, 'PROBE'),
            { maxLength: 2 },
          ),
          actor: some(({ actor }) => actor?.userId, '@nobody:elsewhere.example'),
        };
  const parts: Record<string, fc.Arbitrary<unknown>> = { ...shared, ...own };
  // Few at once: most of what all of them describe is nothing.
  return fc
    .record(parts, { requiredKeys: [] })
    .chain((whole) => fc.subarray(Object.entries(whole), { maxLength: 3 }))
    .map((few) => Object.fromEntries(few));
}

describe.each(['knocks', 'transitions'] as const)('a list of %s', (name) => {
  it('holds what its filter describes, in the order asked for, and counts it', { timeout: 120_000 }, async () => {
    const all = await listed(name, {}, name === 'knocks' ? { direction: 'ASC' } : null);
    expect(all.length).toBeGreaterThan(name === 'knocks' ? 10 : 50);
    let found = 0;
    await fc.assert(
      fc.asyncProperty(filters(name, all), fc.boolean(), async (where, down) => {
        const expected = all.filter((entry) =>
          Object.entries(where).every(([part, value]) => MEANINGS[part]!(value, entry)),
        );
        const entries = await listed(name, where, { direction: down ? 'DESC' : 'ASC' });
        const ids = expected.map(({ id }) => id);
        expect(entries.map(({ id }) => id)).toEqual(down ? ids.toReversed() : ids);
        found += expected.length > 0 ? 1 : 0;
      }),
      { numRuns: 120 },
    );
    expect(found).toBeGreaterThan(30);
  });
});

describe('knocks by their end', () => {
  it('leave out what is pending, and come in the order in which they ended', async () => {
    const all = await listed('knocks', {}, null);
    const ended = await listed('knocks', {}, { field: 'DECIDED_AT', direction: 'ASC' });
    expect(all.some(({ status }) => status === 'PENDING')).toBe(true);
    expect(new Set(ended.map(({ id }) => id))).toEqual(
      new Set(all.filter(({ status }) => status !== 'PENDING').map(({ id }) => id)),
    );
    const times = ended.map(({ decidedAt }) => Date.parse(decidedAt));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const { knocks } = await ask(admin, '{ knocks(first: 1) { pageInfo { endCursor } } }');
    const mixed = `{ knocks(orderBy: { field: DECIDED_AT }, after: "${knocks.pageInfo.endCursor}") { nodes { id } } }`;
    expect((await refusal(admin, mixed)).extensions.code).toBe('M_INVALID_PARAM');
  });
});

describe('a filter that cannot be', () => {
  it('is refused: times without a zone, positions that are none', async () => {
    for (const where of [
      ...['2026-01-31', '2026-01-31T12:00:00', '2026-13-31T12:00:00Z', '', 'now'].map((since) => ({ since })),
      ...['-1', '1.5', 'abc', '', '99999999999999999999'].map((sincePosition) => ({ sincePosition })),
    ]) {
      const query = 'query ($where: TransitionFilter) { transitions(where: $where) { totalCount } }';
      expect((await refusal(admin, query, { where })).extensions.code, JSON.stringify(where)).toBe('M_INVALID_PARAM');
    }
  });

  it('or only odd, is answered: times of any year and zone', async () => {
    const query = 'query ($where: TransitionFilter) { transitions(where: $where) { totalCount } }';
    const count = async (where: object): Promise<number> => (await ask(admin, query, { where })).transitions.totalCount;
    const all = await count({});
    expect(await count({ since: '0000-01-01T00:00:00Z', until: '9999-12-31T23:59:59.999-14:00' })).toBe(all);
    expect(await count({ since: '9999-12-31T23:59:59.999-14:00' })).toBe(0);
    expect(await count({ until: '0000-01-01T00:00:00+14:00' })).toBe(0);
  });
});

describe('a list that is too long to be counted', () => {
  it('says about how long it is, and that it does not know', async () => {
    const { pool } = desk.test.owner;
    const extra = 3 * COUNTED;
    await pool.query(
      `insert into transitions (position, room_id, at, user_id, "from", "to", kind, cause, actor, recorded_at, in_room)
       select 1000000 + n, $1, 1000000 + n, '@many' || n || ':elsewhere.example', 'none', 'leave', 'LEFT', 'FEDERATION', '@many' || n || ':elsewhere.example', now(), true
         from generate_series(1, $2::int) n`,
      [roomIds[1], extra],
    );
    await pool.query('analyze transitions');
    const query = `query ($where: TransitionFilter) { transitions(where: $where, first: 1) { totalCount totalCountIsEstimate } }`;
    const ofRoom = async (roomId: string | undefined) => (await ask(admin, query, { where: { roomId } })).transitions;
    const long = await ofRoom(roomIds[1]);
    expect(long.totalCountIsEstimate).toBe(true);
    expect(long.totalCount).toBeGreaterThan(extra * 0.8);
    expect(long.totalCount).toBeLessThan(extra * 1.2);
    const short = await ofRoom(roomIds[0]);
    expect(short.totalCountIsEstimate).toBe(false);
    expect(short.totalCount).toBeLessThan(200);
  });
});
