/** Access tokens: whose they are, and how devices come by them. Only hashes are stored. */
import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.ts';
import { PREPARED } from '../database/prepared.ts';
import { gathered } from '../database/gather.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { keepNewestDevices, lockDevice } from './devices.ts';
import { hashSecret, newSecret, randomId } from './secrets.ts';
import { ownerOf, tokenMemory, type TokenKind } from './token-memory.ts';
import { holdPassword } from './users.ts';

export interface TokenOwner {
  readonly userId: UserId;
  /** The token's public id. */
  readonly token: string;
  readonly deviceId: string;
  readonly admin: boolean;
}

export interface NewLogin {
  readonly userId: UserId;
  /** What the password was held against, if by a password. */
  readonly passwordHash?: string | undefined;
  /** Absent: a new device. One in use loses its older tokens. */
  readonly deviceId?: string | undefined;
  readonly displayName?: string | undefined;
  /** The client can renew its token: then the token expires. */
  readonly refreshable?: boolean | undefined;
  /** Milliseconds. */
  readonly now: number;
}

/** The secrets are told this once. */
export interface NewTokens {
  readonly accessToken: string;
  /** Null: the access token does not expire. */
  readonly refreshToken: string | null;
}

/** How long an access token counts that can be renewed. */
export const ACCESS_TOKEN_LIFETIME_MS = 60 * 60 * 1000;

interface KnownToken extends TokenOwner {
  /** Milliseconds. */
  readonly expiresAt: number | null;
  readonly supersedes: string | null;
}

async function knownTokens(db: Db, secrets: readonly string[]): Promise<readonly (KnownToken | null)[]> {
  const hashes = secrets.map(hashSecret);
  const rows = await db
    .selectFrom('access_tokens as t')
    .innerJoin('users as u', 'u.user_id', 't.user_id')
    .modifyFront(PREPARED)
    .select(['t.hash', 't.id', 't.user_id', 't.device_id', 't.expires_at', 't.supersedes', 'u.admin'])
    .where('t.hash', '=', sql<Buffer>`any(${hashes}::bytea[])`)
    .where('u.deactivated_at', 'is', null)
    .execute();
  const byHash = new Map(rows.map((row) => [row.hash.toString('latin1'), row]));
  return hashes.map((hash) => {
    const row = byHash.get(hash.toString('latin1'));
    if (row === undefined) return null;
    return {
      userId: row.user_id as UserId,
      token: row.id,
      deviceId: row.device_id,
      admin: row.admin,
      expiresAt: row.expires_at?.getTime() ?? null,
      supersedes: row.supersedes,
    };
  });
}

/** How long a patient caller may wait for others to be looked up with. */
const PATIENCE_MS = 10;

// The first use of a token that another is superseded by is more than a look.
const kind = { name: 'access', mayKeep: ({ supersedes }: KnownToken) => supersedes === null } as const;
const accessToken: TokenKind<KnownToken> = { ...kind, read: gathered(knownTokens) };
const accessTokenSoon: TokenKind<KnownToken> = { ...kind, read: gathered(knownTokens, { restMs: PATIENCE_MS }) };

/**
 * Whose token this is. Throws M_UNKNOWN_TOKEN when it is unknown, has expired (`soft_logout`: it can be renewed), or its
 * account is deactivated. `now` in milliseconds. The token that it was renewed from ends with its first use. Who is `patient`
 * waits a little for others to be looked up with.
 */
export async function callerByToken(db: Db, secret: string, now: number, patient = false): Promise<TokenOwner> {
  const known = await ownerOf(db, secret, patient ? accessTokenSoon : accessToken);
  if (known === null) throw new MatrixError('M_UNKNOWN_TOKEN', undefined, { soft_logout: false });
  const { expiresAt, supersedes, ...owner } = known;
  if (expiresAt !== null && expiresAt <= now) {
    throw new MatrixError('M_UNKNOWN_TOKEN', 'The access token has expired.', { soft_logout: true });
  }
  if (supersedes !== null) await retire(db, owner, supersedes);
  return owner;
}

async function retire(db: Db, { userId, deviceId }: TokenOwner, refreshToken: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockDevice(tx, userId, deviceId);
    await tx.deleteFrom('refresh_tokens').where('id', '=', refreshToken).execute();
  });
  tokenMemory(db).forget(userId);
}

/**
 * Makes the tokens of a login on a device, new or in use. Throws M_FORBIDDEN when the password does not count any more:
 * checking one takes long enough for its owner to change it, which is to sign out whoever knew it.
 */
export async function logIn(db: Db, login: NewLogin): Promise<NewTokens & { readonly deviceId: string }> {
  const { userId, passwordHash, now, displayName, refreshable = false } = login;
  const deviceId = login.deviceId ?? randomId(10).toUpperCase();
  const tokens = await db.transaction().execute(async (tx) => {
    if (passwordHash !== undefined && !(await holdPassword(tx, userId, passwordHash)))
      throw new MatrixError('M_FORBIDDEN', 'The password has just been changed.');
    await tx
      .insertInto('devices')
      .values({ user_id: userId, device_id: deviceId, display_name: displayName ?? null, created_at: new Date(now) })
      // A known device keeps its name; the update locks it, so that of two logins at once one token is left.
      .onConflict((conflict) =>
        conflict.columns(['user_id', 'device_id']).doUpdateSet((set) => ({ device_id: set.ref('excluded.device_id') })),
      )
      .execute();
    for (const table of ['access_tokens', 'refresh_tokens'] as const)
      await tx.deleteFrom(table).where('user_id', '=', userId).where('device_id', '=', deviceId).execute();
    return makeTokens(tx, { userId, deviceId }, { refreshable, supersedes: null, now });
  });
  // Those that a device in use had before.
  tokenMemory(db).forget(userId);
  await keepNewestDevices(db, userId);
  return { ...tokens, deviceId };
}

interface NewTokenOptions {
  readonly refreshable: boolean;
  /** The refresh token they are given for. */
  readonly supersedes: string | null;
  readonly now: number;
}

/** Makes an access token, and what renews it, for a device whose row is locked. */
export async function makeTokens(
  tx: Tx,
  { userId, deviceId }: { readonly userId: UserId; readonly deviceId: string },
  { refreshable, supersedes, now }: NewTokenOptions,
): Promise<NewTokens> {
  const place = { user_id: userId, device_id: deviceId, created_at: new Date(now), supersedes };
  const accessToken = newSecret('vst');
  const refresh = refreshable ? { id: randomId(12), secret: newSecret('vsr') } : null;
  if (refresh !== null) {
    const row = { ...place, id: refresh.id, hash: hashSecret(refresh.secret) };
    await tx.insertInto('refresh_tokens').values(row).execute();
  }
  const row = {
    ...{ ...place, id: randomId(12), hash: hashSecret(accessToken) },
    ...{
      refresh_token: refresh?.id ?? null,
      expires_at: refreshable ? new Date(now + ACCESS_TOKEN_LIFETIME_MS) : null,
    },
  };
  await tx.insertInto('access_tokens').values(row).execute();
  return { accessToken, refreshToken: refresh?.secret ?? null };
}
