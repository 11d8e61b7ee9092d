/** Tells which row stood where one is missing, from the rows that still refer to it. */
import type { PoolClient } from 'pg';
import { SEALED_TABLES } from '../../log/sealed-tables.ts';
import { transitionKind } from '../../log/transition.ts';
import type { Membership } from '../../matrix/pdu.ts';
import { ERASE_OPERATION } from '../erase.ts';
import { REDACT_OPERATION } from '../redact-event.ts';
import { ERASED } from './verify-page.ts';

/** A row's place in sealing order: its position and its table's number. */
export interface Place {
  readonly position: number;
  readonly t: number;
}

/** A row that is gone: its table and key as far as other rows tell. */
export interface MissingRow {
  readonly table: string;
  readonly key: string;
  readonly position: number;
}

/**
 * Names the row that is missing between two neighbours in sealing order. Every position belongs to a row of events,
 * verdicts, transitions, actions or erasures; a verdict's state line and state change stand at its own position.
 */
export async function nameMissing(client: PoolClient, [before, next]: readonly [Place, Place]): Promise<MissingRow> {
  const position = before.position + 1;
  return next.position > position ? nameAtPosition(client, position) : nameBesideVerdict(client, before, next);
}

/** Names the row whose position is not there. */
export async function nameAtPosition(client: PoolClient, position: number): Promise<MissingRow> {
  const event = await one(client, 'select room_id, room_position from verdicts where event = $1 limit 1', [position]);
  if (event !== null) return { table: 'events', key: `${event.room_id}, ${position}`, position };
  const verdict = await one(
    client,
    `select e.room_id, coalesce(max(v.room_position), 0) + 1 as room_position
       from events e left join verdicts v on v.room_id = e.room_id and v.position < $1
      where e.position = $1 - 1 and not exists (select from verdicts w where w.room_id = e.room_id and w.event = e.position and w.position <= (select position from log_head))
      group by e.room_id`,
    [position],
  );
  if (verdict !== null) return { table: 'verdicts', key: `${verdict.room_id}, ${verdict.room_position}`, position };
  if (await lacksTransition(client, position)) return { table: 'transitions', key: String(position), position };
  const table = (await lacksErasure(client, position)) ? 'erasures' : 'actions';
  return { table, key: String(position), position };
}

// Words are gone, or somebody erased or redacted them, and no erasure tells of it.
async function lacksErasure(client: PoolClient, position: number): Promise<boolean> {
  const { rows } = await client.query<{ lacks: boolean }>(
    `select exists (select from actions a where a.position < $1 and a.operation = $2 and a.outcome = 'ok'
              and not exists (select from erasures x where x.position > a.position
                and x.position <= (select position from log_head) and x.kind = 'user' and x.subject = a.target))
         or exists (select from actions a join events r on r.room_id = a.room_id and r.position = a.event
            where a.position < $1 and a.operation = $3 and a.outcome = 'ok'
              and not exists (select from erasures x where x.position > r.position
                and x.position <= (select position from log_head) and x.kind = 'event' and x.subject = r.event_id))
         or exists (select from events e where e.position < $1 and e.words and not ${ERASED}
              and not exists (select from event_content c where c.room_id = e.room_id and c.event = e.position)) as lacks`,
    [position, ERASE_OPERATION, REDACT_OPERATION],
  );
  return rows[0]?.lacks === true;
}

// The position after a verdict that moved somebody's membership, and nothing tells of it.
async function lacksTransition(client: PoolClient, position: number): Promise<boolean> {
  const { rows } = await client.query<{ from: Membership | null; to: Membership | null; self: boolean }>(
    `select p.membership as "from", c.membership as "to", e.sender = c.state_key as self
       from state_changes c
       join events e on e.room_id = c.room_id and e.position = c.event
       left join lateral (select s.membership from state_changes s
         where s.room_id = c.room_id and s.type = c.type and s.state_key = c.state_key and s.line = 0 and s.at < c.at
         order by s.at desc limit 1) p on true
      where c.position = $1 - 1 and c.line = 0 and c.type = 'm.room.member'
        and not exists (select from transitions t
          where t.room_id = c.room_id and t.at = c.at and t.position <= (select position from log_head))`,
    [position],
  );
  return rows.some(({ from, to, self }) => to !== null && transitionKind(from ?? 'none', to, self) !== null);
}

async function nameBesideVerdict(client: PoolClient, before: Place, next: Place): Promise<MissingRow> {
  const position = isVerdictOrLine(before) ? before.position : next.position;
  const verdict = await one(client, 'select room_id, room_position from verdicts where position = $1', [position]);
  if (verdict === null) return nameAtPosition(client, position);
  const line = await one(client, 'select room_id, line as room_position from state_lines where position = $1', [
    position,
  ]);
  return verdict.room_position === 1 && line === null
    ? { table: 'state_lines', key: `${verdict.room_id}, 0`, position }
    : { table: 'state_changes', key: `${verdict.room_id}, 0, ${verdict.room_position}`, position };
}

function isVerdictOrLine({ t }: Place): boolean {
  const name = SEALED_TABLES[t]?.name;
  return name === 'verdicts' || name === 'state_lines';
}

interface Reference {
  readonly room_id: string;
  readonly room_position: number;
}

async function one(client: PoolClient, text: string, values: readonly number[]): Promise<Reference | null> {
  const { rows } = await client.query<Reference>(text, [...values]);
  return rows[0] ?? null;
}
