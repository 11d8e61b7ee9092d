/** What judging on branches remembers from one event to the next. */
import { boundedCache } from '../../bounded-cache.ts';
import type { Db } from '../../database/database.ts';
import { createAuthGraphs, type AuthGraphs } from '../../log/auth-graphs.ts';
import type { JudgedPdu } from '../../log/judged-pdu.ts';
import type { Predecessor } from '../../log/line-queries.ts';
import type { Ref } from '../../log/state-lines.ts';

export interface JudgeTools {
  readonly db: Db;
  readonly graphs: AuthGraphs;
  readonly merges: Merges;
  readonly recent: RecentEvents;
  /** The event is stored: what it says of lines may be used. */
  settle(judged: JudgedPdu): void;
}

/** Events that were judged of late: most of what new ones cite. */
export interface RecentEvents {
  find(roomId: string, eventId: string): Predecessor | undefined;
}

/** On which lines states were merged, so that the next event that follows the same ones stands there too. */
export interface Merges {
  /** The point where states were merged, by their name. */
  find(name: string): Ref | undefined;
  /** Notes that a judged event, once it is stored, has merged states at a point. */
  note(judged: JudgedPdu, name: string, at: Ref): void;
}

const MAX_MERGES = 10_000;
const MAX_EVENTS = 20_000;

export function createJudgeTools(db: Db): JudgeTools {
  const merges = boundedCache<Ref>(MAX_MERGES);
  const noted = new WeakMap<JudgedPdu, { readonly name: string; readonly at: Ref }>();
  const events = boundedCache<Predecessor>(MAX_EVENTS);
  return {
    db,
    graphs: createAuthGraphs('head'),
    merges: {
      find: (name) => merges.get(name),
      note: (judged, name, at) => void noted.set(judged, { name, at }),
    },
    recent: { find: (roomId, eventId) => events.get(`${roomId} ${eventId}`) },
    settle(judged) {
      // It is no part of the room's graph: as one it is stored once more.
      if (judged.verdict === 'out_of_band') return;
      const note = noted.get(judged);
      if (note !== undefined) merges.set(note.name, note.at);
      const { roomId, slot, verdict, before, after } = judged;
      const { eventId, position } = slot;
      events.set(`${roomId} ${eventId}`, { eventId, position, verdict, before, after, claimed: null });
    },
  };
}
