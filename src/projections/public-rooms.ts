/** The public directory: which of the published rooms somebody looks for, the largest first. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Db } from '../database/database.ts';
import type { RoomId } from '../matrix/identifiers.ts';
import { foldedWords, typeWords } from './room-search.ts';

/** A room's place in the directory. */
export interface DirectoryPlace {
  readonly joined: number;
  readonly roomId: RoomId;
}

export interface DirectoryFilter {
  /** In the name, the topic or the main alias, in any case; empty: whatever they are. */
  readonly words: string;
  /** Null: of any type. A null among them stands for the rooms without one. */
  readonly types: readonly (string | null)[] | null;
}

export interface DirectoryPage {
  readonly limit: number;
  /** Exclusive; null: from the beginning. */
  readonly from: DirectoryPlace | null;
  /** The entries before `from` instead of those after it. */
  readonly backwards: boolean;
}

/** A page of the directory in its order, and whether there is more in the direction it was read in. */
export async function pageDirectory(
  db: Db,
  filter: DirectoryFilter,
  { limit, from, backwards }: DirectoryPage,
): Promise<{ readonly rooms: readonly DirectoryPlace[]; readonly more: boolean }> {
  const place = from === null ? null : sql`(${from.joined}::int4, ${from.roomId}::text)`;
  const beyond = place === null ? sql`true` : sql`(r.joined, r.room_id) ${backwards ? sql`>` : sql`<`} ${place}`;
  const order = backwards ? sql`r.joined, r.room_id` : sql`r.joined desc, r.room_id desc`;
  const found = await sql<DirectoryPlace>`
    select r.joined, r.room_id as "roomId" from rooms r
      join published_rooms p on p.room_id = r.room_id
     where r.resident and ${beyond} and ${matches(filter)}
     order by ${order} limit ${limit + 1}`.execute(db);
  const rooms = found.rows.slice(0, limit);
  return { rooms: backwards ? rooms.reverse() : rooms, more: found.rows.length > limit };
}

/** Matches are counted up to here: beyond, the number is an estimate for certain. */
const COUNTED = 1_000;

/** About how many rooms of the directory there are: all of them, or at least those that match. */
export async function countDirectory(db: Db, filter: DirectoryFilter): Promise<number> {
  const everything = filter.words === '' && filter.types === null;
  const found = everything
    ? await sql<{ count: number }>`select count(*) from published_rooms`.execute(db)
    : await sql<{ count: number }>`
        select count(*) from (
          select from published_rooms p join rooms r on r.room_id = p.room_id
           where r.resident and ${matches(filter)} limit ${COUNTED}) m`.execute(db);
  return found.rows[0]?.count ?? 0;
}

function matches({ words, types }: DirectoryFilter): RawBuilder<SqlBool> {
  const named =
    words === ''
      ? sql<SqlBool>`true`
      : sql<SqlBool>`p.room_id in (
    select s.room_id from room_search s where s.key in ('name', 'topic', 'alias') and s.words like ${like(words)})`;
  return types === null ? named : sql<SqlBool>`${named} and ${ofType(types)}`;
}

function like(words: string): string {
  return `%${foldedWords(words).replaceAll(/[\\%_]/g, '\\$&')}%`;
}

function ofType(types: readonly (string | null)[]): RawBuilder<SqlBool> {
  const some = types.filter((type) => type !== null).filter((type) => !type.includes('\u0000'));
  const typed = sql<SqlBool>`p.room_id in (
    select s.room_id from room_search s where s.key = 'type' and s.words = any(${some.map(typeWords)}::text[]))`;
  if (!types.includes(null)) return typed;
  return sql<SqlBool>`(${typed} or not exists (
    select from room_search s where s.room_id = p.room_id and s.key = 'type' and s.words is not null))`;
}
