/** What judging on branches remembers from one event to the next. */
import { LRUCache } from 'lru-cache';
import type { Db } from '../database/database.ts';
import { createAuthGraphs, type AuthGraphs } from '../log/auth-graphs.ts';
import type { JudgedPdu } from '../log/judged-pdu.ts';
import type { Ref } from '../log/state-lines.ts';

export interface JudgeTools {
  readonly db: Db;
  readonly graphs: AuthGraphs;
  readonly merges: Merges;
}

/** On which lines states were merged, so that the next event that follows the same ones stands there too. */
export interface Merges {
  /** The point where states were merged, by their name. */
  find(name: string): Ref | undefined;
  /** Notes that a judged event, once it is stored, has merged states at a point. */
  note(judged: JudgedPdu, name: string, at: Ref): void;
  /** The event is stored. */
  settle(judged: JudgedPdu): void;
}

const MAX_MERGES = 10_000;

export function createJudgeTools(db: Db): JudgeTools {
  return { db, graphs: createAuthGraphs('head'), merges: createMerges() };
}

function createMerges(): Merges {
  const stored = new LRUCache<string, Ref>({ max: MAX_MERGES });
  const noted = new WeakMap<JudgedPdu, { readonly name: string; readonly at: Ref }>();
  return {
    find: (name) => stored.get(name),
    note: (judged, name, at) => void noted.set(judged, { name, at }),
    settle(judged) {
      const note = noted.get(judged);
      if (note !== undefined) stored.set(note.name, note.at);
    },
  };
}
