/** Checks verdicts: each room's count, what an event follows, and the state before and after it. */
import { parseJsonObject } from '../matrix/json.ts';
import { citedName, type LogPage, type VerdictRow } from './verify-page.ts';
import type { Findings } from './verify-report.ts';

export interface JudgementMemory {
  /** The last room_position by room. */
  readonly roomPositions: Map<string, number>;
  /** Rooms whose last verdict took a state from another server. */
  readonly imported: Set<string>;
  decidedAt: number;
}

const VERDICTS: readonly string[] = ['accepted', 'soft_failed', 'rejected', 'out_of_band', 'imported'];

export function verifyVerdicts(findings: Findings, memory: JudgementMemory, page: LogPage): void {
  for (const row of page.verdicts) {
    const key = `${row.room_id}, ${row.room_position}`;
    const wrong: Wrong = (column, reason) =>
      findings.add({ check: 'verdicts', table: 'verdicts', key, position: row.position, column, reason });
    verifyCount(memory, row, wrong);
    verifyRuling(row, wrong);
    if (row.proof === null || row.event >= row.position) wrong('event', 'is not an event of the room before it');
    else verifyPrev(row, row.proof, page, wrong);
    verifyRefs(row, memory.imported.has(row.room_id), wrong);
    if (row.verdict === 'imported') memory.imported.add(row.room_id);
    else memory.imported.delete(row.room_id);
  }
}

type Wrong = (column: string, reason: string) => void;

function verifyCount(memory: JudgementMemory, row: VerdictRow, wrong: Wrong): void {
  const expected = (memory.roomPositions.get(row.room_id) ?? 0) + 1;
  if (row.room_position !== expected) wrong('room_position', `is not the room's next: ${expected}`);
  memory.roomPositions.set(row.room_id, Math.max(row.room_position, expected));
  const decidedAt = row.decided_at.getTime();
  if (decidedAt < memory.decidedAt) wrong('decided_at', 'is earlier than a verdict before it');
  memory.decidedAt = Math.max(decidedAt, memory.decidedAt);
}

function verifyRuling(row: VerdictRow, wrong: Wrong): void {
  if (!VERDICTS.includes(row.verdict)) wrong('verdict', 'is no verdict');
  if (row.verdict === 'accepted' && row.rule !== null) wrong('rule', 'names a rule for an event that was accepted');
  if ((row.verdict === 'rejected' || row.verdict === 'soft_failed') && row.rule === null)
    wrong('rule', 'does not say which rule refused it');
  if (row.back === 0 && row.anchor !== row.room_position) wrong('anchor', 'is not its own place in the room');
  if (row.back < 0) wrong('back', 'is negative');
}

function verifyPrev(row: VerdictRow, proof: Buffer, page: LogPage, wrong: Wrong): void {
  if (row.verdict === 'out_of_band' || row.verdict === 'imported') return;
  // What came after the verdict was not known when it was given.
  const prev = prevEvents(proof)
    .map((id) => page.cited.get(citedName(row.room_id, id)) ?? 0)
    .map((position) => (position < row.position ? position : 0));
  if (prev.length !== row.prev.length || prev.some((position, i) => position !== row.prev[i])) {
    wrong('prev', 'are not the positions of the events that its event follows');
  }
}

function prevEvents(proof: Buffer): readonly string[] {
  try {
    const prev = parseJsonObject(proof)['prev_events'];
    return Array.isArray(prev) ? (prev as readonly string[]) : [];
  } catch {
    return []; // the events check names the proof
  }
}

// The state before an event that follows exactly one is the state after that one: where a rejected event changed
// nothing, the state before it. Behind a fork the state is a resolved one, a recorded fact, as is one that was taken over.
function verifyRefs(row: VerdictRow, afterImport: boolean, wrong: Wrong): void {
  const { before_line: beforeLine, before_at: beforeAt, after_line: afterLine, after_at: afterAt } = row;
  if (row.verdict === 'out_of_band' || row.verdict === 'imported') return;
  if (beforeLine === null || beforeAt === null) return wrong('before_line', 'does not say which state was before it');
  if (afterLine === null || afterAt === null) return wrong('after_line', 'does not say which state is after it');
  if (row.room_position === 1 && (beforeLine !== 0 || beforeAt !== 0)) wrong('before_at', 'is not the empty state');
  const follows =
    row.prev_verdict === 'rejected'
      ? [row.prev_before_line, row.prev_before_at]
      : [row.prev_after_line, row.prev_after_at];
  const known = row.prev_verdict !== null && !afterImport;
  if (known && beforeLine !== follows[0]) wrong('before_line', 'is not the state after the event before it');
  else if (known && beforeAt !== follows[1]) wrong('before_at', 'is not the state after the event before it');
  const changes = row.verdict !== 'rejected' && row.state_key !== null;
  if (changes) {
    if (afterLine === 0 && afterAt !== row.room_position) wrong('after_at', 'is not the change that the event made');
  } else if (row.prev.length <= 1) {
    if (afterLine !== beforeLine) wrong('after_line', 'changes a state that the event leaves as it is');
    else if (afterAt !== beforeAt) wrong('after_at', 'changes a state that the event leaves as it is');
  }
}
