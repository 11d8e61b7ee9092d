/** Aliases of this server: which room each leads to, and who made it. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import type { RoomAlias, RoomId, ServerName, UserId } from '../matrix/identifiers.ts';

export interface AliasRow {
  readonly alias: RoomAlias;
  readonly roomId: RoomId;
  readonly creator: UserId;
}

/** Those of these aliases that exist, in no particular order. */
export async function aliasesNamed(db: Db, aliases: readonly string[]): Promise<readonly AliasRow[]> {
  if (aliases.length === 0) return [];
  const found = await sql<AliasRow>`
    select alias, room_id as "roomId", creator from room_aliases where alias = any(${aliases}::text[])`.execute(db);
  return found.rows;
}

/** What an alias leads to, or null. */
export async function aliasNamed(db: Db, alias: RoomAlias): Promise<AliasRow | null> {
  return (await aliasesNamed(db, [alias]))[0] ?? null;
}

/** The first `limit` of the aliases that lead to a room, in the order of their bytes. */
export async function aliasesOfRoom(db: Db, roomId: RoomId, limit: number): Promise<readonly RoomAlias[]> {
  const found = await sql<{ alias: RoomAlias }>`
    select alias from room_aliases where room_id = ${roomId} order by alias collate "C" limit ${limit}`.execute(db);
  return found.rows.map((row) => row.alias);
}

/** In the transaction that also stores the act. Rejects with Postgres' unique violation when the alias exists. */
export async function insertAlias(tx: TxClient, { alias, roomId, creator }: AliasRow, at: number): Promise<void> {
  await tx.query({
    text: 'insert into room_aliases (alias, room_id, creator, created_at) values ($1, $2, $3, $4)',
    values: [alias, roomId, creator, new Date(at).toISOString()],
  });
}

export async function deleteAlias(tx: TxClient, alias: RoomAlias): Promise<void> {
  await tx.query({ text: 'delete from room_aliases where alias = $1', values: [alias] });
}

/** All aliases of one room lead to another from now on. */
export async function moveAliases(tx: TxClient, from: RoomId, to: RoomId): Promise<void> {
  await tx.query({ text: 'update room_aliases set room_id = $2 where room_id = $1', values: [from, to] });
}

/** Servers with members in a room, the first `limit` by name: those that can be asked to let somebody in. */
export async function serversInRoom(db: Db, roomId: RoomId, limit: number): Promise<readonly ServerName[]> {
  const found = await sql<{ server: ServerName }>`
    select distinct server from room_servers where room_id = ${roomId} and to_at is null order by server limit ${limit}`.execute(
    db,
  );
  return found.rows.map((row) => row.server);
}
