/** An access token, from the Authorization header and from nowhere else, to the user who holds it. */
import { callerByToken } from '../accounts/access-tokens.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { Caller } from './endpoint.ts';
import type { HttpParts } from './parts.ts';

/**
 * Throws M_MISSING_TOKEN without a token (null when it is optional), M_UNKNOWN_TOKEN for one that is not valid. `ip` is
 * noted as the place where the device was last seen. `patient`: as callerByToken().
 */
export async function authenticateClient(
  { db, now, lastSeen }: HttpParts,
  header: string | undefined,
  ip: string,
  { optional = false, patient = false }: { readonly optional?: boolean; readonly patient?: boolean } = {},
): Promise<Caller | null> {
  const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header ?? '')?.[1];
  if (token === undefined) {
    if (optional && header === undefined) return null;
    throw new MatrixError('M_MISSING_TOKEN');
  }
  const caller = await callerByToken(db, token, now(), patient);
  lastSeen.note(caller, ip);
  return { ...caller, onBehalfOf: null, grant: null };
}
