/** Making an account (client-server API, register), with one stage of user-interactive authentication. */
import { Type } from 'typebox';
import { logIn } from '../../accounts/access-tokens.ts';
import { registrationStage, useRegistrationToken } from '../../accounts/registration.ts';
import { endSession, sessionParameters, startSession } from '../../accounts/uia.ts';
import { createUser, hashNewPassword, newUserId } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { UserId } from '../../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../matrix/json.ts';
import { endpoint, withStatus, type EndpointAnswer } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { deviceFields, NO_NUL, tokenFields } from './device-fields.ts';

const OPERATION = { name: 'register', userId: null };

/** What is asked for; the password only as its hash, because a session remembers it. */
interface Wanted {
  readonly username?: string;
  readonly password_hash?: string;
  readonly device_id?: string;
  readonly initial_device_display_name?: string;
  readonly inhibit_login?: boolean;
  readonly refresh_token?: boolean;
}

interface Session {
  readonly id: string;
  readonly wanted: Wanted;
}

type Stage = ReturnType<typeof registrationStage>;

export const register = endpoint({
  summary: 'Makes an account.',
  method: 'POST',
  path: '/_matrix/client/v3/register',
  auth: 'none',
  limit: 'register',
  query: { kind: 'one' },
  body: Type.Object({
    username: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    inhibit_login: Type.Optional(Type.Boolean()),
    auth: Type.Optional(
      Type.Object({
        type: Type.Optional(Type.String()),
        session: Type.Optional(Type.String({ maxLength: 255, pattern: NO_NUL })),
        token: Type.Optional(Type.String()),
      }),
    ),
    ...deviceFields,
  }),
  answer: Type.Object({
    user_id: Type.String(),
    access_token: Type.Optional(Type.String()),
    device_id: Type.Optional(Type.String()),
    home_server: Type.Optional(Type.String()),
  }),
  asksForStages: true,
  errors: ['M_USER_IN_USE', 'M_INVALID_USERNAME', 'M_FORBIDDEN'],
  async handle(parts, { query, body }) {
    refuseGuests(query.kind);
    const stage = registrationStage(parts.registration);
    // The name is judged before anything is asked of the person, so that they learn at once that it is taken.
    await newUserId(parts.db, body.username, parts.identity.serverName);
    const { auth } = body;
    const begun = auth?.session === undefined ? null : await findSession(parts, auth.session);
    // One request is enough for whoever knows what is asked; but a session that is named must exist.
    const completes = auth?.type === stage && (auth.session === undefined || begun !== null);
    if (!completes) return challenge(stage, begun ?? (await beginSession(parts, await wantedOf(body))));
    const wanted = await wantedOf(body, begun?.wanted);
    const userId = await makeAccount(parts, wanted, { stage, token: auth.token ?? '', session: begun?.id ?? null });
    if (userId !== null) return welcome(parts, userId, wanted);
    const error = { errcode: 'M_UNAUTHORIZED', error: 'The registration token is not valid.' };
    return challenge(stage, begun ?? (await beginSession(parts, wanted)), error);
  },
});

function refuseGuests(kind = 'user'): void {
  if (kind === 'guest') throw new MatrixError('M_FORBIDDEN', 'This server has no guests.');
  if (kind !== 'user') throw new MatrixError('M_INVALID_PARAM', 'kind is user or guest.');
}

/** What the request asks for; what its session has `bound` stands, whatever the request says now. */
async function wantedOf(body: JsonObject & { readonly password?: string }, bound: Wanted = {}): Promise<Wanted> {
  const { username, device_id, initial_device_display_name, inhibit_login, refresh_token, password } = body;
  const hashed = bound.password_hash === undefined && password !== undefined;
  return jsonObject({
    username,
    device_id,
    initial_device_display_name,
    inhibit_login,
    refresh_token,
    password_hash: hashed ? await hashNewPassword(password) : undefined,
    ...bound,
  });
}

async function findSession({ db, now }: HttpParts, id: string): Promise<Session | null> {
  const wanted = await sessionParameters(db, OPERATION, id, now());
  return wanted === null ? null : { id, wanted };
}

async function beginSession({ db, now }: HttpParts, wanted: Wanted): Promise<Session> {
  return { id: await startSession(db, OPERATION, jsonObject({ ...wanted }), now()), wanted };
}

function challenge(stage: Stage, { id }: Session, error: object = {}): EndpointAnswer {
  return withStatus(401, { flows: [{ stages: [stage] }], params: {}, completed: [], session: id, ...error });
}

interface Proof {
  readonly stage: Stage;
  readonly token: string;
  readonly session: string | null;
}

/** Null when the token is not good. A token and a session are used up together with the account, or not at all. */
async function makeAccount(
  { db, identity, now }: HttpParts,
  { username, password_hash: passwordHash }: Wanted,
  { stage, token, session }: Proof,
): Promise<UserId | null> {
  if (passwordHash === undefined) throw new MatrixError('M_BAD_JSON', 'password is missing.');
  return db.transaction().execute(async (tx) => {
    if (stage === 'm.login.registration_token' && !(await useRegistrationToken(tx, token))) return null;
    if (session !== null && !(await endSession(tx, session)))
      throw new MatrixError('M_FORBIDDEN', 'This session has made its account.');
    const userId = await newUserId(tx, username, identity.serverName);
    await createUser(tx, { userId, passwordHash, admin: false, now: now() });
    return userId;
  });
}

async function welcome(
  { db, identity, now }: HttpParts,
  userId: UserId,
  { inhibit_login, device_id: deviceId, initial_device_display_name: displayName, refresh_token: refreshable }: Wanted,
): Promise<EndpointAnswer> {
  if (inhibit_login === true) return { user_id: userId };
  const made = await logIn(db, { userId, deviceId, displayName, refreshable, now: now() });
  return { user_id: userId, ...tokenFields(made), device_id: made.deviceId, home_server: identity.serverName };
}
