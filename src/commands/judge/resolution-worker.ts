/** A thread that resolves the states of one room where many keys are in conflict, while the main one serves all others. */
import { parentPort, workerData } from 'node:worker_threads';
import { isCurrent } from '../../log/auth-graphs.ts';
import { resolvableEvent, type RawEvent } from '../../log/resolvable-events.ts';
import type { StateKey } from '../../matrix/auth-events.ts';
import type { AuthGraph } from '../../matrix/auth-graph.ts';
import { eventAt, type ResolvableEvent } from '../../matrix/resolvable-event.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../matrix/room-versions.ts';
import {
  eventsToLoad,
  fullConflictedSet,
  keysToLookUp,
  resolveState,
  type ConflictedKey,
} from '../../matrix/state-resolution.ts';

/** What the thread begins with. */
export interface HeavyResolution {
  readonly version: RoomVersionId;
  /** With the event that is being judged. */
  readonly graph: AuthGraph;
  readonly current: Uint8Array;
  /** Positions of events that all states have, and of those that the current state has where it can differ. */
  readonly inAll: Float64Array;
  readonly atHead: Float64Array;
  readonly conflicted: readonly ConflictedKey[];
  readonly drafted: ResolvableEvent | null;
}

/** It asks for events and keys in turn, and in the end tells what came of it. */
export type FromWorker =
  | { readonly is: 'events'; readonly wanted: Float64Array }
  | { readonly is: 'keys'; readonly wanted: readonly StateKey[] }
  | { readonly is: 'resolved'; readonly winners: ReadonlyMap<string, number | null> };

/** Events come in parts. */
export type ToWorker =
  | { readonly is: 'events'; readonly events: readonly RawEvent[]; readonly isLast: boolean }
  | { readonly is: 'keys'; readonly unconflicted: ReadonlyMap<string, number>; readonly create: number };

const port = parentPort!;
const { graph, conflicted, drafted, ...given } = workerData as HeavyResolution;
const version = ROOM_VERSIONS[given.version];
const events = new Map<number, ResolvableEvent>(drafted === null ? [] : [[drafted.position, drafted]]);
let looked: { readonly unconflicted: ReadonlyMap<string, number>; readonly create: number } | null = null;

const full = fullConflictedSet(version, graph, conflicted, unconflictedTest());

port.on('message', (message: ToWorker) => {
  if (message.is === 'keys') {
    looked = message;
    const { unconflicted, create } = message;
    const missing = [...unconflicted.values(), create].filter((position) => position !== -1 && !events.has(position));
    return say({ is: 'events', wanted: Float64Array.from(new Set(missing)) });
  }
  for (const raw of message.events) events.set(raw.position, resolvableEvent(raw));
  if (!message.isLast) return;
  if (looked !== null) {
    say({ is: 'resolved', winners: resolveState({ version, graph, conflicted, full, events, ...looked }) });
    return;
  }
  const wanted = keysToLookUp(
    version,
    full.map((position) => eventAt(events, position)),
    conflicted,
  );
  say({ is: 'keys', wanted });
});
say({ is: 'events', wanted: Float64Array.from(eventsToLoad(graph, full).filter((position) => !events.has(position))) });

function unconflictedTest(): (position: number) => boolean {
  const [inAll, atHead] = [new Set(given.inAll), new Set(given.atHead)];
  return (position) =>
    inAll.has(position) || (!atHead.has(position) && isCurrent({ graph, current: given.current }, position));
}

function say(message: FromWorker): void {
  port.postMessage(message);
}
