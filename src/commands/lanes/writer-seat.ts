/** The lock that makes one process the writer: waited for as standby, held on a connection of its own, taken again when that is lost. */
import { setTimeout } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';

export interface SeatDeps {
  readonly pool: Pool;
  readonly log: Logger;
  /** Called once when another process has the seat. */
  readonly onStandby?: () => void;
  /** Gives up waiting for the seat. */
  readonly signal: AbortSignal;
}

export interface SeatEvents {
  /** A rebuild replaced projections, or may have: lanes must read them again. */
  readonly onRebuilt: () => void;
  /** Another process has the lock. */
  readonly onTaken: () => void;
}

// Any number that nothing else in the database locks; "vest" in ASCII.
const SEAT_LOCK = 0x76657374;
const STANDBY_POLL_MS = 500;
// Sooner than a standby looks.
const RETAKE_MS = 100;

/** A peer that is gone without a word is noticed within seconds: until then its session would keep lock and row. */
export const NOTICE_LOSS = 'set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3';

/**
 * Waits for the seat as long as another process holds it, also while the database is away meanwhile. Null when `signal`
 * ended the wait. Rejects when the database cannot be reached at first.
 */
export async function takeSeat(deps: SeatDeps): Promise<PoolClient | null> {
  for (let waited = false; !deps.signal.aborted; waited = true) {
    const client = await tryToTake(deps.pool).catch((error: unknown) => {
      if (!waited) throw error;
      deps.log.warn({ err: error }, 'the writer seat cannot be asked for; trying again');
      return null;
    });
    if (client !== null) return client;
    if (!waited) deps.onStandby?.();
    await setTimeout(STANDBY_POLL_MS, undefined, { signal: deps.signal }).catch(() => undefined);
  }
  return null;
}

async function tryToTake(pool: Pool): Promise<PoolClient | null> {
  const client = await pool.connect();
  try {
    await client.query(NOTICE_LOSS);
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [SEAT_LOCK]);
    if (rows[0]?.taken === true) return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.release();
  return null;
}

interface Seat {
  readonly deps: SeatDeps;
  readonly events: SeatEvents;
  /** Null while it is lost. */
  held: PoolClient | null;
  released: boolean;
}

/**
 * Holds the seat. The lock goes with its connection; losing it is not yet losing the seat: only a raised epoch is. Until
 * then the lock is taken again, so that a standby does not take over for a blink.
 */
export async function keepSeat(
  first: PoolClient,
  deps: SeatDeps,
  events: SeatEvents,
): Promise<{ readonly release: () => void }> {
  const seat: Seat = { deps, events, held: null, released: false };
  await hold(seat, first);
  return {
    release() {
      seat.released = true;
      seat.held?.release(true);
      seat.held = null;
    },
  };
}

async function hold(seat: Seat, client: PoolClient): Promise<void> {
  seat.held = client;
  client.on('notification', seat.events.onRebuilt);
  client.on('error', (error) => lose(seat, client, error));
  // Before it is listened to, a connection can be lost unheard.
  await client.query('listen vestibule_rebuilt').catch((error: unknown) => lose(seat, client, error));
}

function lose(seat: Seat, client: PoolClient, error: unknown): void {
  if (seat.held !== client) return;
  seat.held = null;
  client.release(true);
  seat.deps.log.warn({ err: error }, 'the connection that holds the writer seat was lost; taking it again');
  void retake(seat);
}

// Told once, not ten times a second: a database can be away for long.
async function retake(seat: Seat): Promise<void> {
  const { pool, log } = seat.deps;
  while (!seat.released) {
    await setTimeout(RETAKE_MS);
    const client = await tryToTake(pool).catch(() => 'away' as const);
    if (client === 'away') continue;
    if (client === null) {
      seat.events.onTaken();
      continue;
    }
    if (seat.released) return client.release(true);
    await hold(seat, client);
    if (seat.held === client) log.info('the writer seat is taken again');
    return seat.events.onRebuilt();
  }
}
