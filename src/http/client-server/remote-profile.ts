/** Profiles of users elsewhere, as their servers tell them. */
import { MatrixError } from '../../matrix/errors.ts';
import { parseUserId, serverOf, type UserId } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import type { HttpParts } from '../parts.ts';
import { askElsewhere } from './ask-elsewhere.ts';

/** Whose profile has to be asked for elsewhere; null: it is this server's to know. */
export function remoteUser({ identity }: Pick<HttpParts, 'identity'>, text: string): UserId | null {
  const userId = parseUserId(text);
  return userId === null || serverOf(userId) === identity.serverName ? null : userId;
}

/** Throws M_NOT_FOUND where nothing is told: there may be no such user, or nobody who could be asked. */
export async function remoteProfile(
  { federation: { calls } }: Pick<HttpParts, 'federation'>,
  userId: UserId,
  field: string | null,
  signal: AbortSignal,
): Promise<JsonObject> {
  const asked = { userId, ...(field === null ? {} : { field }) };
  const answer = await askElsewhere(() => calls.queryProfile(serverOf(userId), asked, signal));
  if (answer.ok) return answer.value;
  throw new MatrixError('M_NOT_FOUND', 'The profile could not be had.');
}
