/** Follows each room's graph through its verdicts: which events are its ends, and where the current state stands. */
import type { Ref } from '../../log/state-lines.ts';
import type { LogPage } from './verify-page.ts';
import type { VerdictRow } from './verify-rows.ts';

export interface GraphMemory {
  readonly rooms: Map<string, RoomGraphMemory>;
}

interface RoomGraphMemory {
  /** The ends of the graph, by position, with the state after each. */
  readonly tips: Map<number, Ref>;
  /** The events that were refused, with what they cite. */
  readonly refused: Map<number, readonly number[]>;
  /** The last change of the current state. */
  at: number;
  /** The last verdict took the state over from another server: what comes next follows that alone. */
  imported: boolean;
}

/** Where an event's verdict found the room. */
export interface Surroundings {
  /** It cites all ends of the graph and nothing else: it follows the current state. */
  readonly straight: boolean;
  /** The current state before it, and after it. */
  readonly head: Ref;
  readonly headAfter: Ref;
  /** The states after what it cites, each once; null when one of them is not known. */
  readonly follows: readonly Ref[] | null;
  /** One of them is what another server claims. */
  readonly claims: boolean;
  /** The state that it follows was taken over from another server. */
  readonly afterImport: boolean;
  /** The states after the ends of the graph, before it and after it. */
  readonly tips: readonly Ref[];
  readonly tipsAfter: readonly Ref[];
}

export function graphMemory(): GraphMemory {
  return { rooms: new Map() };
}

/** For each verdict of the page, by position, where it found the room; `memory` has then seen the page. */
export function followGraph(memory: GraphMemory, page: LogPage): ReadonlyMap<number, Surroundings> {
  const changedAt = new Map(page.changes.filter(({ line }) => line === 0).map(({ position, at }) => [position, at]));
  const found = new Map<number, Surroundings>();
  for (const row of page.verdicts) {
    const room = memory.rooms.get(row.room_id) ?? {
      tips: new Map<number, Ref>(),
      refused: new Map(),
      at: 0,
      imported: false,
    };
    memory.rooms.set(row.room_id, room);
    const head = { line: 0, at: room.at };
    room.at = changedAt.get(row.position) ?? room.at;
    const straight = row.verdict !== 'imported' && (room.imported || citesAll(room, row.prev));
    const [afterImport, tips] = [room.imported, [...room.tips.values()]];
    moveTips(room, row);
    found.set(row.position, {
      ...{ straight, head, headAfter: { line: 0, at: room.at }, follows: followed(row) },
      ...{ claims: row.claims, afterImport, tips, tipsAfter: [...room.tips.values()] },
    });
  }
  return found;
}

function citesAll({ tips }: RoomGraphMemory, prev: readonly number[]): boolean {
  return new Set(prev).size === tips.size && prev.every((event) => tips.has(event));
}

function followed({ prev_lines: lines, prev_ats: ats }: VerdictRow): readonly Ref[] | null {
  const refs: Ref[] = [];
  for (const [n, line] of (lines ?? []).entries()) {
    const at = ats?.[n] ?? null;
    if (line === null || at === null) return null;
    if (!refs.some((ref) => ref.line === line && ref.at === at)) refs.push({ line, at });
  }
  return refs;
}

function moveTips(room: RoomGraphMemory, row: VerdictRow): void {
  if (row.verdict === 'out_of_band') return;
  room.imported = row.verdict === 'imported';
  if (room.imported) return room.tips.clear();
  if (row.verdict !== 'accepted') return void room.refused.set(row.event, row.prev);
  room.refused.delete(row.event);
  const replaced = new Set(row.prev);
  for (const one of replaced) {
    room.tips.delete(one);
    for (const cited of room.refused.get(one) ?? []) replaced.add(cited);
  }
  const live = row.back === 0 && row.anchor === row.room_position;
  if (live) room.tips.set(row.event, { line: row.after_line ?? 0, at: row.after_at ?? 0 });
}

/** The state before an event that follows all ends: where each left the same, as that is called; else the current one. */
export function stateAfterTips(follows: readonly Ref[] | null, head: Ref): Ref {
  const [first] = follows ?? [];
  return first !== undefined && follows?.length === 1 ? first : head;
}
