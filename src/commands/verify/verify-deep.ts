/** Judges every event of the log again, on its own evidence and on the state before it, and resolves merges again. */
import { LRUCache } from 'lru-cache';
import type { Db } from '../../database/database.ts';
import { createAuthGraphs, type AuthGraphs } from '../../log/auth-graphs.ts';
import { storedEvidence } from '../../log/evidence-queries.ts';
import { readResolvable } from '../../log/resolvable-events.ts';
import { valuesAt, type Ref } from '../../log/state-lines.ts';
import { stateKeysForAuth, stateKeyText } from '../../matrix/auth-events.ts';
import { checkRules } from '../../matrix/event-auth.ts';
import type { EventId, RoomId } from '../../matrix/identifiers.ts';
import type { PduFields } from '../../matrix/pdu.ts';
import { reject, type Rejection } from '../../matrix/rejection.ts';
import type { ResolvableEvent } from '../../matrix/resolvable-event.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { readBranches, type ForkedRoom } from '../judge/compare-states.ts';
import { differences } from '../judge/drafted-room.ts';
import { emptyDraft } from '../judge/line-draft.ts';
import { judgeEvidence, restsOn } from '../receive/receive-evidence.ts';
import { resolveRefs } from '../judge/resolve-state.ts';
import type { Surroundings } from './verify-graph.ts';
import type { LogPage } from './verify-page.ts';
import type { ChangeRow, VerdictRow } from './verify-rows.ts';
import type { Finding, Findings } from './verify-report.ts';

export interface DeepMemory {
  readonly db: Db;
  readonly graphs: AuthGraphs;
  /** By room and position. */
  readonly events: LRUCache<string, ResolvableEvent>;
}

export function deepMemory(db: Db): DeepMemory {
  return { db, graphs: createAuthGraphs('log'), events: new LRUCache({ max: 5_000 }) };
}

/** Judges the page's events again, in order. `versions` knows the rooms' versions up to here. */
export async function verifyDeep(
  memory: DeepMemory,
  findings: Findings,
  page: LogPage,
  around: ReadonlyMap<number, Surroundings>,
  versions: ReadonlyMap<string, RoomVersion>,
): Promise<void> {
  const changes = Map.groupBy(
    page.changes.filter(({ line }) => line === 0),
    ({ position }) => position,
  );
  for (const row of page.verdicts) {
    const version = versions.get(row.room_id);
    const here = around.get(row.position)!;
    if (row.verdict === 'out_of_band' || row.verdict === 'imported' || here.afterImport || version === undefined)
      continue;
    const room = roomAsOf(memory, row.room_id, version, here.head);
    try {
      await judgeAgain(memory, room, row, here, findings);
      if (here.straight || here.follows === null) continue;
      await mergeAgain(room, row, here.follows, findings);
      if (row.verdict === 'accepted')
        await meetAgain(room, row, here.tipsAfter, changes.get(row.position) ?? [], findings);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      add(findings, row, null, `cannot be judged again: ${said}`);
    }
  }
}

function roomAsOf({ db, graphs, events }: DeepMemory, roomId: string, version: RoomVersion, head: Ref): ForkedRoom {
  return {
    ...{ db, graphs, roomId, version, head, draft: emptyDraft(null, 0) },
    async current(keys) {
      const positions = await valuesAt(db, roomId, head, keys);
      const found = await load(db, events, roomId, [...positions.values()]);
      return new Map([...positions].map(([name, position]) => [name, found.get(position)!]));
    },
  };
}

async function load(
  db: Db,
  cache: DeepMemory['events'],
  roomId: string,
  positions: readonly number[],
): Promise<ReadonlyMap<number, ResolvableEvent>> {
  const found = new Map<number, ResolvableEvent>();
  for (const position of positions) {
    const known = cache.get(`${roomId} ${position}`);
    if (known !== undefined) found.set(position, known);
  }
  const read = await readResolvable(
    db,
    roomId,
    positions.filter((position) => !found.has(position)),
  );
  for (const [position, event] of read) {
    found.set(position, event);
    cache.set(`${roomId} ${position}`, event);
  }
  return found;
}

/** Checks 4 to 6 of its receipt. */
async function judgeAgain(
  memory: DeepMemory,
  room: ForkedRoom,
  row: VerdictRow,
  here: Surroundings,
  findings: Findings,
): Promise<void> {
  const { db } = memory;
  const { pdu, eventId } = (await load(db, memory.events, row.room_id, [row.event])).get(row.event)!;
  const roomId = row.room_id as RoomId;
  const known = await storedEvidence(db, roomId, [eventId, ...restsOn(pdu, roomId, room.version)]);
  const evidence = judgeEvidence({ pdu, roomId }, room.version, { known, elsewhere: elsewhereOf(pdu, known) });
  const byAuth = evidence?.rejection ?? null;
  if (known.get(eventId)?.rejected !== (byAuth !== null)) {
    return findings.add({
      ...{ check: 'events', table: 'events', key: `${row.room_id}, ${row.event}`, position: row.event },
      ...{ column: 'auth_rejection', reason: 'is not what its auth events say against it' },
    });
  }
  // A verdict on an auth event refuses what cites it, whatever the evidence.
  const citesRefused = pdu.auth_events.some((id) => known.get(id)?.verdict === 'rejected');
  if (citesRefused && row.verdict === 'rejected' && row.rule === 'auth_events.rejected') return;
  const [verdict, rule] = await verdictOn(memory, room, row, here, pdu, byAuth);
  if (row.verdict !== verdict)
    add(findings, row, 'verdict', `judged again it is ${verdict}${rule === null ? '' : `: ${rule}`}`);
  else if (row.rule !== rule) add(findings, row, 'rule', `judged again it is ${rule}`);
}

function elsewhereOf(pdu: PduFields, known: ReadonlyMap<EventId, unknown>): ReadonlySet<EventId> {
  return new Set(pdu.auth_events.filter((id) => !known.has(id)));
}

async function verdictOn(
  memory: DeepMemory,
  room: ForkedRoom,
  row: VerdictRow,
  here: Surroundings,
  pdu: PduFields,
  byAuth: Rejection | null,
): Promise<readonly ['accepted' | 'soft_failed' | 'rejected', string | null]> {
  if (byAuth !== null) return ['rejected', byAuth.rule];
  const before = { line: row.before_line ?? 0, at: row.before_at ?? 0 };
  const refused = await refusedOn(roomAsOf(memory, row.room_id, room.version, before), pdu, row.room_position > 1);
  if (refused !== null) return ['rejected', refused.rule];
  if (here.straight) return ['accepted', null];
  const now = here.claims ? await refusedWith(room, pdu, [...here.tips, before]) : await refusedOn(room, pdu, false);
  return now === null ? ['accepted', null] : ['soft_failed', now.rule];
}

async function refusedOn(room: ForkedRoom, pdu: PduFields, begun: boolean): Promise<Rejection | null> {
  if (begun && pdu.type === 'm.room.create') return reject('room.other_room', 'The room has a create event already.');
  const state = await room.current(stateKeysForAuth(pdu, room.version));
  return checkRules(pdu, room.version, { get: (type, key) => state.get(stateKeyText(type, key)) });
}

async function refusedWith(room: ForkedRoom, pdu: PduFields, refs: readonly Ref[]): Promise<Rejection | null> {
  const resolved = await resolveRefs(room, refs);
  const keys = stateKeysForAuth(pdu, room.version);
  const state = new Map(await room.current(keys.filter((key) => !resolved.keys.has(stateKeyText(...key)))));
  const positions = keys.flatMap((key) => {
    const name = stateKeyText(...key);
    const position = resolved.keys.has(name) ? resolved.valueOf(name) : null;
    return position === null ? [] : [[name, position] as const];
  });
  const events = await readResolvable(
    room.db,
    room.roomId,
    positions.map(([, position]) => position),
  );
  for (const [name, position] of positions) state.set(name, events.get(position)!);
  return checkRules(pdu, room.version, { get: (type, key) => state.get(stateKeyText(type, key)) });
}

/** The state before an event that follows several. */
async function mergeAgain(
  room: ForkedRoom,
  row: VerdictRow,
  follows: readonly Ref[],
  findings: Findings,
): Promise<void> {
  if (follows.length < 2) return;
  const resolved = await resolveRefs(room, follows);
  const before = { line: row.before_line ?? 0, at: row.before_at ?? 0 };
  const stored = await readBranches(room, [...resolved.branches.refs, before]);
  const last = resolved.branches.refs.length;
  for (const name of new Set([...stored.keys.keys(), ...resolved.keys.keys()])) {
    const should = resolved.keys.has(name) ? resolved.valueOf(name) : stored.valueAt(0, name);
    if (stored.valueAt(last, name) === should) continue;
    return add(
      findings,
      row,
      'before_line',
      `is not what the states before it resolve to, at ${name.replace('\u0000', ', ')}`,
    );
  }
}

/** The current state, where ends of the graph meet. */
async function meetAgain(
  room: ForkedRoom,
  row: VerdictRow,
  tips: readonly Ref[],
  changes: readonly ChangeRow[],
  findings: Findings,
): Promise<void> {
  const resolved = await resolveRefs(room, tips);
  const should = new Map(
    differences(resolved, resolved.head).map(({ key, event }) => [stateKeyText(...key), event] as const),
  );
  const is = new Map(changes.map((change) => [stateKeyText(change.type, change.state_key), change.event] as const));
  for (const name of new Set([...should.keys(), ...is.keys()])) {
    if (should.has(name) === is.has(name) && should.get(name) === is.get(name)) continue;
    const key = `${row.room_id}, 0, ${row.room_position}, ${name.replace('\u0000', ', ')}`;
    const reason = 'is not what the ends of the graph resolve to';
    return findings.add({
      check: 'state',
      table: 'state_changes',
      key,
      position: row.position,
      column: 'event',
      reason,
    });
  }
}

function add(findings: Findings, row: VerdictRow, column: Finding['column'], reason: string): void {
  const key = `${row.room_id}, ${row.room_position}`;
  findings.add({ check: 'verdicts', table: 'verdicts', key, position: row.position, column, reason });
}
