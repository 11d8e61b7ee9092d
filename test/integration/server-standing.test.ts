/** How servers stand on branches: for any history, and without reading it once for each event that is asked for. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { standingsOnBranches } from '../../src/log/server-standing.ts';
import type { PointBefore } from '../../src/log/graph-walks.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const SERVER = 'big.example';
const MEMBERSHIPS = ['join', 'invite', 'leave', 'ban', 'knock'] as const;
const FORK = 50;

let test: TestDatabase;
let made = 0;

beforeAll(async () => {
  test = await openTestDatabase();
});

afterAll(() => test.close());

interface Moved {
  readonly user: string;
  readonly at: number;
  readonly to: string | null;
  /** 1 leaves the main line at FORK, and 2 leaves 1. */
  readonly line: 0 | 1 | 2;
}

async function store(roomId: string, moves: readonly Moved[]): Promise<void> {
  const { pool } = test.owner;
  const columns = (line: boolean): readonly (readonly unknown[])[] => {
    const rows = moves.filter((move) => (move.line !== 0) === line);
    return [rows.map(({ user }) => user), rows.map(({ at }) => at), rows.map(({ to }) => to), rows.map((r) => r.line)];
  };
  const base = (made += 1) * 1_000_000;
  await pool.query(
    `insert into transitions (position, room_id, at, user_id, "from", "to", kind, cause, recorded_at, in_room)
     select $1::int8 + n, $2, at, u, 'none', "to", 'JOINED', 'EVENT', now(), true
       from unnest($3::text[], $4::int8[], $5::text[]) with ordinality as m (u, at, "to", n)`,
    [base, roomId, ...columns(false).slice(0, 3)],
  );
  await pool.query(
    `insert into state_changes (room_id, line, at, type, state_key, event, membership, position)
     select $1, line, at, 'm.room.member', u, 1, "to", 1
       from unnest($2::text[], $3::int8[], $4::text[], $5::int4[]) as m (u, at, "to", line)`,
    [roomId, ...columns(true)],
  );
  await pool.query(
    `insert into state_lines (room_id, line, parent_line, parent_at, depth, position)
     values ($1, 1, 0, $2, 1, 1), ($1, 2, 1, $2 + 20, 2, 1)`,
    [roomId, FORK],
  );
}

/** Who is what before a point, by looking at all that was before it. */
function standingIn(moves: readonly Moved[], { line, at }: PointBefore) {
  const ends = line === 2 ? [at, FORK + 20, FORK] : [at, FORK];
  const path = ends.map((end, n) => [line - n, end] as const);
  const users = [...new Set(moves.map(({ user }) => user))].filter((user) => user.endsWith(`:${SERVER}`));
  const now = users.map((user) => {
    for (const [one, end] of path) {
      const last = moves.filter((move) => move.user === user && move.line === one && move.at <= end).at(-1);
      if (last !== undefined) return last.to;
    }
    return null;
  });
  return { joined: now.includes('join'), invited: now.includes('invite') };
}

it('whatever happened on the main line and on branches of it', async () => {
  const user = fc.constantFrom(...['a', 'b', 'c', 'd'].map((name) => `@${name}:${SERVER}`), '@e:other.example');
  const to = fc.constantFrom<string | null>(...MEMBERSHIPS, null);
  const move = fc.record({ user, line: fc.constantFrom<0 | 1 | 2>(0, 1, 2), to, at: fc.integer({ min: 1, max: 99 }) });
  let changed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (drawn) => {
      const keyed = new Map(drawn.map((one) => [`${one.user} ${one.line} ${one.at}`, one]));
      const moves = [...keyed.values()]
        .filter(({ line, at, to: became }) => (line === 0 ? became !== null : at > FORK))
        .toSorted((a, b) => a.at - b.at);
      const roomId = `!${(made += 1)}:here`;
      await store(roomId, moves);
      const points = [1, 2].flatMap((line) =>
        [55, 60, 75, 80, 99].map((at): PointBefore => ({ line, at, mainAt: FORK })),
      );
      const found = await standingsOnBranches(test.database.db, roomId, SERVER, [
        ...points,
        { line: 0, at: 60, mainAt: 60 },
      ]);
      for (const [point, standing] of found) {
        changed += 1;
        expect(standing, JSON.stringify([moves, point])).toEqual(standingIn(moves, point));
      }
      const untouched = points.filter((point) => !found.has(point));
      const there = standingIn(moves, { line: 0, at: FORK, mainAt: FORK });
      for (const point of untouched) expect(standingIn(moves, point), JSON.stringify([moves, point])).toEqual(there);
    }),
    { numRuns: 200 },
  );
  expect(changed).toBeGreaterThan(200);
});

it('a hundred events on branches take no longer than a few, where thousands of the server came and went', async () => {
  const roomId = '!crowd:here';
  const users = Array.from({ length: 5_000 }, (_, n) => `@${n}:${SERVER}`);
  const came = users.map((user, n): Moved => ({ user, at: n, to: 'join', line: 0 }));
  const went = users.map((user, n): Moved => ({ user, at: users.length + n, to: 'leave', line: 0 }));
  const back = Array.from({ length: 100 }, (_, n): Moved => ({ user: users[0]!, at: 20_000 + n, to: 'join', line: 1 }));
  await store(roomId, [...came, ...went, ...back]);
  await test.owner.pool.query('analyze transitions, state_changes, state_lines');
  const points = back.map(({ at }): PointBefore => ({ line: 1, at, mainAt: 15_000 }));
  const time = async (asked: readonly PointBefore[]): Promise<number> => {
    const began = performance.now();
    const found = await standingsOnBranches(test.database.db, roomId, SERVER, asked);
    expect([...found.values()]).toEqual(asked.map(() => ({ joined: true, invited: false })));
    return performance.now() - began;
  };
  await time(points.slice(0, 1));
  const one = await time(points.slice(0, 1));
  expect((await time(points)) / one).toBeLessThan(20);
});
