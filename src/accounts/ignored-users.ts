/** Whom a user does not want to hear of (client-server API, Ignoring Users): an entry of their account data. */
import type { Db } from '../database/database.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { isJsonObject, type JsonObject } from '../matrix/json.ts';
import { readAccountData } from './account-data.ts';

/** The type of account data that holds the list. */
export const IGNORED_USERS = 'm.ignored_user_list';

/** The ids on the list, without the user's own; none when the entry is missing or malformed. */
export function ignoredIn(content: JsonObject | null, userId: string): ReadonlySet<string> {
  const list = content?.['ignored_users'];
  return new Set(isJsonObject(list) ? Object.keys(list).filter((ignored) => ignored !== userId) : []);
}

export async function ignoredUsersOf(db: Db, userId: UserId): Promise<ReadonlySet<string>> {
  return ignoredIn(await readAccountData(db, { userId, roomId: null, type: IGNORED_USERS }), userId);
}
