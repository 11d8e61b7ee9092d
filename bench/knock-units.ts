/** Makes knocks ready to be appended: signed and judged, in rooms that are already in the log. */
import type { AppendUnit } from '../src/commands/unit-queue.ts';
import { judge } from '../src/commands/judge.ts';
import { memberDraft } from '../src/commands/member-draft.ts';
import { keysToPropose, propose } from '../src/commands/propose.ts';
import {
  advance,
  headState,
  loadRoomHead,
  type HeadState,
  type RoomHead,
  type StateCache,
} from '../src/commands/room-head.ts';
import type { Db } from '../src/database/database.ts';
import type { RoomId, UserId } from '../src/matrix/identifiers.ts';
import { isRejection } from '../src/matrix/rejection.ts';
import type { ServerIdentity } from '../src/matrix/signatures.ts';
import { LRUCache } from 'lru-cache';

export interface KnockMaker {
  /** The next knock on a room by somebody who never knocked before. */
  next(room: number): AppendUnit;
}

/** Reads the rooms' heads once; every knock then builds on the one before in memory. */
export async function knockMaker(db: Db, rooms: readonly RoomId[], identity: ServerIdentity): Promise<KnockMaker> {
  const cache: StateCache = new LRUCache({ maxSize: 1e8, sizeCalculation: () => 1 });
  const heads: { head: RoomHead; state: HeadState }[] = [];
  for (const roomId of rooms) {
    const head = await loadRoomHead(db, roomId);
    if (head === null) throw new Error(`no room ${roomId}`);
    const keys = keysToPropose(draftOf(0, identity), head);
    heads.push({ head, state: await headState(db, cache, head, keys) });
  }
  let made = 0;
  return {
    next(room) {
      const { head, state } = heads[room % heads.length]!;
      const draft = draftOf(++made, identity);
      // Nobody knocks twice, so only the room's own keys can be present.
      const known: HeadState = { get: (type, key) => (type === 'm.room.member' ? undefined : state.get(type, key)) };
      const proposed = propose(draft, head, known, identity, Date.now());
      if (isRejection(proposed)) throw new Error(proposed.message);
      const judged = judge(head, proposed, known, null);
      advance(head, judged);
      head.pending.clear();
      const action = {
        actor: draft.sender,
        token: 'bench',
        operation: 'knock',
        roomId: head.roomId,
        target: draft.sender,
        outcome: 'ok',
        event: judged.slot,
        onBehalfOf: null,
      };
      return { roomId: head.roomId, head: null, judged: [judged], actions: [action], erasures: [] };
    },
  };
}

function draftOf(n: number, { serverName }: ServerIdentity) {
  const sender = `@user${n}:${serverName}` as UserId;
  const profile = { displayname: `User ${n}` };
  return memberDraft({
    sender,
    target: sender,
    membership: 'knock',
    reason: `I am a friend of number ${n % 7}, may I come in?`,
    profile,
  });
}
