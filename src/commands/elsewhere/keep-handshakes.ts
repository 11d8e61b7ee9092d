/** Takes up again what was begun with other servers and not ended: after a restart, and while a server cannot be reached. */
import type { Logger } from 'pino';
import type { Db } from '../../database/database.ts';
import {
  claimHandshake,
  dueHandshakes,
  postponeHandshake,
  releaseHandshakes,
  type Handshake,
  type HandshakeKind,
} from '../../outbox/handshakes.ts';

/**
 * Goes on with one: ends it, drops it, or rejects with the reason why it has to wait. It may be called again for the same
 * one, also when it had ended its work and nothing came of that.
 */
export type GoOn = (handshake: Handshake) => Promise<void>;

export interface HandshakeKeeper {
  /** Looks for what is due now. Never rejects. */
  look(): Promise<void>;
  /** Resolves when nothing is being done any more, once the signal has aborted. */
  close(): Promise<void>;
}

export interface KeepHandshakesDeps {
  readonly db: Db;
  /** Milliseconds. */
  readonly now: () => number;
  readonly goOn: Readonly<Record<HandshakeKind, GoOn>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const EVERY_MS = 10_000;
const PAGE = 100;
const AT_ONCE = 8;
const FIRST_RETRY_MS = 10_000;
const LAST_RETRY_MS = 3_600_000;
/** While it is worked on, nobody else takes it up: longer than any request takes. */
const PATIENCE_MS = 900_000;

/** Begins at once with what the process before left. Only the writer may: it ends in the log. */
export function keepHandshakes(deps: KeepHandshakesDeps): HandshakeKeeper {
  const { db, now, log, signal } = deps;
  const note = (error: unknown): void =>
    log.warn({ err: error }, 'what was begun with other servers is not looked after');
  let running = releaseHandshakes(db, now()).catch(note);
  const look = (): Promise<void> => (running = running.then(() => lookOnce(deps)).catch(note));
  const timer = setInterval(() => void look(), EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  void look();
  return { look, close: () => running };
}

async function lookOnce(deps: KeepHandshakesDeps): Promise<void> {
  for (let due = await nextPage(deps); due.length > 0; due = await nextPage(deps)) {
    const left = [...due];
    const work = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined && !deps.signal.aborted; one = left.shift())
        await takeUp(deps, one);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}

async function nextPage({ db, now, signal }: KeepHandshakesDeps): Promise<readonly Handshake[]> {
  return signal.aborted ? [] : dueHandshakes(db, now(), PAGE);
}

async function takeUp({ db, now, goOn, log, signal }: KeepHandshakesDeps, handshake: Handshake): Promise<void> {
  const { id, kind, roomId, eventId, attempts } = handshake;
  await claimHandshake(db, id, now() + PATIENCE_MS);
  try {
    await goOn[kind](handshake);
  } catch (error) {
    const wait = Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempts, 20), LAST_RETRY_MS);
    const reason = error instanceof Error ? error.message : 'unknown';
    log.info({ kind, roomId, eventId, reason }, 'a handshake with another server has to wait');
    // What ends with the process is taken up by the next one at once.
    await postponeHandshake(db, id, signal.aborted ? now() : now() + wait, reason.slice(0, 1_000));
  }
}
