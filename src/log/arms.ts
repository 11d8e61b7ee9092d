/** Reads pages of many lists at once, each list put together from arms: a room's rows, a user's rows, a user's in a room. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import { inReadingOrder, rowsToRead, withinPage, type KeysetPage } from '../database/keyset.ts';

/** A part of a list that one index holds in order. Null: whatever it is. */
export interface Arm {
  readonly roomId: string | null;
  readonly userId: string | null;
  /** Smallest key, inclusive. */
  readonly from: number | null;
  /** Greatest key, inclusive. */
  readonly to: number | null;
}

/** Tables with `room_id`, `user_id` and a key that grows with the log. */
export interface ArmTable {
  readonly table: 'transitions' | 'knocks';
  readonly key: 'position' | 'opened';
  /** About a row `t`: what the caller filters by. */
  readonly condition: RawBuilder<SqlBool>;
}

/** An arm of everything, narrowed by what is given. */
export function arm(given: Partial<Arm>): Arm {
  return { roomId: null, userId: null, from: null, to: null, ...given };
}

/**
 * The first rows of each list, as columns `n` (the list's index), the table's own, and `r` (the row's place, from 1).
 * Each arm gives its own first rows by an index; a row that two arms of a list give counts once.
 *
 *   select a.n, x.* from unnest(…) a cross join lateral (select … from knocks t
 *     where t.room_id = a.room_id and … order by opened desc limit 51) x union …
 */
export function firstOfArms(
  { table, key, condition }: ArmTable,
  lists: readonly (readonly Arm[])[],
  page: KeysetPage,
): RawBuilder<unknown> {
  const column = sql.ref(`t.${key}`);
  const limit = rowsToRead(page);
  const parts = eachShape(lists, key, (arms, where) => {
    const inner = sql`select t.* from ${sql.table(table)} t
      where ${where} and ${condition} and ${withinPage(column, page)} order by ${inReadingOrder(column, page)} limit ${limit}`;
    return sql`(select a.n, x.* from ${arms} cross join lateral (${inner}) x)`;
  });
  return sql`select * from (
    select u.*, row_number() over (partition by n order by ${inReadingOrder(sql.ref(key), page)}) as r
      from (${sql.join(parts, sql` union `)}) u) u where r <= ${limit}`;
}

/** How many rows each list has: columns `n` and `count`; lists without any are left out. */
export function countOfArms(
  { table, key, condition }: ArmTable,
  lists: readonly (readonly Arm[])[],
): RawBuilder<unknown> {
  const column = sql.ref(`t.${key}`);
  const parts = eachShape(
    lists,
    key,
    (arms, where) => sql`(select a.n, ${column} from ${arms} join ${sql.table(table)} t on ${where} and ${condition})`,
  );
  return sql`select n, count(*) as count from (${sql.join(parts, sql` union `)}) u group by n`;
}

const COLUMNS = [
  ['roomId', 'room_id', '=', 'text'],
  ['userId', 'user_id', '=', 'text'],
  ['from', null, '>=', 'int8'],
  ['to', null, '<=', 'int8'],
] as const;

// Arms that ask by the same columns share a statement, so that each can use the index made for them.
function eachShape(
  lists: readonly (readonly Arm[])[],
  key: ArmTable['key'],
  select: (arms: RawBuilder<unknown>, where: RawBuilder<SqlBool>) => RawBuilder<unknown>,
): readonly RawBuilder<unknown>[] {
  const placed = lists.flatMap((arms, n) => arms.map((one) => ({ n, one })));
  const shapes = Map.groupBy(placed, ({ one }) => COLUMNS.map(([name]) => (one[name] === null ? '-' : name)).join());
  return [...shapes.values()].map((same) => {
    const used = COLUMNS.filter(([name]) => same[0]!.one[name] !== null);
    const values = used.map(([name, , , type]) => sql`${same.map(({ one }) => one[name])}::${sql.raw(type)}[]`);
    const names = used.map(([name]) => sql.ref(name));
    const arms = sql`unnest(${sql.join([sql`${same.map(({ n }) => n)}::int4[]`, ...values])}) as a (${sql.join([sql`n`, ...names])})`;
    return select(arms, conditionOf(used, key));
  });
}

function conditionOf(used: readonly (typeof COLUMNS)[number][], key: ArmTable['key']): RawBuilder<SqlBool> {
  const parts = used.map(
    ([name, column, operator]) =>
      sql`${column === null ? sql.ref(`t.${key}`) : sql.ref(`t.${column}`)} ${sql.raw(operator)} ${sql.ref(`a.${name}`)}`,
  );
  return parts.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`${sql.join(parts, sql` and `)}`;
}
