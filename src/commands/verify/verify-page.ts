/** A stretch of the log with what its rows refer to, read in one snapshot for the checks. */
import type { PoolClient } from 'pg';
import type { EventRow, VerdictRow, LineRow, ChangeRow, TransitionRow, ActionRow, ErasureRow } from './verify-rows.ts';

/** Rows of positions in (after, upto]. */
export interface LogPage {
  readonly after: number;
  readonly upto: number;
  readonly events: readonly EventRow[];
  readonly verdicts: readonly VerdictRow[];
  readonly lines: readonly LineRow[];
  readonly changes: readonly ChangeRow[];
  /** With those of the last verdict, which may lie beyond the page; without those of the page before. */
  readonly transitions: readonly TransitionRow[];
  /** Those whose own position is in the page. */
  readonly transitionsInside: readonly { readonly position: number }[];
  readonly actions: readonly ActionRow[];
  readonly erasures: readonly ErasureRow[];
  /** Positions of the events that events of the page cite, by room and id. */
  readonly cited: ReadonlyMap<string, number>;
}

export function citedName(roomId: string, eventId: string): string {
  return `${roomId}\u0000${eventId}`;
}

/** SQL: an erasure covers the words of an event `e`, by whom they are about (as subjectOf() of log/content has it) or by name. */
export const ERASED = `exists (select from erasures x
  where x.position > e.position and x.position <= (select position from log_head) and (
  (x.kind = 'event' and x.room_id = e.room_id and x.event = e.position) or (x.kind = 'user' and x.subject =
    case when e.state_key is null then e.sender when e.type = 'm.room.member' then e.state_key else '' end)))`;

/**
 * SQL: the states after what a verdict `v` cites, as they were known then: by verdicts, or as claimed where an event was not
 * to be had; null for what is neither.
 */
const STATES_AFTER_PREV = `
  with known as (
    select case when w.verdict = 'rejected' then w.before_line else w.after_line end as line,
           case when w.verdict = 'rejected' then w.before_at else w.after_at end as at
      from unnest(v.prev) as c (event)
      left join lateral (select * from verdicts x where x.room_id = v.room_id and x.event = c.event
        and x.room_position < v.room_position order by x.room_position desc limit 1) w on true),
  claimed as (select g.line, g.at from gaps g where g.room_id = v.room_id and g.cited_by = v.event)
  select array_agg(line) as lines, array_agg(at::float8) as ats, (select count(*) from claimed) > 0 as claims from (
    select line, at from known where line is not null
    union all select line, at from claimed
    union all select null, null where (select count(*) from known where line is null) > (select count(*) from claimed)) s`;

/** SQL: what the key of a change `c` on a branch is on the line that the branch hangs on, and on what that hangs on. */
const ON_PARENTS = `
  with recursive path (line, at, n) as (
    select l.parent_line, l.parent_at, 0 from state_lines l where l.room_id = c.room_id and l.line = c.line and l.parent_line is not null
    union all
    select l.parent_line, l.parent_at, path.n + 1 from path
      join state_lines l on l.room_id = c.room_id and l.line = path.line where l.parent_line is not null)
  select s.event, s.membership from path cross join lateral (
    select t.event, t.membership from state_changes t
     where t.room_id = c.room_id and t.type = c.type and t.state_key = c.state_key and t.line = path.line and t.at <= path.at
     order by t.at desc limit 1) s order by path.n limit 1`;

export async function readPage(
  client: PoolClient,
  after: number,
  upto: number,
  seenTransition: number,
): Promise<LogPage> {
  const range = [after, upto];
  const judged = await readJudged(client, range);
  const transitions = await client.query<TransitionRow>(
    `select t.*, p.position as prior_transition, p."to" as prior_to, p.event as prior_event,
            s.membership as state_membership, s.event as state_event
       from transitions t
       left join lateral (
         select * from transitions o where o.room_id = t.room_id and o.user_id = t.user_id and o.at < t.at order by o.at desc limit 1) p on true
       left join lateral (
         select * from state_changes c where c.room_id = t.room_id and c.type = 'm.room.member' and c.state_key = t.user_id and c.line = 0
            and c.at < t.at order by c.at desc limit 1) s on not t.in_room
      where t.position > $1
        and t.position <= coalesce((select min(position) from verdicts where position > $2), 9223372036854775807)
      order by t.position`,
    [Math.max(after, seenTransition), upto],
  );
  const inside = await client.query<{ position: number }>(
    'select position from transitions where position > $1 and position <= $2 order by position',
    range,
  );
  const actions = await client.query<ActionRow>(
    `select a.position, a.room_id, a.event, e.room_id as event_room
       from actions a left join events e on e.position = a.event and e.room_id = a.room_id
      where a.position > $1 and a.position <= $2 order by a.position`,
    range,
  );
  const erasures = await client.query<ErasureRow>(
    `select x.position, x.kind, x.subject, x.event, r.event_id is not null as explained
       from erasures x
       left join events t on t.room_id = x.room_id and t.position = x.event
       left join events r on r.room_id = x.room_id and r.event_id = x.subject and r.type = 'm.room.redaction'
        and r.redacts = t.event_id and r.sender = x.by_user and r.position < x.position
      where x.position > $1 and x.position <= $2 order by x.position`,
    range,
  );
  return {
    ...judged,
    after,
    upto,
    transitions: transitions.rows,
    transitionsInside: inside.rows,
    actions: actions.rows,
    erasures: erasures.rows,
    cited: await readCited(client, [...judged.events, ...judged.verdicts]),
  };
}

async function readJudged(
  client: PoolClient,
  range: number[],
): Promise<Pick<LogPage, 'events' | 'verdicts' | 'lines' | 'changes'>> {
  const events = await client.query<EventRow>(
    `select e.*, c.subject, c.content, ${ERASED} as erased, r.version as room_version,
            (select v.verdict = 'out_of_band' from verdicts v where v.room_id = e.room_id and v.event = e.position
              order by v.room_position limit 1) as judged_out_of_band
       from events e left join event_content c on c.room_id = e.room_id and c.event = e.position
       left join rooms r on r.room_id = e.room_id
      where e.position > $1 and e.position <= $2 order by e.position`,
    range,
  );
  const verdicts = await client.query<VerdictRow>(
    `select v.*, e.proof, e.state_key, p.lines as prev_lines, p.ats as prev_ats, p.claims,
            case when v.back <> 0 then (select min(w.back) - 1 from verdicts w where w.room_id = v.room_id and w.anchor = v.anchor
              and w.verdict = 'accepted' and w.room_position < v.room_position) end as next_back
       from verdicts v left join events e on e.room_id = v.room_id and e.position = v.event
       left join lateral (${STATES_AFTER_PREV}) p on true
      where v.position > $1 and v.position <= $2 order by v.position`,
    range,
  );
  const lines = await client.query<LineRow>(
    `select l.*, p.depth as parent_depth, not exists (
              select from verdicts v where v.room_id = l.room_id and v.position < l.position and v.verdict <> 'out_of_band') as first
       from state_lines l left join state_lines p on p.room_id = l.room_id and p.line = l.parent_line
      where l.position > $1 and l.position <= $2`,
    range,
  );
  const changes = await client.query<ChangeRow>(
    `select c.*, coalesce(p.event, q.event) as prior_event, coalesce(p.membership, q.membership) as prior_membership,
            e.type as event_type, e.state_key as event_state_key, e.sender, e.origin_server_ts, e.proof,
            case when not o.in_room then o."to" end as outside, case when not o.in_room then o.event end as outside_event,
            case when not o.in_room then exists (
              select from events x where x.room_id = c.room_id and x.position = o.event and x.event_id = e.event_id) end as outside_same
       from state_changes c
       left join lateral (select s.event, s.membership, true as found from state_changes s
         where s.room_id = c.room_id and s.type = c.type and s.state_key = c.state_key and s.line = c.line and s.at < c.at
         order by s.at desc limit 1) p on true
       left join lateral (${ON_PARENTS}) q on c.line <> 0 and p.found is null
       left join events e on e.room_id = c.room_id and e.position = c.event
       left join lateral (select t.in_room, t."to", t.event from transitions t
         where t.room_id = c.room_id and t.user_id = c.state_key and t.at < c.at order by t.at desc limit 1) o
         on c.line = 0 and c.type = 'm.room.member'
      where c.position > $1 and c.position <= $2 order by c.position`,
    range,
  );
  return { events: events.rows, verdicts: verdicts.rows, lines: lines.rows, changes: changes.rows };
}

const EVENT_ID = /"(\$[A-Za-z0-9_-]{43})"/g;

async function readCited(
  client: PoolClient,
  rows: readonly { readonly proof: Buffer | null }[],
): Promise<ReadonlyMap<string, number>> {
  const ids = new Set<string>();
  for (const { proof } of rows)
    for (const match of proof?.toString('latin1').matchAll(EVENT_ID) ?? []) ids.add(match[1]!);
  const found = await client.query<{ room_id: string; event_id: string; position: number }>(
    'select room_id, event_id, position from events where event_id = any($1) and not out_of_band',
    [[...ids]],
  );
  return new Map(found.rows.map((row) => [citedName(row.room_id, row.event_id), row.position]));
}
