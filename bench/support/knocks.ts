/** Knocks made in advance: signed and judged, so that writing them can be measured without making them. */
import type { Decision } from '../../src/commands/lanes/room-lane.ts';
import { judge } from '../../src/commands/judge/judge.ts';
import { memberDraft } from '../../src/commands/member-draft.ts';
import { keysToPropose, propose, type EventDraft } from '../../src/commands/judge/propose.ts';
import { advance, type HeadState, type RoomHead } from '../../src/commands/lanes/room-head.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { isRejection } from '../../src/matrix/rejection.ts';
import { makeKnockRoom, userId, type TestLog } from '../../test/support/history.ts';

export interface PreparedKnock {
  readonly roomId: RoomId;
  readonly decision: Decision<null>;
}

/** Knock rooms of different people; only level 50 invites. */
export async function makeRooms(log: TestLog, count: number): Promise<readonly RoomId[]> {
  const roomIds: RoomId[] = [];
  for (let made = 0; made < count; made += 50) {
    const some = Array.from({ length: Math.min(50, count - made) }, (_, i) => `owner${made + i}`);
    roomIds.push(...(await Promise.all(some.map((owner) => makeKnockRoom(log.deps, owner)))));
  }
  return roomIds;
}

/** What knocker number n says. */
export const reasonOf = (n: number): string => `I am a friend of number ${n % 7}, may I come in?`;

/**
 * `count` knocks by people who never knocked before, over the rooms in turn. They build on the heads that `log`'s lanes
 * hold now, each on the one before in its room: run through those lanes in this order, they are what the lanes would
 * have made themselves. `first` is the first knocker's number.
 */
export async function prepareKnocks(
  log: TestLog,
  roomIds: readonly RoomId[],
  count: number,
  first = 0,
): Promise<readonly PreparedKnock[]> {
  const rooms = await Promise.all(roomIds.map((roomId) => lookInto(log, roomId)));
  return Array.from({ length: count }, (_, n) => prepare(log, rooms[n % rooms.length]!, draftOf(first + n)));
}

interface Room {
  readonly head: RoomHead;
  readonly state: HeadState;
}

/** The head and the state of a room, as a proposal in its lane sees them; the proposal comes to nothing. */
async function lookInto(log: TestLog, roomId: RoomId): Promise<Room> {
  return log.deps.lanes.run(roomId, async (room) => {
    if (room === null) throw new Error(`no room ${roomId}`);
    const state = await room.state(keysToPropose(draftOf(0), room.head));
    const head = { ...room.head, pending: new Map(), warming: new Map() };
    return { judged: [], actions: [], answer: { head, state } };
  });
}

function prepare(log: TestLog, { head, state }: Room, draft: EventDraft): PreparedKnock {
  // Nobody here knocked before, so of the keys that are asked for only the room's own are present.
  const known: HeadState = { get: (type, key) => (type === 'm.room.member' ? undefined : state.get(type, key)) };
  const proposed = propose(draft, head, known, log.identity, log.deps.now());
  if (isRejection(proposed)) throw new Error(proposed.message);
  const judged = judge(head, proposed, known, null);
  advance(head, judged);
  head.pending.clear();
  const action = {
    actor: draft.sender,
    token: 'a-token',
    operation: 'knock',
    roomId: head.roomId,
    target: draft.sender,
    outcome: 'ok',
    event: judged.slot,
    onBehalfOf: null,
  };
  return { roomId: head.roomId, decision: { judged: [judged], actions: [action], answer: null } };
}

function draftOf(n: number): EventDraft {
  const sender = userId(`knocker${n}`);
  const profile = { displayname: `Knocker ${n}` };
  return memberDraft({ sender, target: sender, membership: 'knock', reason: reasonOf(n), profile });
}
