/** What users keep for their clients: entries by type, about everything or about one room, numbered in the order of their changes. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { RoomId, UserId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';

export interface AccountDataKey {
  readonly userId: UserId;
  /** Null: about no room in particular. */
  readonly roomId: RoomId | null;
  readonly type: string;
}

export interface AccountDataEntry {
  readonly roomId: string | null;
  readonly type: string;
  readonly content: JsonObject;
}

/** One entry, as JSON. */
const MAX_ENTRY_BYTES = 64 * 1024;
/** All entries of a user: a first sync sends them all. */
const MAX_ENTRIES = 10_000;
const MAX_BYTES = 8 * 1024 * 1024;

/** The content, or null when nothing was kept. */
export async function readAccountData(db: Db, { userId, roomId, type }: AccountDataKey): Promise<JsonObject | null> {
  const row = await db
    .selectFrom('account_data')
    .select('content')
    .where('user_id', '=', userId)
    .where('room_id', '=', roomId ?? '')
    .where('type', '=', type)
    .executeTakeFirst();
  return row === undefined ? null : contentOf(row);
}

/** Keeps an entry in place of an earlier one. Throws M_TOO_LARGE for 64 KiB of content, and when the user keeps too much. */
export async function writeAccountData(db: Db, key: AccountDataKey, content: JsonObject): Promise<void> {
  await changeAccountData(db, key, () => content);
}

/**
 * Makes an entry anew from what it was (null: nothing). Changes of a user's entries happen one after another, so that none
 * is lost. Throws as writeAccountData(), and what `change` throws.
 */
export async function changeAccountData(
  db: Db,
  key: AccountDataKey,
  change: (before: JsonObject | null) => JsonObject,
): Promise<void> {
  const { userId, type } = key;
  const room_id = key.roomId ?? '';
  await db.transaction().execute(async (tx) => {
    // The row stays locked until the commit: a sync that sees this change sees every one with a lower number.
    const head = await tx
      .insertInto('account_data_heads')
      .values({ user_id: userId, changes: 1, entries: 0, bytes: 0 })
      .onConflict((on) => on.column('user_id').doUpdateSet({ changes: sql<number>`account_data_heads.changes + 1` }))
      .returning(['changes', 'entries', 'bytes'])
      .executeTakeFirstOrThrow();
    const row = await tx
      .selectFrom('account_data')
      .select('content')
      .where('user_id', '=', userId)
      .where('room_id', '=', room_id)
      .where('type', '=', type)
      .executeTakeFirst();
    const content = JSON.stringify(change(row === undefined ? null : contentOf(row)));
    const size = Buffer.byteLength(content);
    const entries = head.entries + (row === undefined ? 1 : 0);
    const bytes = head.bytes + size - (row === undefined ? 0 : Buffer.byteLength(row.content));
    if (size > MAX_ENTRY_BYTES) throw new MatrixError('M_TOO_LARGE', 'Account data takes at most 64 KiB an entry.');
    if (entries > MAX_ENTRIES || (bytes > MAX_BYTES && bytes > head.bytes))
      throw new MatrixError('M_TOO_LARGE', 'This account keeps too much account data.');
    await tx
      .insertInto('account_data')
      .values({ user_id: userId, room_id, type, content, change: head.changes })
      .onConflict((on) => on.columns(['user_id', 'room_id', 'type']).doUpdateSet({ content, change: head.changes }))
      .execute();
    await tx.updateTable('account_data_heads').set({ entries, bytes }).where('user_id', '=', userId).execute();
  });
}

export interface AccountDataHead {
  /** How many changes the user's account data has seen. */
  readonly changes: number;
  /** The user's entry of the type asked for, or null. */
  readonly content: JsonObject | null;
}

/** Where a user's account data stands, with one entry about no room in particular: what every sync asks. */
export async function accountDataHead(db: Db, userId: string, type: string): Promise<AccountDataHead> {
  const row = await db
    .selectFrom('account_data_heads as h')
    .leftJoin('account_data as d', (join) =>
      join.onRef('d.user_id', '=', 'h.user_id').on('d.room_id', '=', '').on('d.type', '=', type),
    )
    .select(['h.changes', 'd.content'])
    .where('h.user_id', '=', userId)
    .executeTakeFirst();
  if (row === undefined) return { changes: 0, content: null };
  return { changes: row.changes, content: row.content === null ? null : contentOf({ content: row.content }) };
}

/** The entries that changed after the change of that number, as they are now. */
export async function accountDataSince(db: Db, userId: string, change: number): Promise<readonly AccountDataEntry[]> {
  const rows = await db
    .selectFrom('account_data')
    .select(['room_id', 'type', 'content'])
    .where('user_id', '=', userId)
    .where('change', '>', change)
    .orderBy('change')
    .execute();
  return rows.map(entryOf);
}

/** All entries about these rooms. */
export async function accountDataOfRooms(
  db: Db,
  userId: string,
  roomIds: readonly string[],
): Promise<readonly AccountDataEntry[]> {
  if (roomIds.length === 0) return [];
  const rows = await db
    .selectFrom('account_data')
    .select(['room_id', 'type', 'content'])
    .where('user_id', '=', userId)
    .where('room_id', '=', sql<string>`any(${roomIds}::text[])`)
    .orderBy('change')
    .execute();
  return rows.map(entryOf);
}

interface Row {
  readonly room_id: string;
  readonly type: string;
  readonly content: string;
}

function entryOf(row: Row): AccountDataEntry {
  return { roomId: row.room_id === '' ? null : row.room_id, type: row.type, content: contentOf(row) };
}

// It was read by our own parser before it was stored.
function contentOf({ content }: { readonly content: string }): JsonObject {
  return JSON.parse(content) as JsonObject;
}
