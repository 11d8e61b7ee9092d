/** What people show of themselves: display name and picture. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { gathered } from '../database/gather.ts';
import { PREPARED } from '../database/prepared.ts';
import type { UserId } from '../matrix/identifiers.ts';

export interface Profile {
  readonly displayname: string | null;
  readonly avatar_url: string | null;
}

/** Sets the display name, or with null takes it away. */
export async function setDisplayName(db: Db, userId: UserId, displayname: string | null): Promise<void> {
  await db
    .insertInto('profiles')
    .values({ user_id: userId, displayname })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ displayname }))
    .execute();
}

/** The profiles of these users, in the order asked; empty for those who set nothing, and for users elsewhere. */
export async function profilesOf(db: Db, userIds: readonly string[]): Promise<readonly Profile[]> {
  const rows = await db
    .selectFrom('profiles')
    .modifyFront(PREPARED)
    .select(['user_id', 'displayname', 'avatar_url'])
    .where('user_id', '=', sql<string>`any(${userIds}::text[])`)
    .execute();
  const byUser = new Map(rows.map(({ user_id, ...profile }) => [user_id, profile]));
  return userIds.map((userId) => byUser.get(userId) ?? { displayname: null, avatar_url: null });
}

/** The profile of a local user; empty for one who set nothing. */
export const profileOf: (db: Db, userId: UserId) => Promise<Profile> = gathered(profilesOf);
