// State resolution 2 and 2.1: one state out of several, over what is handed in.
import { stateKeysForAuth, stateKeyText, type StateKey } from './auth-events.ts';
import { authDifference, type UnconflictedTest } from './auth-difference.ts';
import { authOf, indexOf, positionOf, type AuthGraph } from './auth-graph.ts';
import { conflictedSubgraph } from './conflicted-subgraph.ts';
import { checkRules } from './event-auth.ts';
import { mainlinePositions } from './mainline-order.ts';
import { powerOrder } from './power-order.ts';
import { eventAt, isEarlier, isPowerEvent, keyOf, senderPower, type ResolvableEvent } from './resolvable-event.ts';
import type { RoomState } from './room-state.ts';
import type { RoomVersion } from './room-versions.ts';

/** A key at which the states to be resolved do not all have the same event. */
export interface ConflictedKey {
  readonly type: string;
  readonly stateKey: string;
  /** The position of each state's event there, in the same order for every key; null where the state has none. */
  readonly values: readonly (number | null)[];
}

/** What a resolution works on. Plain data: `structuredClone` copies it to another thread. */
export interface Resolution {
  readonly version: RoomVersion;
  readonly graph: AuthGraph;
  readonly conflicted: readonly ConflictedKey[];
  /** As `fullConflictedSet` gave it. */
  readonly full: readonly number[];
  /** By position, at least what `eventsToLoad` and `keysToLookUp` asked for. */
  readonly events: ReadonlyMap<number, ResolvableEvent>;
  /** By `stateKeyText`, the position of the event that all states have, for at least the keys of `keysToLookUp`. */
  readonly unconflicted: ReadonlyMap<string, number>;
  /** The position of the create event, to which the room id itself leads from version 12 on. */
  readonly create: number;
}

/**
 * The events that are replayed, by position, ascending: the conflicted ones, the auth difference, and in 2.1 the
 * conflicted subgraph. `isUnconflicted` tells whether all states have the event at a position; it is asked about few.
 * Throws RangeError when a value is not in the graph.
 * https://spec.matrix.org/latest/rooms/v12/#definitions
 */
export function fullConflictedSet(
  version: RoomVersion,
  graph: AuthGraph,
  conflicted: readonly ConflictedKey[],
  isUnconflicted: UnconflictedTest,
): readonly number[] {
  const byState = conflictedByState(graph, conflicted);
  const full = new Set(byState.flat());
  const subgraph = version.stateResolution === '2.1' ? conflictedSubgraph(graph, [...full]) : [];
  for (const index of authDifference(graph, byState, isUnconflicted)) full.add(index);
  for (const index of subgraph) full.add(index);
  return [...full].sort((a, b) => a - b).map((index) => positionOf(graph, index));
}

/** The positions whose events a resolution reads: the full conflicted set, and what these events cite. */
export function eventsToLoad(graph: AuthGraph, full: readonly number[]): readonly number[] {
  const indexes = new Set<number>();
  for (const position of full) {
    const index = indexOf(graph, position);
    indexes.add(index);
    for (const target of authOf(graph, index)) indexes.add(target);
  }
  return [...indexes].sort((a, b) => a - b).map((index) => positionOf(graph, index));
}

/**
 * The unconflicted keys that a resolution has to know, given the events of the full conflicted set: their own keys, and
 * before 2.1 those that they are judged by, whose events must be loaded as well.
 */
export function keysToLookUp(
  version: RoomVersion,
  full: readonly ResolvableEvent[],
  conflicted: readonly ConflictedKey[],
): readonly StateKey[] {
  const skip = new Set(conflicted.map(({ type, stateKey }) => stateKeyText(type, stateKey)));
  const keys = new Map<string, StateKey>();
  const want = (type: string, stateKey: string): void => {
    const text = stateKeyText(type, stateKey);
    if (!skip.has(text)) keys.set(text, [type, stateKey]);
  };
  for (const { pdu } of full) {
    if (pdu.state_key !== undefined) want(pdu.type, pdu.state_key);
    if (startsEmpty(version)) continue;
    for (const [type, stateKey] of stateKeysForAuth(pdu, version)) want(type, stateKey);
  }
  return [...keys.values()];
}

/**
 * Resolves: by `stateKeyText`, the position of the event at each key that was conflicted, null where the resolved state
 * has none, and at each other key that it gained. At all other keys it is what the states agreed on.
 * https://spec.matrix.org/latest/rooms/v12/#algorithm
 */
export function resolveState(resolution: Resolution): ReadonlyMap<string, number | null> {
  const { version, graph, conflicted, full, unconflicted } = resolution;
  const indexes = new Set(full.map((position) => indexOf(graph, position)));
  const base = startsEmpty(version) ? new Map<string, number>() : unconflicted;
  const resolved = new Map<string, number>();

  const powerEvents = orderOfPower(resolution, indexes);
  applyInOrder(resolution, powerEvents, base, resolved);
  const replayed = new Set(powerEvents);
  const others = [...indexes].filter((index) => !replayed.has(index));
  applyInOrder(resolution, orderOfMainline(resolution, others, base, resolved), base, resolved);

  const result = new Map<string, number | null>();
  for (const { type, stateKey } of conflicted) result.set(stateKeyText(type, stateKey), null);
  // Where the states agree, that stands whatever was replayed.
  for (const [key, position] of resolved) if (!unconflicted.has(key)) result.set(key, position);
  return result;
}

/** 2.1 replays on an empty state, 2 on what all states agree on. */
function startsEmpty({ stateResolution }: RoomVersion): boolean {
  return stateResolution === '2.1';
}

function conflictedByState(graph: AuthGraph, conflicted: readonly ConflictedKey[]): readonly (readonly number[])[] {
  const states: number[][] = (conflicted[0]?.values ?? []).map(() => []);
  for (const { values } of conflicted) {
    for (const [state, position] of values.entries()) {
      if (position !== null) states[state]!.push(indexOf(graph, position));
    }
  }
  return states;
}

/** The power events of the full conflicted set and what entitles them, mightier senders first; by index. */
function orderOfPower(resolution: Resolution, full: ReadonlySet<number>): readonly number[] {
  const { version, graph } = resolution;
  const power = new Map<number, number>();
  const powerOf = (index: number): number => {
    const known = power.get(index);
    if (known !== undefined) return known;
    const found = senderPower(eventOf(resolution, index), citedBy(resolution, index), version);
    power.set(index, found);
    return found;
  };
  const isBefore = (a: number, b: number): boolean => {
    const [powerOfA, powerOfB] = [powerOf(a), powerOf(b)];
    if (powerOfA !== powerOfB) return powerOfA > powerOfB;
    return isEarlier(eventOf(resolution, a), eventOf(resolution, b));
  };
  const powerEvents = [...full].filter((index) => isPowerEvent(eventOf(resolution, index)));
  return powerOrder(graph, powerEvents, full, isBefore);
}

/** The events by how old the power levels are that they go by, the oldest first; by index. */
function orderOfMainline(
  resolution: Resolution,
  indexes: readonly number[],
  base: ReadonlyMap<string, number>,
  resolved: ReadonlyMap<string, number>,
): readonly number[] {
  const { graph } = resolution;
  const powerLevels = stateKeyText('m.room.power_levels', '');
  const levels = resolved.get(powerLevels) ?? base.get(powerLevels);
  const mainline = mainlinePositions(graph, levels === undefined ? -1 : indexOf(graph, levels));
  const places = indexes.map((index) => ({ index, at: mainline(index), event: eventOf(resolution, index) }));
  places.sort((a, b) => (a.at === b.at ? (isEarlier(a.event, b.event) ? -1 : 1) : b.at > a.at ? 1 : -1));
  return places.map(({ index }) => index);
}

/** Iterative auth checks: each event that the rules allow on what has been resolved so far becomes part of it. */
function applyInOrder(
  resolution: Resolution,
  order: readonly number[],
  base: ReadonlyMap<string, number>,
  resolved: Map<string, number>,
): void {
  for (const index of order) {
    const event = eventOf(resolution, index);
    const key = keyOf(event);
    if (key === null || event.rejectedBy === 'auth_events') continue;
    const state = stateFor(resolution, index, base, resolved);
    if (checkRules(event.pdu, resolution.version, state) === null) resolved.set(key, event.position);
  }
}

/** What an event is judged by: what has been resolved, and where that lacks a key, what the event itself cites. */
function stateFor(
  resolution: Resolution,
  index: number,
  base: ReadonlyMap<string, number>,
  resolved: ReadonlyMap<string, number>,
): RoomState {
  const cited = new Map<string | null, ResolvableEvent>();
  for (const event of citedBy(resolution, index)) if (event.rejectedBy === null) cited.set(keyOf(event), event);
  return {
    get: (type, stateKey) => {
      const key = stateKeyText(type, stateKey);
      const position = resolved.get(key) ?? base.get(key);
      return position === undefined ? cited.get(key) : eventAt(resolution.events, position);
    },
  };
}

/** The events that an event goes by: its auth events, and from version 12 on the create event, which its room id names. */
function citedBy({ version, graph, events, create }: Resolution, index: number): readonly ResolvableEvent[] {
  const cited = [...authOf(graph, index)].map((target) => eventAt(events, positionOf(graph, target)));
  return version.roomIdIsCreateHash ? [...cited, eventAt(events, create)] : cited;
}

function eventOf({ graph, events }: Resolution, index: number): ResolvableEvent {
  return eventAt(events, positionOf(graph, index));
}
