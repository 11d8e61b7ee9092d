/** The room heads that this process remembers, and how they are forgotten: what was built on a forgotten one is void. */
import { boundedCache } from '../../bounded-cache.ts';
import type { Db } from '../../database/database.ts';
import { loadRoomHead, type RoomHead } from './room-head.ts';

export interface RoomHeads {
  /** The room's head when it is remembered. */
  known(roomId: string): RoomHead | undefined;
  /** Reads it from the log; null when there is no such room. Only while nothing of the room is pending. */
  load(roomId: string): Promise<RoomHead | null>;
  /** Reaches this head with `forget` until the returned function is called, whether it is remembered by then or not. */
  watch(head: RoomHead): () => void;
  forget(roomId?: string): void;
  /** How often all was forgotten. */
  forgotten(): number;
}

const MAX_HEADS = 10_000;

export function createRoomHeads(db: Db): RoomHeads {
  const heads = boundedCache<RoomHead>(MAX_HEADS);
  const watched = new Map<RoomHead, number>();
  let forgotten = 0;
  const unwatch = (head: RoomHead): void => {
    const left = (watched.get(head) ?? 1) - 1;
    if (left > 0) watched.set(head, left);
    else watched.delete(head);
  };
  return {
    known(roomId) {
      const head = heads.get(roomId);
      return head?.stale === true ? undefined : head;
    },
    async load(roomId) {
      for (;;) {
        const seen = forgotten;
        const loaded = await loadRoomHead(db, roomId);
        // Else it may have been read before the tables were mended.
        if (seen !== forgotten) continue;
        if (loaded !== null) heads.set(roomId, loaded);
        return loaded;
      }
    },
    watch(head) {
      watched.set(head, (watched.get(head) ?? 0) + 1);
      return () => unwatch(head);
    },
    forget(roomId) {
      if (roomId === undefined) forgotten += 1;
      const forgetting = roomId === undefined ? [...heads.values(), ...watched.keys()] : [heads.get(roomId)];
      for (const head of forgetting) if (head !== undefined) head.stale = true;
    },
    forgotten: () => forgotten,
  };
}
