/** What a client hears when another server refused, or could not be asked (PROTOCOL §1.3, §7). */
import type { RemoteFailure, RemoteRefusal } from '../../federation/answer.ts';
import { MatrixError, type Errcode } from '../../matrix/errors.ts';

/** What another server says about a user, a room or a join that is as true when we say it. */
const PASSED_ON: readonly Errcode[] = [
  'M_FORBIDDEN',
  'M_NOT_FOUND',
  'M_INVITE_BLOCKED',
  'M_UNABLE_TO_AUTHORISE_JOIN',
  'M_UNABLE_TO_GRANT_JOIN',
];
const RETRY_AFTER_MS = 60_000;
const MAX_RETRY_AFTER_MS = 86_400_000;

/**
 * The error of a failed request to another server: its own words where they concern the asker; M_UNKNOWN (502) where there
 * was no answer, or one that is between servers alone, such as 401 or M_INVALID_PARAM.
 */
export function refusalOf(failure: RemoteFailure): MatrixError {
  if (failure.kind !== 'refused') return unusable(`The other server could not be asked: ${reasonOf(failure)}.`);
  return wordsOf(failure) ?? unusable(`The other server refused the request (${failure.status}).`);
}

/** Where there is nothing to be passed on to the asker. */
export function unusable(why: string): MatrixError {
  return new MatrixError('M_UNKNOWN', why, { status: 502 });
}

/** Why nothing came of it, in a word or two; of addresses that requests may not go to nothing is told. */
export function reasonOf(failure: RemoteFailure): string {
  if (failure.kind === 'refused') return String(failure.status);
  if (failure.kind === 'forbidden_address') return 'unreachable';
  return failure.kind === 'too_large' ? 'too large an answer' : failure.kind;
}

function wordsOf({ status, errcode, error, roomVersion, retryAfterMs }: RemoteRefusal): MatrixError | null {
  // A proxy that refuses has no errcode.
  if (status < 400 || status > 499 || errcode === null) return null;
  const text = error ?? undefined;
  if (errcode === 'M_INCOMPATIBLE_ROOM_VERSION')
    return new MatrixError(errcode, text, roomVersion === null ? {} : { room_version: roomVersion });
  if (errcode === 'M_LIMIT_EXCEEDED') {
    const wait = Math.min(retryAfterMs ?? RETRY_AFTER_MS, MAX_RETRY_AFTER_MS);
    return new MatrixError(errcode, text, { retry_after_ms: wait });
  }
  const known = PASSED_ON.find((one) => one === errcode);
  if (known !== undefined) return new MatrixError(known, text);
  return status === 403 ? new MatrixError('M_FORBIDDEN', text) : null;
}
