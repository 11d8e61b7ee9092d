/** Renewing access tokens that expire (client-server API, Refreshing access tokens). */
import type { Db } from '../database/database.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { makeTokens, type NewTokens } from './access-tokens.ts';
import { lockDevice } from './devices.ts';
import { hashSecret } from './secrets.ts';
import { tokenMemory } from './token-memory.ts';

/**
 * Gives new tokens for a refresh token; null when that is unknown. It counts until one of the new ones is used: whoever
 * did not get them asks again, and the ones they did not get are void.
 */
export async function refreshTokens(db: Db, secret: string, now: number): Promise<NewTokens | null> {
  const hash = hashSecret(secret);
  const renewed = await db.transaction().execute(async (tx) => {
    const found = await tx
      .selectFrom('refresh_tokens')
      .select(['user_id', 'device_id'])
      .where('hash', '=', hash)
      .executeTakeFirst();
    if (found === undefined) return null;
    const device = { userId: found.user_id as UserId, deviceId: found.device_id };
    await lockDevice(tx, device.userId, device.deviceId);
    // Again: it may have ended while somebody else had the device.
    const token = await tx
      .selectFrom('refresh_tokens')
      .select(['id', 'supersedes'])
      .where('hash', '=', hash)
      .executeTakeFirst();
    if (token === undefined) return null;
    if (token.supersedes !== null) await tx.deleteFrom('refresh_tokens').where('id', '=', token.supersedes).execute();
    await tx.deleteFrom('refresh_tokens').where('supersedes', '=', token.id).execute();
    return {
      userId: device.userId,
      tokens: await makeTokens(tx, device, { refreshable: true, supersedes: token.id, now }),
    };
  });
  if (renewed === null) return null;
  tokenMemory(db).forget(renewed.userId);
  return renewed.tokens;
}
