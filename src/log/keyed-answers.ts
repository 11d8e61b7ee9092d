/** Answers that are given once: which event a device's request made. Written with the event, so that the request repeated makes no other. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Pool } from 'pg';
import type { Db } from '../database/database.ts';
import { gathered } from '../database/gather.ts';
import type { TxClient } from '../database/tx.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import type { EventId } from '../matrix/identifiers.ts';
import { parseJsonObject, type JsonObject } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import { insertRows } from './insert-rows.ts';
import type { EventSlot } from './judged-pdu.ts';

/** A request that its client may send again, and named for that (client-server API, Transaction identifiers). */
export interface ClientRequest {
  readonly deviceId: string;
  readonly transactionId: string;
}

export interface KeyedAnswer extends ClientRequest {
  readonly actor: string;
  /** As requestKey() makes it. */
  readonly key: string;
  readonly operation: string;
  readonly event: EventSlot;
}

/** What tells a user's requests apart: the device, and all that the path says. */
export function requestKey(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Remembers answers, in the transaction that writes their events; the slots have their positions by then. */
export function writeAnswers(tx: TxClient, answers: readonly KeyedAnswer[], at: Date): Promise<void> {
  return insertRows(tx, 'idempotency', answers, [
    ['actor', 'text', (a) => a.actor],
    ['key', 'text', (a) => a.key],
    ['operation', 'text', (a) => a.operation],
    ['result', 'bytea', resultOf],
    ['position', 'int8', (a) => a.event.position],
    ['at', 'timestamptz', { all: at.toISOString() }],
  ]);
}

function resultOf({ event, deviceId, transactionId }: KeyedAnswer): Buffer {
  const result = { event_id: event.eventId, device_id: deviceId, transaction_id: transactionId };
  return Buffer.from(canonicalJson(result));
}

async function answersTo(
  db: Db,
  requests: readonly { readonly actor: string; readonly key: string }[],
): Promise<readonly (EventId | null)[]> {
  const { rows } = await sql<{ n: number; result: Buffer }>`
    select k.n::int4 as n, i.result
      from unnest(${requests.map((r) => r.actor)}::text[], ${requests.map((r) => r.key)}::text[])
           with ordinality as k (actor, key, n)
      join idempotency i on i.actor = k.actor and i.key = k.key`.execute(db);
  const found = new Map(rows.map((row) => [row.n, stringIn(parseJsonObject(row.result), 'event_id') as EventId]));
  return requests.map((_, i) => found.get(i + 1) ?? null);
}

/** The event that a request made when it was first answered; null when it was not, or so long ago that it is forgotten. */
export const answerTo: (db: Db, request: { readonly actor: string; readonly key: string }) => Promise<EventId | null> =
  gathered(answersTo);

/** By position of the event, the transaction ids under which this device sent them; others are left out. */
export async function transactionIds(
  db: Db,
  { userId, deviceId }: { readonly userId: string; readonly deviceId: string },
  positions: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (positions.length === 0) return new Map();
  const { rows } = await sql<{ position: number; result: Buffer }>`
    select position, result from idempotency
     where position = any(${positions}::int8[]) and actor = ${userId}`.execute(db);
  const results = rows.map(({ position, result }) => ({ position, result: parseJsonObject(result) }));
  const own = results.filter(({ result }) => stringIn(result, 'device_id') === deviceId);
  return new Map(own.map(({ position, result }) => [position, stringIn(result, 'transaction_id') ?? '']));
}

/**
 * Keeps what a keyed request is about before it is begun, or finds what was kept when it was begun before: the same for
 * whoever asks again, at the same time, later, or after a crash. `at` in milliseconds since 1970.
 */
export async function keepIntent(
  db: Db,
  { actor, key, operation, at }: Pick<KeyedAnswer, 'actor' | 'key' | 'operation'> & { readonly at: number },
  intent: JsonObject,
): Promise<{ readonly intent: JsonObject; readonly isNew: boolean }> {
  const result = Buffer.from(canonicalJson(intent));
  const made = await sql`
    insert into idempotency (actor, key, operation, result, position, at)
    values (${actor}, ${key}, ${operation}, ${result}, 0, ${new Date(at)})
        on conflict (actor, key) do nothing returning 1`.execute(db);
  if (made.rows.length > 0) return { intent, isNew: true };
  const { rows } = await sql<{ result: Buffer }>`
    select result from idempotency where actor = ${actor} and key = ${key}`.execute(db);
  return { intent: parseJsonObject(rows[0]!.result), isNew: false };
}

const PAGE = 5_000;
const MAX_PAGES = 40;

/** Forgets the oldest answers given before that time, in short transactions; a run that does not finish leaves the rest. */
export async function forgetAnswers(pool: Pool, before: Date, signal?: AbortSignal): Promise<number> {
  let forgotten = 0;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    signal?.throwIfAborted();
    const { rowCount } = await pool.query(
      `delete from idempotency where (actor, key) in
         (select actor, key from idempotency where at < $1 order by at limit ${PAGE})`,
      [before],
    );
    forgotten += rowCount ?? 0;
    if ((rowCount ?? 0) < PAGE) break;
  }
  return forgotten;
}
