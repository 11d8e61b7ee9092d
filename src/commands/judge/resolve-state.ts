/** Resolves the states at several points of a room's lines into one, reading only where they differ. */
import { isCurrent } from '../../log/auth-graphs.ts';
import type { Branches } from '../../log/branches.ts';
import { readResolvable } from '../../log/resolvable-events.ts';
import { valuesAt, type Ref } from '../../log/state-lines.ts';
import { stateKeysForAuth, stateKeyText, type StateKey, stateKeyOf } from '../../matrix/auth-events.ts';
import { addToAuthGraph, dropNewest, hasEventAt, type AuthGraph } from '../../matrix/auth-graph.ts';
import { eventAt, type ResolvableEvent } from '../../matrix/resolvable-event.ts';
import {
  eventsToLoad,
  fullConflictedSet,
  keysToLookUp,
  resolveState,
  type ConflictedKey,
  type Resolution,
} from '../../matrix/state-resolution.ts';
import { distinctRefs, isSameRef, readBranches, type ForkedRoom } from './compare-states.ts';
import { resolveHeavily } from './heavy-resolution.ts';
import type { LineDraft } from './line-draft.ts';

/** One state out of several, told by where they or the current state differ. */
export interface ResolvedState {
  /** The states that were resolved, each once, then the current one, if it was none of them. */
  readonly branches: Branches;
  readonly head: number;
  /** How many of `branches.refs` were resolved. */
  readonly resolved: number;
  /** The keys at which it can differ from any of them. */
  readonly keys: ReadonlyMap<string, StateKey>;
  /** Position of its event at one of `keys`; null: none. */
  readonly valueOf: (name: string) => number | null;
  /** Stored events that were read for it, by position. */
  readonly events: ReadonlyMap<number, ResolvableEvent>;
}

/** Resolves the states at `refs`, of which there must be one. */
export async function resolveRefs(room: ForkedRoom, refs: readonly Ref[]): Promise<ResolvedState> {
  const states = distinctRefs(refs);
  const known = states.findIndex((ref) => isSameRef(ref, room.head));
  const all = known === -1 ? [...states, room.head] : states;
  const branches = await readBranches(room, all);
  const head = known === -1 ? states.length : known;
  const { conflicted, shared } = separate(branches, states.length);
  const events = new Map<number, ResolvableEvent>();
  const differ = { conflicted, shared, head, events };
  const winners = conflicted.length === 0 ? NOBODY : await resolve(room, branches, differ);
  const keys = new Map(branches.keys);
  for (const name of winners.keys()) if (!keys.has(name)) keys.set(name, stateKeyOf(name));
  return {
    branches,
    head,
    resolved: states.length,
    keys,
    valueOf: (name) => {
      const winner = winners.get(name);
      return winner === undefined ? branches.valueAt(0, name) : winner;
    },
    events,
  };
}

/** With more keys in conflict a resolution is done by a thread of its own. */
const HEAVY = 1_000;

/** So few keys are looked for in what is remembered of the current state first. */
const SMALL = 50;

const NOBODY: ReadonlyMap<string, number | null> = new Map();

interface Differences {
  readonly conflicted: readonly ConflictedKey[];
  /** By name, what the states agree on where they, or the current state, could differ. */
  readonly shared: ReadonlyMap<string, number>;
}

function separate(branches: Branches, states: number): Differences {
  const conflicted: ConflictedKey[] = [];
  const shared = new Map<string, number>();
  for (const [name, [type, stateKey]] of branches.keys) {
    const values = Array.from({ length: states }, (_, n) => branches.valueAt(n, name));
    const [first] = values as [number | null];
    if (values.some((value) => value !== first)) conflicted.push({ type, stateKey, values });
    else if (first !== null) shared.set(name, first);
  }
  return { conflicted, shared };
}

async function resolve(
  room: ForkedRoom,
  branches: Branches,
  {
    conflicted,
    shared,
    head,
    events,
  }: Differences & { readonly head: number; readonly events: Map<number, ResolvableEvent> },
): Promise<ReadonlyMap<string, number | null>> {
  const { db, roomId, version } = room;
  const roomGraph = await (room.ahead?.graph ?? room.graphs.load(db, roomId, room.head.at));
  const { graph } = roomGraph;
  const inAll = new Set(shared.values());
  const atHead = new Set([...branches.keys.keys()].map((name) => branches.valueAt(head, name)));
  const isUnconflicted = (position: number): boolean =>
    inAll.has(position) || (!atHead.has(position) && isCurrent(roomGraph, position));
  if (conflicted.length > HEAVY) {
    const atHeadNow = Float64Array.from([...atHead].filter((position) => position !== null));
    return resolveHeavily({ db, roomId, lookUp: (keys) => positionsOf(room, branches, shared, keys) }, (begin) =>
      // A copy of all this is made while the drafted event is in the graph.
      withDrafted(graph, room.draft, () =>
        begin({
          ...{ version: version.id, graph, current: roomGraph.current, inAll: Float64Array.from(inAll) },
          ...{ atHead: atHeadNow, conflicted, drafted: room.draft.event },
        }),
      ),
    );
  }
  const { full, wanted } = withDrafted(graph, room.draft, () => {
    const set = fullConflictedSet(version, graph, conflicted, isUnconflicted);
    return { full: set, wanted: eventsToLoad(graph, set) };
  });
  await loadAll(room, conflicted, wanted, events);
  const keys = keysToLookUp(
    version,
    full.map((position) => eventAt(events, position)),
    conflicted,
  );
  const unconflicted = await lookUp(room, branches, shared, keys, events);
  const create = await lookUp(room, branches, shared, [['m.room.create', '']], events);
  const resolution: Resolution = {
    version,
    graph,
    conflicted,
    full,
    events,
    unconflicted,
    create: create.get(stateKeyText('m.room.create', '')) ?? -1,
  };
  return withDrafted(graph, room.draft, () => resolveState(resolution));
}

/** As lookUp(), without the events. */
async function positionsOf(
  { db, roomId, head }: ForkedRoom,
  branches: Branches,
  shared: ReadonlyMap<string, number>,
  keys: readonly StateKey[],
): Promise<ReadonlyMap<string, number>> {
  const elsewhere = keys.filter((key) => !branches.keys.has(stateKeyText(...key)));
  const found = new Map(await valuesAt(db, roomId, head, elsewhere));
  for (const key of keys) {
    const position = shared.get(stateKeyText(...key));
    if (position !== undefined) found.set(stateKeyText(...key), position);
  }
  return found;
}

// The event being judged has no position yet, unless it is stored already: it is the newest of all while a function runs
// that does not wait.
function withDrafted<T>(graph: AuthGraph, { event }: LineDraft, work: () => T): T {
  if (event === null || hasEventAt(graph, event.position)) return work();
  const { position, pdu } = event;
  const isPowerLevels = pdu.type === 'm.room.power_levels' && pdu.state_key === '';
  // As for what is stored: what is cited and not here is of another room or no state.
  const auth = event.auth.filter((one) => hasEventAt(graph, one));
  addToAuthGraph(graph, { position, auth, isPowerLevels });
  try {
    return work();
  } finally {
    dropNewest(graph);
  }
}

async function load(
  { db, roomId, draft }: ForkedRoom,
  positions: readonly number[],
): Promise<Map<number, ResolvableEvent>> {
  const { event } = draft;
  const events = await readResolvable(
    db,
    roomId,
    positions.filter((position) => position !== event?.position),
  );
  if (event !== null) events.set(event.position, event);
  return events;
}

/** Loads events; of a small conflict most stand in the current state, which is remembered. */
async function loadAll(
  room: ForkedRoom,
  conflicted: readonly ConflictedKey[],
  wanted: readonly number[],
  events: Map<number, ResolvableEvent>,
): Promise<void> {
  if (conflicted.length <= SMALL) {
    const { event } = room.draft;
    const entitling = event === null ? [] : stateKeysForAuth(event.pdu, room.version);
    const keys = conflicted.map(({ type, stateKey }): StateKey => [type, stateKey]);
    const known = await room.current([...keys, ...entitling]);
    const asked = new Set(wanted);
    for (const one of known.values()) if (asked.has(one.position)) events.set(one.position, one);
  }
  const missing = wanted.filter((position) => !events.has(position));
  for (const [position, event] of await load(room, missing)) events.set(position, event);
}

/** What all states have at keys that are not conflicted; their events are added to `events`. */
async function lookUp(
  room: ForkedRoom,
  branches: Branches,
  shared: ReadonlyMap<string, number>,
  keys: readonly StateKey[],
  events: Map<number, ResolvableEvent>,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const elsewhere: StateKey[] = [];
  for (const key of keys) {
    const name = stateKeyText(...key);
    const position = shared.get(name);
    if (position !== undefined) found.set(name, position);
    // Where the states cannot differ from the current one, they have what it has.
    else if (!branches.keys.has(name)) elsewhere.push(key);
  }
  const missing = [...found.values()].filter((position) => !events.has(position));
  for (const [position, event] of await load(room, missing)) events.set(position, event);
  for (const [name, event] of await room.current(elsewhere)) {
    found.set(name, event.position);
    events.set(event.position, event);
  }
  return found;
}
