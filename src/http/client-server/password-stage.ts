/** User-interactive authentication of who is signed in already: one stage, their password. */
import { Type } from 'typebox';
import { endSession, sessionParameters, startSession, type Operation } from '../../accounts/uia.ts';
import { checkPassword, localUserId } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { withStatus, type Caller, type EndpointAnswer } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { NO_NUL } from './device-fields.ts';
import { nameIn } from './user-identifier.ts';

const STAGE = 'm.login.password';

/** The `auth` of a request's body. */
export const AuthData = Type.Object({
  type: Type.Optional(Type.String()),
  session: Type.Optional(Type.String({ maxLength: 255, pattern: NO_NUL })),
  identifier: Type.Optional(Type.Object({ type: Type.String() })),
  user: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
});

export interface Confirmation {
  /** What is to be confirmed, with whatever the path names: a session is good for this alone. */
  readonly operation: string;
  readonly caller: Caller;
  readonly ip: string;
  readonly auth: (JsonObject & { readonly session?: string }) | undefined;
  /** What the request asks for, under what its session has bound. Without secrets in the clear; may throw. */
  readonly wanted: (bound: JsonObject) => Promise<JsonObject> | JsonObject;
}

/** What to do; or what to answer, because the caller has not said yet who they are. */
type Confirmed = { readonly parameters: JsonObject } | { readonly challenge: EndpointAnswer };

/**
 * Asks for the caller's password, and once it was given tells what to do: what the first request asked for. One request is
 * enough for whoever knows what is asked; but a session that is named must be theirs, and completes once.
 * Throws M_BAD_JSON when nobody is named, M_LIMIT_EXCEEDED.
 */
export async function confirmedByPassword(parts: HttpParts, asked: Confirmation): Promise<Confirmed> {
  const { db, now } = parts;
  const { caller, auth, wanted } = asked;
  const operation: Operation = { name: asked.operation, userId: caller.userId };
  const id = auth?.session;
  const bound = id === undefined ? null : await sessionParameters(db, operation, id, now());
  const begin = async (): Promise<string> => startSession(db, operation, await wanted({}), now());
  const known = bound === null ? undefined : id;
  if (auth?.['type'] !== STAGE || (id !== undefined && bound === null)) return challenge(known ?? (await begin()));
  if (!(await isRight(parts, asked, auth))) {
    const error = { errcode: 'M_FORBIDDEN', error: 'The password is wrong, or not of the user who is signed in.' };
    return challenge(known ?? (await begin()), error);
  }
  const parameters = await wanted(bound ?? {});
  if (known !== undefined && !(await endSession(db, known))) return challenge(await begin());
  return { parameters };
}

function challenge(session: string, error: object = {}): Confirmed {
  return { challenge: withStatus(401, { flows: [{ stages: [STAGE] }], params: {}, completed: [], session, ...error }) };
}

async function isRight(
  { db, identity, limits }: HttpParts,
  { caller, ip }: Confirmation,
  auth: JsonObject,
): Promise<boolean> {
  const named = localUserId(nameIn(auth), identity.serverName);
  const password = auth['password'];
  if (typeof password !== 'string') throw new MatrixError('M_BAD_JSON', 'password is missing.');
  if (named !== caller.userId) return false;
  // The same count as for signing in: this is another way to try passwords.
  limits.consume('login', ip, named);
  try {
    await checkPassword(db, named, password);
    return true;
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') return false;
    throw error;
  }
}
