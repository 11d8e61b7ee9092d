// Who cites whom: a room's state events with their auth events, in typed arrays, so that half a million fit in some 15 MB.

/** An event as the graph is told of it. */
export interface AuthGraphRow {
  /** Greater than that of every event added before, its auth events among them: positions are a topological order. */
  readonly position: number;
  /** The positions of its auth events. */
  readonly auth: readonly number[];
  /** Whether it is an m.room.power_levels event with the empty state key: the mainline is made of these. */
  readonly isPowerLevels: boolean;
}

/**
 * The auth events of a room's state events, outliers and rejected ones included. Inside, an event is its index: how many
 * were added before it. It is plain data (`structuredClone` copies it); arrays may be longer than `count` and `edges` say.
 */
export interface AuthGraph {
  count: number;
  edges: number;
  /** By index, ascending. */
  positions: Float64Array;
  /** By index, 1 for power levels. */
  powerLevels: Uint8Array;
  /** By index, its first edge; the edges of an event stand together and end where those of the next begin. */
  starts: Int32Array;
  /** By edge, the index of the cited event. */
  targets: Int32Array;
  /** The way up, made when it is first asked for. */
  citers: Citers | null;
}

/** For each event the edges that cite it, as a list from the newest to the oldest. */
export interface Citers {
  /** By index, the newest edge to the event, or -1. */
  newest: Int32Array;
  /** By edge, the next older edge to the same event, or -1. */
  older: Int32Array;
}

/** The graph of these events. Throws RangeError as `addToAuthGraph` does. */
export function buildAuthGraph(rows: Iterable<AuthGraphRow>): AuthGraph {
  const graph: AuthGraph = {
    count: 0,
    edges: 0,
    positions: new Float64Array(64),
    powerLevels: new Uint8Array(64),
    starts: new Int32Array(65),
    targets: new Int32Array(256),
    citers: null,
  };
  for (const row of rows) addToAuthGraph(graph, row);
  return graph;
}

/** Adds an event. Throws RangeError when its position is not the greatest yet, or when it cites an event not added before. */
export function addToAuthGraph(graph: AuthGraph, row: AuthGraphRow): void {
  const index = graph.count;
  if (index > 0 && row.position <= graph.positions[index - 1]!) {
    throw new RangeError(`Position ${row.position} comes after ${graph.positions[index - 1]}.`);
  }
  const auth = row.auth.map((position) => indexOf(graph, position));
  reserve(graph, auth.length);
  graph.positions[index] = row.position;
  graph.powerLevels[index] = row.isPowerLevels ? 1 : 0;
  graph.count += 1;
  for (const target of auth) {
    graph.targets[graph.edges] = target;
    if (graph.citers !== null) cite(graph.citers, graph.edges, target);
    graph.edges += 1;
  }
  graph.starts[graph.count] = graph.edges;
}

/** Takes the newest event out again. */
export function dropNewest(graph: AuthGraph): void {
  const index = graph.count - 1;
  const first = graph.starts[index]!;
  for (let edge = graph.edges - 1; edge >= first; edge -= 1) {
    if (graph.citers !== null) graph.citers.newest[graph.targets[edge]!] = graph.citers.older[edge]!;
  }
  graph.edges = first;
  graph.count = index;
}

/** Whether the graph has an event at a position. */
export function hasEventAt(graph: AuthGraph, position: number): boolean {
  const index = lowerBound(graph.positions, graph.count, position);
  return index < graph.count && graph.positions[index] === position;
}

/** The index of the event at a position. Throws RangeError when the graph has none there. */
export function indexOf(graph: AuthGraph, position: number): number {
  const index = lowerBound(graph.positions, graph.count, position);
  if (index === graph.count || graph.positions[index] !== position) {
    throw new RangeError(`The auth graph has no event at position ${position}.`);
  }
  return index;
}

export function positionOf(graph: AuthGraph, index: number): number {
  return graph.positions[index]!;
}

/** The indexes of an event's auth events. */
export function authOf(graph: AuthGraph, index: number): Int32Array {
  return graph.targets.subarray(graph.starts[index], graph.starts[index + 1]);
}

/** The index of the power levels that an event cites, or -1. */
export function powerLevelsOf(graph: AuthGraph, index: number): number {
  const end = graph.starts[index + 1]!;
  for (let edge = graph.starts[index]!; edge < end; edge += 1) {
    const target = graph.targets[edge]!;
    if (graph.powerLevels[target] === 1) return target;
  }
  return -1;
}

/** The lists of who cites whom; making them takes some milliseconds in a large room, once. */
export function citersOf(graph: AuthGraph): Citers {
  if (graph.citers !== null) return graph.citers;
  const citers: Citers = {
    newest: new Int32Array(graph.positions.length).fill(-1),
    older: new Int32Array(graph.targets.length),
  };
  for (let edge = 0; edge < graph.edges; edge += 1) cite(citers, edge, graph.targets[edge]!);
  graph.citers = citers;
  return citers;
}

/** The index of the event that an edge starts from. */
export function ownerOf(graph: AuthGraph, edge: number): number {
  // The owner's edges are the last that begin at or before this one.
  return lowerBound(graph.starts, graph.count + 1, edge + 1) - 1;
}

/** How many of the first `count` values are less than `value`. */
function lowerBound(values: Float64Array | Int32Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function cite(citers: Citers, edge: number, target: number): void {
  citers.older[edge] = citers.newest[target]!;
  citers.newest[target] = edge;
}

/** Makes room for one event with so many edges. */
function reserve(graph: AuthGraph, edges: number): void {
  if (graph.count === graph.positions.length) {
    const length = grown(graph.positions.length);
    graph.positions = copyInto(new Float64Array(length), graph.positions);
    graph.powerLevels = copyInto(new Uint8Array(length), graph.powerLevels);
    graph.starts = copyInto(new Int32Array(length + 1), graph.starts);
    if (graph.citers !== null) {
      graph.citers.newest = copyInto(new Int32Array(length).fill(-1), graph.citers.newest);
    }
  }
  if (graph.edges + edges > graph.targets.length) {
    const length = grown(graph.edges + edges);
    graph.targets = copyInto(new Int32Array(length), graph.targets);
    if (graph.citers !== null) graph.citers.older = copyInto(new Int32Array(length), graph.citers.older);
  }
}

function grown(length: number): number {
  return Math.ceil(length * 1.3);
}

function copyInto<Values extends Float64Array | Uint8Array | Int32Array>(larger: Values, values: Values): Values {
  larger.set(values);
  return larger;
}
