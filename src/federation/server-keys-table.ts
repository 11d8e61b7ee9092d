/** Other servers' keys as rows. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import type { VerifyKey } from '../matrix/server-keys.ts';
import { publicKeyFromBytes, rawPublicKey } from '../matrix/signing-keys.ts';

/** Every key that is stored of these servers. */
export async function readServerKeys(
  db: Db,
  servers: readonly ServerName[],
): Promise<ReadonlyMap<ServerName, readonly VerifyKey[]>> {
  const rows = await db
    .selectFrom('server_keys')
    .selectAll()
    .where('server_name', '=', sql<string>`any(${servers}::text[])`)
    .execute();
  const byServer = Map.groupBy(rows, (row) => row.server_name as ServerName);
  return new Map(
    [...byServer].map(([server, its]) => [
      server,
      its.map((row) => ({
        keyId: row.key_id,
        publicKey: publicKeyFromBytes(row.key),
        validUntilTs: row.valid_until_ts,
        expiredTs: row.expired_ts,
        fetchedAt: row.fetched_at.getTime(),
      })),
    ]),
  );
}

/** Stores what a server told of its keys; what it told before of others stays. */
export async function storeServerKeys(db: Db, server: ServerName, keys: readonly VerifyKey[]): Promise<void> {
  const rows = keys.map((key) => ({
    server_name: server,
    key_id: key.keyId,
    key: rawPublicKey(key.publicKey),
    valid_until_ts: key.validUntilTs,
    expired_ts: key.expiredTs,
    fetched_at: new Date(key.fetchedAt),
  }));
  await db
    .insertInto('server_keys')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['server_name', 'key_id']).doUpdateSet((row) => ({
        key: row.ref('excluded.key'),
        valid_until_ts: row.ref('excluded.valid_until_ts'),
        expired_ts: row.ref('excluded.expired_ts'),
        fetched_at: row.ref('excluded.fetched_at'),
      })),
    )
    .execute();
}
