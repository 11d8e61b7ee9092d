/** Who may register: anybody, holders of a token, or nobody; and the tokens. */
import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import { hashSecret, newSecret } from './secrets.ts';

export interface RegistrationPolicy {
  readonly mode: 'open' | 'token' | 'closed';
}

/** The stage of user-interactive authentication that the policy asks for. Throws M_FORBIDDEN while closed. */
export function registrationStage({ mode }: RegistrationPolicy): 'm.login.dummy' | 'm.login.registration_token' {
  if (mode === 'closed') throw new MatrixError('M_FORBIDDEN', 'Registration is closed on this server.');
  return mode === 'open' ? 'm.login.dummy' : 'm.login.registration_token';
}

/** Makes a token that lets `uses` people register (null: any number); it is returned this once. */
export async function createRegistrationToken(db: Db, uses: number | null, now: number): Promise<string> {
  const token = newSecret('reg');
  const row = { hash: hashSecret(token), uses_left: uses, created_at: new Date(now) };
  await db.insertInto('registration_tokens').values(row).execute();
  return token;
}

/** Takes one use of a token. False when it is unknown or used up. */
export async function useRegistrationToken(db: Db | Tx, token: string): Promise<boolean> {
  const used = await db
    .updateTable('registration_tokens')
    .set({ uses_left: sql<number | null>`uses_left - 1` })
    .where('hash', '=', hashSecret(token))
    .where((where) => where.or([where('uses_left', 'is', null), where('uses_left', '>', 0)]))
    .returning('hash')
    .executeTakeFirst();
  return used !== undefined;
}
