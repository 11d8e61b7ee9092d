/** Whose turn it is to be received: what one server sends of one room in order, everything else beside it, and never without end. */
import type { RoomId, ServerName } from '../../matrix/identifiers.ts';

/** An event's place among those that its server sent of its room. */
export interface Place {
  /** Resolves when it is this event's turn. */
  turn(): Promise<void>;
  /** Resolves when everything before it is done. */
  rest(): Promise<void>;
  /** Lets the next have its turn before this one is done: what this one means for the room is known. */
  pass(): void;
}

/** Of what nothing waits for. */
export const ALONE: Place = { turn: async () => undefined, rest: async () => undefined, pass: () => undefined };

export interface ReceiveQueue {
  /** Runs `work` at once, which waits for its turn itself; null when too much waits. */
  run<T>(roomId: RoomId, origin: ServerName, work: (place: Place) => Promise<T>): Promise<T> | null;
}

export interface QueueLimits {
  /** Events that wait or are worked on, of one room, and of one server. */
  readonly ofRoom: number;
  readonly ofOrigin: number;
}

/** A server sends at most 50 at once. */
export const QUEUE_LIMITS: QueueLimits = { ofRoom: 400, ofOrigin: 200 };

export function createReceiveQueue(limits: QueueLimits = QUEUE_LIMITS): ReceiveQueue {
  const tails = new Map<string, Tail>();
  const rooms = new Map<string, number>();
  const origins = new Map<string, number>();
  return {
    run(roomId, origin, work) {
      if ((rooms.get(roomId) ?? 0) >= limits.ofRoom || (origins.get(origin) ?? 0) >= limits.ofOrigin) return null;
      count(rooms, roomId, 1);
      count(origins, origin, 1);
      const name = `${origin}\u0000${roomId}`;
      const before = tails.get(name) ?? START;
      const { promise: passed, resolve: pass } = Promise.withResolvers<void>();
      const place: Place = { turn: () => before.passed, rest: () => before.done, pass };
      const result = work(place).finally(() => {
        pass();
        count(rooms, roomId, -1);
        count(origins, origin, -1);
        if (tails.get(name) === tail) tails.delete(name);
      });
      const done = Promise.allSettled([before.done, result]).then(() => undefined);
      // Whoever ends early does not let others pass those who were before it.
      const tail: Tail = { passed: Promise.all([before.passed, passed]).then(() => undefined), done };
      tails.set(name, tail);
      return result;
    },
  };
}

interface Tail {
  readonly passed: Promise<void>;
  readonly done: Promise<void>;
}

const START: Tail = { passed: Promise.resolve(), done: Promise.resolve() };

function count(counts: Map<string, number>, name: string, step: 1 | -1): void {
  const now = (counts.get(name) ?? 0) + step;
  if (now > 0) counts.set(name, now);
  else counts.delete(name);
}
