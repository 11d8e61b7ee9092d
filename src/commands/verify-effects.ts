/** Checks what followed from verdicts: state lines, state changes, and the transitions that they amount to. */
import { transitionKind } from '../log/transition.ts';
import { parseJsonObject, type JsonObject } from '../matrix/json.ts';
import { isMembership, membershipOf, stringIn } from '../matrix/pdu.ts';
import type { ChangeRow, LineRow, LogPage, TransitionRow, VerdictRow } from './verify-page.ts';
import type { Finding, Findings } from './verify-report.ts';

export function verifyEffects(findings: Findings, page: LogPage): void {
  const verdicts = new Map(page.verdicts.map((row) => [row.position, row]));
  for (const row of page.lines) verifyLine(findings, row, verdicts.get(row.position));
  for (const row of page.changes) verifyChange(findings, row, verdicts.get(row.position));
  verifyPresentEffects(findings, page);
  verifyTransitions(findings, page);
}

function verifyLine(findings: Findings, row: LineRow, verdict: VerdictRow | undefined): void {
  const wrong = (column: string, reason: string): void =>
    findings.add({
      check: 'state',
      table: 'state_lines',
      key: `${row.room_id}, ${row.line}`,
      position: row.position,
      column,
      reason,
    });
  if (verdict === undefined || verdict.room_id !== row.room_id)
    return wrong('position', 'is not that of a verdict in the room');
  if (row.line !== 0) {
    if (row.parent_line === null || row.parent_at === null) wrong('parent_line', 'a branch hangs on nothing');
    return;
  }
  if (verdict.room_position !== 1) wrong('position', "is not that of the room's first verdict");
  if (row.parent_line !== null) wrong('parent_line', 'the current line hangs on another');
  if (row.parent_at !== null) wrong('parent_at', 'the current line hangs on another');
  if (row.depth !== 0) wrong('depth', 'of the current line is not 0');
}

function verifyChange(findings: Findings, row: ChangeRow, verdict: VerdictRow | undefined): void {
  const key = `${row.room_id}, ${row.line}, ${row.at}, ${row.type}, ${row.state_key}`;
  const wrong = (column: string, reason: string): void =>
    findings.add({ check: 'state', table: 'state_changes', key, position: row.position, column, reason });
  if (verdict === undefined || verdict.room_id !== row.room_id)
    return wrong('position', 'is not that of a verdict in the room');
  // A merge's result is written one place before the event that completes it.
  if (row.at !== verdict.room_position && (row.line === 0 || row.at !== verdict.room_position - 1))
    wrong('at', 'is not the place of its verdict');
  if (row.line === 0 && row.previous !== row.prior_event) wrong('previous', 'is not what the key was before');
  if (row.event === null) return;
  if (row.event_type === null) return wrong('event', 'is not an event of the room');
  if (row.event_type !== row.type) wrong('type', "is not its event's");
  if (row.event_state_key !== row.state_key) wrong('state_key', "is not its event's");
  if (row.membership !== membershipIn(row)) wrong('membership', 'is not what its event says');
  // An event on a branch that meets others, and a state that was taken over, change what they will.
  const straight = verdict.verdict === 'accepted' && verdict.after_line === 0;
  if (row.line === 0 && straight && row.event !== verdict.event) wrong('event', 'is not the event of its verdict');
}

function membershipIn({ proof }: ChangeRow): string | null {
  if (proof === null) return null;
  try {
    const event = parseJsonObject(proof);
    return membershipOf({ type: stringIn(event, 'type') ?? '', content: event['content'] as JsonObject });
  } catch {
    return null;
  }
}

// The other way round: a verdict on a state event without its change, and a room without its line.
function verifyPresentEffects(findings: Findings, page: LogPage): void {
  const changed = new Set(page.changes.filter((row) => row.line === 0).map((row) => row.position));
  const lines = new Set(page.lines.filter((row) => row.line === 0).map((row) => row.position));
  for (const row of page.verdicts) {
    const missing = (table: string, key: string): void =>
      findings.add({
        check: 'state',
        table,
        key,
        position: row.position,
        column: null,
        reason: 'missing: its verdict made it',
      });
    if (row.verdict === 'accepted' && row.state_key !== null && row.after_line === 0 && !changed.has(row.position)) {
      missing('state_changes', `${row.room_id}, 0, ${row.room_position}`);
    }
    if (
      row.room_position === 1 &&
      (row.verdict === 'accepted' || row.verdict === 'imported') &&
      !lines.has(row.position)
    )
      missing('state_lines', `${row.room_id}, 0`);
  }
}

function verifyTransitions(findings: Findings, page: LogPage): void {
  const changes = new Map(
    page.changes
      .filter((row) => row.line === 0)
      .map((row) => [changeName(row.room_id, row.at, row.state_key, row.type), row]),
  );
  const verdicts = new Map(page.verdicts.map((row) => [row.position, row]));
  const told = new Set<ChangeRow>();
  for (const row of page.transitions) {
    const change = changes.get(changeName(row.room_id, row.at, row.user_id, 'm.room.member'));
    if (change === undefined || told.has(change)) {
      add(findings, row, null, 'no change of state explains it');
      continue;
    }
    told.add(change);
    compareTransition(findings, row, change, verdicts.get(change.position));
  }
  for (const change of changes.values()) {
    if (change.type !== 'm.room.member' || told.has(change) || expectedKind(change) === null) continue;
    const { position, room_id: room, at, state_key: user } = change;
    const reason = 'missing: the state of the room changed and no transition tells of it';
    findings.add({
      check: 'transitions',
      table: 'transitions',
      key: `${room}, ${at}, ${user}`,
      position: position + 1,
      column: null,
      reason,
    });
  }
}

function changeName(room: string, at: number, key: string, type: string): string {
  return `${room}\u0000${at}\u0000${type}\u0000${key}`;
}

function expectedKind(change: ChangeRow): string | null {
  const to = change.membership;
  const from = change.prior_membership ?? 'none';
  if (to === null && change.event === null) return from === 'none' ? null : 'MEMBERSHIP_RECONCILED';
  if (!isMembership(to ?? undefined) || (from !== 'none' && !isMembership(from))) return null;
  return transitionKind(from, to as 'join', change.sender === change.state_key);
}

function compareTransition(
  findings: Findings,
  row: TransitionRow,
  change: ChangeRow,
  verdict: VerdictRow | undefined,
): void {
  const self = change.sender === change.state_key;
  const said: readonly (readonly [keyof TransitionRow, unknown])[] = [
    ['from', change.prior_membership ?? 'none'],
    ['to', change.membership ?? 'none'],
    ['event', change.event],
    ['previous', change.previous],
    ['trigger', verdict?.event ?? null],
    ['actor', change.sender],
    ['occurred_at', change.origin_server_ts],
    ['in_room', true],
    ['unverified', false],
  ];
  for (const [column, value] of said)
    if (row[column] !== value) add(findings, row, column, 'is not what the state and its event say');
  if (row.recorded_at.getTime() !== verdict?.decided_at.getTime())
    add(findings, row, 'recorded_at', 'is not when its verdict was decided');
  if (row.cause === 'resolution') return;
  const kind = expectedKind(change);
  if (row.kind !== kind)
    add(findings, row, 'kind', kind === null ? 'nothing is to be told of this change' : `should be ${kind}`);
  const taken = row.cause === 'import' || row.cause === 'catch_up';
  if (
    taken ? verdict?.verdict !== 'imported' : row.cause !== 'federation' && row.cause !== (self ? 'self' : 'moderator')
  )
    add(findings, row, 'cause', 'is not who acted');
  if (row.supersedes !== null && !taken) add(findings, row, 'supersedes', 'it corrects nothing');
}

function add(findings: Findings, row: TransitionRow, column: Finding['column'], reason: string): void {
  findings.add({
    check: 'transitions',
    table: 'transitions',
    key: String(row.position),
    position: row.position,
    column,
    reason,
  });
}
