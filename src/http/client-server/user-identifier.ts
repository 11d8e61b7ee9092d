/** Who is meant by what asks for a password (client-server API, Identifier types). */
import { MatrixError } from '../../matrix/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.ts';

/** The name in `identifier`, or where clients of old put it. Throws M_BAD_JSON without one. */
export function nameIn(body: JsonObject): string {
  const identifier = body['identifier'];
  const user: JsonValue | undefined = isJsonObject(identifier) ? identifier['user'] : body['user'];
  const known = !isJsonObject(identifier) || identifier['type'] === 'm.id.user';
  if (!known || typeof user !== 'string')
    throw new MatrixError('M_BAD_JSON', 'identifier must be of type m.id.user and name a user.');
  if (user.includes('\u0000')) throw new MatrixError('M_BAD_JSON', 'A user name holds no NUL.');
  return user;
}
