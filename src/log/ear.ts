/** A connection that listens to announcements of the database, and knows whether it misses any. */
import type { Pool, PoolClient } from 'pg';

export interface EarDeps {
  readonly pool: Pool;
  /** Of this process alone: letters and digits. */
  readonly self: string;
  readonly channels: readonly string[];
  readonly hear: (channel: string, payload: string) => void;
  /** Called again and again while nothing that is announced is missed. */
  readonly hears: () => void;
  /** Something may be missed, until it hears again. */
  readonly isDeaf: () => void;
  readonly onError: (error: unknown) => void;
}

export interface Ear {
  /** Connects where there is no connection, and has what is announced on it be heard on it. Never rejects. */
  keepOpen(): Promise<void>;
  isOpen(): boolean;
  close(): void;
}

/** After so long without hearing itself it counts as deaf, and connects anew: the other end may be gone without a word. */
const DEAF_AFTER_MS = 5_000;

export function createEar({ pool, self, channels, hear, hears, isDeaf, onError }: EarDeps): Ear {
  const own = `vestibule_ear_${self}`;
  let client: PoolClient | null = null;
  let closed = false;
  let deafSoon: NodeJS.Timeout | undefined;
  /** What was announced to itself and is not heard yet, and when that was. */
  let open: { readonly payload: string; readonly since: number } | null = null;
  let asked = 0;

  const drop = (): void => {
    clearTimeout(deafSoon);
    open = null;
    isDeaf();
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
    const expectProof = (milliseconds: number): void => {
      clearTimeout(deafSoon);
      deafSoon = setTimeout(lose, milliseconds, new Error('announcements of the database are not heard'));
    };
    // What is heard comes in the order of the commits: before this was all that was announced before it.
    const prove = (payload: string): void => {
      if (client !== fresh || open?.payload !== payload) return;
      expectProof(DEAF_AFTER_MS - (performance.now() - open.since));
      open = null;
      hears();
    };
    fresh.on('error', lose);
    fresh.on('notification', ({ channel, payload = '' }) =>
      channel === own ? prove(payload) : hear(channel, payload),
    );
    expectProof(DEAF_AFTER_MS);
    await fresh.query([...channels, own].map((channel) => `listen "${channel}"`).join('; ')).catch(lose);
  };

  return {
    async keepOpen() {
      if (client === null) await connect().catch(onError);
      if (client === null || open !== null) return;
      open = { payload: String((asked += 1)), since: performance.now() };
      client.query(`notify "${own}", '${open.payload}'`).catch(() => undefined);
    },
    isOpen: () => client !== null,
    close() {
      closed = true;
      drop();
    },
  };
}
