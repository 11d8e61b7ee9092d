/** Brings a room's branches together when it has more ends than an event may cite: by an event that says nothing (PROTOCOL §5.3). */
import type { Logger } from 'pino';
import type { Db } from '../database/database.ts';
import { DUMMY_EVENT } from '../log/shown-events.ts';
import { MatrixError } from '../matrix/errors.ts';
import { isUserId, serverOf, type RoomId, type UserId } from '../matrix/identifiers.ts';
import { jsonObject } from '../matrix/json.ts';
import { isRejection } from '../matrix/rejection.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { powerLevels } from '../matrix/room-state.ts';
import { judgeProposed } from './judge/judge-proposed.ts';
import { keysToPropose, MAX_JOINED_ENDS, MAX_PREV_EVENTS, propose, type EventDraft } from './judge/propose.ts';
import type { Decision, LaneRoom, RoomLanes } from './lanes/room-lane.ts';

export interface JoinBranchesDeps {
  readonly db: Db;
  readonly lanes: RoomLanes;
  readonly identity: ServerIdentity;
  /** Milliseconds. */
  readonly now: () => number;
}

/** So many users of this server are asked at most: one of a crowd without power would not have more than the others. */
const MAX_SENDERS = 20;
/** So many turns of the room are asked for at once: in a storm each comes only when those before it were answered. */
const MAX_EVENTS = 20;

/**
 * While the room has more ends than `keep`, or more than one and nothing is remembered of them, sends events that cite them, as
 * any user of this server who may. Resolves to how many were sent; nothing happens where nobody may.
 */
export async function joinBranches(deps: JoinBranchesDeps, roomId: RoomId, keep = MAX_PREV_EVENTS): Promise<number> {
  const locals = await localMembers(deps, roomId);
  const joinOnce = (): Promise<number | null> =>
    deps.lanes.run(roomId, async (room) => {
      if (room === null || room.head.extremities.length <= keepOf(room, keep)) return nothing;
      return (await saying(deps, room, await ableToSend(deps, room, locals))) ?? nothing;
    });
  const left = await joinOnce();
  if (left === null) return 0;
  // Those that come to nothing cost little.
  const more = Math.min(MAX_EVENTS - 1, Math.ceil((left - 1) / (MAX_JOINED_ENDS - 1)));
  const joined = await Promise.all(Array.from({ length: more }, joinOnce));
  return 1 + joined.filter((one) => one !== null).length;
}

/** Where nothing is known of what stands beside each other, it will be from one end on. */
function keepOf({ head }: LaneRoom, keep: number): number {
  return head.beside === null ? 1 : keep;
}

/** How many ends it left; null: nothing was sent. */
const nothing: Decision<number | null> = { judged: [], actions: [], answer: null };

async function localMembers({ db, identity }: JoinBranchesDeps, roomId: RoomId): Promise<readonly UserId[]> {
  const found = await db
    .selectFrom('room_state')
    .select('state_key')
    .where('room_id', '=', roomId)
    .where('type', '=', 'm.room.member')
    .where('membership', '=', 'join')
    .where('state_key', 'like', `%:${identity.serverName.replace(/[\\%_]/g, '\\$&')}`)
    .limit(MAX_SENDERS)
    .execute();
  return found.map((row) => row.state_key as UserId);
}

/** Users of this server, those of whom the power levels speak first. */
async function ableToSend(
  { identity }: JoinBranchesDeps,
  room: LaneRoom,
  locals: readonly UserId[],
): Promise<readonly UserId[]> {
  const state = await room.state([
    ['m.room.create', ''],
    ['m.room.power_levels', ''],
  ]);
  const named = Object.keys((state.get('m.room.power_levels', '')?.pdu.content['users'] ?? {}) as object)
    .filter(isUserId)
    .filter((userId) => serverOf(userId) === identity.serverName);
  const levels = powerLevels(state, room.head.version);
  const all = [...new Set([...named, ...locals])].toSorted((a, b) => levels.user(b) - levels.user(a));
  return all.slice(0, MAX_SENDERS);
}

/** Null: none of them may. */
async function saying(
  { identity, now }: JoinBranchesDeps,
  room: LaneRoom,
  senders: readonly UserId[],
): Promise<Decision<number> | null> {
  const ends = room.head.extremities.length;
  for (const sender of senders) {
    const draft: EventDraft = { type: DUMMY_EVENT, sender, content: jsonObject({}), joins: true };
    const state = await room.state(keysToPropose(draft, room.head));
    const proposed = propose(draft, room.head, state, identity, now());
    if (isRejection(proposed)) continue;
    try {
      const judged = [await judgeProposed(room, proposed, state, null)];
      return { judged, actions: [], answer: ends - proposed.prev.length + 1 };
    } catch (error) {
      // On the ends that it cites it may not be allowed, on which somebody else may be.
      if (!(error instanceof MatrixError)) throw error;
    }
  }
  return null;
}

/** Looks after rooms whose ends have become many: one round a room at a time. */
export interface BranchJoiner {
  /** Never rejects, and is not waited for. */
  look(roomId: RoomId): void;
  /** Resolves when nothing is being done any more. */
  close(): Promise<void>;
}

export function createBranchJoiner(deps: JoinBranchesDeps & { readonly log: Logger }): BranchJoiner {
  const rounds = new Map<RoomId, Promise<void>>();
  let closed = false;
  return {
    look(roomId) {
      if (closed || rounds.has(roomId)) return;
      const round = joinBranches(deps, roomId)
        .then(
          () => undefined,
          (error: unknown) => deps.log.warn({ err: error, roomId }, 'the branches of a room stay apart'),
        )
        .finally(() => rounds.delete(roomId));
      rounds.set(roomId, round);
    },
    async close() {
      closed = true;
      await Promise.all(rounds.values());
    },
  };
}
