/** Reads pages of many lists at once, each list put together from arms: a room's rows, a user's rows, a user's in a room. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import { inReadingOrder, rowsToRead, withinPage, type KeysetPage } from '../database/keyset.ts';

/** A part of a list that one index holds in order. Null: whatever it is. */
export interface Arm {
  readonly roomId: string | null;
  readonly userId: string | null;
  /** Of events: who sent them. */
  readonly sender: string | null;
  /** Of events. */
  readonly type: string | null;
  /** Smallest place, inclusive. */
  readonly from: number | null;
  /** Greatest place, inclusive. */
  readonly to: number | null;
}

/** Tables with `room_id` and columns that grow with the log. */
export interface ArmTable {
  readonly table: 'transitions' | 'knocks' | 'events' | 'actions';
  /** Whom an arm's `userId` is compared with. */
  readonly user: 'user_id' | 'state_key' | 'actor';
  /** What the list is ordered by: unique in it. */
  readonly key: 'position' | 'opened' | 'closed';
  /** What an arm's `from` and `to` bound. */
  readonly place: 'position' | 'opened';
  /** What a page's rows are made of, besides the key: all columns by default. */
  readonly columns?: RawBuilder<unknown>;
  /** About a row `t`: what the caller filters by. */
  readonly condition: RawBuilder<SqlBool>;
}

/** An arm of everything, narrowed by what is given. */
export function arm(given: Partial<Arm>): Arm {
  return { roomId: null, userId: null, sender: null, type: null, from: null, to: null, ...given };
}

/** What all of these say; with none, anything. */
export function allOf(conditions: readonly (RawBuilder<unknown> | null)[]): RawBuilder<SqlBool> {
  const parts = conditions.filter((part) => part !== null);
  return parts.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`${sql.join(parts, sql` and `)}`;
}

/**
 * The first rows of each list, as columns `n` (the list's index), the table's own, and `r` (the row's place, from 1).
 * Each arm gives its own first rows by an index; a row that two arms of a list give counts once.
 *
 *   select a.n, x.* from unnest(…) a cross join lateral (select … from knocks t
 *     where t.room_id = a.room_id and … order by opened desc limit 51) x union …
 */
export function firstOfArms(of: ArmTable, lists: readonly (readonly Arm[])[], page: KeysetPage): RawBuilder<unknown> {
  const column = sql.ref(`t.${of.key}`);
  const limit = rowsToRead(page);
  const [only] = lists.length === 1 && lists[0]!.length === 1 ? lists[0]! : [];
  if (only !== undefined) return firstOfArm(of, only, page);
  const parts = eachShape(of, lists, (arms, where) => {
    const inner = sql`select ${of.columns ?? sql`t.*`} from ${sql.table(of.table)} t
      where ${where} and ${of.condition} and ${withinPage(column, page)} order by ${inReadingOrder(column, page)} limit ${limit}`;
    return sql`(select a.n, x.* from ${arms} cross join lateral (${inner}) x)`;
  });
  return sql`select * from (
    select u.*, row_number() over (partition by n order by ${inReadingOrder(sql.ref(of.key), page)}) as r
      from (${sql.join(parts, sql` union `)}) u) u where r <= ${limit}`;
}

/** The same of one arm alone, which is what most lists are made of: planned and read in half the time. */
function firstOfArm(of: ArmTable, only: Arm, page: KeysetPage): RawBuilder<unknown> {
  return sql`select 0 as n, u.*, row_number() over () as r from (${rowsOfArm(of, only, page, sql`${rowsToRead(page)}`)}) u`;
}

/** The first rows of one arm, in the order in which the page is read, as the table has them or as `of.columns` says. */
export function rowsOfArm(of: ArmTable, only: Arm, page: KeysetPage, limit: RawBuilder<unknown>): RawBuilder<unknown> {
  const column = sql.ref(`t.${of.key}`);
  return sql`select ${of.columns ?? sql`t.*`} from ${sql.table(of.table)} t
     where ${allOf([...isOfArm(of, only), of.condition])} and ${withinPage(column, page)}
     order by ${inReadingOrder(column, page)} limit ${limit}`;
}

function isOfArm(of: ArmTable, one: Arm): readonly RawBuilder<unknown>[] {
  return usedColumns(of, one).map(
    ({ name, column, operator, type }) =>
      sql`${sql.ref(`t.${column}`)} ${sql.raw(operator)} ${one[name]}::${sql.raw(type)}`,
  );
}

/** So many rows of a list are counted; how many more there are is estimated. */
export const COUNTED = 10_000;

/**
 * How many rows each list has, up to one more than are counted: columns `n` and `count`. No row is given by more than three
 * arms of a list.
 */
export function countOfArms(of: ArmTable, lists: readonly (readonly Arm[])[]): RawBuilder<unknown> {
  const column = sql.ref(`t.${of.key}`);
  const parts = eachShape(of, lists, (arms, where) => {
    const inner = sql`select ${column} as key from ${sql.table(of.table)} t
      where ${where} and ${of.condition} and ${column} is not null limit ${COUNTED + 1}`;
    return sql`(select x.key from ${arms} cross join lateral (${inner}) x where a.n = l.n)`;
  });
  return sql`select l.n, least(c.count, ${COUNTED + 1}::int4) as count
    from unnest(${lists.map((_, n) => n)}::int4[]) as l (n)
   cross join lateral (select count(distinct key) as count
      from (select key from (${sql.join(parts, sql` union all `)}) u limit ${3 * COUNTED + 3}) u) c`;
}

/** The rows of one list, to be planned and not to be read: what the planner makes of it is the estimate of how many there are. */
export function rowsOfArms(of: ArmTable, arms: readonly Arm[]): RawBuilder<unknown> {
  const parts = arms.map((one) => {
    return sql`(select 1 from ${sql.table(of.table)} t where ${allOf([...isOfArm(of, one), of.condition, sql`${sql.ref(`t.${of.key}`)} is not null`])})`;
  });
  return sql.join(parts, sql` union all `);
}

interface ArmColumn {
  readonly name: keyof Arm;
  readonly column: string;
  readonly operator: '=' | '>=' | '<=';
  readonly type: 'text' | 'int8';
}

/** The columns by which an arm asks. */
function usedColumns({ user, place }: ArmTable, one: Arm): readonly ArmColumn[] {
  const all: readonly ArmColumn[] = [
    { name: 'roomId', column: 'room_id', operator: '=', type: 'text' },
    { name: 'userId', column: user, operator: '=', type: 'text' },
    { name: 'sender', column: 'sender', operator: '=', type: 'text' },
    { name: 'type', column: 'type', operator: '=', type: 'text' },
    { name: 'from', column: place, operator: '>=', type: 'int8' },
    { name: 'to', column: place, operator: '<=', type: 'int8' },
  ];
  return all.filter(({ name }) => one[name] !== null);
}

// Arms that ask by the same columns share a statement, so that each can use the index made for them.
function eachShape(
  of: ArmTable,
  lists: readonly (readonly Arm[])[],
  select: (arms: RawBuilder<unknown>, where: RawBuilder<SqlBool>) => RawBuilder<unknown>,
): readonly RawBuilder<unknown>[] {
  const placed = lists.flatMap((arms, n) => arms.map((one) => ({ n, one })));
  const nameOf = (one: Arm): string =>
    usedColumns(of, one)
      .map(({ name }) => name)
      .join();
  return [...Map.groupBy(placed, ({ one }) => nameOf(one)).values()].map((same) => {
    const used = usedColumns(of, same[0]!.one);
    const values = used.map(({ name, type }) => sql`${same.map(({ one }) => one[name])}::${sql.raw(type)}[]`);
    const names = used.map(({ name }) => sql.ref(name));
    const arms = sql`unnest(${sql.join([sql`${same.map(({ n }) => n)}::int4[]`, ...values])}) as a (${sql.join([sql`n`, ...names])})`;
    const where = used.map(
      ({ name, column, operator }) => sql`${sql.ref(`t.${column}`)} ${sql.raw(operator)} ${sql.ref(`a.${name}`)}`,
    );
    return select(arms, allOf(where));
  });
}
