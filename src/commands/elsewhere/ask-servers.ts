/** One question to several servers, one after the other, until one of them answers it (PROTOCOL §1.3, Failover). */
import { fails, type Answer, type RemoteFailure } from '../../federation/answer.ts';
import { MatrixError, type Errcode } from '../../matrix/errors.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import { reasonOf, refusalOf, unusable } from './remote-refusal.ts';

export interface Answered<T> {
  readonly server: ServerName;
  readonly value: T;
}

export interface AskLimits {
  /** So long may one be waited for while there is another, in milliseconds. Default 20,000. */
  readonly eachMs?: number;
  /** All of them together. Default 60,000. */
  readonly totalMs?: number;
}

const MAX_CANDIDATES = 10;
const EACH_MS = 20_000;
const TOTAL_MS = 60_000;
/** What says something about the server that was asked, and nothing about the room. */
const CANNOT_LET_IN: readonly Errcode[] = ['M_UNABLE_TO_AUTHORISE_JOIN', 'M_UNABLE_TO_GRANT_JOIN'];
const GOES_ON: readonly Errcode[] = ['M_UNKNOWN', 'M_NOT_FOUND', ...CANNOT_LET_IN];

/**
 * Asks the candidates in their order, each once, at most ten, this server left out, and gives the first answer with who gave
 * it. On goes the question from who cannot be reached, is too slow, answers what makes no sense (a template that is for
 * something else among it), fails (5xx), does not know the room (404), or cannot let a joiner in; `ask` passes its signal on.
 *
 * Throws MatrixError: M_NOT_FOUND where there is nobody to ask; what a server refuses it with (see `refusalOf`), which ends the
 * asking; M_UNABLE_TO_AUTHORISE_JOIN or M_UNABLE_TO_GRANT_JOIN if nobody knew better; else M_UNKNOWN (502).
 */
export async function askServers<T>(
  self: ServerName,
  candidates: readonly ServerName[],
  ask: (server: ServerName, signal: AbortSignal) => Promise<Answer<T>>,
  { eachMs = EACH_MS, totalMs = TOTAL_MS }: AskLimits = {},
): Promise<Answered<T>> {
  const servers = [...new Set(candidates)].filter((server) => server !== self).slice(0, MAX_CANDIDATES);
  if (servers.length === 0) throw new MatrixError('M_NOT_FOUND', 'No server is known that could be asked.');
  const failed: string[] = [];
  let cannotLetIn: MatrixError | null = null;
  const total = new AbortController();
  const timer = setTimeout(() => total.abort(), totalMs);
  try {
    for (const [at, server] of servers.entries()) {
      const isLast = at === servers.length - 1;
      const answer = await inTime(total.signal, isLast ? totalMs : eachMs, (signal) => ask(server, signal));
      if (answer.ok) return { server, value: answer.value };
      const { failure } = answer;
      const refusal = refusalOf(failure);
      if (!goesOn(failure, refusal)) throw refusal;
      if (CANNOT_LET_IN.includes(refusal.errcode)) cannotLetIn ??= refusal;
      failed.push(`${server} (${reasonOf(failure)})`);
      if (total.signal.aborted) break;
    }
  } finally {
    clearTimeout(timer);
  }
  throw cannotLetIn ?? unusable(`No server gave an answer: ${failed.join(', ')}.`);
}

function goesOn(failure: RemoteFailure, { errcode }: MatrixError): boolean {
  if (failure.kind === 'stopped') return false;
  return GOES_ON.includes(errcode) || (failure.kind === 'refused' && failure.status === 404);
}

/** A question that is broken off after a time of its own took too long; one that stopped by itself is none to go on from. */
async function inTime<T>(
  total: AbortSignal,
  ms: number,
  ask: (signal: AbortSignal) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  const own = new AbortController();
  const end = (): void => own.abort();
  const timer = setTimeout(end, ms);
  total.addEventListener('abort', end, { once: true });
  try {
    const answer = await ask(own.signal);
    const isLate = !answer.ok && answer.failure.kind === 'stopped' && own.signal.aborted;
    return isLate ? fails({ kind: 'timeout' }) : answer;
  } finally {
    clearTimeout(timer);
    total.removeEventListener('abort', end);
  }
}
