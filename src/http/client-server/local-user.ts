/** User ids in paths: somebody with an account here, and whose profile is meant. */
import { userExists } from '../../accounts/users.ts';
import type { Db } from '../../database/database.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseUserId, serverOf, type ServerName, type UserId } from '../../matrix/identifiers.ts';

/** Throws M_INVALID_PARAM for what is no user id, M_NOT_FOUND for nobody of this server. */
export async function localUser(db: Db, server: ServerName, text: string): Promise<UserId> {
  const userId = parseUserId(text);
  if (userId === null) throw new MatrixError('M_INVALID_PARAM', 'This is not a user id.');
  if (serverOf(userId) !== server || !(await userExists(db, userId)))
    throw new MatrixError('M_NOT_FOUND', 'There is no such user here.');
  return userId;
}

/** Whose profile a path means. Throws M_INVALID_PARAM for what is no user id. */
export function profileOwner(text: string): UserId {
  const userId = parseUserId(text);
  if (userId === null) throw new MatrixError('M_INVALID_PARAM', 'This is not a user id.');
  return userId;
}
