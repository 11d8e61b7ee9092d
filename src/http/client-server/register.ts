/** Making an account (client-server API, register), with one stage of user-interactive authentication. */
import { Type } from 'typebox';
import { logIn } from '../../accounts/access-tokens.ts';
import { registrationStage, useRegistrationToken } from '../../accounts/registration.ts';
import { endSession, sessionParameters, startSession } from '../../accounts/uia.ts';
import { createUser, hashNewPassword, newUserId } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { jsonObject, type JsonObject } from '../../matrix/json.ts';
import { endpoint, withStatus, type EndpointAnswer } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { deviceFields, NO_NUL } from './device-fields.ts';

const OPERATION = 'register';

interface Wanted {
  readonly username?: string;
  readonly password_hash?: string;
  readonly device_id?: string;
  readonly initial_device_display_name?: string;
  readonly inhibit_login?: boolean;
}

export const register = endpoint({
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
  async handle(parts, { query, body }) {
    if (query.kind !== undefined && query.kind !== 'user')
      throw new MatrixError('M_FORBIDDEN', 'This server has no guests.');
    const stage = registrationStage(parts.registration);
    // The name is judged before anything is asked of the person, so that they learn at once that it is taken.
    await newUserId(parts.db, body.username, parts.identity.serverName);
    const { auth } = body;
    const bound =
      auth?.session === undefined ? null : await sessionParameters(parts.db, OPERATION, auth.session, parts.now());
    const direct = auth?.session === undefined && auth?.type === stage;
    if (auth?.type !== stage || (bound === null && !direct)) return challenge(parts, stage, await wantedOf(body));
    const wanted: Wanted = bound ?? (await wantedOf(body));
    if (stage === 'm.login.registration_token' && !(await useRegistrationToken(parts.db, auth.token ?? ''))) {
      return challenge(parts, stage, wanted, {
        errcode: 'M_UNAUTHORIZED',
        error: 'The registration token is not valid.',
      });
    }
    const answer = await makeAccount(parts, { ...(await wantedOf(body)), ...wanted });
    if (auth.session !== undefined) await endSession(parts.db, auth.session);
    return answer;
  },
});

/** What is asked for, the password only as its hash: a session remembers it. */
async function wantedOf(body: JsonObject & { readonly password?: string }): Promise<Wanted> {
  const { username, device_id, initial_device_display_name, inhibit_login, password } = body;
  const password_hash = password === undefined ? undefined : await hashNewPassword(password);
  return jsonObject({
    ...(username === undefined ? {} : { username }),
    ...(device_id === undefined ? {} : { device_id }),
    ...(initial_device_display_name === undefined ? {} : { initial_device_display_name }),
    ...(inhibit_login === undefined ? {} : { inhibit_login }),
    ...(password_hash === undefined ? {} : { password_hash }),
  });
}

async function challenge(parts: HttpParts, stage: string, wanted: Wanted, error: object = {}): Promise<EndpointAnswer> {
  const session = await startSession(parts.db, OPERATION, jsonObject({ ...wanted }), parts.now());
  return withStatus(401, { flows: [{ stages: [stage] }], params: {}, session, ...error });
}

async function makeAccount({ db, identity, now }: HttpParts, wanted: Wanted): Promise<EndpointAnswer> {
  const userId = await newUserId(db, wanted.username, identity.serverName);
  if (wanted.password_hash === undefined) throw new MatrixError('M_MISSING_PARAM', 'password is missing.');
  await createUser(db, { userId, passwordHash: wanted.password_hash, admin: false, now: now() });
  if (wanted.inhibit_login === true) return { user_id: userId };
  const device = { deviceId: wanted.device_id, displayName: wanted.initial_device_display_name };
  const { accessToken, deviceId } = await logIn(db, { userId, ...device, now: now() });
  return { user_id: userId, access_token: accessToken, device_id: deviceId, home_server: identity.serverName };
}
