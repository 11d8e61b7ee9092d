/** What becomes of a request to another server: what it said, or why there is nothing to be had. */
import type { RoomVersionId } from '../matrix/room-versions.ts';

/** `value` is as far checked as the function says that gives it; the rest is the other server's word. */
export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: RemoteFailure };

export type RemoteFailure =
  | RemoteRefusal
  /** No connection came about, or it broke off. `code` is the system's or the TLS library's. */
  | { readonly kind: 'unreachable'; readonly code: string }
  /** Where it is, requests may not go: a private or reserved network that the configuration does not allow. */
  | { readonly kind: 'forbidden_address' }
  /** It took too long; the request may have been carried out. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'too_large' }
  /** It answered what makes no sense. `what` says so in our words. */
  | { readonly kind: 'malformed'; readonly what: string }
  /** We stopped waiting: this server ends, or nobody wants the answer any more. */
  | { readonly kind: 'stopped' };

/** The other server said no, in Matrix' words or, with an errcode of null, in others. Texts are bounded, not trusted. */
export interface RemoteRefusal {
  readonly kind: 'refused';
  readonly status: number;
  readonly errcode: string | null;
  readonly error: string | null;
  /** With M_INCOMPATIBLE_ROOM_VERSION: the room's version, if it named one. */
  readonly roomVersion: RoomVersionId | (string & {}) | null;
  /** With M_LIMIT_EXCEEDED: when to come again, in milliseconds, if it said so. Above zero, and otherwise its word. */
  readonly retryAfterMs?: number;
}

export function gives<T>(value: T): Answer<T> {
  return { ok: true, value };
}

export function fails(failure: RemoteFailure): Answer<never> {
  return { ok: false, failure };
}

export function malformed(what: string): Answer<never> {
  return fails({ kind: 'malformed', what });
}

/** What was answered, checked further; a failure stays what it is. */
export function checked<T, U>(answer: Answer<T>, check: (value: T) => Answer<U>): Answer<U> {
  return answer.ok ? check(answer.value) : answer;
}
