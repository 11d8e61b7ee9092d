/** A connection that listens to announcements of the database, and knows whether it misses any. */
import type { Pool, PoolClient } from 'pg';

export interface EarDeps {
  readonly pool: Pool;
  readonly channels: readonly string[];
  readonly hear: (channel: string, payload: string) => void;
  /** Called again and again while nothing that is announced is missed. */
  readonly hears: () => void;
  /** Something may be missed, until it hears again. */
  readonly isDeaf: () => void;
  readonly onError: (error: unknown) => void;
}

export interface Ear {
  /** Connects where there is no connection, and has the other end prove that it still speaks. Never rejects. */
  keepOpen(): Promise<void>;
  isOpen(): boolean;
  close(): void;
}

/** Without an answer for so long it counts as deaf: the other end may be gone without a word. */
const DEAF_AFTER_MS = 5_000;

export function createEar({ pool, channels, hear, hears, isDeaf, onError }: EarDeps): Ear {
  let client: PoolClient | null = null;
  let closed = false;
  let deafSoon: NodeJS.Timeout | undefined;

  const goDeaf = (): void => {
    clearTimeout(deafSoon);
    isDeaf();
  };
  const drop = (): void => {
    goDeaf();
    // Not to be used again: it listens.
    client?.release(true);
    client = null;
  };

  const connect = async (): Promise<void> => {
    const fresh = await pool.connect();
    if (closed) return fresh.release();
    client = fresh;
    const lose = (error: unknown): void => {
      if (client !== fresh) return;
      drop();
      onError(error);
    };
    fresh.on('error', lose);
    fresh.on('notification', ({ channel, payload = '' }) => hear(channel, payload));
    await fresh.query(channels.map((channel) => `listen ${channel}`).join('; ')).catch(lose);
  };

  /** An answer on this connection comes after all that was announced before it was asked for. */
  let asking: PoolClient | null = null;
  const askForProof = async (asked: PoolClient): Promise<void> => {
    if (asking === asked) return;
    asking = asked;
    const since = performance.now();
    const answered = await asked.query('select').catch(() => null);
    const elapsed = performance.now() - since;
    if (answered !== null && client === asked && elapsed < DEAF_AFTER_MS) {
      clearTimeout(deafSoon);
      deafSoon = setTimeout(goDeaf, DEAF_AFTER_MS - elapsed);
      hears();
    }
    if (asking === asked) asking = null;
  };

  return {
    async keepOpen() {
      if (client === null) await connect().catch(onError);
      if (client !== null) void askForProof(client);
    },
    isOpen: () => client !== null,
    close() {
      closed = true;
      drop();
    },
  };
}
