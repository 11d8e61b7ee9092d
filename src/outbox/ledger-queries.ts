/** Queries on the ledger: what became of deliveries, and how the servers stand. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Db } from '../database/database.ts';
import {
  inReadingOrder,
  rowsToRead,
  toPage,
  withinPage,
  type KeysetPage,
  type PageOfRows,
} from '../database/keyset.ts';

export type DeliveryState = 'queued' | 'fixed' | 'acknowledged' | 'refused' | 'caught_up' | 'given_up';

export interface DeliveryRow {
  /** Its place in lists of many servers. */
  readonly key: string;
  readonly server: string;
  /** Of the verdict that made it owed. */
  readonly position: number;
  readonly roomId: string;
  /** Position of the event. */
  readonly event: number;
  readonly state: DeliveryState;
  readonly error: string | null;
  readonly transactionId: string | null;
  readonly owedAt: Date;
  readonly settledAt: Date | null;
}

/** Deliveries of one event of a room, or of a user's member events that brought transitions about between two positions. */
export type DeliveryList =
  | { readonly roomId: string; readonly event: number }
  | { readonly roomId: string; readonly userId: string; readonly from: number; readonly to: number | null };

// Without padding, as text, 10 would stand before 9.
const KEY = sql`lpad(d.position::text, 16, '0') || ' ' || d.destination collate "C"`;
const COLUMNS = sql`d.destination as server, d.position, d.room_id as "roomId", d.event, d.state, d.error,
  d.txn_id as "transactionId", d.owed_at as "owedAt", d.settled_at as "settledAt"`;

/** A page of each list, in the order of the log and of the servers' names. */
export async function pageDeliveries(
  db: Db,
  lists: readonly DeliveryList[],
  page: KeysetPage<string>,
): Promise<readonly PageOfRows<DeliveryRow>[]> {
  const { rows } = await sql<DeliveryRow & { n: number }>`
    select l.n, x.* from ${listed(lists)} cross join lateral (
      select ${KEY} as key, ${COLUMNS} from ${deliveriesOfList} and ${withinPage(KEY, page)}
       order by ${inReadingOrder(KEY, page)} limit ${rowsToRead(page)}) x
     order by l.n, ${inReadingOrder(sql`x.key collate "C"`, page)}`.execute(db);
  const byList = Map.groupBy(rows, (row) => row.n);
  return lists.map((_, n) => toPage<DeliveryRow, string>(byList.get(n) ?? [], page));
}

export async function countDeliveries(db: Db, lists: readonly DeliveryList[]): Promise<readonly number[]> {
  const { rows } = await sql<{ n: number; count: number }>`
    select l.n, count(*)::int4 as count from ${listed(lists)} cross join lateral (select from ${deliveriesOfList}) x group by l.n`.execute(
    db,
  );
  const byList = new Map(rows.map((row) => [row.n, row.count]));
  return lists.map((_, n) => byList.get(n) ?? 0);
}

function listed(lists: readonly DeliveryList[]): RawBuilder<unknown> {
  const each = lists.map((list) => ({ event: null, userId: null, from: null, to: null, ...list }));
  return sql`unnest(${each.map((_, n) => n)}::int4[], ${each.map((l) => l.roomId)}::text[], ${each.map((l) => l.event)}::int8[],
    ${each.map((l) => l.userId)}::text[], ${each.map((l) => l.from)}::int8[], ${each.map((l) => l.to)}::int8[])
    as l (n, room_id, event, user_id, "from", "to")`;
}

const deliveriesOfList = sql`deliveries d where d.room_id = l.room_id and d.event in (
  select l.event where l.event is not null union
  select t.event from transitions t
   where l.event is null and t.room_id = l.room_id and t.user_id = l.user_id and t.position >= l."from"
     and (l."to" is null or t.position <= l."to"))`;

/** The deliveries to one server, by position. */
export async function deliveriesTo(db: Db, server: string, page: KeysetPage): Promise<PageOfRows<DeliveryRow>> {
  const position = sql`d.position`;
  const { rows } = await sql<DeliveryRow>`
    select ${KEY} as key, ${COLUMNS} from deliveries d where d.destination = ${server} and ${withinPage(position, page)}
     order by ${inReadingOrder(position, page)} limit ${rowsToRead(page)}`.execute(db);
  return toPage(rows, page);
}

/** How many deliveries there were to each of these servers. */
export async function sentCounts(db: Db, servers: readonly string[]): Promise<readonly number[]> {
  return counted(db, servers, sql`true`);
}

/** How many events each of these servers has yet to get. */
export async function owedCounts(db: Db, servers: readonly string[]): Promise<readonly number[]> {
  return counted(db, servers, sql`settled_at is null`);
}

async function counted(db: Db, servers: readonly string[], which: RawBuilder<unknown>): Promise<readonly number[]> {
  const { rows } = await sql<{ server: string; count: number }>`
    select destination as server, count(*)::int4 as count from deliveries
     where ${which} and destination = any(${servers}::text[]) group by destination`.execute(db);
  const counts = new Map(rows.map((row) => [row.server, row.count]));
  return servers.map((server) => counts.get(server) ?? 0);
}

export interface DestinationRow {
  readonly server: string;
  readonly failures: number;
  /** Null: nothing keeps it from being sent something now. */
  readonly retryAt: Date | null;
  readonly lastError: string | null;
  readonly lastSuccessAt: Date | null;
  readonly lastFailureAt: Date | null;
}

/** Null: whatever it is. */
export interface DestinationCondition {
  readonly failing: boolean | null;
  readonly owed: boolean | null;
}

const DESTINATION = sql`destination as server, failures, case when retry_at > now() then retry_at end as "retryAt",
  error as "lastError", succeeded_at as "lastSuccessAt", failed_at as "lastFailureAt"`;

/** Servers that were ever owed something, by name. */
export async function pageDestinations(
  db: Db,
  condition: DestinationCondition,
  page: KeysetPage<string>,
): Promise<PageOfRows<DestinationRow>> {
  const name = sql`destination collate "C"`;
  const { rows } = await sql<DestinationRow>`
    select ${DESTINATION} from destinations where ${matches(condition)} and ${withinPage(name, page)}
     order by ${inReadingOrder(name, page)} limit ${rowsToRead(page)}`.execute(db);
  return toPage<DestinationRow, string>(rows, page);
}

export async function countDestinations(db: Db, condition: DestinationCondition): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int4 as count from destinations where ${matches(condition)}`.execute(db);
  return rows[0]?.count ?? 0;
}

function matches({ failing, owed }: DestinationCondition): RawBuilder<SqlBool> {
  const isFailing = failing === null ? sql`true` : sql`(failures > 0) = ${failing}`;
  const isOwed = owed === null ? sql`true` : sql`owed = ${owed}`;
  return sql<SqlBool>`${isFailing} and ${isOwed}`;
}

/** Null: never owed anything. */
export async function destinationNamed(db: Db, server: string): Promise<DestinationRow | null> {
  const { rows } = await sql<DestinationRow>`
    select ${DESTINATION} from destinations where destination = ${server}`.execute(db);
  return rows[0] ?? null;
}
