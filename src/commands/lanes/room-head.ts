/** A room's head as its lane sees it: where the log stands, and the state that the next event is judged on. */
import { besideAfter, besideEnd, type Beside } from './beside.ts';
import { stateKeyText } from '../../matrix/auth-events.ts';
import type { LRUCache } from 'lru-cache';
import type { Db } from '../../database/database.ts';
import { gathered } from '../../database/gather.ts';
import type { EventSlot, JudgedPdu, Placed, StateChange } from '../../log/judged-pdu.ts';
import { countMembers } from '../../log/presence.ts';
import { readEntries, type CurrentEntry } from '../../log/state-entries.ts';
import type { Ref } from '../../log/state-lines.ts';
import type { EventId, RoomId, ServerName } from '../../matrix/identifiers.ts';
import { roomVersion, type RoomVersion } from '../../matrix/room-versions.ts';
import type { RoomState, StateEvent } from '../../matrix/room-state.ts';

export interface StateEntry extends StateEvent {
  readonly slot: EventSlot;
}

/** The keys that were asked for, as they stand at the head; a key that was not asked for throws rather than lie. */
export interface HeadState extends RoomState {
  get(type: string, stateKey: string): StateEntry | undefined;
}

/** A state event that loses its words while it stands. */
export interface RedactedState {
  readonly type: string;
  readonly stateKey: string;
  /** Without the words. */
  readonly entry: StateEntry;
}

export interface Extremity {
  readonly slot: EventSlot;
  readonly ref: Ref;
  readonly depth: number;
}

export interface RoomHead {
  readonly roomId: RoomId;
  /** As it was told from outside, until somebody of this server is in the room. */
  version: RoomVersion;
  /** Speculative: counts events that are not durable yet. */
  roomPosition: number;
  /** The room position of the last change of the current state. */
  stateAt: number;
  extremities: readonly Extremity[];
  /** The number of the room's next branch line; null: not looked up. */
  nextLine: number | null;
  /** As the database had it; `isResident` knows better once members came or went. */
  readonly resident: boolean;
  /** Joined members a server; null until a join or a leave needs it. */
  servers: Map<ServerName, number> | null;
  /** What comes beside the newest events without touching them; null: nothing is known to. */
  beside: Beside | null;
  /** Whether an event of the room was ever missing that others cite; null: not looked up. */
  gapped: boolean | null;
  /** An event it was built on was not stored: nothing proposed on this head may be answered. */
  stale: boolean;
  /** State that is not durable yet, by name, null for what became absent; it outranks cache and database. */
  readonly pending: Map<string, StateEntry | null>;
  /** Names that are being read ahead of their turn; taken out when the value changes meanwhile. */
  readonly warming: Map<string, symbol>;
  /** Names this head's entries in the shared cache. */
  readonly cacheKey: string;
}

/** Shared by all heads and bounded in bytes; null remembers an absence. */
export type StateCache = LRUCache<string, { readonly entry: StateEntry | null }>;

let heads = 0;

/** A head for a room that is just being made. */
export function newRoomHead(roomId: RoomId, version: RoomVersion): RoomHead {
  return {
    roomId,
    version,
    roomPosition: 0,
    stateAt: 0,
    extremities: [],
    nextLine: null,
    resident: false,
    servers: new Map(),
    beside: null,
    gapped: null,
    stale: false,
    pending: new Map(),
    warming: new Map(),
    cacheKey: `new-${++heads}`,
  };
}

/** Reads a room's head from the projections; null when there is no such room. Only while nothing of the room is pending. */
export async function loadRoomHead(db: Db, roomId: string): Promise<RoomHead | null> {
  const room = await db.selectFrom('rooms').selectAll().where('room_id', '=', roomId).executeTakeFirst();
  const version = room === undefined ? null : roomVersion(room.version);
  if (room === undefined || version === null) return null;
  const tips = await db
    .selectFrom('extremities as x')
    .innerJoin('events as e', (join) => join.onRef('e.room_id', '=', 'x.room_id').onRef('e.position', '=', 'x.event'))
    .select(['x.event', 'x.after_line', 'x.after_at', 'e.event_id', 'e.depth'])
    .where('x.room_id', '=', roomId)
    .orderBy('x.event', 'desc')
    .execute();
  const extremities = tips.map((tip) => ({
    slot: { eventId: tip.event_id as EventId, position: tip.event },
    ref: { line: tip.after_line ?? 0, at: tip.after_at ?? 0 },
    depth: tip.depth,
  }));
  const lastChange = await db
    .selectFrom('state_changes')
    .select((eb) => eb.fn.max('at').as('at'))
    .where('room_id', '=', roomId)
    .where('line', '=', 0)
    .executeTakeFirst();
  return {
    ...newRoomHead(roomId as RoomId, version),
    roomPosition: room.room_position,
    stateAt: lastChange?.at ?? 0,
    extremities,
    resident: room.resident,
    servers: null,
    cacheKey: `${roomId}-${++heads}`,
  };
}

/** The state of a room that is just being made: all of it is pending. */
export function pendingState(head: RoomHead): HeadState {
  return { get: (type, stateKey) => head.pending.get(stateKeyText(type, stateKey)) ?? undefined };
}

/** The current state at some keys: what is pending, else the cache, else one query. */
export async function headState(
  db: Db,
  cache: StateCache,
  head: RoomHead,
  keys: readonly (readonly [type: string, stateKey: string])[],
): Promise<HeadState> {
  const found = new Map<string, StateEntry | null>();
  const missing: (readonly [string, string])[] = [];
  for (const [type, stateKey] of keys) {
    const name = stateKeyText(type, stateKey);
    const pending = head.pending.get(name);
    const known = pending === undefined ? cache.get(cacheName(head, name))?.entry : pending;
    if (known !== undefined) found.set(name, known);
    // No event has such a key, and Postgres cannot even be asked for it; content that names one asks nonetheless.
    else if (stateKey.includes('\u0000')) found.set(name, null);
    else missing.push([type, stateKey]);
  }
  if (missing.length > 0) await loadEntries(db, cache, head, missing, found);
  return {
    get(type, stateKey) {
      const entry = found.get(stateKeyText(type, stateKey));
      if (entry === undefined) throw new Error(`state (${type}, …) was read without being asked for`);
      return entry ?? undefined;
    },
  };
}

async function loadEntries(
  db: Db,
  cache: StateCache,
  head: RoomHead,
  keys: readonly (readonly [string, string])[],
  found: Map<string, StateEntry | null>,
): Promise<void> {
  const entries = await readEntries(
    db,
    keys.map(([type, stateKey]) => ({ roomId: head.roomId, type, stateKey })),
  );
  for (const [i, [type, stateKey]] of keys.entries()) {
    const name = stateKeyText(type, stateKey);
    const entry = stateEntry(entries[i] ?? null);
    found.set(name, entry);
    cache.set(cacheName(head, name), { entry });
  }
}

function stateEntry(found: CurrentEntry | null): StateEntry | null {
  if (found === null) return null;
  const { eventId, position, pdu } = found;
  return { eventId, pdu, slot: { eventId, position } };
}

/** Whether users of this server (`home`) are joined to the room as the head has it. */
export function isResident({ servers, resident }: RoomHead, home: ServerName): boolean {
  return servers === null ? resident : servers.has(home);
}

/** Moves the head past an event that is on its way to the log. */
export function advance(head: RoomHead, judged: JudgedPdu): void {
  const [end, ...others] = head.extremities;
  if (end !== undefined && others.length === 0) head.beside ??= besideEnd(end.slot, end.ref, head.stateAt);
  // What was said of the room from outside may have been wrong; what its own events say is not.
  if (judged.verdict !== 'out_of_band' || head.stateAt === 0) head.version = judged.version;
  head.roomPosition = judged.roomPosition;
  const lines = judged.lines.map(({ line }) => line + 1);
  if (head.nextLine !== null && lines.length > 0) head.nextLine = Math.max(head.nextLine, ...lines);
  // The state came as a fact: nothing that was known before leads to what comes now.
  if (judged.verdict === 'imported') head.extremities = [];
  // An event of the past, found later, has followers already.
  const live = judged.anchor === judged.roomPosition && judged.back === 0;
  if (judged.verdict === 'accepted' && judged.after !== null) {
    const left = head.extremities.filter((tip) => !judged.replaces.some((one) => isSame(one, tip.slot)));
    // The newest first: so they are read, and so they are cited.
    const own = { slot: judged.slot, ref: judged.after, depth: judged.pdu.depth };
    head.extremities = live ? [own, ...left] : left;
  }
  for (const change of judged.changes) {
    if (change.line !== 0) continue;
    head.stateAt = change.at;
    const name = stateKeyText(change.type, change.stateKey);
    head.warming.delete(name);
    head.pending.set(name, entryOf(change));
  }
  if (head.servers !== null) countMembers(head.servers, judged.transitions);
  if (judged.gaps.length > 0) head.gapped = true;
  const ends = head.extremities.map(({ slot }) => slot);
  head.beside = besideAfter(head.beside, judged, ends, head.stateAt);
}

// An event that is not stored yet is known by its slot alone.
function isSame(one: Placed, slot: EventSlot): boolean {
  return one === slot || (one.position !== 0 && one.position === slot.position);
}

function entryOf({ event, pdu }: StateChange): StateEntry | null {
  return event === null || pdu === null ? null : { eventId: event.eventId, pdu, slot: event };
}

/** After the commit: what was pending is durable and may now be forgotten by the cache. */
export function settle(cache: StateCache, head: RoomHead, judged: JudgedPdu): void {
  for (const { line, type, stateKey, event } of judged.changes) {
    if (line !== 0) continue;
    const name = stateKeyText(type, stateKey);
    const entry = head.pending.get(name);
    // Unless a later one has taken its place.
    if (entry !== undefined && (entry?.slot ?? null) === event) remember(cache, head, name, entry);
  }
}

/** Takes a state event's words out of what is remembered, when their deletion is on its way to the log. */
export function redactState(head: RoomHead, { type, stateKey, entry }: RedactedState): void {
  const name = stateKeyText(type, stateKey);
  head.warming.delete(name);
  head.pending.set(name, entry);
}

/** After the commit of what redactState() was told. */
export function settleRedacted(cache: StateCache, head: RoomHead, { type, stateKey, entry }: RedactedState): void {
  const name = stateKeyText(type, stateKey);
  if (head.pending.get(name) === entry) remember(cache, head, name, entry);
}

function remember(cache: StateCache, head: RoomHead, name: string, entry: StateEntry | null): void {
  cache.set(cacheName(head, name), { entry });
  head.pending.delete(name);
}

const readEntry = gathered(readEntries);

/** Reads a member's state ahead of its turn into the cache, unless the lane knows better by then. */
export async function warm(db: Db, cache: StateCache, head: RoomHead, stateKey: string): Promise<void> {
  const name = stateKeyText('m.room.member', stateKey);
  if (head.pending.has(name) || cache.has(cacheName(head, name))) return;
  const mark = Symbol();
  head.warming.set(name, mark);
  const entry = stateEntry(await readEntry(db, { roomId: head.roomId, type: 'm.room.member', stateKey }));
  if (head.warming.get(name) !== mark) return;
  head.warming.delete(name);
  cache.set(cacheName(head, name), { entry });
}

function cacheName(head: RoomHead, name: string): string {
  return `${head.cacheKey}\u0000${name}`;
}
