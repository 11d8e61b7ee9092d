/** Judges an event that comes beside the newest ones and touches nothing that they say, without waiting for any of them. */
import { sql } from 'kysely';
import type { Db } from '../../database/database.ts';
import type { JudgedFields, JudgedPdu, StateChange } from '../../log/judged-pdu.ts';
import { readNextLine } from '../../log/line-queries.ts';
import type { Ref } from '../../log/state-lines.ts';
import { stateKeysForAuth } from '../../matrix/auth-events.ts';
import { authorize } from '../../matrix/event-auth.ts';
import { isRejection } from '../../matrix/rejection.ts';
import { isFirstKnock, markIndependent, type Beside, type BesideEvent, type BesideKnock } from '../lanes/beside.ts';
import { stateChange } from './judge.ts';
import type { Candidate } from './judge-branch.ts';
import { MAX_LINE_DEPTH } from './line-draft.ts';
import { transitionOf } from './member-transition.ts';
import type { RoomHead } from '../lanes/room-head.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';

/**
 * The event, accepted, as judgeOnBranch() would have it; null when it takes more to judge it: it cites what is not among the
 * newest, sets other state than a first knock, or is not allowed.
 */
export async function judgeBeside(room: LaneRoom, candidate: Candidate): Promise<JudgedPdu | null> {
  const { head } = room;
  const { pdu, holes, known, authRejection } = candidate;
  const { beside, version } = head;
  if (beside === null || holes.length > 0 || known !== null || authRejection !== null) return null;
  const prev = pdu.prev_events.map((id) => beside.events.get(id));
  if (prev.length === 0 || new Set(prev).size !== prev.length || !prev.every((one) => one !== undefined)) return null;
  const keys = stateKeysForAuth(pdu, version);
  const state = await room.state(keys);
  const isState = pdu.state_key !== undefined;
  if (isState && !isFirstKnock(pdu, version, state)) return null;
  const allowed = authorize(pdu, version, state);
  // Who sends what is no state is in the room: no knock has a say in that.
  if (isRejection(allowed)) return null;
  await readOnce(room);
  if (head.stale) throw new Error('the room is not what it was thought to be');
  if (head.beside !== beside || head.gapped !== false) return null;

  const roomPosition = head.roomPosition + 1;
  const slot = { eventId: candidate.eventId, position: 0 };
  const own = isState ? stateChange(pdu, slot, roomPosition, state) : null;
  const place = placeAfter(head, beside, prev, own, roomPosition);
  if (place === null) return null;
  const transition = own === null ? null : transitionOf(own, undefined, candidate.cause);
  const fields: JudgedFields = {
    pdu: allowed,
    verdict: 'accepted',
    rule: null,
    slot,
    known: false,
    roomId: head.roomId,
    version,
    origin: candidate.origin,
    auth: candidate.auth,
    authRejection: null,
    prev: prev.map((one) => one.slot),
    replaces: prev.map((one) => one.slot),
    roomPosition,
    anchor: roomPosition,
    back: 0,
    relay: candidate.relay,
    ...place,
    transitions: transition === null ? [] : [transition],
    presence: null,
    gaps: [],
    startsRoom: false,
  };
  const judged = fields as JudgedPdu;
  if (isState) markIndependent(judged);
  return judged;
}

/** What has to be known of the room once: the next line's number, and whether anything that was cited was ever missing. */
async function readOnce(room: LaneRoom): Promise<void> {
  const { head, tools } = room;
  if (head.nextLine !== null && head.gapped !== null) return;
  await room.appended();
  head.nextLine ??= await readNextLine(tools.db, head.roomId);
  head.gapped ??= await hasGaps(tools.db, head.roomId);
}

async function hasGaps(db: Db, roomId: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from gaps where room_id = ${roomId}) as found`.execute(db);
  return rows[0]?.found === true;
}

/** More rows than these are not written to save the reading of lines. */
const MAX_ROWS = 1_000;

type Place = Pick<JudgedFields, 'lines' | 'changes'> & { readonly before: Ref; readonly after: Ref };

/** The states before and after it; `own` is its change of the current state. Null where its line is not known well enough, or would hold too much. */
function placeAfter(
  head: RoomHead,
  beside: Beside,
  prev: readonly BesideEvent[],
  own: StateChange | null,
  roomPosition: number,
): Place | null {
  const [first] = prev as [BesideEvent, ...BesideEvent[]];
  const isOne = prev.every(({ ref }) => ref.line === first.ref.line && ref.at === first.ref.at);
  const place = isOne ? { before: first.ref, lines: [], changes: [] } : merged(head, beside, prev, roomPosition - 1);
  if (place === null) return null;
  const { before, lines, changes } = place;
  if (own === null) return { before, after: before, lines, changes };
  const drafted = lines.some(({ line }) => line === before.line);
  const known = before.line === 0 ? { at: -1, depth: 0 } : beside.lines.get(before.line);
  const goesOn = drafted || known?.at === before.at;
  if (!goesOn && (known === undefined || known.depth >= MAX_LINE_DEPTH)) return null;
  const line = goesOn ? before.line : head.nextLine!;
  const branch = goesOn ? [] : [{ line, parent: before, depth: known!.depth + 1 }];
  const after = { line, at: roomPosition };
  return { before, after, lines: [...lines, ...branch], changes: [...changes, { ...own, line }, own] };
}

/** All of their knocks together: the current state, now or at an earlier time, or a line of it that differs by a few knocks. Null: by too many. */
function merged(head: RoomHead, beside: Beside, prev: readonly BesideEvent[], at: number): Omit<Place, 'after'> | null {
  const has = bitsOf(
    prev.reduce((all, one) => all | one.has, 0n),
    beside.knocks.length,
  );
  const { first, rows } = nearestTime(has);
  if (rows > MAX_ROWS) return null;
  const parent: Ref = { line: 0, at: timeOf(beside, first) };
  if (rows === 0) return { before: parent, lines: [], changes: [] };
  const line = head.nextLine!;
  const changes = beside.knocks.flatMap((knock, n) =>
    has[n] === n < first ? [] : [has[n] === true ? had({ line, at }, knock) : lacked({ line, at }, knock)],
  );
  return { before: { line, at }, lines: [{ line, parent, depth: 1 }], changes };
}

/**
 * The current state had the first knock alone, then the first two, and so on. From which of these states, that after the first
 * `first` knocks, the fewest `rows` lead to one with those that `has` says.
 */
function nearestTime(has: readonly boolean[]): { readonly first: number; readonly rows: number } {
  let rows = has.reduce((count, one) => (one ? count + 1 : count), 0);
  let nearest = { first: 0, rows };
  for (const [n, one] of has.entries()) {
    rows += one ? -1 : 1;
    if (rows <= nearest.rows) nearest = { first: n + 1, rows };
  }
  return nearest;
}

/** Room position at which the current state had the first `first` knocks. */
function timeOf({ base, knocks }: Beside, first: number): number {
  return first === 0 ? base : knocks[first - 1]!.at;
}

/** Whether bit n is set, for each of the first `length`. */
function bitsOf(bits: bigint, length: number): readonly boolean[] {
  const text = bits.toString(2);
  return Array.from({ length }, (_, n) => text[text.length - 1 - n] === '1');
}

function had(ref: Ref, { userId, slot }: BesideKnock): StateChange {
  return {
    ...ref,
    type: 'm.room.member',
    stateKey: userId,
    event: slot,
    pdu: null,
    previous: null,
    membership: 'knock',
  };
}

function lacked(ref: Ref, { userId, slot }: BesideKnock): StateChange {
  return { ...ref, type: 'm.room.member', stateKey: userId, event: null, pdu: null, previous: slot, membership: null };
}
