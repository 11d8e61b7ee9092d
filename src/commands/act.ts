/** The frame of a mutation: runs an act in its room's lane and leaves its outcome in `actions`, refusals too. */
import type { Grant } from '../access/scopes.ts';
import type { Db } from '../database/database.ts';
import type { ActionRecord } from '../log/append.ts';
import type { Placed } from '../log/judged-pdu.ts';
import type { StoredEvent } from '../log/read.ts';
import type { ClientRequest } from '../log/keyed-answers.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { EventId, RoomId, UserId } from '../matrix/identifiers.ts';
import { isRejection } from '../matrix/rejection.ts';
import type { RoomVersionId } from '../matrix/room-versions.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import type { Elsewhere } from './elsewhere/elsewhere.ts';
import type { InviteCarrier } from './elsewhere/invite-carrier.ts';
import { judgeProposed } from './judge/judge-proposed.ts';
import { keysToPropose, propose, type EventDraft } from './judge/propose.ts';
import type { RateLimiter } from './rate-limits.ts';
import type { Recorder } from './lanes/record.ts';
import { effectOfRedaction } from './redaction.ts';
import type { Decision, LaneRoom, RoomLanes } from './lanes/room-lane.ts';
import { createTokenBuckets } from './token-buckets.ts';

/** Who acts. `token` is the public id of the access token, never its secret. */
export interface Actor {
  readonly userId: UserId;
  readonly token: string | null;
  readonly admin: boolean;
  readonly onBehalfOf: string | null;
  /** What a service token was given; null: a person, or the server itself. */
  readonly grant: Grant | null;
}

export interface CommandDeps {
  readonly db: Db;
  readonly lanes: RoomLanes;
  readonly recorder: Recorder;
  readonly identity: ServerIdentity;
  /** Milliseconds. */
  readonly now: () => number;
  /** Letters and digits, unguessable. */
  readonly randomId: (length: number) => string;
  readonly defaultRoomVersion: RoomVersionId;
  /** Absent: everybody acts as often as they like. */
  readonly limits?: RateLimiter;
  /** Absent: nobody of another server can be invited. */
  readonly carrier?: InviteCarrier;
  /** Absent: nobody acts in rooms that are not here. */
  readonly elsewhere?: Elsewhere;
}

export interface Act {
  readonly operation: string;
  readonly roomId: RoomId;
  readonly target?: string | null;
  /** What is answered when this server knows no such room; by default that nobody is joined to it. */
  readonly unknownRoom?: () => Error;
  /** Remembers what the act answers, for when the request is sent again: see actOnce(). */
  readonly request?: ClientRequest & { readonly key: string };
}

/**
 * What an act decides in its turn: that nothing has to change, or an event to send. Once the rules allow the event,
 * `said` is the event that says the same already, so that none is sent, and `redacts` the one that it takes the words of.
 */
export type RoomDecision =
  | { readonly unchanged: EventId | null }
  | {
      readonly send: EventDraft;
      readonly said?: EventId | undefined;
      readonly redacts?: StoredEvent | undefined;
    };

export interface ActResult {
  readonly roomId: RoomId;
  /** The event that was sent, or the one that already says the same; null when none was needed. */
  readonly eventId: EventId | null;
}

/**
 * Runs `decide` in the room's turn, on its head, and sends what it wants sent. Resolves after the commit.
 * Throws MatrixError: what `decide` throws, M_FORBIDDEN with the rule's words when the rules refuse, M_LIMIT_EXCEEDED.
 */
export async function actInRoom(
  deps: CommandDeps,
  actor: Actor,
  act: Act,
  decide: (room: LaneRoom) => Promise<RoomDecision>,
): Promise<ActResult> {
  deps.limits?.consume(act.operation, actor.userId, act.roomId);
  await deps.lanes.warm(act.roomId, [actor.userId, ...(act.target?.startsWith('@') ? [act.target] : [])]);
  return recordingRefusal(deps, actor, act, () =>
    deps.lanes.run(act.roomId, async (room) => {
      if (room === null) throw act.unknownRoom?.() ?? notInRoom();
      return carryOut(deps, actor, act, room, await decide(room));
    }),
  );
}

async function carryOut(
  deps: CommandDeps,
  actor: Actor,
  act: Act,
  room: LaneRoom,
  decision: RoomDecision,
): Promise<Decision<ActResult>> {
  if ('unchanged' in decision) return unchanged(actor, act, decision.unchanged);
  const draft = decision.send;
  const keys = keysToPropose(draft, room.head);
  const state = await room.state(draft.stateKey === undefined ? keys : [...keys, [draft.type, draft.stateKey]]);
  const proposed = propose(draft, room.head, state, deps.identity, deps.now());
  if (isRejection(proposed)) throw new MatrixError('M_FORBIDDEN', proposed.message);
  if (decision.said !== undefined) return unchanged(actor, act, decision.said);
  if (draft.type === 'm.room.member')
    await countIfPresenceMoves(room, state.get(draft.type, draft.stateKey ?? ''), draft);
  const judged = await judgeProposed(room, proposed, state, actor.onBehalfOf);
  const actions = [actionOf(actor, act, 'ok', judged.slot)];
  const { operation, request } = act;
  const answers = request === undefined ? [] : [{ ...request, actor: actor.userId, operation, event: judged.slot }];
  const { redacts } = decision;
  const effect = redacts === undefined ? {} : await effectOfRedaction(room, redacts, judged.slot, actor.userId);
  const answer = { roomId: act.roomId, eventId: proposed.eventId };
  return { judged: [judged], actions, ...effect, answers, answer };
}

function unchanged(actor: Actor, act: Act, eventId: EventId | null): Decision<ActResult> {
  return { judged: [], actions: [actionOf(actor, act, 'unchanged', null)], answer: { roomId: act.roomId, eventId } };
}

async function countIfPresenceMoves(
  room: LaneRoom,
  before: { readonly pdu: { readonly content: EventDraft['content'] } } | undefined,
  draft: EventDraft,
): Promise<void> {
  const was = before?.pdu.content['membership'] === 'join';
  const is = draft.content['membership'] === 'join';
  if (was !== is) await room.countServers();
}

/** D19: whether a room exists is not told to those outside. */
export function notInRoom(): MatrixError {
  return new MatrixError('M_FORBIDDEN', 'You are not in this room.');
}

/** The row that tells of an act. */
export function actionOf(
  actor: Actor,
  act: Omit<Act, 'roomId'> & { roomId: string | null },
  outcome: string,
  event: Placed | null,
): ActionRecord {
  return {
    actor: actor.userId,
    token: actor.token,
    operation: act.operation,
    roomId: act.roomId,
    target: act.target ?? null,
    outcome,
    event,
    onBehalfOf: actor.onBehalfOf,
  };
}

// One person's refusals must not fill the log: beyond this they are answered and not recorded.
const refusals = createTokenBuckets({ perSecond: 0.5, burst: 30 });

/** Runs an act; when it is refused, its errcode becomes a row of `actions` before the refusal is passed on. */
export async function recordingRefusal<T>(
  deps: Pick<CommandDeps, 'recorder' | 'now'>,
  actor: Actor,
  act: Omit<Act, 'roomId'> & { readonly roomId: string | null },
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof MatrixError && isRefusal(error) && mayRecord(actor.userId, deps.now())) {
      const actions = [actionOf(actor, act, error.errcode, null)];
      await deps.recorder.append({ roomId: null, head: null, judged: [], actions, erasures: [] });
    }
    throw error;
  }
}

// Overload and shutdown are the server's state, not an answer to this person.
function isRefusal(error: MatrixError): boolean {
  return error.status !== 503 && error.errcode !== 'M_LIMIT_EXCEEDED';
}

function mayRecord(userId: string, now: number): boolean {
  if (refusals.wait(userId, 1, now) > 0) return false;
  refusals.take(userId, 1, now);
  return true;
}
