/** Checks verdicts: each room's count, what an event follows, and the state before and after it. */
import { parseJsonObject } from '../../matrix/json.ts';
import type { Ref } from '../../log/state-lines.ts';
import { stateAfterTips, type Surroundings } from './verify-graph.ts';
import { citedName, type LogPage } from './verify-page.ts';
import type { VerdictRow } from './verify-rows.ts';
import type { Findings } from './verify-report.ts';

export interface JudgementMemory {
  /** The last room_position by room. */
  readonly roomPositions: Map<string, number>;
  decidedAt: number;
}

const VERDICTS: readonly string[] = ['accepted', 'soft_failed', 'rejected', 'out_of_band', 'imported'];

/** `around` is where each verdict of the page found its room. */
export function verifyVerdicts(
  findings: Findings,
  memory: JudgementMemory,
  page: LogPage,
  around: ReadonlyMap<number, Surroundings>,
): void {
  for (const row of page.verdicts) {
    const key = `${row.room_id}, ${row.room_position}`;
    const wrong: Wrong = (column, reason) =>
      findings.add({ check: 'verdicts', table: 'verdicts', key, position: row.position, column, reason });
    verifyCount(memory, row, wrong);
    verifyRuling(row, wrong);
    if (row.proof === null || row.event >= row.position) wrong('event', 'is not an event of the room before it');
    else verifyPrev(row, row.proof, page, wrong);
    verifyRefs(row, around.get(row.position)!, wrong);
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
  if (row.back > 0) wrong('back', 'is not before its anchor');
  if (row.back < 0 && row.anchor >= row.room_position) wrong('anchor', 'is no earlier place in the room');
  else if (row.back < 0 && row.back !== row.next_back) wrong('back', 'is not the next place before its anchor');
}

function verifyPrev(row: VerdictRow, proof: Buffer, page: LogPage, wrong: Wrong): void {
  if (row.verdict === 'out_of_band' && row.prev.length > 0) wrong('prev', 'are not known of what came out of band');
  if (row.verdict === 'out_of_band' || row.verdict === 'imported') return;
  // What came later was not to be had yet.
  const known = (position: number): number => (position < row.position ? position : 0);
  const prev = prevEvents(proof).map((id) => known(page.cited.get(citedName(row.room_id, id)) ?? 0));
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

// The state before an event is the state after what it cites: where that is one state, as it is called there; where it
// follows all ends of the graph, the current one. Elsewhere branches met: the change rows of their merge are compared with
// the states they were made of by `--deep`.
function verifyRefs(row: VerdictRow, { straight, head, headAfter, follows }: Surroundings, wrong: Wrong): void {
  if (row.verdict === 'imported') return;
  if (row.verdict === 'out_of_band') {
    if (row.before_line !== null || row.before_at !== null) wrong('before_line', 'is of no state that is known here');
    if (row.after_line !== null || row.after_at !== null) wrong('after_line', 'is of no state that is known here');
    return;
  }
  const before = refOf(row.before_line, row.before_at);
  const after = refOf(row.after_line, row.after_at);
  if (before === null) return wrong('before_line', 'does not say which state was before it');
  if (after === null) return wrong('after_line', 'does not say which state is after it');
  const differs = (which: 'before' | 'after', is: Ref, should: Ref, reason: string): void => {
    if (is.line !== should.line) wrong(`${which}_line`, reason);
    else if (is.at !== should.at) wrong(`${which}_at`, reason);
  };
  if (straight) differs('before', before, stateAfterTips(follows, head), 'is not the current state');
  else if (row.prev.length === 0) differs('before', before, { line: 0, at: 0 }, 'is not the empty state');
  else if (follows?.length === 1) differs('before', before, follows[0]!, 'is not the state after the event before it');
  else if (follows === null) wrong('prev', 'cite an event after which the state is not known');
  else if (before.at >= row.room_position) wrong('before_at', 'is not of the past');

  const here = { line: after.line, at: row.room_position };
  if (row.verdict === 'rejected' || (row.state_key === null && !(straight && row.verdict === 'accepted'))) {
    differs('after', after, before, 'changes a state that the event leaves as it is');
  } else if (straight && row.verdict === 'accepted') {
    differs('after', after, headAfter, 'is not the current state');
  } else {
    if (after.line === 0) wrong('after_line', 'is not a branch');
    differs('after', after, here, 'is not the change that the event made');
  }
}

function refOf(line: number | null, at: number | null): Ref | null {
  return line === null || at === null ? null : { line, at };
}
