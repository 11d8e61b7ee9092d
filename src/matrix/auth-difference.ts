// Which auth events the branches of a room do not share, found without reading the state that they do share.
import { authOf, citersOf, ownerOf, positionOf, type AuthGraph } from './auth-graph.ts';
import { makeHeap } from './heap.ts';

/** Whether the event at a position is in every state, at its key. */
export type UnconflictedTest = (position: number) => boolean;

/** So many steps upward are quicker than a look at every event of a large room. */
const STEPS_UP = 20_000;

/**
 * The events in some but not all of the states' auth chains, by index, the newest first. A chain holds the state's own
 * events too, as Synapse has it: a sender who is in every state would else be among the differences.
 *
 * `conflicted` are, for each state, its events at the keys where the states differ, by index. Whatever an event that is
 * in every state reaches is in every chain, so only what conflicted events reach has to be looked at; from each of these
 * the way up tells whether an unconflicted event reaches it.
 * https://spec.matrix.org/latest/rooms/v12/#definitions
 */
export function authDifference(
  graph: AuthGraph,
  conflicted: readonly (readonly number[])[],
  isUnconflicted: UnconflictedTest,
): readonly number[] {
  const difference: number[] = [];
  const ofConflicted = new Set(conflicted.flat());
  const isShared = sharedByUnconflicted(graph, isUnconflicted);
  const frontier = makeFrontier(conflicted);
  // Positions are a topological order: when an event leaves the frontier, everything that reaches it has left before.
  for (let next = frontier.pop(); next !== null; next = frontier.pop()) {
    const { index } = next;
    let { mask } = next;
    if (mask !== ALL) {
      if (!ofConflicted.has(index) && isShared(index)) mask = ALL;
      else difference.push(index);
    }
    for (const target of authOf(graph, index)) frontier.reach(target, mask);
  }
  return difference;
}

/** Stands for the mask with a bit for every state. */
const ALL = new Uint32Array(0);

interface Frontier {
  reach(index: number, mask: Uint32Array): void;
  /** The newest event reached and not yet taken, with the states it was reached from; null when all that are left are in every chain. */
  pop(): { readonly index: number; readonly mask: Uint32Array } | null;
}

function makeFrontier(conflicted: readonly (readonly number[])[]): Frontier {
  const words = (conflicted.length + 31) >>> 5;
  const last = 0xffffffff >>> (words * 32 - conflicted.length);
  const queue = makeHeap<number>((a, b) => a > b);
  const masks = new Map<number, Uint32Array>();
  let partial = 0;

  const isAll = (mask: Uint32Array): boolean =>
    mask.every((word, at) => word === (at === words - 1 ? last : 0xffffffff));
  const reach = (index: number, mask: Uint32Array): void => {
    const before = masks.get(index);
    if (before === ALL) return;
    if (before === undefined) queue.push(index);
    else partial -= 1;
    const after = mask === ALL ? ALL : union(before, mask);
    const complete = after === ALL || isAll(after);
    if (!complete) partial += 1;
    masks.set(index, complete ? ALL : after);
  };
  for (const [state, indexes] of conflicted.entries()) {
    const mask = new Uint32Array(words);
    mask[state >>> 5] = 2 ** (state & 31);
    for (const index of indexes) reach(index, mask);
  }
  return {
    reach,
    pop: () => {
      const index = partial === 0 ? undefined : queue.pop();
      if (index === undefined) return null;
      const mask = masks.get(index)!;
      masks.delete(index);
      if (mask !== ALL) partial -= 1;
      return { index, mask };
    },
  };
}

function union(before: Uint32Array | undefined, mask: Uint32Array): Uint32Array {
  if (before === undefined) return mask.slice();
  for (let at = 0; at < before.length; at += 1) before[at]! |= mask[at]!;
  return before;
}

/** Tells whether an event is unconflicted or reached by one that is: then it is in the chain of every state. */
function sharedByUnconflicted(graph: AuthGraph, isUnconflicted: UnconflictedTest): (index: number) => boolean {
  const unshared = new Set<number>();
  let stepsLeft = STEPS_UP;
  let coloured: Uint8Array | null = null;
  return (index) => {
    if (coloured === null) {
      const walk = walkUp(graph, index, isUnconflicted, unshared, stepsLeft);
      stepsLeft -= walk.steps;
      if (walk.found !== null) return walk.found;
      coloured = colourShared(graph, isUnconflicted);
    }
    return coloured[index] === 1;
  };
}

/** Looks for an unconflicted event upward of this one, newest first; `found` is null when the steps did not suffice. */
function walkUp(
  graph: AuthGraph,
  index: number,
  isUnconflicted: UnconflictedTest,
  unshared: Set<number>,
  steps: number,
): { readonly found: boolean | null; readonly steps: number } {
  if (isUnconflicted(positionOf(graph, index))) return { found: true, steps: 1 };
  const { newest, older } = citersOf(graph);
  const seen = new Set([index]);
  // Edges are numbered by the event they start from. Of each list only the newest edge not yet followed stands here.
  const edges = makeHeap<number>((a, b) => a > b);
  const follow = (edge: number): void => {
    if (edge >= 0) edges.push(edge);
  };
  follow(newest[index]!);
  let taken = 1;
  for (let edge = edges.pop(); edge !== undefined; edge = edges.pop()) {
    if (taken >= steps) return { found: null, steps: taken };
    taken += 1;
    follow(older[edge]!);
    const citer = ownerOf(graph, edge);
    if (seen.has(citer) || unshared.has(citer)) continue;
    seen.add(citer);
    if (isUnconflicted(positionOf(graph, citer))) return { found: true, steps: taken };
    follow(newest[citer]!);
  }
  for (const one of seen) unshared.add(one);
  return { found: false, steps: taken };
}

/** By index, 1 for each event that is unconflicted or reached by one that is: one look at every event, newest first. */
function colourShared(graph: AuthGraph, isUnconflicted: UnconflictedTest): Uint8Array {
  const shared = new Uint8Array(graph.count);
  for (let index = graph.count - 1; index >= 0; index -= 1) {
    if (shared[index] === 0 && !isUnconflicted(positionOf(graph, index))) continue;
    shared[index] = 1;
    const end = graph.starts[index + 1]!;
    for (let edge = graph.starts[index]!; edge < end; edge += 1) shared[graph.targets[edge]!] = 1;
  }
  return shared;
}
