/** Checks transitions out of band: that each is what its event says of somebody's membership, and that each event is told. */
import type { PoolClient } from 'pg';
import { outsideKind } from '../../log/transition.ts';
import { parseJsonObject, type JsonObject } from '../../matrix/json.ts';
import { isMembership, membershipOf, stringIn, type Membership } from '../../matrix/pdu.ts';
import type { LogPage } from './verify-page.ts';
import type { Finding, Findings } from './verify-report.ts';
import type { TransitionRow, VerdictRow } from './verify-rows.ts';

/** What is held of memberships out of band, against the newest transition of each. */
export async function verifyHeldOutside(client: PoolClient, findings: Findings): Promise<void> {
  const { rows } = await client.query<{ room_id: string; user_id: string; told: boolean; event: boolean }>(
    `select o.room_id, o.user_id, coalesce(not t.in_room, false) as told, t.event is not distinct from o.event as event
       from out_of_band o
       left join lateral (
         select * from transitions where room_id = o.room_id and user_id = o.user_id order by at desc limit 1) t on true
      where t.in_room is not false or t.event <> o.event or t."to" <> o.membership
      order by o.room_id, o.user_id limit 10`,
  );
  for (const { room_id: room, user_id: user, told, event } of rows) {
    const column = told ? (event ? 'membership' : 'event') : null;
    const reason = told ? 'is not what the newest transition says' : 'added: no transition out of band is the newest';
    findings.add({
      check: 'projections',
      table: 'out_of_band',
      key: `${room}, ${user}`,
      position: null,
      column,
      reason,
    });
  }
}

export function verifyOutside(findings: Findings, page: LogPage): void {
  const verdicts = new Map(
    page.verdicts
      .filter(({ verdict }) => verdict === 'out_of_band')
      .map((row) => [`${row.room_id}\u0000${row.room_position}`, row]),
  );
  for (const row of page.transitions) {
    if (row.in_room) continue;
    const name = `${row.room_id}\u0000${row.at}`;
    const verdict = verdicts.get(name);
    verdicts.delete(name);
    if (verdict === undefined) addTransition(findings, row, 'in_room', 'no verdict out of band explains it');
    else compareOutside(findings, row, verdict);
  }
  for (const { room_id: room, room_position: at, position } of verdicts.values()) {
    const reason = 'missing: an event out of band was stored and no transition tells of it';
    findings.add({
      check: 'transitions',
      table: 'transitions',
      key: `${room}, ${at}`,
      position: position + 1,
      column: null,
      reason,
    });
  }
}

/** What a membership out of band was before: as it was told last, or what the room had while somebody here was in it. */
interface Before {
  readonly from: Membership | 'none';
  readonly event: number | null;
}

function compareOutside(findings: Findings, row: TransitionRow, verdict: VerdictRow): void {
  const said = saidBy(verdict);
  const possible: readonly Before[] = [
    { from: membershipIn(row.prior_to), event: row.prior_event },
    { from: membershipIn(row.state_membership), event: row.state_event },
  ];
  const before = possible.find(({ from, event }) => from === row.from && event === row.previous) ?? possible[0]!;
  // What was found out by asking is told by a leave of our own, which says nothing of who brought it about.
  const inferred = row.cause === 'probe';
  compareColumns(findings, row, [
    ['user_id', verdict.state_key],
    ['from', before.from],
    ['to', said?.to],
    ['event', verdict.event],
    ['previous', before.event],
    ['trigger', verdict.event],
    ['actor', inferred ? null : said?.sender],
    ['occurred_at', said?.at],
    ['supersedes', null],
  ]);
  if (row.recorded_at.getTime() !== verdict.decided_at.getTime())
    addTransition(findings, row, 'recorded_at', 'is not when its verdict was decided');
  if (said === null) return;
  const self = said.sender === verdict.state_key;
  const kind = inferred ? inferredKind(before.from) : outsideKind(before.from, said.to, self);
  if (row.kind !== kind) addTransition(findings, row, 'kind', `should be ${kind}`);
  if (!inferred && row.cause !== 'federation' && !(self && row.cause === 'self'))
    addTransition(findings, row, 'cause', 'is not what brought it about');
  if (row.unverified && (self || (said.to !== 'leave' && said.to !== 'ban')))
    addTransition(findings, row, 'unverified', 'nobody has to be asked whether this is so');
}

function inferredKind(from: Membership | 'none'): string {
  return from === 'knock' ? 'KNOCK_LAPSED' : 'INVITE_REVOKED';
}

function membershipIn(text: string | null): Membership | 'none' {
  return text !== null && isMembership(text) ? text : 'none';
}

function saidBy({ proof }: VerdictRow): { to: Membership; sender: string | null; at: number | null } | null {
  try {
    const event = parseJsonObject(proof ?? Buffer.alloc(0));
    const to = membershipOf({ type: stringIn(event, 'type') ?? '', content: event['content'] as JsonObject });
    const at = event['origin_server_ts'];
    return to === null ? null : { to, sender: stringIn(event, 'sender'), at: typeof at === 'number' ? at : null };
  } catch {
    return null; // the events check names the proof
  }
}

export function compareColumns(
  findings: Findings,
  row: TransitionRow,
  said: readonly (readonly [keyof TransitionRow, unknown])[],
): void {
  for (const [column, value] of said)
    if (row[column] !== value) addTransition(findings, row, column, 'is not what the state and its event say');
}

export function addTransition(findings: Findings, row: TransitionRow, column: Finding['column'], reason: string): void {
  findings.add({
    check: 'transitions',
    table: 'transitions',
    key: String(row.position),
    position: row.position,
    column,
    reason,
  });
}
