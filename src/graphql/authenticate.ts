/** Who comes with a request or a connection: a person by their Matrix access token, a program by its service token. */
import { isScope } from '../access/scopes.ts';
import { callerByToken } from '../accounts/access-tokens.ts';
import { callerByServiceToken, isServiceSecret } from '../accounts/service-tokens.ts';
import type { Actor } from '../commands/act.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { GraphqlParts } from './context.ts';

/**
 * `header` is an Authorization header, or what takes its place. Null without one. Throws M_MISSING_TOKEN for one without a
 * token, M_UNKNOWN_TOKEN for a bad one.
 */
export async function actorOf(
  parts: Pick<GraphqlParts, 'db' | 'commands' | 'lastSeen'>,
  header: string | undefined,
  ip: string,
): Promise<Actor | null> {
  if (header === undefined) return null;
  const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header)?.[1];
  if (token === undefined) throw new MatrixError('M_MISSING_TOKEN');
  return isServiceSecret(token) ? serviceActor(parts, token) : person(parts, token, ip);
}

async function person(
  { db, commands, lastSeen }: Pick<GraphqlParts, 'db' | 'commands' | 'lastSeen'>,
  secret: string,
  ip: string,
): Promise<Actor> {
  const caller = await callerByToken(db, secret, commands.now());
  lastSeen.note(caller, ip);
  return { userId: caller.userId, token: caller.token, admin: caller.admin, onBehalfOf: null, grant: null };
}

async function serviceActor(
  { db, commands, lastSeen }: Pick<GraphqlParts, 'db' | 'commands' | 'lastSeen'>,
  secret: string,
): Promise<Actor> {
  const { id, name, userId, userIsAdmin, scopes, roomIds } = await callerByServiceToken(db, secret, commands.now());
  lastSeen.noteToken(id);
  const grant = { scopes: scopes.filter(isScope), roomIds };
  const admin = userIsAdmin && grant.scopes.includes('admin');
  return { userId, token: id, admin, onBehalfOf: name, grant };
}
