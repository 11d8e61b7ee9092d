/** A room's queue in this process: one proposal at a time, each building on the head that the one before left in memory. */
import { LRUCache } from 'lru-cache';
import { Gauge } from 'prom-client';
import type { Db } from '../../database/database.ts';
import type { TxClient } from '../../database/tx.ts';
import type { ActionRecord, ErasureRecord } from '../../log/append.ts';
import type { JudgedPdu, Outlier } from '../../log/judged-pdu.ts';
import type { KeyedAnswer } from '../../log/keyed-answers.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { createJudgeTools, type JudgeTools } from './judge-tools.ts';
import type { Recorder } from './record.ts';
import { createRoomHeads, type RoomHeads } from './room-heads.ts';
import { countServers } from './room-servers.ts';
import { advance, headState, redactState, settle, settleRedacted, warm } from './room-head.ts';
import type { AppendUnit } from './unit-queue.ts';
import type { HeadState, RedactedState, RoomHead, StateCache } from './room-head.ts';

/** What a proposal comes to: events and acts to store, and the answer to give once they are durable. */
export interface Decision<T> {
  /** Evidence to store before what is judged. */
  readonly outliers?: readonly Outlier[];
  readonly judged: readonly JudgedPdu[];
  readonly actions: readonly ActionRecord[];
  readonly erasures?: readonly ErasureRecord[];
  /** What of the room's state loses its words. */
  readonly redacted?: readonly RedactedState[];
  /** Remembered for requests that are sent again. */
  readonly answers?: readonly KeyedAnswer[];
  /** More statements of the transaction that stores them. */
  readonly within?: (tx: TxClient) => Promise<void>;
  readonly answer: T;
}

/** A room as a proposal sees it, in its turn. */
export interface LaneRoom {
  readonly head: RoomHead;
  /** To judge what does not simply follow the head. */
  readonly tools: JudgeTools;
  state(keys: readonly (readonly [type: string, stateKey: string])[]): Promise<HeadState>;
  /** Makes `head.servers` known; waits until nothing of the room is pending the first time. */
  countServers(): Promise<void>;
  /** Resolves when everything that was proposed in the room before is in the database, or never will be. */
  appended(): Promise<unknown>;
}

/** All of a room's first events, on the head that they make. */
export interface NewRoom<T> extends Decision<T> {
  readonly head: RoomHead;
}

type Proposal<T> = (room: LaneRoom | null) => Promise<Decision<T>>;
type Outcome<T> = 'cancelled' | { readonly answer: T };

/** What a turn leaves: rejected when the proposal is refused, settled once that is certain. */
interface Proposed<T> {
  readonly outcome: Promise<Outcome<T>>;
}

export interface RoomLanes {
  /**
   * Runs a proposal in the room's turn (`null`: no such room) and resolves after the commit. A proposal whose
   * predecessor was not stored is run again on the true head, so it must have no effects of its own.
   * Rejects with what the proposal throws, or M_LIMIT_EXCEEDED when the lane is full.
   */
  run<T>(roomId: string, propose: Proposal<T>): Promise<T>;
  /**
   * Makes a room that nobody knows yet, on a head of its own, and resolves after the commit. What was made is thrown away
   * and made again when everything was forgotten before it was stored.
   */
  start<T>(make: () => Promise<NewRoom<T>>): Promise<T>;
  /** Reads members' state ahead of the room's turn, in one query for all who ask at the same time. */
  warm(roomId: string, userIds: readonly string[]): Promise<void>;
  /** Drops what is remembered of a room, or of all: the next proposal reads the log again. */
  forget(roomId?: string): void;
  /** How often all was forgotten: what was read ahead of a turn before that, may have been erased since. */
  forgotten(): number;
}

const MAX_CALLS = 500;
const CACHE_BYTES = 64 * 1024 * 1024;
const MAX_ATTEMPTS = 5;

export const laneMetrics = {
  busy: new Gauge({ name: 'vestibule_lanes', help: 'Rooms with proposals in this process right now.', registers: [] }),
};

interface Lane {
  /** Calls that are not answered yet. */
  calls: number;
  /** Settles when the last turn so far has ended. */
  tail: Promise<unknown>;
  /** Resolves when every unit of the lane so far is durable, cancelled or refused. */
  appended: Promise<unknown>;
}

export function createRoomLanes(deps: { readonly db: Db; readonly recorder: () => Recorder }): RoomLanes {
  const lanes = new Map<string, Lane>();
  const heads = createRoomHeads(deps.db);
  const tools = createJudgeTools(deps.db);
  const cache: StateCache = new LRUCache({ maxSize: CACHE_BYTES, sizeCalculation: ({ entry }) => sizeOf(entry) });

  const headFor = async (lane: Lane, roomId: string): Promise<RoomHead | null> => {
    const known = heads.known(roomId);
    if (known !== undefined) return known;
    await lane.appended;
    return heads.load(roomId);
  };

  const propose = async <T>(lane: Lane, roomId: string, decide: Proposal<T>): Promise<Proposed<T>> => {
    const head = await headFor(lane, roomId);
    let decision: Decision<T>;
    try {
      decision = await decide(head === null ? null : laneRoom(tools, cache, lane, head));
    } catch (error) {
      return { outcome: refused(lane, head, error) };
    }
    if (storesNothing(decision)) return { outcome: unstored(lane, head, decision.answer) };
    // Before the head moves: nothing may be built on what is not even waiting.
    const refusal = deps.recorder().refusal();
    if (refusal !== null) throw refusal;
    const { answer, redacted = [], erasures = [], ...unit } = decision;
    // Of another room are only the first events of one that is made by the same act, on a head of its own.
    const judged = unit.judged.filter((j) => j.roomId === head?.roomId);
    if (head !== null) moveHead(head, judged, redacted);
    const stored = appendWatched(heads, deps.recorder(), { ...unit, roomId, head, erasures });
    lane.appended = afterBoth(lane.appended, stored);
    const outcome = stored.then((is): Outcome<T> => {
      if (is === 'cancelled') return is;
      if (head !== null) settleHead(cache, head, judged, redacted);
      for (const one of judged) tools.settle(one);
      return { answer };
    });
    return { outcome };
  };

  const run = async <T>(roomId: string, decide: Proposal<T>): Promise<T> => {
    const lane = enter(lanes, roomId);
    try {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
        const { outcome } = await inTurn(lane, () => propose(lane, roomId, decide));
        const settled = await outcome;
        if (settled !== 'cancelled') return settled.answer;
      }
      throw notWritten();
    } finally {
      leave(lanes, roomId, lane);
    }
  };

  return {
    async warm(roomId, userIds) {
      const head = heads.known(roomId);
      if (head === undefined) return;
      await Promise.all(userIds.map((userId) => warm(deps.db, cache, head, userId)));
    },
    run,
    start: (make) => startRoom(heads, deps.recorder, make),
    forget: (roomId) => heads.forget(roomId),
    forgotten: () => heads.forgotten(),
  };
}

function moveHead(head: RoomHead, judged: readonly JudgedPdu[], redacted: readonly RedactedState[]): void {
  for (const j of judged) advance(head, j);
  for (const state of redacted) redactState(head, state);
}

function settleHead(
  cache: StateCache,
  head: RoomHead,
  judged: readonly JudgedPdu[],
  redacted: readonly RedactedState[],
): void {
  for (const j of judged) settle(cache, head, j);
  for (const state of redacted) settleRedacted(cache, head, state);
}

/** Appends a unit whose head is reached by `forget` while the unit waits. */
function appendWatched(heads: RoomHeads, recorder: Recorder, unit: AppendUnit): ReturnType<Recorder['append']> {
  if (unit.head === null) return recorder.append(unit);
  return recorder.append(unit).finally(heads.watch(unit.head));
}

async function startRoom<T>(heads: RoomHeads, recorder: () => Recorder, make: () => Promise<NewRoom<T>>): Promise<T> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const seen = heads.forgotten();
    const { answer, ...made } = await make();
    if (seen !== heads.forgotten()) continue;
    const unit = { ...made, roomId: made.head.roomId, erasures: [] };
    if ((await appendWatched(heads, recorder(), unit)) === 'committed') return answer;
  }
  throw notWritten();
}

function notWritten(): MatrixError {
  return new MatrixError('M_UNKNOWN', 'The room could not be written to.', { status: 503 });
}

function laneRoom(tools: JudgeTools, cache: StateCache, lane: Lane, head: RoomHead): LaneRoom {
  const { db } = tools;
  return {
    head,
    tools,
    state: (keys) => headState(db, cache, head, keys),
    async countServers() {
      if (head.servers !== null) return;
      await lane.appended;
      head.servers = await countServers(db, head.roomId);
    },
    appended: () => lane.appended,
  };
}

// A refusal may rest on what is not durable yet, and must not be heard if that is never stored.
async function refused(lane: Lane, head: RoomHead | null, error: unknown): Promise<'cancelled'> {
  await lane.appended;
  if (head?.stale === true) return 'cancelled';
  throw error;
}

/** An answer alone may rest on what is not durable yet, too. */
async function unstored<T>(lane: Lane, head: RoomHead | null, answer: T): Promise<Outcome<T>> {
  await lane.appended;
  return head?.stale === true ? 'cancelled' : { answer };
}

function storesNothing({ outliers, judged, actions, erasures, answers, within }: Decision<unknown>): boolean {
  const rows = [outliers, judged, actions, erasures, answers];
  return within === undefined && rows.every((each) => each === undefined || each.length === 0);
}

function enter(lanes: Map<string, Lane>, roomId: string): Lane {
  const lane = lanes.get(roomId) ?? { calls: 0, tail: Promise.resolve(), appended: Promise.resolve() };
  if (lane.calls >= MAX_CALLS) {
    throw new MatrixError('M_LIMIT_EXCEEDED', 'Too much is going on in this room.', { retry_after_ms: 500 });
  }
  lane.calls += 1;
  lanes.set(roomId, lane);
  laneMetrics.busy.set(lanes.size);
  return lane;
}

/** A lane that nobody waits in has nothing pending either: it can go. */
function leave(lanes: Map<string, Lane>, roomId: string, lane: Lane): void {
  lane.calls -= 1;
  if (lane.calls > 0) return;
  lanes.delete(roomId);
  laneMetrics.busy.set(lanes.size);
}

function afterBoth(before: Promise<unknown>, stored: Promise<unknown>): Promise<unknown> {
  return stored.then(
    () => before,
    () => before,
  );
}

/** Waits for the room's turn. The turn ends when `work` has proposed, not when the proposal is durable. */
function inTurn<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
  const turn = lane.tail.then(work);
  lane.tail = turn.catch(() => undefined);
  return turn;
}

// An entry's size is dominated by its content; 700 bytes are what an event has besides.
function sizeOf(entry: { readonly pdu: { readonly content: object } } | null): number {
  return entry === null ? 200 : 700 + JSON.stringify(entry.pdu.content).length;
}
