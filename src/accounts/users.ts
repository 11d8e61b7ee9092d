/** Local users: who exists, who may sign in, who is an admin. */
import type { Db, Tx } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import { MatrixError } from '../matrix/errors.ts';
import { localpartOf, parseUserId, serverOf, userIdOf, type ServerName, type UserId } from '../matrix/identifiers.ts';
import { hashPassword, MAX_PASSWORD_LENGTH, verifyPassword } from './passwords.ts';
import { randomId } from './secrets.ts';

export interface NewUser {
  readonly userId: UserId;
  readonly passwordHash: string | null;
  readonly admin: boolean;
  readonly now: number;
}

/**
 * The user id a new account would have. Upper case is folded; without a name one is made up.
 * Throws M_INVALID_USERNAME, M_USER_IN_USE.
 */
export async function newUserId(db: Db | Tx, username: string | undefined, server: ServerName): Promise<UserId> {
  const localpart = folded(username ?? randomId(12));
  const userId = userIdOf(localpart, server);
  if (userId === null) {
    throw new MatrixError('M_INVALID_USERNAME', 'A user name is made of a-z, 0-9 and the characters . _ = / + -');
  }
  const taken = await db.selectFrom('users').select('user_id').where('user_id', '=', userId).executeTakeFirst();
  if (taken !== undefined) throw new MatrixError('M_USER_IN_USE');
  return userId;
}

/** Throws M_INVALID_PARAM for a password that is empty or too long. */
export async function hashNewPassword(password: string): Promise<string> {
  if (password === '' || password.length > MAX_PASSWORD_LENGTH) {
    throw new MatrixError('M_INVALID_PARAM', `A password has 1 to ${MAX_PASSWORD_LENGTH} characters.`);
  }
  return hashPassword(password);
}

/** Makes an account; an admin's puts an end to the one-time link. Throws M_USER_IN_USE when somebody else was faster. */
export async function createUser(db: Db | Tx, user: NewUser): Promise<void> {
  const { userId, passwordHash, admin, now } = user;
  const made = await db
    .insertInto('users')
    .values({ user_id: userId, password_hash: passwordHash, admin, created_at: new Date(now) })
    .onConflict((conflict) => conflict.column('user_id').doNothing())
    .returning('user_id')
    .executeTakeFirst();
  if (made === undefined) throw new MatrixError('M_USER_IN_USE');
  // The one-time link is for a server without an admin; it still stands in whatever has recorded the start.
  if (admin) await db.deleteFrom('admin_links').execute();
}

// ASCII letters only: some others have a small form among a-z as well (U+212A, the kelvin sign).
function folded(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** The user of this server that a name (localpart or whole id) may mean; null: certainly none. */
export function localUserId(name: string, server: ServerName): UserId | null {
  if (!name.startsWith('@')) return userIdOf(folded(name), server);
  const userId = parseUserId(name);
  return userId === null || serverOf(userId) !== server ? null : userIdOf(folded(localpartOf(userId)), server);
}

/** Whose password was right, and what it was held against: logIn() asks whether that still counts. */
export interface CheckedPassword {
  readonly userId: UserId;
  readonly passwordHash: string;
}

/**
 * Checks a user and a password. Throws M_FORBIDDEN, the same for an unknown user as for a wrong
 * password; M_USER_DEACTIVATED, only to whoever knows the password.
 */
export async function checkPassword(db: Db, userId: UserId | null, password: string): Promise<CheckedPassword> {
  const row =
    userId === null
      ? undefined
      : await db.selectFrom('users').selectAll().where('user_id', '=', userId).executeTakeFirst();
  const passwordHash = row?.password_hash ?? null;
  const right = await verifyPassword(passwordHash, password);
  if (!right || row === undefined || passwordHash === null)
    throw new MatrixError('M_FORBIDDEN', 'The user name or the password is wrong.');
  if (row.deactivated_at !== null) throw new MatrixError('M_USER_DEACTIVATED');
  return { userId: row.user_id as UserId, passwordHash };
}

/**
 * Holds an account until the transaction ends, so that neither its password nor its end comes between. False when the
 * password whose hash this is has been changed meanwhile, or the account has ended.
 */
export async function holdPassword(tx: Tx, userId: UserId, passwordHash: string): Promise<boolean> {
  const held = await tx
    .selectFrom('users')
    .select('user_id')
    .where('user_id', '=', userId)
    .where('password_hash', '=', passwordHash)
    .where('deactivated_at', 'is', null)
    .forShare()
    .executeTakeFirst();
  return held !== undefined;
}

/** Sets another password. In the writer's transaction. */
export async function writePassword(tx: TxClient, userId: UserId, passwordHash: string): Promise<void> {
  await tx.query({ text: 'update users set password_hash = $2 where user_id = $1', values: [userId, passwordHash] });
}

/** Ends an account for good; its name stays taken. In the writer's transaction; `now` in milliseconds. */
export async function deactivateUser(tx: TxClient, userId: UserId, now: number): Promise<void> {
  await tx.query({
    text: 'update users set deactivated_at = $2 where user_id = $1 and deactivated_at is null',
    values: [userId, new Date(now)],
  });
}

/** Whether a local user of that id exists. */
export async function userExists(db: Db, userId: string): Promise<boolean> {
  const row = await db.selectFrom('users').select('user_id').where('user_id', '=', userId).executeTakeFirst();
  return row !== undefined;
}

/** Whether somebody can still sign in as this user. */
export async function isActiveUser(db: Db, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('user_id')
    .where('user_id', '=', userId)
    .where('deactivated_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether anybody can sign in who is an admin. */
export async function hasAdmin(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('user_id')
    .where('admin', '=', true)
    .where('deactivated_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
