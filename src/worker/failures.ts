/** What a failed transaction says of the other server, and when it is tried again: pure. */
import type { Backoff } from '../durations.ts';
import type { RemoteFailure } from '../federation/answer.ts';
import type { Failure } from '../outbox/transactions.ts';

/** Retries of many servers that failed at once are spread by so much. */
const JITTER = 0.2;

/** `failures` before this one; `chance` from 0 to 1. */
export function backoffMs({ leastMs, mostMs }: Backoff, failures: number, chance: number): number {
  const doubled = Math.min(mostMs, leastMs * 2 ** Math.min(failures, 40));
  return Math.round(doubled * (1 - JITTER + 2 * JITTER * chance));
}

export function failureOf(failure: RemoteFailure): Failure {
  switch (failure.kind) {
    case 'refused': {
      const said = [String(failure.status), failure.errcode, failure.error].filter((part) => part !== null);
      return { sort: `refused ${failure.status}`, words: said.join(' ') };
    }
    case 'unreachable':
      return { sort: `unreachable ${failure.code}`, words: `It cannot be reached: ${failure.code}.` };
    case 'forbidden_address':
      return { sort: failure.kind, words: 'It is in a network that requests may not go to (FEDERATION_NETWORKS).' };
    case 'timeout':
      return { sort: failure.kind, words: 'It did not answer in time.' };
    case 'too_large':
      return { sort: failure.kind, words: 'Its answer was too large.' };
    case 'malformed':
      return { sort: failure.kind, words: `Its answer made no sense: ${failure.what}` };
    case 'stopped':
      return { sort: failure.kind, words: 'This server stopped.' };
    default:
      return failure satisfies never;
  }
}

/** It wants nothing from this server: to ask event by event would change nothing. */
export function isAboutServer(failure: RemoteFailure): boolean {
  return failure.kind === 'refused' && failure.status === 403;
}

/** A request like this one will never be taken, however long it waits. */
export function isFinal(failure: RemoteFailure): boolean {
  return failure.kind === 'refused' && failure.status >= 400 && failure.status < 500 && !isAboutNow(failure);
}

/** Of the 4xx those that another time may not be answered: keys that were not to be had, a server being set up, too much. */
export function isAboutNow(failure: RemoteFailure): boolean {
  return failure.kind === 'refused' && [401, 404, 429].includes(failure.status);
}
