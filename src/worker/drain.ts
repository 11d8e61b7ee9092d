/** Delivers what a server is owed: transaction after transaction, until nothing waits, it fails, or the lease is lost. */
import type { Pool } from 'pg';
import type { Backoff } from '../durations.ts';
import type { Db } from '../database/database.ts';
import type { Answer, RemoteFailure } from '../federation/answer.ts';
import { readSentEvents } from '../log/sent-events.ts';
import type { EventId, ServerName } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import { tidyBacklog } from '../outbox/backlog.ts';
import { holdLease, MAX_EVENTS, releaseLease, takeLease, type Leased } from '../outbox/leases.ts';
import {
  liftLimit,
  nextTransaction,
  putOff,
  settle,
  splitTransaction,
  type FixedTransaction,
  type Settlement,
} from '../outbox/transactions.ts';
import { backoffMs, failureOf, isAboutNow, isAboutServer, isFinal } from './failures.ts';

export interface DrainDeps {
  readonly db: Db;
  /** The same connections. */
  readonly pool: Pool;
  readonly self: ServerName;
  /** Names this worker among those that hold leases. */
  readonly owner: string;
  readonly sendTransaction: SendTransaction;
  /** How long an answer is waited for; a lease lasts twice as long and a little. */
  readonly answerMs: number;
  readonly backoff: Backoff;
  /** Milliseconds. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

export type SendTransaction = (
  server: ServerName,
  sent: {
    readonly txnId: string;
    readonly origin: ServerName;
    readonly originServerTs: number;
    readonly pdus: readonly JsonObject[];
  },
  signal: AbortSignal,
) => Promise<Answer<ReadonlyMap<EventId, string | null>>>;

export interface DrainRun {
  /** Aborts when the worker closes: a transaction that is on its way is sent again by whoever comes next. */
  readonly signal: AbortSignal;
  /** Called when the server is known to be slow or broken, or keeps us waiting. */
  readonly onSlow: () => void;
}

const LEASE_MARGIN_MS = 1_000;
/** An answer that takes longer is waited for in the background. */
const PATIENCE_MS = 500;
/** From so many equal failures on, a single event is suspected. */
const SUSPICIOUS = 5;

/** A worker's leases: its name, and how long they last. */
export function leaseOf({ owner, answerMs }: Pick<DrainDeps, 'owner' | 'answerMs'>): {
  readonly owner: string;
  readonly milliseconds: number;
} {
  return { owner, milliseconds: 2 * answerMs + LEASE_MARGIN_MS };
}

/** Does nothing where there is nothing to do, or somebody else does it. */
export async function drain(deps: DrainDeps, destination: ServerName, run: DrainRun): Promise<void> {
  const lasting = leaseOf(deps);
  let more = true;
  while (more && !run.signal.aborted) {
    const lease = await takeLease(deps.db, destination, lasting);
    if (lease === null) return;
    if (lease.failing) run.onSlow();
    // Also what came to be owed while the lease was being let go of.
    more = (await drainUnder(deps, lease, run)) === 'emptied' && (await releaseLease(deps.pool, lease));
  }
}

type End = 'emptied' | 'over';

/** Transaction after transaction. `over`: there is no more to be done now, and the lease is gone. */
async function drainUnder(deps: DrainDeps, lease: Leased, run: DrainRun): Promise<End> {
  let [settlements, tidied]: [readonly Settlement[] | null, boolean] = [null, false];
  for (let step = 0; !run.signal.aborted; step += 1) {
    const txnId = `${deps.now()}_${lease.epoch}_${step}`;
    const next = await nextTransaction(deps.pool, lease, { settlements, txnId, tidied });
    settlements = null;
    if (next === 'lost') return 'over';
    if (next === 'nothing') return 'emptied';
    if (next === 'untidy') {
      if (!(await tidyBacklog(deps.db, lease))) return 'over';
      tidied = true;
      continue;
    }
    const outcome = await deliver(deps, lease, next, run);
    if (outcome === 'over') return 'over';
    settlements = outcome === 'split' ? null : outcome;
  }
  if (settlements !== null) await settle(deps.db, lease, settlements);
  await releaseLease(deps.pool, lease);
  return 'over';
}

/** Sends one transaction: what became of its events; `split`: they are to be sent otherwise. */
async function deliver(
  deps: DrainDeps,
  lease: Leased,
  txn: FixedTransaction,
  run: DrainRun,
): Promise<readonly Settlement[] | 'split' | 'over'> {
  const { db } = deps;
  // Nothing of the events is held while the answer is waited for.
  const { ids, answer } = await sendEvents(deps, lease, txn, run);
  if (answer.ok) return settlementsOf(txn, ids, answer.value);
  const { failure } = answer;
  if (failure.kind === 'stopped') {
    await releaseLease(deps.pool, lease);
    return 'over';
  }
  const failed = failureOf(failure);
  const refused = refusedWhole(txn, failed.words);
  if (isAboutServer(failure)) return refused;
  const isAlone = txn.events.length === 1;
  if (isFinal(failure)) {
    if (isAlone || !(await takesOthers(deps, lease, txn, run))) return refused;
    return split(db, lease, txn);
  }
  if (isSuspect(txn, failure) && (await takesOthers(deps, lease, txn, run))) {
    if (!isAlone) return split(db, lease, txn);
    // Once more, at once: a server that fails now and then must not cost an event.
    if (!(await holdLease(db, lease))) return 'over';
    const again = await sendEvents(deps, lease, txn, run);
    await liftLimit(db, lease);
    return again.answer.ok ? settlementsOf(txn, again.ids, again.answer.value) : refused;
  }
  await putOff(db, lease, failed, backoffMs(deps.backoff, txn.held.failures, deps.random()));
  return 'over';
}

/** Ids by the events' positions, without those that are no longer here. */
type EventIds = ReadonlyMap<number, EventId>;

async function sendEvents(
  deps: DrainDeps,
  lease: Leased,
  { txnId, events }: FixedTransaction,
  run: DrainRun,
): Promise<{ readonly ids: EventIds; readonly answer: Awaited<ReturnType<SendTransaction>> }> {
  const keys = events.map(({ roomId, event }) => ({ roomId, position: event }));
  const sent = await readSentEvents(deps.db, keys);
  const ids = new Map(sent.map(({ position, eventId }) => [position, eventId]));
  const pdus = sent.map(({ pdu }) => pdu);
  return { ids, answer: await send(deps, lease, txnId, pdus, run) };
}

/** One of its events may be what the server fails on: it failed so before, or was a part of one that did. */
function isSuspect({ held }: FixedTransaction, failure: RemoteFailure): boolean {
  if (isAboutNow(failure)) return false;
  return (
    held.txnLimit < MAX_EVENTS || (held.failure === failureOf(failure).sort && held.sameFailures + 1 >= SUSPICIOUS)
  );
}

/** Whether it is the events that a server fails on: it answers to a transaction without any. */
async function takesOthers(
  deps: DrainDeps,
  lease: Leased,
  { txnId }: FixedTransaction,
  run: DrainRun,
): Promise<boolean> {
  return (await send(deps, lease, `${txnId}_probe`, [], run)).ok;
}

async function split(db: Db, lease: Leased, { events }: FixedTransaction): Promise<'split' | 'over'> {
  return (await splitTransaction(db, lease, Math.floor(events.length / 2))) ? 'split' : 'over';
}

async function send(
  { sendTransaction, self, answerMs }: DrainDeps,
  { destination }: Leased,
  txnId: string,
  pdus: readonly JsonObject[],
  { signal, onSlow }: DrainRun,
): ReturnType<SendTransaction> {
  const slow = setTimeout(onSlow, PATIENCE_MS);
  // Not AbortSignal.timeout(): of a thousand answers a second each would leave its timer behind.
  const ending = new AbortController();
  let ranOut = false;
  const late = setTimeout(() => {
    ranOut = true;
    ending.abort();
  }, answerMs);
  const stop = (): void => ending.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    // The same time in the same transaction: it is sent again as it was.
    const sent = { txnId, origin: self, originServerTs: Number.parseInt(txnId, 10), pdus };
    const answer = await sendTransaction(destination, sent, ending.signal);
    const isLate = !answer.ok && answer.failure.kind === 'stopped' && ranOut && !signal.aborted;
    return isLate ? { ok: false, failure: { kind: 'timeout' } } : answer;
  } finally {
    clearTimeout(slow);
    clearTimeout(late);
    signal.removeEventListener('abort', stop);
  }
}

function settlementsOf(
  { events }: FixedTransaction,
  ids: EventIds,
  results: ReadonlyMap<EventId, string | null>,
): readonly Settlement[] {
  return events.map(({ position, event }) => {
    const eventId = ids.get(event);
    if (eventId === undefined) return { position, refusal: 'The event is no longer here.' };
    return { position, refusal: results.get(eventId) ?? null };
  });
}

function refusedWhole({ events }: FixedTransaction, words: string): readonly Settlement[] {
  return events.map(({ position }) => ({ position, refusal: words }));
}
