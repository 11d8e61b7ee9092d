/** Checks the log's counter: every position one row, none beyond the head; and the rows that stand for themselves, acts and erasures. */
import type { PoolClient } from 'pg';
import { SEALED_TABLES } from '../../log/sealed-tables.ts';
import { nameAtPosition } from './verify-missing.ts';
import type { LogPage } from './verify-page.ts';
import type { Findings } from './verify-report.ts';

interface Holder {
  readonly table: string;
  readonly key: string;
  readonly position: number;
}

// A page with many holes lost more than a row; naming each would read the log once a hole.
const NAMED_PER_PAGE = 20;

export async function verifyPositions(client: PoolClient, findings: Findings, page: LogPage): Promise<void> {
  const holders = [...holdersOf(page)].sort((a, b) => a.position - b.position);
  let expected = page.after + 1;
  let named = 0;
  for (const holder of holders) {
    for (; expected < holder.position; expected++, named++) await addMissing(client, findings, expected, named);
    if (holder.position < expected)
      findings.add({ check: 'positions', ...holder, column: 'position', reason: 'two rows have this position' });
    expected = Math.max(expected, holder.position + 1);
  }
  for (; expected <= page.upto; expected++, named++) await addMissing(client, findings, expected, named);
}

async function addMissing(client: PoolClient, findings: Findings, position: number, named: number): Promise<void> {
  const row = named < NAMED_PER_PAGE ? await nameAtPosition(client, position) : { table: '', key: '', position };
  findings.add({ check: 'positions', ...row, column: null, reason: 'missing: no row has this position' });
}

function* holdersOf(page: LogPage): Iterable<Holder> {
  for (const { room_id: room, position } of page.events)
    yield { table: 'events', key: `${room}, ${position}`, position };
  for (const row of page.verdicts)
    yield { table: 'verdicts', key: `${row.room_id}, ${row.room_position}`, position: row.position };
  for (const { position } of page.transitionsInside) yield { table: 'transitions', key: String(position), position };
  for (const { position } of page.actions) yield { table: 'actions', key: String(position), position };
  for (const { position } of page.erasures) yield { table: 'erasures', key: String(position), position };
}

/** Rows that stand outside the log: at no position, or beyond its head. */
export async function verifyOutside(client: PoolClient, findings: Findings): Promise<void> {
  const { rows: heads } = await client.query<{ position: number }>('select position from log_head');
  const head = heads[0]?.position ?? 0;
  for (const { name, key } of SEALED_TABLES) {
    const columns = key.map((column) => `"${column}"::text`).join(", ', ', ");
    const { rows } = await client.query<{ key: string; position: number }>(
      `select concat(${columns}) as key, position from ${name} where position <= 0 or position > $1 order by position limit 10`,
      [head],
    );
    for (const row of rows)
      findings.add({
        check: 'positions',
        table: name,
        ...row,
        column: 'position',
        reason: `is outside the log: its head is ${head}`,
      });
  }
}

/** Words of events and acts that do not exist, and words about acts that an erasure took. */
export async function verifyStrayWords(client: PoolClient, findings: Findings): Promise<void> {
  const { rows } = await client.query<{ room_id: string; event: number }>(
    `select c.room_id, c.event from event_content c
      where not exists (select from events e where e.room_id = c.room_id and e.position = c.event) order by c.event limit 10`,
  );
  for (const { room_id: room, event } of rows) {
    const reason = 'added: there is no such event';
    findings.add({
      check: 'words',
      table: 'event_content',
      key: `${room}, ${event}`,
      position: event,
      column: null,
      reason,
    });
  }
  const { rows: notes } = await client.query<{ position: number; known: boolean }>(
    `select c.position, a.position is not null as known from action_content c left join actions a on a.position = c.position
      where a.position is null
         or exists (select from erasures x where x.kind = 'user' and x.subject = c.subject and x.position > c.position)
      order by c.position limit 10`,
  );
  for (const { position, known } of notes) {
    const reason = known ? 'put back: an erasure took these words' : 'added: there is no such act';
    findings.add({ check: 'words', table: 'action_content', key: String(position), position, column: null, reason });
  }
}

export function verifyActs(findings: Findings, page: LogPage): void {
  for (const { position, event, event_room: room } of page.actions) {
    if (event === null || room !== null) continue;
    const reason = 'is not an event of the room';
    findings.add({ check: 'acts', table: 'actions', key: String(position), position, column: 'event', reason });
  }
  for (const { position, kind, subject, event, explained } of page.erasures) {
    const wrong = (column: string, reason: string): void =>
      findings.add({ check: 'acts', table: 'erasures', key: String(position), position, column, reason });
    if (kind === 'user' ? subject === null : kind !== 'event' || event === null) {
      wrong(kind === 'user' ? 'subject' : kind === 'event' ? 'event' : 'kind', 'does not say what was erased');
    } else if (kind === 'event' && !explained) wrong('subject', 'is no redaction of that event');
  }
}
