/** Lists of events, in the order in which they arrived: which are in a page, and how many there are. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { toPage, type KeysetPage, type PageOfRows } from '../database/keyset.ts';
import { countRows, type RowCount } from './arm-counts.ts';
import { allOf, firstOfArms, type Arm, type ArmTable } from './arms.ts';
import { saysWords, type WordSearch } from './word-search.ts';
import { serverOfUserIn } from './server-of-user.ts';

export interface EventPlace {
  readonly roomId: string;
  readonly position: number;
}

/** Null: whatever it is. */
export interface EventCondition {
  readonly types: readonly string[] | null;
  readonly server: string | null;
  /** Of member events. */
  readonly words: WordSearch | null;
}

/** A page of a list of events, by position. Lists are made of arms (arms.ts). */
export async function pageEvents(
  db: Db,
  arms: readonly Arm[],
  condition: EventCondition,
  page: KeysetPage,
): Promise<PageOfRows<EventPlace>> {
  if (arms.length === 0) return toPage<EventPlace, number>([], page);
  const found = await sql<EventPlace>`
    select u.room_id as "roomId", u.position from (${firstOfArms(table(condition), [arms], page)}) u order by u.r`.execute(
    db,
  );
  return toPage<EventPlace, number>(found.rows, page);
}

/** How many events a list has. */
export async function countEvents(db: Db, arms: readonly Arm[], condition: EventCondition): Promise<RowCount> {
  const [count] = await countRows(db, table(condition), [arms]);
  return count!;
}

function table({ types, server, words }: EventCondition): ArmTable {
  const condition = allOf([
    types === null ? null : sql`t.type = any(${types}::text[])`,
    server === null ? null : sql`${serverOfUserIn('t.sender')} = ${server}`,
    words === null ? null : saysWords(words, 'position'),
  ]);
  const columns = sql`t.room_id, t.position`;
  return { table: 'events', user: 'state_key', key: 'position', place: 'position', columns, condition };
}
