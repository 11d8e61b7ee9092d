/** What one process tells the others, over the database: that something was committed, that a user changed something outside of the log, and whose tokens ended. */
import type { Pool } from 'pg';
import { createPace } from '../database/pace.ts';
import { createEar } from './ear.ts';
import { ALL_TRANSITIONS, type Follower } from './follow.ts';

const COMMITTED = 'vestibule_committed';
const TOUCHED = 'vestibule_touched';
/** Announced by the database itself, by whatever hand a token ended (migration 0026). */
const TOKENS = 'vestibule_tokens';
/** Said again and again by those who want to hear of commits. */
const READING = 'vestibule_reading';
/** Looks for readers that heard none, after which there is none: each has said so that many times meanwhile. */
const MISSED_LOOKS = 5;
const ANNOUNCE_EVERY_MS = 10;
/** The announcements are hints: whoever missed one looks for itself. */
const LOOK_EVERY_MS = 1_000;
/** While nothing can be heard: the connection is lost, or the database is a copy that takes no listeners. */
const LOOK_OFTEN_MS = 200;
/** Of what is further behind nobody asks what it concerns: everybody is woken. */
const MAX_BEHIND = 20_000;

export interface Announcer {
  /** Says nothing while nobody is there to hear it: each announcement wakes every session that listens to anything. */
  committed(): void;
  touched(userId: string): void;
  readonly readers: ReaderListener;
}

export interface ReaderListener {
  /** Somebody wants to hear of commits. */
  isHeard(): void;
  /** Again and again, while it could be heard that somebody does. */
  looks(): void;
  /** There may be somebody who is not heard. */
  isDeaf(): void;
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
  let missed = 0;
  const listensAgain = (): void => void (missed = 0);
  return {
    committed() {
      if (missed >= MISSED_LOOKS) return;
      news.set('', COMMITTED);
      announce();
    },
    touched(userId) {
      news.set(`${self} ${userId}`, TOUCHED);
      announce();
    },
    readers: { isHeard: listensAgain, isDeaf: listensAgain, looks: () => void (missed += 1) },
  };
}

/** Who remembers tokens as long as every end of one is heard. */
export interface TokenListener {
  /** Again and again, while everything is heard. */
  hears(): void;
  isDeaf(): void;
  /** Null: everybody. */
  forget(userId: string | null): void;
}

export interface NewsDeps {
  readonly pool: Pool;
  readonly follower: Pick<Follower, 'head' | 'hear' | 'touch' | 'hears' | 'isDeaf'>;
  readonly tokens: TokenListener;
  /** Of the announcer of this process. */
  readonly readers: ReaderListener;
  /** As the announcer of this process has it. */
  readonly self: string;
  /** False in the process that writes: it knows what is committed. */
  readonly commits: boolean;
  readonly onError: (error: unknown) => void;
}

/** Passes on what other processes, and the database, tell, until it is closed. */
export function hearNews(deps: NewsDeps): { readonly close: () => Promise<void> } {
  const { pool, follower, tokens, readers, self, commits, onError } = deps;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> = Promise.resolve();
  let asked = false;
  const look = (): void => {
    if (asked || closed) return;
    asked = true;
    looking = looking.then(() => {
      asked = false;
      return lookAtLog(pool, follower).catch(onError);
    });
  };
  const ear = createEar({
    pool,
    self,
    channels: commits ? [COMMITTED, TOUCHED, TOKENS] : [READING, TOUCHED, TOKENS],
    hear(channel, payload) {
      if (channel === COMMITTED) look();
      else if (channel === READING) readers.isHeard();
      else if (channel === TOKENS) tokens.forget(payload === '' ? null : payload);
      else if (!payload.startsWith(`${self} `)) follower.touch(payload.slice(payload.indexOf(' ') + 1));
    },
    hears() {
      tokens.hears();
      follower.hears();
      readers.looks();
    },
    isDeaf() {
      tokens.isDeaf();
      follower.isDeaf();
      readers.isDeaf();
    },
    onError,
  });
  const keep = async (): Promise<void> => {
    await ear.keepOpen();
    if (commits) {
      // A commit that goes unheard before this is, the next look finds.
      if (ear.isOpen()) await pool.query(`notify ${READING}`).catch(() => undefined);
      look();
    }
    if (!closed) timer = setTimeout(() => void keep(), ear.isOpen() ? LOOK_EVERY_MS : LOOK_OFTEN_MS);
  };
  void keep();
  return {
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      ear.close();
      await looking;
    },
  };
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
