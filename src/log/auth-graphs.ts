/** Every room's auth graph as the log has it, in typed arrays: read when a room's branches first meet, extended from then on. */
import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Db } from '../database/database.ts';
import { addToAuthGraph, buildAuthGraph, hasEventAt, indexOf, type AuthGraph } from '../matrix/auth-graph.ts';

/** A room's graph, and which of its events stand in the current state. */
export interface RoomGraph {
  readonly graph: AuthGraph;
  /** By index, 1 for an event of the current state; what is beyond its end is in no state. */
  readonly current: Uint8Array;
}

export interface AuthGraphs {
  /**
   * The graph of all state events that are stored, and the current state as it was at room position `at`, which must not
   * go back from one call to the next. Nothing may be pending up to there.
   */
  load(db: Db, roomId: string, at: number): Promise<RoomGraph>;
  /** The graph alone. */
  loadGraph(db: Db, roomId: string): Promise<AuthGraph>;
}

interface Entry {
  readonly graph: AuthGraph;
  /** The newest event that was looked at. */
  position: number;
  current: Uint8Array;
  /** The last change of the current state that `current` knows. */
  at: number;
  /** Ends when the reads so far have. */
  tail: Promise<unknown>;
}

const MAX_BYTES = 128 * 1024 * 1024;
const PAGE = 20_000;

/** `from` says where a current state is first taken from: the table of it, or all changes up to the position asked for. */
export function createAuthGraphs(from: 'head' | 'log', maxBytes = MAX_BYTES): AuthGraphs {
  const entries = new LRUCache<string, Entry>({ maxSize: maxBytes, sizeCalculation: bytesOf });
  const inTurn = async <T>(roomId: string, work: (entry: Entry) => Promise<T>): Promise<T> => {
    const known = entries.get(roomId);
    const entry = known ?? {
      graph: buildAuthGraph([]),
      position: 0,
      current: new Uint8Array(64),
      at: 0,
      tail: Promise.resolve(),
    };
    if (known === undefined) entries.set(roomId, entry);
    const turn = entry.tail.then(() => work(entry));
    entry.tail = turn.catch(() => entries.delete(roomId));
    const result = await turn;
    // It has grown. The size of a value that is set again is not taken again.
    if (entries.peek(roomId) === entry) {
      entries.delete(roomId);
      entries.set(roomId, entry);
    }
    return result;
  };
  return {
    load: (db, roomId, at) =>
      inTurn(roomId, async (entry) => {
        const whole = entry.at === 0 && from === 'head';
        const [extended, moved] = await Promise.all([
          extendGraph(db, roomId, entry),
          whole ? readCurrent(db, roomId) : readMoves(db, roomId, entry.at, at),
        ]);
        moveCurrent(entry, moved, at);
        return extended;
      }),
    loadGraph: (db, roomId) =>
      inTurn(roomId, async (entry) => {
        await extendGraph(db, roomId, entry);
        return entry.graph;
      }),
  };
}

/** Whether the event at a position stands in the current state. */
export function isCurrent({ graph, current }: RoomGraph, position: number): boolean {
  return hasEventAt(graph, position) && current[indexOf(graph, position)] === 1;
}

async function extendGraph(db: Db, roomId: string, entry: Entry): Promise<Entry> {
  for (;;) {
    const { rows } = await sql<{ upto: number | null; position: number | null; auth: number[]; power_levels: boolean }>`
      select t.upto, e.position, e.auth, e.type = 'm.room.power_levels' and e.state_key = '' as power_levels
        from (select max(position) as upto from events where room_id = ${roomId}) t
        left join lateral (
          select * from events f
           where f.room_id = ${roomId} and f.position > ${entry.position} and f.position <= t.upto and f.state_key is not null
             and not f.out_of_band
           order by f.position limit ${PAGE}) e on true
       order by e.position`.execute(db);
    for (const { position, auth, power_levels: isPowerLevels } of rows) {
      if (position === null) break;
      // What is cited and not here is of another room or no state: whoever cites it was rejected for that.
      addToAuthGraph(entry.graph, {
        position,
        auth: auth.filter((one) => hasEventAt(entry.graph, one)),
        isPowerLevels,
      });
    }
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined) {
      entry.position = Math.max(entry.position, last?.upto ?? 0);
      return entry;
    }
    entry.position = last.position ?? entry.position;
  }
}

/** What came to stand in the current state, and (`previous`) what does so no more. */
interface Move {
  readonly event: number | null;
  readonly previous: number | null;
}

async function readCurrent(db: Db, roomId: string): Promise<readonly Move[]> {
  const rows = await db.selectFrom('room_state').select('event').where('room_id', '=', roomId).execute();
  return rows.map(({ event }) => ({ event, previous: null }));
}

async function readMoves(db: Db, roomId: string, from: number, at: number): Promise<readonly Move[]> {
  if (at < from) throw new RangeError(`The current state of ${roomId} is known as of ${from}, not of ${at}.`);
  if (at === from) return [];
  const { rows } = await sql<Move>`
    select event, previous from state_changes
     where room_id = ${roomId} and line = 0 and at > ${from} and at <= ${at} order by at`.execute(db);
  return rows;
}

function moveCurrent(entry: Entry, moves: readonly Move[], at: number): void {
  for (const { event, previous } of moves) {
    if (previous !== null) mark(entry, previous, 0);
    if (event !== null) mark(entry, event, 1);
  }
  entry.at = at;
}

function mark(entry: Entry, position: number, value: 0 | 1): void {
  const index = indexOf(entry.graph, position);
  if (index >= entry.current.length) {
    const larger = new Uint8Array(Math.max(entry.graph.positions.length, index + 1));
    larger.set(entry.current);
    entry.current = larger;
  }
  entry.current[index] = value;
}

function bytesOf({ graph, current }: Entry): number {
  const { positions, powerLevels, starts, targets, citers } = graph;
  const arrays = [
    positions,
    powerLevels,
    starts,
    targets,
    current,
    ...(citers === null ? [] : [citers.newest, citers.older]),
  ];
  return 500 + arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
