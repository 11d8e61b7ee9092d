/** Whose turn it is to be received: what one server sends of one room in order, everything else beside it, and never without end. */
import type { RoomId, ServerName } from '../matrix/identifiers.ts';

export interface ReceiveQueue {
  /** Runs `work` after all that this server sent of this room before; null, at once, when too much waits. */
  run<T>(roomId: RoomId, origin: ServerName, work: () => Promise<T>): Promise<T> | null;
}

export interface QueueLimits {
  /** Events that wait or are worked on, of one room, and of one server. */
  readonly ofRoom: number;
  readonly ofOrigin: number;
}

/** A server sends at most 50 at once. */
export const QUEUE_LIMITS: QueueLimits = { ofRoom: 400, ofOrigin: 200 };

export function createReceiveQueue(limits: QueueLimits = QUEUE_LIMITS): ReceiveQueue {
  const tails = new Map<string, Promise<unknown>>();
  const rooms = new Map<string, number>();
  const origins = new Map<string, number>();
  return {
    run(roomId, origin, work) {
      if ((rooms.get(roomId) ?? 0) >= limits.ofRoom || (origins.get(origin) ?? 0) >= limits.ofOrigin) return null;
      count(rooms, roomId, 1);
      count(origins, origin, 1);
      const name = `${origin}\u0000${roomId}`;
      const turn = (tails.get(name) ?? Promise.resolve()).then(work).finally(() => {
        count(rooms, roomId, -1);
        count(origins, origin, -1);
        if (tails.get(name) === tail) tails.delete(name);
      });
      const tail = turn.catch(() => undefined);
      tails.set(name, tail);
      return turn;
    },
  };
}

function count(counts: Map<string, number>, name: string, step: 1 | -1): void {
  const now = (counts.get(name) ?? 0) + step;
  if (now > 0) counts.set(name, now);
  else counts.delete(name);
}
