/** What one process tells the others, over the database: that something was committed, and that a user changed something outside of the log. */
import type { Pool, PoolClient } from 'pg';
import { createPace } from '../database/pace.ts';
import { ALL_TRANSITIONS, type Follower } from './follow.ts';

const COMMITTED = 'vestibule_committed';
const TOUCHED = 'vestibule_touched';
const ANNOUNCE_EVERY_MS = 10;
/** The announcements are hints: whoever missed one looks for itself. */
const LOOK_EVERY_MS = 1_000;
/** While nothing can be heard: the connection is lost, or the database is a copy that takes no listeners. */
const LOOK_OFTEN_MS = 200;
/** Of what is further behind nobody asks what it concerns: everybody is woken. */
const MAX_BEHIND = 20_000;

export interface Announcer {
  committed(): void;
  touched(userId: string): void;
}

/** `self` tells this process apart, which needs not be told what it said. */
export function createAnnouncer(pool: Pool, self: string): Announcer {
  let news = new Map<string, string>();
  const announce = createPace(ANNOUNCE_EVERY_MS, () => {
    const told = [...news];
    news = new Map();
    const channels = told.map(([, channel]) => channel);
    const payloads = told.map(([payload]) => payload);
    pool
      .query('select pg_notify(c, p) from unnest($1::text[], $2::text[]) as n (c, p)', [channels, payloads])
      .catch(() => undefined);
  });
  return {
    committed() {
      news.set('', COMMITTED);
      announce();
    },
    touched(userId) {
      news.set(`${self} ${userId}`, TOUCHED);
      announce();
    },
  };
}

export interface NewsDeps {
  readonly pool: Pool;
  readonly follower: Pick<Follower, 'head' | 'hear' | 'touch'>;
  /** As the announcer of this process has it. */
  readonly self: string;
  /** False in the process that writes: it knows what is committed. */
  readonly commits: boolean;
  readonly onError: (error: unknown) => void;
}

/** Passes on to the follower what other processes tell, until it is closed. */
export function hearNews(deps: NewsDeps): { readonly close: () => Promise<void> } {
  const { pool, follower, self, commits, onError } = deps;
  const state: Listening = { client: null, closed: false, timer: null };
  let looking: Promise<void> = Promise.resolve();
  let asked = false;
  const look = (): void => {
    if (asked || state.closed) return;
    asked = true;
    looking = looking.then(() => {
      asked = false;
      return lookAtLog(pool, follower).catch(onError);
    });
  };
  const hear = (channel: string, payload: string): void => {
    if (channel === COMMITTED) look();
    else if (!payload.startsWith(`${self} `)) follower.touch(payload.slice(payload.indexOf(' ') + 1));
  };
  const keep = async (): Promise<void> => {
    if (state.client === null) await listen(deps, state, hear).catch(onError);
    if (commits) look();
    if (!state.closed)
      state.timer = setTimeout(() => void keep(), state.client === null ? LOOK_OFTEN_MS : LOOK_EVERY_MS);
  };
  void keep();
  return {
    async close() {
      state.closed = true;
      if (state.timer !== null) clearTimeout(state.timer);
      // Not to be used again: it listens.
      state.client?.release(true);
      state.client = null;
      await looking;
    },
  };
}

interface Listening {
  /** Null while nothing is heard. */
  client: PoolClient | null;
  closed: boolean;
  timer: NodeJS.Timeout | null;
}

async function listen(
  { pool, commits, onError }: NewsDeps,
  state: Listening,
  hear: (channel: string, payload: string) => void,
): Promise<void> {
  const client = await pool.connect();
  if (state.closed) return client.release();
  const lose = (error: unknown): void => {
    if (state.client !== client) return;
    state.client = null;
    client.release(true);
    onError(error);
  };
  state.client = client;
  client.on('error', lose);
  client.on('notification', ({ channel, payload = '' }) => hear(channel, payload));
  const channels = commits ? [COMMITTED, TOUCHED] : [TOUCHED];
  await client.query(channels.map((channel) => `listen ${channel}`).join('; ')).catch(lose);
}

async function lookAtLog(pool: Pool, follower: NewsDeps['follower']): Promise<void> {
  const { rows } = await pool.query<{ head: number }>('select position as head from log_head');
  const { head } = rows[0]!;
  const from = follower.head();
  if (head > from) follower.hear(head, head - from > MAX_BEHIND ? null : await namesBetween(pool, from, head));
}

/** As the follower names what a commit concerns. */
async function namesBetween(pool: Pool, from: number, to: number): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ name: string }>(
    `select room_id as name from verdicts where position > $1 and position <= $2
      union select unnest(array[user_id, '+' || room_id, $3]) from transitions where position > $1 and position <= $2`,
    [from, to, ALL_TRANSITIONS],
  );
  return new Set(rows.map(({ name }) => name));
}
