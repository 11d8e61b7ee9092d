/** Transactions of other servers: each is received once, one of a server after the other, its events room by room. */
import { LRUCache } from 'lru-cache';
import { MatrixError } from '../../matrix/errors.ts';
import type { EventId, ServerName } from '../../matrix/identifiers.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.ts';
import type { Receiver } from './receive-pdu.ts';
import type { Received } from './receive-turn.ts';

export interface TransactionDeps {
  readonly receiver: Pick<Receiver, 'receive'>;
  /** Asked about an event of a room that nobody here is in; see PROTOCOL §6.5. */
  readonly receiveDenial?: ((origin: ServerName, value: JsonObject) => Promise<boolean>) | undefined;
  /** Told what went wrong with an event after its transaction was answered. */
  readonly onLateFailure: (error: unknown) => void;
  readonly times?: TransactionTimes;
}

/** In milliseconds. Together less than other servers wait. */
export interface TransactionTimes {
  /** A transaction waits so long for the end of the one before. */
  readonly waits: number;
  /** After so long it is answered without what has no result yet. */
  readonly answers: number;
}

export const TRANSACTION_TIMES: TransactionTimes = { waits: 15_000, answers: 30_000 };

export interface Transaction {
  readonly origin: ServerName;
  readonly txnId: string;
  /** As they were sent; what is no object is passed over. */
  readonly pdus: readonly JsonValue[];
}

export interface TransactionAnswer {
  /** By event id: nothing, or why the event is not stored. An event without an id that could be told has no result. */
  readonly pdus: Readonly<Record<EventId, { readonly error?: string }>>;
}

export interface Transactions {
  /**
   * Receives the events, or answers what was answered before to the same transaction. Rejects when the log cannot be written,
   * and with M_LIMIT_EXCEEDED (403) when too many of this server wait already.
   */
  take(transaction: Transaction): Promise<TransactionAnswer>;
}

/** A server that keeps to the specification has one under way, and perhaps one that it has given up. */
const MAX_WAITING = 4;
/** In characters, about. */
const MAX_REMEMBERED = 16 * 1024 * 1024;
const RESULT_SIZE = 150;

export function createTransactions(deps: TransactionDeps): Transactions {
  const remembered = new LRUCache<string, Promise<TransactionAnswer>>({ maxSize: MAX_REMEMBERED });
  const lines = new Map<ServerName, Line>();
  return {
    take(transaction) {
      const { origin, txnId, pdus } = transaction;
      const name = `${origin}\u0000${txnId}`;
      const known = remembered.get(name);
      if (known !== undefined) return known;
      const answer = takeInLine(deps, lines, transaction);
      remembered.set(name, answer, { size: name.length + RESULT_SIZE * (1 + pdus.length) });
      answer.catch(() => remembered.delete(name));
      return answer;
    },
  };
}

/** The transactions of a server. */
interface Line {
  waiting: number;
  /** Ends with the newest, its late events and all. */
  end: Promise<unknown>;
}

async function takeInLine(
  deps: TransactionDeps,
  lines: Map<ServerName, Line>,
  { origin, pdus }: Transaction,
): Promise<TransactionAnswer> {
  const { waits, answers } = deps.times ?? TRANSACTION_TIMES;
  const line = lines.get(origin) ?? { waiting: 0, end: Promise.resolve() };
  if (line.waiting >= MAX_WAITING)
    throw new MatrixError('M_LIMIT_EXCEEDED', 'One transaction at a time.', { status: 403, retry_after_ms: waits });
  lines.set(origin, line);
  line.waiting += 1;
  const before = line.end;
  const { promise: end, resolve: ends } = Promise.withResolvers<void>();
  line.end = end;
  await within(before, waits);
  const results: Record<EventId, { readonly error?: string }> = Object.create(null);
  const events = pdus.filter((pdu) => isJsonObject(pdu)).map((pdu) => receiveOne(deps, origin, pdu, results));
  let answered = false;
  const late = (error: unknown): void => {
    if (answered) deps.onLateFailure(error);
  };
  const leave = (): void => {
    line.waiting -= 1;
    if (line.waiting === 0) lines.delete(origin);
    ends();
  };
  // Whatever becomes of the others, all of them are waited for.
  void Promise.all(events.map((event) => event.catch(late))).then(leave, leave);
  try {
    await within(Promise.all(events), answers);
    return { pdus: { ...results } };
  } finally {
    answered = true;
  }
}

async function receiveOne(
  { receiver, receiveDenial }: TransactionDeps,
  origin: ServerName,
  value: JsonObject,
  results: Record<EventId, { readonly error?: string }>,
): Promise<void> {
  const received = await receiver.receive({ origin, value, relay: false });
  if (received.is === 'failed' && received.why === 'unknown_room') await receiveDenial?.(origin, value);
  // Nobody is told which rooms there are.
  else if (received.eventId !== null) results[received.eventId] = resultOf(received);
}

function resultOf(received: Received): { readonly error?: string } {
  return received.is === 'dropped' || received.is === 'failed' ? { error: received.reason } : {};
}

/** Resolves when it does, or after the time; rejects when it does before. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  timer.unref();
  try {
    await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
