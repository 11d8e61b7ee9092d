/**
 * What this process committed last at the doors of rooms: knocks, and how people who are not in a room go from one standing to
 * another. Of a room it is known from some position on, without a gap; whatever else happens in it, that is where it begins again.
 */
import { boundedCache } from '../bounded-cache.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import type { Appended, AppendedPdu } from './append.ts';
import type { JudgedPdu } from './judged-pdu.ts';
import type { ShownEvent } from './shown-events.ts';

/** One event that is live, accepted and current, moved one person outside, and nothing else. */
export interface RecentMove {
  /** Of the verdict. */
  readonly position: number;
  readonly roomPosition: number;
  readonly event: ShownEvent;
  /** Position of the event that it took the place of; null: there was none. */
  readonly previous: number | null;
}

export interface RecentMoves {
  /** True: all that was committed is remembered. */
  note(appended: Appended): boolean;
  /** Others committed up to there: nothing before is known any more. */
  forget(position: number): void;
  /** All that was judged in a room after a position, in order; null where something else may have been. */
  since(roomId: string, position: number): readonly RecentMove[] | null;
  /** By the position of its event. */
  at(roomId: string, event: number): RecentMove | undefined;
}

interface RoomMoves {
  /** Nothing is known of what came up to there. */
  readonly floor: number;
  readonly moves: readonly RecentMove[];
}

/** Characters of words, all together: the oldest moves go first, and busy rooms keep their last ones. */
const MOST_TEXT = 1_000_000;
/** Besides its words, in characters. */
const OF_A_MOVE = 1_000;
const MOST_OF_A_MOVE = 10_000;
const MOST_OF_A_ROOM = 64;
const MAX_ROOMS = 10_000;
const OUTSIDE: ReadonlySet<string> = new Set(['none', 'knock', 'leave', 'ban']);

/** Nothing is known of what was committed up to `from`. */
export function createRecentMoves(from: number): RecentMoves {
  let forgotten = from;
  let text = 0;
  /** Every move that takes up room, in order; those of rooms that began again too. */
  const kept: RecentMove[] = [];
  const rooms = boundedCache<RoomMoves>(MAX_ROOMS, {
    dispose: ({ floor, moves }, _roomId, reason) => {
      if (reason === 'evict') forgotten = Math.max(forgotten, moves.at(-1)?.position ?? floor);
    },
  });

  const keep = (move: RecentMove): void => {
    kept.push(move);
    text += sizeOf(move);
    while (text > MOST_TEXT) {
      const oldest = kept.shift()!;
      text -= sizeOf(oldest);
      const { roomId } = oldest.event;
      const room = rooms.peek(roomId);
      if (room?.moves[0] === oldest) rooms.set(roomId, withoutFirst(room));
    }
  };

  const add = ({ judged, position, verdictPosition }: AppendedPdu): boolean => {
    const { roomId } = judged;
    const known = rooms.peek(roomId) ?? { floor: forgotten, moves: [] };
    const move = isMove(judged) ? moveOf(judged, position, verdictPosition) : null;
    if (move === null || move.event.contentText.length > MOST_OF_A_MOVE) {
      rooms.set(roomId, { floor: verdictPosition, moves: [] });
      return false;
    }
    const room = { floor: known.floor, moves: [...known.moves, move] };
    rooms.set(roomId, room.moves.length > MOST_OF_A_ROOM ? withoutFirst(room) : room);
    keep(move);
    return true;
  };

  const forget = (position: number): void => {
    forgotten = Math.max(forgotten, position);
    rooms.clear();
    kept.length = 0;
    text = 0;
  };

  return {
    note(appended) {
      let all = true;
      for (const event of appended.events) all = add(event) && all;
      // Words were taken out of the log: none are told from memory.
      if (appended.erasures.length > 0) forget(appended.head);
      return all && appended.erasures.length === 0;
    },
    forget,
    since(roomId, position) {
      const { floor, moves } = rooms.get(roomId) ?? { floor: forgotten, moves: [] };
      return position < floor ? null : moves.slice(moves.findLastIndex((move) => move.position <= position) + 1);
    },
    at: (roomId, event) => rooms.peek(roomId)?.moves.find((move) => move.event.position === event),
  };
}

function withoutFirst({ moves }: RoomMoves): RoomMoves {
  return { floor: moves[0]!.position, moves: moves.slice(1) };
}

/** Whether it is all that its event did: one person's own state, on the current line, where it came. */
function isMove(judged: JudgedPdu): boolean {
  const { verdict, known, anchor, back, roomPosition, after, lines, presence } = judged;
  // Of what was in the log before its verdict, the words may be gone already.
  if (known) return false;
  const cameLast = verdict === 'accepted' && anchor === roomPosition && back === 0 && after?.line === 0;
  return cameLast && lines.length === 0 && presence === null && changesOneMember(judged) && movesOutside(judged);
}

function changesOneMember({ pdu, slot, changes }: JudgedPdu): boolean {
  const [change, ...more] = changes;
  if (change === undefined || more.length > 0 || change.line !== 0 || change.event !== slot) return false;
  return change.type === 'm.room.member' && pdu.type === change.type && pdu.state_key === change.stateKey;
}

function movesOutside({ pdu, slot, transitions }: JudgedPdu): boolean {
  const [transition, ...more] = transitions;
  if (transition === undefined || more.length > 0) return false;
  const { userId, from, to, event } = transition;
  return userId === pdu.state_key && event === slot && OUTSIDE.has(from) && OUTSIDE.has(to);
}

function moveOf(
  { roomId, roomPosition, slot, pdu, changes }: JudgedPdu,
  position: number,
  verdictPosition: number,
): RecentMove {
  const contentText = canonicalJson(pdu.content);
  const event: ShownEvent = {
    ...{ roomId, position, eventId: slot.eventId, type: pdu.type, stateKey: pdu.state_key ?? null, sender: pdu.sender },
    ...{ originServerTs: pdu.origin_server_ts, content: pdu.content, contentText },
    ...{ redacts: null, erased: false, redactedBecause: null, withheld: false },
  };
  return { position: verdictPosition, roomPosition, event, previous: changes[0]!.previous?.position ?? null };
}

function sizeOf({ event }: RecentMove): number {
  return OF_A_MOVE + event.contentText.length;
}
