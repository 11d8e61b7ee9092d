/** Queries on knock episodes: pages of them, single ones, the one that a transition belongs to, counts by outcome. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { toPage, type KeysetPage, type PageOfRows } from '../database/keyset.ts';
import { countRows, type RowCount } from '../log/arm-counts.ts';
import { allOf, firstOfArms, type Arm, type ArmTable } from '../log/arms.ts';
import { triaged, type TriageCondition } from '../log/triage-queries.ts';
import { saysWords, type WordSearch } from '../log/word-search.ts';
import type { KnockStatus } from './knock-outcome.ts';

export interface KnockRow {
  readonly roomId: string;
  /** Position of the transition that opened it: the episode's identity. */
  readonly opened: number;
  readonly userId: string;
  readonly status: KnockStatus;
  /** Position of the event that began it. */
  readonly firstEvent: number;
  /** Position of the latest knock event. */
  readonly event: number;
  /** Position of the transition that ended it. */
  readonly closed: number | null;
  readonly decidedBy: string | null;
  readonly reason: string | null;
  readonly inRoom: boolean;
  /** Of a knock out of band: the server that it went through. */
  readonly via: string | null;
  readonly knockedAt: Date;
  readonly decidedAt: Date | null;
  /** Position of the event that ended it. */
  readonly decision: number | null;
}

/** Null: whatever it is. */
export interface KnockCondition {
  readonly server: string | null;
  readonly statuses: readonly KnockStatus[] | null;
  readonly decidedBy: string | null;
  readonly outOfBand: boolean | null;
  /** Positions between which it ended: the first inclusive, the second exclusive. */
  readonly closedFrom: number | null;
  readonly closedBefore: number | null;
  /** The latest knock event says this. */
  readonly words: WordSearch | null;
  readonly triage: TriageCondition;
}

/** What a list of knocks is ordered by; what has not ended is in no list by its end. */
export type KnockKey = 'opened' | 'closed';

// The episode's times are those of the transitions that opened and ended it.
const EPISODE = sql`k.room_id as "roomId", k.opened, k.user_id as "userId", k.status, k.first_event as "firstEvent", k.event, k.closed,
  k.decided_by as "decidedBy", k.reason, k.in_room as "inRoom", k.via, o.recorded_at as "knockedAt", c.recorded_at as "decidedAt", c.event as decision`;
const TIMES = sql`join transitions o on o.position = k.opened left join transitions c on c.position = k.closed`;

/** A page of each list of knocks. Lists are made of arms (arms.ts), whose bounds are on when knocks were made. */
export async function pageKnocks(
  db: Db,
  lists: readonly (readonly Arm[])[],
  condition: KnockCondition,
  key: KnockKey,
  page: KeysetPage,
): Promise<readonly PageOfRows<KnockRow>[]> {
  if (lists.every((arms) => arms.length === 0)) return lists.map(() => toPage<KnockRow, number>([], page));
  const found = await sql<KnockRow & { n: number }>`
    select k.n, ${EPISODE} from (${firstOfArms(table(condition, key), lists, page)}) k ${TIMES} order by k.n, k.r`.execute(
    db,
  );
  const byList = Map.groupBy(found.rows, (row) => row.n);
  return lists.map((_, n) => toPage<KnockRow, number>(byList.get(n) ?? [], page));
}

/** How many knocks each list has. */
export function countKnocks(
  db: Db,
  lists: readonly (readonly Arm[])[],
  condition: KnockCondition,
  key: KnockKey,
): Promise<readonly RowCount[]> {
  return countRows(db, table(condition, key), lists);
}

function table(asked: KnockCondition, key: KnockKey): ArmTable {
  const { server, statuses, decidedBy, outOfBand, closedFrom, closedBefore, words, triage } = asked;
  const condition = allOf([
    key === 'opened' ? null : sql`t.closed is not null`,
    server === null ? null : sql`t.server = ${server}`,
    statuses === null ? null : sql`t.status = any(${statuses}::text[])`,
    decidedBy === null ? null : sql`t.decided_by = ${decidedBy}`,
    outOfBand === null ? null : sql`t.in_room = ${!outOfBand}`,
    closedFrom === null ? null : sql`t.closed >= ${closedFrom}`,
    closedBefore === null ? null : sql`t.closed < ${closedBefore}`,
    words === null ? null : saysWords(words),
    ...triaged(triage),
  ]);
  return { table: 'knocks', user: 'user_id', key, place: 'opened', condition };
}

/** The episodes that these transitions opened, in the order asked; null where there is none. */
export async function knocksOpenedAt(db: Db, opened: readonly number[]): Promise<readonly (KnockRow | null)[]> {
  const found = await sql<KnockRow>`
    select ${EPISODE} from knocks k ${TIMES} where k.opened = any(${opened}::int8[])`.execute(db);
  const byOpened = new Map(found.rows.map((row) => [row.opened, row]));
  return opened.map((position) => byOpened.get(position) ?? null);
}

export interface KnockMoment {
  readonly roomId: string;
  readonly userId: string;
  /** Position in the log. */
  readonly position: number;
}

/** For each moment the episode that ran then, its first and last transition included, or null. */
export async function knocksDuring(db: Db, moments: readonly KnockMoment[]): Promise<readonly (KnockRow | null)[]> {
  const found = await sql<KnockRow & { n: number }>`
    select m.n, ${EPISODE}
      from unnest(${moments.map((_, n) => n)}::int4[], ${moments.map((m) => m.roomId)}::text[],
                  ${moments.map((m) => m.userId)}::text[], ${moments.map((m) => m.position)}::int8[]) as m (n, room_id, user_id, position)
     cross join lateral (
       select * from knocks where user_id = m.user_id and opened <= m.position and room_id = m.room_id
        order by opened desc limit 1) k ${TIMES}
     where k.closed is null or k.closed >= m.position`.execute(db);
  const byMoment = new Map(found.rows.map((row) => [row.n, row]));
  return moments.map((_, n) => byMoment.get(n) ?? null);
}

export interface KnockCount {
  readonly roomId: string;
  readonly status: KnockStatus;
  readonly count: number;
}

/** How many knocks of each status these rooms have; zeros are left out. */
export async function knocksByStatus(db: Db, roomIds: readonly string[]): Promise<readonly KnockCount[]> {
  const found = await sql<KnockCount>`
    select room_id as "roomId", status, count(*) as count from knocks
     where room_id = any(${roomIds}::text[]) group by room_id, status`.execute(db);
  return found.rows;
}

/** The latest episode of a user in a room, open or decided; null when they never knocked. */
export async function latestKnock(db: Db, roomId: string, userId: string): Promise<KnockRow | null> {
  const found = await sql<KnockRow>`
    select ${EPISODE} from knocks k ${TIMES} where k.room_id = ${roomId} and k.user_id = ${userId}
     order by k.opened desc limit 1`.execute(db);
  return found.rows[0] ?? null;
}
