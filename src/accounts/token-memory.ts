/** Whose token is whose, remembered between requests as long as this process hears of every token that ends (ADR 31). */
import { boundedCache } from '../bounded-cache.ts';
import type { Db } from '../database/database.ts';
import { createNewestNumbers } from '../log/newest-numbers.ts';
import { hashSecret } from './secrets.ts';

export interface TokenMemory {
  /** From now on it is told of every token that ends; of what was remembered before nobody knows. */
  hears(): void;
  /** It is not, any more: every token is looked up. */
  isDeaf(): void;
  /** Tells, after the commit, that tokens of a user ended, or that the user is an admin now. Null: of everybody. */
  forget(userId: string | null): void;
}

interface Remembered {
  readonly owner: { readonly userId: string };
  /** How many ends had been told of before it was looked up. */
  readonly after: number;
}

interface Memory extends TokenMemory {
  get(key: string): Remembered['owner'] | null;
  now(): number;
  set(key: string, remembered: Remembered): void;
}

const MAX_TOKENS = 20_000;
const MAX_USERS = 20_000;

function createMemory(): Memory {
  const tokens = boundedCache<Remembered>(MAX_TOKENS);
  const ends = createNewestNumbers(MAX_USERS);
  let ended = 0;
  let hearing = false;
  return {
    hears() {
      if (!hearing) ends.forget((ended += 1));
      hearing = true;
    },
    isDeaf() {
      hearing = false;
      tokens.clear();
    },
    forget(userId) {
      ended += 1;
      if (userId === null) ends.forget(ended);
      else ends.note(userId, ended);
    },
    get(key) {
      const remembered = hearing ? tokens.get(key) : undefined;
      if (remembered === undefined || ends.isAfter(remembered.owner.userId, remembered.after)) return null;
      return remembered.owner;
    },
    now: () => ended,
    set: (key, remembered) => void (hearing && tokens.set(key, remembered)),
  };
}

const memories = new WeakMap<Db, Memory>();

function memoryOf(db: Db): Memory {
  const memory = memories.get(db) ?? createMemory();
  memories.set(db, memory);
  return memory;
}

/** The memory of what is looked up in this database. Until it hears of ends, it remembers nothing. */
export function tokenMemory(db: Db): TokenMemory {
  return memoryOf(db);
}

/** One kind of token: where to look up whose it is, and who may be remembered. */
export interface TokenKind<T extends { readonly userId: string }> {
  /** Tells the kind apart: a secret of one kind is never taken for one of another. */
  readonly name: 'access' | 'service';
  readonly read: (db: Db, secret: string) => Promise<T | null>;
  readonly mayKeep: (owner: T) => boolean;
}

/**
 * The owner of a secret: as remembered, or as looked up. Null is not remembered. Who was looked up while a token of theirs
 * ended counts as forgotten: it may have been read before that.
 */
export async function ownerOf<T extends { readonly userId: string }>(
  db: Db,
  secret: string,
  { name, read, mayKeep }: TokenKind<T>,
): Promise<T | null> {
  const memory = memoryOf(db);
  const key = `${name} ${hashSecret(secret).toString('latin1')}`;
  const remembered = memory.get(key);
  if (remembered !== null) return remembered as T;
  const after = memory.now();
  const owner = await read(db, secret);
  if (owner !== null && mayKeep(owner)) memory.set(key, { owner, after });
  return owner;
}
