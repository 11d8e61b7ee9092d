/** Service tokens: what each is good for, and whose request comes with one. Only hashes are stored. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Db } from '../database/database.ts';
import { gathered } from '../database/gather.ts';
import {
  inReadingOrder,
  rowsToRead,
  toPage,
  withinPage,
  type KeysetPage,
  type PageOfRows,
} from '../database/keyset.ts';
import type { TxClient } from '../database/tx.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { hashSecret, newSecret } from './secrets.ts';
import { ownerOf, type TokenKind } from './token-memory.ts';

export interface ServiceToken {
  readonly number: number;
  /** Public. */
  readonly id: string;
  readonly name: string;
  readonly userId: UserId;
  readonly scopes: readonly string[];
  /** Null: all rooms. */
  readonly roomIds: readonly string[] | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly rotatedAt: Date | null;
  readonly revokedAt: Date | null;
  readonly revokedBy: string | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

/** Whose request comes with a service token. */
export interface ServiceCaller {
  readonly id: string;
  readonly name: string;
  readonly userId: UserId;
  /** The user is an admin of this server. */
  readonly userIsAdmin: boolean;
  readonly scopes: readonly string[];
  readonly roomIds: readonly string[] | null;
}

const PREFIX = 'vss';

export function newServiceSecret(): string {
  return newSecret(PREFIX);
}

/** What looks like the secret of a service token, so that nobody need be asked whether it is an access token. */
export function isServiceSecret(secret: string): boolean {
  return secret.startsWith(`${PREFIX}_`);
}

interface KnownToken extends ServiceCaller {
  readonly hash: Buffer;
  readonly until: Date | null;
}

async function knownTokens(db: Db, secrets: readonly string[]): Promise<readonly (KnownToken | null)[]> {
  const hashes = secrets.map(hashSecret);
  const columns = sql`t.id, t.name, t.user_id as "userId", u.admin as "userIsAdmin", t.scopes, t.room_ids as "roomIds"`;
  const from = sql`service_tokens t join users u on u.user_id = t.user_id and u.deactivated_at is null`;
  const { rows } = await sql<KnownToken>`
    select ${columns}, t.hash, t.expires_at as until from ${from} where t.hash = any(${hashes}::bytea[])
    union all
    select ${columns}, t.previous_hash, least(t.previous_until, t.expires_at) from ${from}
     where t.previous_hash = any(${hashes}::bytea[])`.execute(db);
  const byHash = new Map(rows.map((row) => [row.hash.toString('latin1'), row]));
  return hashes.map((hash) => byHash.get(hash.toString('latin1')) ?? null);
}

const serviceToken: TokenKind<KnownToken> = { name: 'service', read: gathered(knownTokens), mayKeep: () => true };

/**
 * Whose secret this is. Throws M_UNKNOWN_TOKEN when it is unknown, has expired or was revoked, or its user's account has ended.
 * `now` in milliseconds.
 */
export async function callerByServiceToken(db: Db, secret: string, now: number): Promise<ServiceCaller> {
  const known = await ownerOf(db, secret, serviceToken);
  if (known === null || (known.until !== null && known.until.getTime() <= now)) {
    throw new MatrixError('M_UNKNOWN_TOKEN', undefined, { soft_logout: false });
  }
  const { hash: _hash, until: _until, ...caller } = known;
  return caller;
}

const COLUMNS = sql`number, id, name, user_id as "userId", scopes, room_ids as "roomIds", created_by as "createdBy",
  created_at as "createdAt", expires_at as "expiresAt", rotated_at as "rotatedAt", revoked_at as "revokedAt",
  revoked_by as "revokedBy", last_used_at as "lastUsedAt"`;

export interface ServiceTokenCondition {
  /** Only those that can be used now, or only the others. */
  readonly usable: boolean | null;
  readonly userId: string | null;
  readonly now: Date;
}

/** Service tokens, by the order in which they were made. */
export async function pageServiceTokens(
  db: Db,
  condition: ServiceTokenCondition,
  page: KeysetPage,
): Promise<PageOfRows<ServiceToken>> {
  const number = sql`number`;
  const { rows } = await sql<ServiceToken>`
    select ${COLUMNS} from service_tokens where ${matches(condition)} and ${withinPage(number, page)}
     order by ${inReadingOrder(number, page)} limit ${rowsToRead(page)}`.execute(db);
  return toPage(rows, page);
}

export async function countServiceTokens(db: Db, condition: ServiceTokenCondition): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int4 as count from service_tokens where ${matches(condition)}`.execute(db);
  return rows[0]?.count ?? 0;
}

function matches({ usable, userId, now }: ServiceTokenCondition): RawBuilder<SqlBool> {
  const isUsable =
    usable === null
      ? sql`true`
      : sql`(revoked_at is null and (expires_at is null or expires_at > ${now})
             and exists (select from users u where u.user_id = service_tokens.user_id and u.deactivated_at is null)) = ${usable}`;
  return sql<SqlBool>`${isUsable} and ${userId === null ? sql`true` : sql`user_id = ${userId}`}`;
}

export async function serviceTokensById(db: Db, ids: readonly string[]): Promise<readonly (ServiceToken | null)[]> {
  const { rows } = await sql<ServiceToken>`
    select ${COLUMNS} from service_tokens where id = any(${[...ids]}::text[])`.execute(db);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
}

/** Whether a token that was not revoked has this name. */
export async function isNameTaken(db: Db, name: string): Promise<boolean> {
  const row = await db
    .selectFrom('service_tokens')
    .select('id')
    .where('name', '=', name)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

export interface NewServiceToken extends Pick<ServiceToken, 'id' | 'name' | 'userId' | 'scopes' | 'roomIds'> {
  readonly secret: string;
  readonly createdBy: string;
  readonly expiresAt: Date | null;
  /** Milliseconds. */
  readonly now: number;
}

/** In the writer's transaction. Postgres refuses a name that another token has. */
export async function insertServiceToken(tx: TxClient, token: NewServiceToken): Promise<void> {
  await tx.query({
    text: `insert into service_tokens (id, name, user_id, scopes, room_ids, hash, created_by, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      ...[token.id, token.name, token.userId, token.scopes, token.roomIds, hashSecret(token.secret)],
      ...[token.createdBy, new Date(token.now), token.expiresAt],
    ],
  });
}

/** Another secret; the one before counts until `previousUntil`. In the writer's transaction; milliseconds. */
export async function rotateServiceToken(
  tx: TxClient,
  token: { readonly id: string; readonly secret: string; readonly previousUntil: number; readonly now: number },
): Promise<void> {
  await tx.query({
    text: `update service_tokens set previous_hash = hash, previous_until = $3, hash = $2, rotated_at = $4
            where id = $1 and revoked_at is null`,
    values: [token.id, hashSecret(token.secret), new Date(token.previousUntil), new Date(token.now)],
  });
}

/** In the writer's transaction; `now` in milliseconds. */
export async function revokeServiceToken(
  tx: TxClient,
  { id, by, now }: { readonly id: string; readonly by: string; readonly now: number },
): Promise<void> {
  await tx.query({
    text: `update service_tokens set hash = null, previous_hash = null, previous_until = null, revoked_at = $2, revoked_by = $3
            where id = $1 and revoked_at is null`,
    values: [id, new Date(now), by],
  });
}

/** When tokens were last used: written many at once. */
export async function noteTokenUses(
  db: Db,
  uses: readonly { readonly id: string; readonly at: number }[],
): Promise<void> {
  await sql`
    update service_tokens t set last_used_at = u.at
      from unnest(${uses.map(({ id }) => id)}::text[], ${uses.map(({ at }) => new Date(at))}::timestamptz[]) as u (id, at)
     where t.id = u.id`.execute(db);
}
