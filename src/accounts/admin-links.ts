/** One-time links with which the operator of a new server becomes its admin. */
import type { Db, Tx } from '../database/database.ts';
import { hashSecret, newSecret } from './secrets.ts';

const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Makes the secret of a link, in place of every earlier one. */
export async function createAdminLink(db: Db, now: number): Promise<string> {
  const secret = newSecret('admin');
  await db.transaction().execute(async (tx) => {
    await tx.deleteFrom('admin_links').execute();
    const row = { hash: hashSecret(secret), expires_at: new Date(now + LIFETIME_MS) };
    await tx.insertInto('admin_links').values(row).execute();
  });
  return secret;
}

/** Whether the link can still be used. */
export async function isAdminLink(db: Db, secret: string, now: number): Promise<boolean> {
  const row = await db
    .selectFrom('admin_links')
    .select('hash')
    .where('hash', '=', hashSecret(secret))
    .where('expires_at', '>', new Date(now))
    .executeTakeFirst();
  return row !== undefined;
}

/** Uses the link up. False when it was used, replaced or has expired. */
export async function useAdminLink(tx: Tx, secret: string, now: number): Promise<boolean> {
  const used = await tx
    .deleteFrom('admin_links')
    .where('hash', '=', hashSecret(secret))
    .where('expires_at', '>', new Date(now))
    .returning('hash')
    .executeTakeFirst();
  return used !== undefined;
}
