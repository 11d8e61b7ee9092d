/** Making, rotating and revoking service tokens. The secret is told once, by what makes it. */
import { mayManageToken } from '../access/acts.ts';
import { SCOPES, type Scope } from '../access/scopes.ts';
import {
  insertServiceToken,
  isNameTaken,
  newServiceSecret,
  revokeServiceToken as revoke,
  rotateServiceToken as rotate,
  serviceTokensById,
  type ServiceToken,
} from '../accounts/service-tokens.ts';
import { tokenMemory } from '../accounts/token-memory.ts';
import { isActiveUser } from '../accounts/users.ts';
import type { TxClient } from '../database/tx.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { actionOf, recordingRefusal, type Actor, type CommandDeps } from './act.ts';

type Deps = Pick<CommandDeps, 'db' | 'recorder' | 'now' | 'randomId'>;

export interface NewTokenInput {
  readonly name: string;
  readonly userId: UserId;
  readonly scopes: readonly Scope[];
  /** Null: all rooms. */
  readonly roomIds: readonly string[] | null;
  /** Null: never. */
  readonly expiresAt: Date | null;
}

export const MAX_TOKEN_NAME = 64;
export const MAX_GRACE_SECONDS = 7 * 86_400;

/**
 * Makes a token. Admins only (M_FORBIDDEN). M_INVALID_PARAM for a name that is none or is taken, for no scopes, for `admin` in
 * some rooms only, for an end that is past, and for who is no user of this server.
 */
export async function createServiceToken(
  deps: Deps,
  actor: Actor,
  input: NewTokenInput,
): Promise<{ readonly id: string; readonly secret: string }> {
  const { name, userId, roomIds, expiresAt } = input;
  const id = deps.randomId(12);
  const act = { operation: 'createServiceToken', roomId: null, target: id };
  return recordingRefusal(deps, actor, act, async () => {
    checkMay(actor, 'create', null);
    const scopes = SCOPES.filter((scope) => input.scopes.includes(scope));
    const now = deps.now();
    const problem = problemOf({ ...input, scopes }, now);
    if (problem !== null) throw new MatrixError('M_INVALID_PARAM', problem);
    if (!(await isActiveUser(deps.db, userId)))
      throw new MatrixError('M_INVALID_PARAM', 'There is no such user on this server.');
    if (await isNameTaken(deps.db, name)) throw nameTaken();
    const secret = newServiceSecret();
    const row = { id, name, userId, scopes, roomIds, secret, createdBy: actor.userId, expiresAt, now };
    await record(deps, actor, act, (tx) => insertServiceToken(tx, row)).catch((error: unknown) => {
      // Two at once with one name.
      throw error instanceof Error && Reflect.get(error, 'code') === '23505' ? nameTaken() : error;
    });
    return { id, secret };
  });
}

function problemOf({ name, scopes, roomIds, expiresAt }: NewTokenInput, now: number): string | null {
  // Acts are told on behalf of it: it must not pass for a user, and has to be readable.
  if (!/^[^\p{C}\p{Z}@](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u.test(name) || name.length > MAX_TOKEN_NAME)
    return `A token's name has 1 to ${MAX_TOKEN_NAME} printable characters, and begins with no @.`;
  if (scopes.length === 0) return 'A token without scopes is good for nothing.';
  if (roomIds?.length === 0) return 'A token for no room is good for nothing; leave roomIds out for all rooms.';
  if (roomIds !== null && scopes.includes('admin')) return 'The scope admin is of the whole server, not of some rooms.';
  if (expiresAt !== null && expiresAt.getTime() <= now) return 'expiresAt is past.';
  return null;
}

/**
 * Gives a token another secret; the old one counts for `graceSeconds` more. For admins, and for the token itself
 * (M_FORBIDDEN). M_NOT_FOUND for one that is not there or was revoked.
 */
export async function rotateServiceToken(
  deps: Deps,
  actor: Actor,
  { id, graceSeconds }: { readonly id: string; readonly graceSeconds: number },
): Promise<{ readonly secret: string }> {
  const act = { operation: 'rotateServiceToken', roomId: null, target: id };
  return recordingRefusal(deps, actor, act, async () => {
    checkMay(actor, 'rotate', id);
    if (graceSeconds < 0 || graceSeconds > MAX_GRACE_SECONDS)
      throw new MatrixError('M_INVALID_PARAM', `graceSeconds is between 0 and ${MAX_GRACE_SECONDS}.`);
    const { userId, revokedAt } = await tokenOf(deps, id);
    if (revokedAt !== null) throw notFound();
    const [secret, now] = [newServiceSecret(), deps.now()];
    const previousUntil = now + graceSeconds * 1000;
    await record(deps, actor, act, (tx) => rotate(tx, { id, secret, previousUntil, now }));
    tokenMemory(deps.db).forget(userId);
    return { secret };
  });
}

/** Ends a token for good; one that was ended stays as it is. Admins only (M_FORBIDDEN). M_NOT_FOUND where there is none. */
export async function revokeServiceToken(deps: Deps, actor: Actor, { id }: { readonly id: string }): Promise<void> {
  const act = { operation: 'revokeServiceToken', roomId: null, target: id };
  return recordingRefusal(deps, actor, act, async () => {
    checkMay(actor, 'revoke', id);
    const { userId, revokedAt } = await tokenOf(deps, id);
    if (revokedAt !== null) return record(deps, actor, act, null);
    await record(deps, actor, act, (tx) => revoke(tx, { id, by: actor.userId, now: deps.now() }));
    tokenMemory(deps.db).forget(userId);
  });
}

function checkMay(actor: Actor, what: Parameters<typeof mayManageToken>[1], id: string | null): void {
  const permission = mayManageToken(actor, what, id !== null && actor.grant !== null && actor.token === id);
  if (!permission.allowed) throw new MatrixError('M_FORBIDDEN', permission.why);
}

async function tokenOf({ db }: Deps, id: string): Promise<ServiceToken> {
  const [token] = await serviceTokensById(db, [id]);
  if (token === null || token === undefined) throw notFound();
  return token;
}

const notFound = (): MatrixError => new MatrixError('M_NOT_FOUND', 'There is no such service token.');
const nameTaken = (): MatrixError => new MatrixError('M_INVALID_PARAM', 'Another service token has this name.');

async function record(
  { recorder }: Deps,
  actor: Actor,
  act: Parameters<typeof actionOf>[1],
  within: ((tx: TxClient) => Promise<void>) | null,
): Promise<void> {
  const actions = [actionOf(actor, act, within === null ? 'unchanged' : 'ok', null)];
  const unit = { roomId: null, head: null, judged: [], actions, erasures: [] };
  await recorder.append(within === null ? unit : { ...unit, within });
}
