/** Checks what followed from verdicts: state lines, state changes, and the transitions that they amount to. */
import { transitionKind, type TransitionKind } from '../../log/transition.ts';
import { parseJsonObject, type JsonObject } from '../../matrix/json.ts';
import { isMembership, membershipOf, stringIn, type Membership } from '../../matrix/pdu.ts';
import type { Surroundings } from './verify-graph.ts';
import type { LogPage } from './verify-page.ts';
import type { ChangeRow, LineRow, TransitionRow, VerdictRow } from './verify-rows.ts';
import { addTransition, compareColumns, verifyOutside } from './verify-outside.ts';
import type { Findings } from './verify-report.ts';

/** `around` is where each verdict of the page found its room. */
export function verifyEffects(findings: Findings, page: LogPage, around: ReadonlyMap<number, Surroundings>): void {
  const verdicts = new Map(page.verdicts.map((row) => [row.position, row]));
  const begun = new Set(page.lines.map((row) => `${row.position} ${row.line}`));
  for (const row of page.lines) verifyLine(findings, row, verdicts.get(row.position));
  for (const row of page.changes) {
    const straight = around.get(row.position)?.straight === true;
    verifyChange(findings, row, verdicts.get(row.position), {
      straight,
      begins: begun.has(`${row.position} ${row.line}`),
    });
  }
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
    if (row.parent_line === null || row.parent_at === null) return wrong('parent_line', 'a branch hangs on nothing');
    if (row.parent_depth === null) return wrong('parent_line', 'is no line of the room');
    if (row.parent_at >= verdict.room_position) wrong('parent_at', 'is not of the past');
    if (row.depth !== row.parent_depth + 1) wrong('depth', 'is not one more than that of the line it hangs on');
    return;
  }
  if (!row.first) wrong('position', "is not that of the room's first verdict");
  if (row.parent_line !== null) wrong('parent_line', 'the current line hangs on another');
  if (row.parent_at !== null) wrong('parent_at', 'the current line hangs on another');
  if (row.depth !== 0) wrong('depth', 'of the current line is not 0');
}

function verifyChange(
  findings: Findings,
  row: ChangeRow,
  verdict: VerdictRow | undefined,
  { straight, begins }: { readonly straight: boolean; readonly begins: boolean },
): void {
  const key = `${row.room_id}, ${row.line}, ${row.at}, ${row.type}, ${row.state_key}`;
  const wrong = (column: string, reason: string): void =>
    findings.add({ check: 'state', table: 'state_changes', key, position: row.position, column, reason });
  if (verdict === undefined || verdict.room_id !== row.room_id)
    return wrong('position', 'is not that of a verdict in the room');
  // A merge's result is written one place before the event that completes it.
  const own = row.at === verdict.room_position;
  if (!own && (!begins || row.line === 0 || row.at !== verdict.room_position - 1))
    wrong('at', 'is not the place of its verdict');
  if (row.previous !== row.prior_event) wrong('previous', 'is not what the key was before');
  if (row.event === null) return;
  if (row.event_type === null) return wrong('event', 'is not an event of the room');
  if (row.event_type !== row.type) wrong('type', "is not its event's");
  if (row.event_state_key !== row.state_key) wrong('state_key', "is not its event's");
  if (row.membership !== membershipIn(row)) wrong('membership', 'is not what its event says');
  if (own && (straight || row.line !== 0) && row.event !== verdict.event)
    wrong('event', 'is not the event of its verdict');
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
  const changed = new Set(page.changes.map((row) => `${row.position} ${row.line} ${row.at}`));
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
    const changes = row.state_key !== null && (row.verdict === 'accepted' || row.verdict === 'soft_failed');
    if (changes && !changed.has(`${row.position} ${row.after_line} ${row.room_position}`)) {
      missing('state_changes', `${row.room_id}, ${row.after_line}, ${row.room_position}`);
    }
    const begins = row.verdict === 'accepted' || row.verdict === 'imported';
    if (row.room_position === 1 && begins && !lines.has(row.position)) missing('state_lines', `${row.room_id}, 0`);
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
    if (!row.in_room) continue;
    const change = changes.get(changeName(row.room_id, row.at, row.user_id, 'm.room.member'));
    if (change === undefined || told.has(change)) {
      addTransition(findings, row, null, 'no change of state explains it');
      continue;
    }
    told.add(change);
    compareTransition(findings, row, change, verdicts.get(change.position));
  }
  for (const change of changes.values()) {
    if (change.type !== 'm.room.member' || told.has(change)) continue;
    if (expectedTransitions(change, verdicts.get(change.position)).includes(null)) continue;
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
  verifyOutside(findings, page);
}

function changeName(room: string, at: number, key: string, type: string): string {
  return `${room}\u0000${at}\u0000${type}\u0000${key}`;
}

interface Expected {
  readonly kind: TransitionKind;
  /** One of these. */
  readonly causes: readonly string[];
  readonly from: string;
  readonly previous: number | null;
}

/** What may be told of a change, null for nothing: of one whom the log knew from outside, that is told by either. */
function expectedTransitions(change: ChangeRow, verdict: VerdictRow | undefined): readonly (Expected | null)[] {
  const inside = expectedInside(change, verdict);
  if (verdict?.verdict !== 'imported' || change.outside === null) return [inside];
  return [expectedOfOutside(change, change.outside), inside];
}

function expectedInside(change: ChangeRow, verdict: VerdictRow | undefined): Expected | null {
  const from = change.prior_membership ?? 'none';
  const to = change.event === null ? 'none' : (change.membership ?? undefined);
  if (from !== 'none' && !isMembership(from)) return null;
  const self = change.sender === change.state_key;
  const told = toldOf(from, to, self);
  if (told === null) return null;
  // A state that was taken over tells what it tells; else only the event itself does.
  const taken = verdict?.verdict === 'imported';
  const kind = !taken && change.event !== verdict?.event ? 'MEMBERSHIP_RECONCILED' : told;
  const own = kind === 'MEMBERSHIP_RECONCILED' ? ['resolution'] : ['federation', self ? 'self' : 'moderator'];
  return { kind, causes: taken ? TAKEN : own, from, previous: change.previous };
}

/** Of a state that was taken over: another event than was known corrects what was told. */
function expectedOfOutside(change: ChangeRow, from: string): Expected | null {
  const to = change.membership ?? 'none';
  if (change.outside_same === true || (from === 'leave' && (to === 'leave' || to === 'none'))) return null;
  return { kind: 'MEMBERSHIP_RECONCILED', causes: TAKEN, from, previous: change.outside_event };
}

const TAKEN: readonly string[] = ['import', 'catch_up'];

function toldOf(from: Membership | 'none', to: string | undefined, self: boolean): TransitionKind | null {
  if (to === 'none') return from === 'none' ? null : 'MEMBERSHIP_RECONCILED';
  return isMembership(to) ? transitionKind(from, to, self) : null;
}

function compareTransition(
  findings: Findings,
  row: TransitionRow,
  change: ChangeRow,
  verdict: VerdictRow | undefined,
): void {
  const possible = expectedTransitions(change, verdict).filter((one) => one !== null);
  const expected = possible.find(({ kind, from }) => kind === row.kind && from === row.from) ?? possible[0];
  const said: readonly (readonly [keyof TransitionRow, unknown])[] = [
    ['from', expected?.from ?? change.prior_membership ?? 'none'],
    ['to', change.membership ?? 'none'],
    ['event', change.event],
    ['previous', expected === undefined ? change.previous : expected.previous],
    ['trigger', verdict?.event ?? null],
    ['actor', change.sender],
    ['occurred_at', change.origin_server_ts],
    ['supersedes', expected?.kind === 'MEMBERSHIP_RECONCILED' ? row.prior_transition : null],
    ['unverified', false],
  ];
  compareColumns(findings, row, said);
  if (row.recorded_at.getTime() !== verdict?.decided_at.getTime())
    addTransition(findings, row, 'recorded_at', 'is not when its verdict was decided');
  if (expected === undefined) return addTransition(findings, row, 'kind', 'nothing is to be told of this change');
  if (row.kind !== expected.kind) addTransition(findings, row, 'kind', `should be ${expected.kind}`);
  if (!expected.causes.includes(row.cause)) addTransition(findings, row, 'cause', 'is not what brought it about');
}
