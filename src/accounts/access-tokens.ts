/** Access tokens and the devices they belong to. Only hashes are stored. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { gathered } from '../database/gather.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { hashSecret, newSecret, randomId } from './secrets.ts';

export interface TokenOwner {
  readonly userId: UserId;
  /** The token's public id. */
  readonly token: string;
  readonly deviceId: string;
  readonly admin: boolean;
}

export interface NewLogin {
  readonly userId: UserId;
  /** Absent: a new device. One in use loses its older tokens. */
  readonly deviceId?: string | undefined;
  readonly displayName?: string | undefined;
  /** Milliseconds. */
  readonly now: number;
}

async function callersByTokens(db: Db, secrets: readonly string[]): Promise<readonly (TokenOwner | null)[]> {
  const hashes = secrets.map(hashSecret);
  const rows = await db
    .selectFrom('access_tokens as t')
    .innerJoin('users as u', 'u.user_id', 't.user_id')
    .select(['t.hash', 't.id', 't.user_id', 't.device_id', 'u.admin'])
    .where('t.hash', '=', sql<Buffer>`any(${hashes}::bytea[])`)
    .where('u.deactivated_at', 'is', null)
    .execute();
  const byHash = new Map(rows.map((row) => [row.hash.toString('base64'), row]));
  return hashes.map((hash) => {
    const row = byHash.get(hash.toString('base64'));
    if (row === undefined) return null;
    return { userId: row.user_id as UserId, token: row.id, deviceId: row.device_id, admin: row.admin };
  });
}

/** Whose token this is; null when it is unknown, or its account is deactivated. */
export const callerByToken: (db: Db, secret: string) => Promise<TokenOwner | null> = gathered(callersByTokens);

/** Makes a token for a device; the secret is returned this once. */
export async function logIn(
  db: Db,
  login: NewLogin,
): Promise<{ readonly accessToken: string; readonly deviceId: string }> {
  const deviceId = login.deviceId ?? randomId(10).toUpperCase();
  const accessToken = newSecret('vst');
  const created_at = new Date(login.now);
  await db.transaction().execute(async (tx) => {
    const device = { user_id: login.userId, device_id: deviceId, display_name: login.displayName ?? null, created_at };
    await tx
      .insertInto('devices')
      .values(device)
      // A known device keeps its name; the update locks it, so that of two logins at once one token is left.
      .onConflict((conflict) =>
        conflict.columns(['user_id', 'device_id']).doUpdateSet((set) => ({ device_id: set.ref('excluded.device_id') })),
      )
      .execute();
    await tx
      .deleteFrom('access_tokens')
      .where('user_id', '=', login.userId)
      .where('device_id', '=', deviceId)
      .execute();
    const token = {
      id: randomId(12),
      hash: hashSecret(accessToken),
      user_id: login.userId,
      device_id: deviceId,
      created_at,
    };
    await tx.insertInto('access_tokens').values(token).execute();
  });
  return { accessToken, deviceId };
}

/** Ends one device and its tokens. */
export async function logOut(db: Db, userId: UserId, deviceId: string): Promise<void> {
  await db.deleteFrom('devices').where('user_id', '=', userId).where('device_id', '=', deviceId).execute();
}

/** Ends all devices of a user. */
export async function logOutEverywhere(db: Db, userId: UserId): Promise<void> {
  await db.deleteFrom('devices').where('user_id', '=', userId).execute();
}
