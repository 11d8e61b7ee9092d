/** What waits for the next batch: units by room, taken round robin, so that no room and no size starves the others. */
import type { TxClient } from '../../database/tx.ts';
import type { ActionRecord, ErasureRecord } from '../../log/append.ts';
import type { JudgedPdu, Outlier } from '../../log/judged-pdu.ts';
import type { KeyedAnswer } from '../../log/keyed-answers.ts';
import type { RoomHead } from './room-head.ts';

/** What is stored together or not at all, and answered together. */
export interface AppendUnit {
  /** Null: the unit belongs to no room. */
  readonly roomId: string | null;
  /** The head it was proposed on; stale by the time of the append, the unit is cancelled. */
  readonly head: RoomHead | null;
  /** Evidence without a verdict, before what is judged. */
  readonly outliers?: readonly Outlier[];
  readonly judged: readonly JudgedPdu[];
  readonly actions: readonly ActionRecord[];
  readonly erasures: readonly ErasureRecord[];
  /** To requests that may be sent again. */
  readonly answers?: readonly KeyedAnswer[];
  /** More statements of the same transaction; `erasurePositions` are those of this unit. */
  readonly within?: (tx: TxClient, erasurePositions: readonly number[]) => Promise<void>;
}

/** `cancelled`: something it was built on was not stored; propose it again. */
export type Outcome =
  { readonly is: 'committed' } | { readonly is: 'cancelled' } | { readonly is: 'failed'; readonly error: unknown };

export interface Waiting {
  readonly unit: AppendUnit;
  readonly done: (outcome: Outcome) => void;
}

export interface BatchLimits {
  readonly events: number;
  readonly bytes: number;
  /** Events of one room while other rooms wait. */
  readonly eventsPerRoom: number;
}

export const BATCH_LIMITS: BatchLimits = { events: 256, bytes: 2 * 1024 * 1024, eventsPerRoom: 32 };

export interface UnitQueue {
  push(waiting: Waiting): void;
  /** The next batch, in order within each room; empty when nothing waits. */
  take(): readonly Waiting[];
  /** Removes and returns everything that waits for a room. */
  removeRoom(roomId: string): readonly Waiting[];
  size(): number;
}

export function createUnitQueue(limits: BatchLimits = BATCH_LIMITS): UnitQueue {
  // A Map keeps the order of insertion: the first room is the next to be served, and goes to the end when it was.
  const rooms = new Map<string, Waiting[]>();
  let size = 0;
  return {
    push(waiting) {
      const name = waiting.unit.roomId ?? '';
      const queue = rooms.get(name);
      if (queue === undefined) rooms.set(name, [waiting]);
      else queue.push(waiting);
      size += 1;
    },
    take() {
      const batch = takeBatch(rooms, limits);
      size -= batch.length;
      return batch;
    },
    removeRoom(roomId) {
      const removed = rooms.get(roomId) ?? [];
      rooms.delete(roomId);
      size -= removed.length;
      return removed;
    },
    size: () => size,
  };
}

function takeBatch(rooms: Map<string, Waiting[]>, limits: BatchLimits): readonly Waiting[] {
  const batch: Waiting[] = [];
  let [events, bytes] = [0, 0];
  for (const [name, queue] of [...rooms]) {
    const perRoom = rooms.size > 1 ? limits.eventsPerRoom : limits.events;
    let [taken, ofRoom] = [0, 0];
    for (const { unit } of queue) {
      const [unitEvents, unitBytes] = [Math.max(1, arrivals(unit).length), bytesOf(unit)];
      const first = batch.length === 0 && taken === 0;
      const full = events + unitEvents > limits.events || bytes + unitBytes > limits.bytes;
      if (!first && (full || ofRoom + unitEvents > perRoom)) break;
      taken += 1;
      ofRoom += unitEvents;
      events += unitEvents;
      bytes += unitBytes;
    }
    // A room that was passed over keeps its place: it comes first once those before it were served.
    if (taken === 0) continue;
    batch.push(...queue.slice(0, taken));
    rooms.delete(name);
    if (taken < queue.length) rooms.set(name, queue.slice(taken));
    if (events >= limits.events || bytes >= limits.bytes) break;
  }
  return batch;
}

function arrivals({ outliers = [], judged }: AppendUnit): readonly (Outlier | JudgedPdu)[] {
  return outliers.length === 0 ? judged : [...outliers, ...judged];
}

// Strings dominate an event; counting them is close enough to its size and costs nothing.
function bytesOf(unit: AppendUnit): number {
  let bytes = 0;
  for (const { pdu } of arrivals(unit)) {
    bytes += 700;
    for (const value of Object.values(pdu.content)) bytes += typeof value === 'string' ? value.length : 100;
  }
  return bytes;
}
