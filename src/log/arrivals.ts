/** What the log has to say of events that have just come, and of what they rest on: most of it is remembered. */
import { LRUCache } from 'lru-cache';
import type { Db } from '../database/database.ts';
import { gathered } from '../database/gather.ts';
import { lookUp } from '../database/look-ups.ts';
import type { EventId, RoomId } from '../matrix/identifiers.ts';
import { evidenceOf, type EvidenceRow, type StoredEvidence } from './evidence-queries.ts';

export interface ArrivalFacts {
  /** Users of this server are in the room. */
  readonly resident: boolean;
  /** Position of the room's access control list; null: it has none. */
  readonly acl: number | null;
  /** A redaction names the event. */
  readonly redacted: boolean;
  /** Of the event and what it rests on, what is stored. */
  readonly stored: ReadonlyMap<EventId, StoredEvidence>;
}

/** An event that has come, and what it rests on. */
export interface Arrived {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly rests: readonly EventId[];
}

/** `n` counts what was asked for, from 1. */
interface FoundRow extends Omit<EvidenceRow, 'event_id'> {
  readonly n: number;
  /** Null: the event is not stored. */
  readonly event_id: EventId | null;
}

interface ArrivalRow extends FoundRow {
  readonly resident: boolean;
  readonly acl: number | null;
  readonly redacted: boolean | null;
}

// Both are written so that one index alone serves each look-up, be the tables' statistics as they may: of another one the planner
// would have to read in more than it, or sort.
const OWN_EVIDENCE = `
  left join lateral (
    select event_id, position, proof, auth_extra, auth_rejection is not null as rejected from events
     where event_id = k.event_id and room_id || '' = k.room_id and not out_of_band) e on true
  left join lateral (
    select verdict from verdicts where room_id = k.room_id and event between e.position and e.position
     order by event, room_position desc limit 1) v on true`;
const ARRIVALS = {
  name: 'arrivals',
  text: `select k.n::int4 as n, r.resident, s.event as acl,
                (select true from events where room_id = k.room_id and redacts between k.event_id and k.event_id
                  order by redacts limit 1) as redacted, e.*, v.verdict
           from unnest($1::text[], $2::text[]) with ordinality as k (room_id, event_id, n)
           join rooms r on r.room_id = k.room_id
           left join room_state s on s.room_id = r.room_id and s.type = 'm.room.server_acl' and s.state_key = '' ${OWN_EVIDENCE}`,
};
const EVIDENCE = {
  name: 'evidence',
  text: `select k.n::int4 as n, e.*, v.verdict
           from unnest($1::text[], $2::text[]) with ordinality as k (room_id, event_id, n) ${OWN_EVIDENCE}`,
};

/** Of an event that was accepted, what counts as evidence never changes: its words are no part of it. */
type Memory = LRUCache<string, StoredEvidence>;

const MEMORY_BYTES = 16 * 1_048_576;

const memories = new WeakMap<Db, Memory>();

function memoryOf(db: Db): Memory {
  const memory =
    memories.get(db) ??
    new LRUCache<string, StoredEvidence>({
      maxSize: MEMORY_BYTES,
      sizeCalculation: ({ pdu }) => 1_000 + JSON.stringify(pdu.content).length,
    });
  memories.set(db, memory);
  return memory;
}

/** In the order asked; null: there is no such room. */
async function readArrivals(db: Db, arrived: readonly Arrived[]): Promise<readonly (ArrivalFacts | null)[]> {
  const [rows, evidence] = await Promise.all([
    lookUp<ArrivalRow>(db, ARRIVALS, [arrived.map(({ roomId }) => roomId), arrived.map(({ eventId }) => eventId)]),
    readEvidence(db, arrived),
  ]);
  const found = new Map(rows.map((row) => [row.n, row]));
  return arrived.map(({ roomId, rests }, n) => {
    const row = found.get(n + 1);
    if (row === undefined) return null;
    const stored = [foundEvidence(row) ?? [], rests.flatMap((id) => evidence.get(nameIn(roomId, id)) ?? [])].flat();
    return {
      resident: row.resident,
      acl: row.acl,
      redacted: row.redacted === true,
      stored: new Map(stored.map((one) => [one.eventId, one])),
    };
  });
}

/** What is stored of all that they rest on, by name. */
async function readEvidence(db: Db, arrived: readonly Arrived[]): Promise<ReadonlyMap<string, StoredEvidence>> {
  const memory = memoryOf(db);
  const known = new Map<string, StoredEvidence>();
  const open = new Map<string, readonly [RoomId, EventId]>();
  for (const { roomId, rests } of arrived) {
    for (const id of rests) {
      const name = nameIn(roomId, id);
      const remembered = memory.get(name);
      if (remembered === undefined) open.set(name, [roomId, id]);
      else known.set(name, remembered);
    }
  }
  if (open.size === 0) return known;
  const [names, asked] = [[...open.keys()], [...open.values()]];
  const rows = await lookUp<FoundRow>(db, EVIDENCE, [asked.map(([roomId]) => roomId), asked.map(([, id]) => id)]);
  for (const row of rows) {
    const [name, evidence] = [names[row.n - 1]!, foundEvidence(row)];
    if (evidence === null) continue;
    known.set(name, evidence);
    if (evidence.verdict === 'accepted') memory.set(name, evidence);
  }
  return known;
}

function foundEvidence(row: FoundRow): StoredEvidence | null {
  const { event_id: eventId } = row;
  return eventId === null ? null : evidenceOf({ ...row, event_id: eventId });
}

function nameIn(roomId: string, eventId: EventId): string {
  return `${roomId}\u0000${eventId}`;
}

/** Null: there is no such room. Those who ask at the same time share a query. */
export const arrivalFacts: (db: Db, arrived: Arrived) => Promise<ArrivalFacts | null> = gathered(readArrivals);
