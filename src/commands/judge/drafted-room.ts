/** A room in its turn with what an event that forks it will add to its lines: the states before and after that event. */
import { readLineFacts, readNextLine, type LineFacts } from '../../log/line-queries.ts';
import { readEvents } from '../../log/read.ts';
import { currentPositions } from '../../log/whole-state.ts';
import { valuesAt, type Ref } from '../../log/state-lines.ts';
import { stateKeyOf, stateKeyText, type StateKey } from '../../matrix/auth-events.ts';
import type { RoomState, StateEvent } from '../../matrix/room-state.ts';
import {
  addChanges,
  branchOff,
  draftPath,
  emptyDraft,
  MAX_LINE_DEPTH,
  type DraftedEvent,
  type KeyChange,
} from './line-draft.ts';
import type { Hole } from './received-pdu.ts';
import { distinctRefs, isSameRef, readAhead, readBranches, refName, type ForkedRoom } from './compare-states.ts';
import { resolveRefs, type ResolvedState } from './resolve-state.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';

export interface DraftedRoom {
  readonly room: LaneRoom;
  readonly forked: ForkedRoom;
  /** The room position that the event will have. */
  readonly roomPosition: number;
  /** The merge of stored states that it will write. */
  merge: { readonly name: string; readonly at: Ref } | null;
}

/** What lies so few changes back is read at once, whatever of it will be needed. */
const REACH = 1_000;

/** Only once everything that was proposed before is stored. `states` are those that will be compared, if any is known. */
export async function draftRoom(
  room: LaneRoom,
  event: DraftedEvent | null,
  states: readonly Ref[],
): Promise<DraftedRoom> {
  const { head, tools } = room;
  const { db, graphs } = tools;
  const { roomId } = head;
  const current = { line: 0, at: head.stateAt };
  const points = [current, ...head.extremities.map(({ ref }) => ref), ...states];
  const [next, ahead] = await Promise.all([
    head.nextLine ?? readNextLine(db, roomId),
    readAhead(db, roomId, points, REACH, () => graphs.load(db, roomId, current.at)),
  ]);
  head.nextLine ??= next;
  const forked: ForkedRoom = {
    ...{ db, graphs, roomId, version: head.version, head: current, draft: emptyDraft(event, next), ahead },
    async current(keys) {
      const state = await room.state(keys);
      const entries = keys.flatMap(([type, stateKey]) => {
        const entry = state.get(type, stateKey);
        if (entry === undefined) return [];
        const { eventId, pdu, slot } = entry;
        return [[stateKeyText(type, stateKey), { eventId, pdu, position: slot.position, rejectedBy: null }] as const];
      });
      return new Map(entries);
    },
  };
  return { room, forked, roomPosition: head.roomPosition + 1, merge: null };
}

/** The state before an event that comes after all of `states`: one of them, or their resolution on a line of its own. */
export async function mergedBefore(drafted: DraftedRoom, states: readonly Ref[]): Promise<Ref> {
  const refs = distinctRefs(states);
  if (refs.length <= 1) return refs[0] ?? { line: 0, at: 0 };
  const { room, forked, roomPosition } = drafted;
  const name = `${room.head.roomId} ${refs.map(refName).join(' ')}`;
  const areStored = forked.draft.lines.length === 0;
  const known = areStored ? room.tools.merges.find(name) : undefined;
  if (known !== undefined) return known;
  const before = await writeMerged(drafted, await resolveRefs(forked, refs), roomPosition - 1);
  if (areStored) drafted.merge = { name, at: before };
  return before;
}

/** A merge is told one place before the event that completes it: at its own place stands the change of that event. */
async function writeMerged(drafted: DraftedRoom, resolved: ResolvedState, at: number): Promise<Ref> {
  const { branches, head } = resolved;
  const candidates = Array.from({ length: resolved.resolved }, (_, n) => differences(resolved, n));
  const changes = candidates.reduce((a, b) => (b.length < a.length ? b : a));
  const base = branches.refs[candidates.indexOf(changes)]!;
  if (changes.length === 0) return base;
  const { draft } = drafted.forked;
  const facts = await factsOf(drafted, base);
  if (facts.depth < MAX_LINE_DEPTH) return branchOff(draft, base, facts.depth, at, changes);
  return branchOff(draft, drafted.forked.head, 0, at, differences(resolved, head));
}

/** What has to change in one of the compared states for it to be the resolved one. */
export function differences({ keys, branches, valueOf }: ResolvedState, n: number): readonly KeyChange[] {
  const changes: KeyChange[] = [];
  for (const [name, key] of keys) {
    const [event, previous] = [valueOf(name), branches.valueAt(n, name)];
    if (event !== previous) changes.push({ key, event, previous });
  }
  return changes;
}

/** The state after the drafted event, on its own branch. */
export async function extendLine(drafted: DraftedRoom, before: Ref): Promise<Ref> {
  const { forked, roomPosition } = drafted;
  const { draft, head } = forked;
  const { pdu } = draft.event ?? {};
  if (pdu?.state_key === undefined) return before;
  const key: StateKey = [pdu.type, pdu.state_key];
  const previous = (await positionsAt(drafted, before, [key])).get(stateKeyText(...key)) ?? null;
  const own = { key, event: draft.event!.position, previous };
  const facts = await factsOf(drafted, before);
  if (before.line !== 0 && before.at === facts.tip) {
    const after = { line: before.line, at: roomPosition };
    addChanges(draft, after, [own]);
    return after;
  }
  if (facts.depth < MAX_LINE_DEPTH) return branchOff(draft, before, facts.depth, roomPosition, [own]);
  const branches = await readBranches(forked, [before, head]);
  const changes = [...branches.keys].flatMap(([name, one]) => {
    const [event, stood] = [branches.valueAt(0, name), branches.valueAt(1, name)];
    return event === stood ? [] : [{ key: one, event, previous: stood }];
  });
  const { line } = branchOff(draft, head, 0, roomPosition - 1, changes);
  addChanges(draft, { line, at: roomPosition }, [own]);
  return { line, at: roomPosition };
}

/** The state after a missing event as another server claims it: a line that hangs on the current state. */
export async function claimedState(drafted: DraftedRoom, { state }: Hole): Promise<Ref> {
  const { forked, roomPosition } = drafted;
  const { head, draft } = forked;
  const current = await currentPositions(forked.db, forked.roomId);
  const changes: KeyChange[] = [];
  for (const [name, { position }] of state) {
    const previous = current.get(name) ?? null;
    if (position !== previous) changes.push({ key: stateKeyOf(name), event: position, previous });
  }
  for (const [name, previous] of current) {
    if (!state.has(name)) changes.push({ key: stateKeyOf(name), event: null, previous });
  }
  if (changes.length === 0) return head;
  return branchOff(draft, head, 0, roomPosition - 1, changes);
}

/** What the rules read of a state. */
export async function stateOn(drafted: DraftedRoom, ref: Ref, keys: readonly StateKey[]): Promise<RoomState> {
  const { room, forked } = drafted;
  if (isSameRef(ref, forked.head)) return room.state(keys);
  return roomState(drafted, await positionsAt(drafted, ref, keys));
}

/** What the rules read of the current state resolved together with another. */
export async function stateWith(drafted: DraftedRoom, besides: Ref, keys: readonly StateKey[]): Promise<RoomState> {
  const { room, forked } = drafted;
  const resolved = await resolveRefs(forked, [...room.head.extremities.map(({ ref }) => ref), besides]);
  const positions = new Map<string, number>();
  const elsewhere: StateKey[] = [];
  for (const key of keys) {
    const name = stateKeyText(...key);
    const position = resolved.keys.has(name) ? resolved.valueOf(name) : null;
    if (position !== null) positions.set(name, position);
    else if (!resolved.keys.has(name)) elsewhere.push(key);
  }
  for (const [name, { position }] of await forked.current(elsewhere)) positions.set(name, position);
  return roomState(drafted, positions);
}

async function roomState({ room, forked }: DraftedRoom, positions: ReadonlyMap<string, number>): Promise<RoomState> {
  const { roomId } = forked;
  // Most of it is what the current state has, which the lane remembers.
  const current = await forked.current([...positions.keys()].map(stateKeyOf));
  const known = new Map<number, StateEvent>([...current.values()].map((event) => [event.position, event]));
  const others = [...positions.values()].filter((position) => !known.has(position));
  const events = await readEvents(
    room.tools.db,
    others.map((position) => ({ roomId, position })),
  );
  for (const event of events) known.set(event.position, event);
  return { get: (type, stateKey) => known.get(positions.get(stateKeyText(type, stateKey)) ?? -1) };
}

/** Positions of the events at some keys of a state, drafted or stored; keys without a value are left out. */
async function positionsAt(
  { forked }: DraftedRoom,
  ref: Ref,
  keys: readonly StateKey[],
): Promise<ReadonlyMap<string, number>> {
  const { draft, db, roomId, ahead } = forked;
  const path = draftPath(draft, ref);
  const found = new Map<string, number>();
  if (ahead?.paths.has(refName(path.at(-1)!)) === true) {
    const branches = await readBranches(forked, [ref, forked.head]);
    const same = keys.filter((key) => !branches.keys.has(stateKeyText(...key)));
    for (const key of keys) {
      const name = stateKeyText(...key);
      const position = branches.keys.has(name) ? branches.valueAt(0, name) : null;
      if (position !== null) found.set(name, position);
    }
    for (const [name, event] of await forked.current(same)) found.set(name, event.position);
    return found;
  }
  const elsewhere: StateKey[] = [];
  for (const key of keys) {
    const change = lastDrafted(draft.changes, path, key);
    if (change === undefined) elsewhere.push(key);
    else if (change.event !== null) found.set(stateKeyText(...key), change.event);
  }
  for (const [name, position] of await valuesAt(db, roomId, path.at(-1)!, elsewhere)) found.set(name, position);
  return found;
}

function lastDrafted(
  changes: DraftedRoom['forked']['draft']['changes'],
  path: readonly Ref[],
  [type, stateKey]: StateKey,
): { readonly event: number | null } | undefined {
  for (const { line, at } of path) {
    const ofKey = changes.filter(
      (one) => one.line === line && one.at <= at && one.type === type && one.stateKey === stateKey,
    );
    if (ofKey.length > 0) return ofKey.reduce((a, b) => (b.at > a.at ? b : a));
  }
  return undefined;
}

async function factsOf({ forked }: DraftedRoom, { line, at }: Ref): Promise<LineFacts> {
  const drafted = forked.draft.lines.find((one) => one.line === line);
  if (drafted !== undefined) return { depth: drafted.depth, tip: at };
  return line === 0 ? { depth: 0, tip: 0 } : readLineFacts(forked.db, forked.roomId, line);
}
