/** Whom a user does not want to hear of (client-server API, Ignoring Users): pure, over the entry of their account data. */
import { isJsonObject, type JsonObject } from '../matrix/json.ts';

/** The type of account data that holds the list. */
export const IGNORED_USERS = 'm.ignored_user_list';

/** The ids on the list, without the user's own; none when the entry is missing or malformed. */
export function ignoredIn(content: JsonObject | null, userId: string): ReadonlySet<string> {
  const list = content?.['ignored_users'];
  return new Set(isJsonObject(list) ? Object.keys(list).filter((ignored) => ignored !== userId) : []);
}
