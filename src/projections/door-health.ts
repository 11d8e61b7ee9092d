/** How rooms' doors are kept: how long knockers wait, what becomes of knocks, by day and by server. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';
import type { KnockStatus } from './knock-outcome.ts';

/** A room, and the position of the log from which on knocks that ended count. */
export interface DoorSpan {
  readonly roomId: string;
  readonly from: number;
}

export interface DecisionTimes {
  /** Knocks that were accepted, rejected or answered with a ban. */
  readonly decided: number;
  /** Seconds from the knock to the decision; null when there was none. */
  readonly medianSeconds: number | null;
  readonly p90Seconds: number | null;
}

const NOTHING: DecisionTimes = { decided: 0, medianSeconds: null, p90Seconds: null };

// What a room's state told when this server joined it came about at times that nobody here knows.
const ENDED = sql`knocks k join transitions o on o.position = k.opened and o.cause not in ('import', 'catch_up')
  join transitions c on c.position = k.closed and c.cause not in ('import', 'catch_up')`;

function spans(asked: readonly DoorSpan[]): RawBuilder<unknown> {
  return sql`unnest(${asked.map((_, n) => n)}::int4[], ${asked.map((s) => s.roomId)}::text[],
    ${asked.map((s) => s.from)}::int8[]) as s (n, room_id, "from")`;
}

/** Reads the knocks that were decided since then. In the order asked. */
export async function decisionTimes(db: Db, asked: readonly DoorSpan[]): Promise<readonly DecisionTimes[]> {
  const seconds = sql`extract(epoch from c.recorded_at - o.recorded_at)`;
  const { rows } = await sql<DecisionTimes & { n: number }>`
    select s.n, count(*)::int4 as decided,
           (percentile_cont(0.5) within group (order by ${seconds}))::float8 as "medianSeconds",
           (percentile_cont(0.9) within group (order by ${seconds}))::float8 as "p90Seconds"
      from ${spans(asked)} join ${ENDED} on k.room_id = s.room_id and k.closed >= s."from"
     where k.status in ('ACCEPTED', 'REJECTED', 'BANNED') group by s.n`.execute(db);
  const bySpan = new Map(rows.map(({ n, ...times }) => [n, times]));
  return asked.map((_, n) => bySpan.get(n) ?? NOTHING);
}

/** What became of knocks that ended on a day, or that users of a server made. */
export interface Outcomes {
  /** Of a day: when it began, in UTC. Null: of a server. */
  readonly day: Date | null;
  readonly server: string | null;
  readonly counts: Readonly<Partial<Record<KnockStatus, number>>>;
}

/** By the day on which they ended, oldest first; days without any are left out. In the order asked. */
export async function outcomesByDay(db: Db, asked: readonly DoorSpan[]): Promise<readonly (readonly Outcomes[])[]> {
  const { rows } = await sql<OutcomeRow & { day: Date }>`
    select s.n, date_trunc('day', c.recorded_at, 'UTC') as day, k.status, count(*)::int4 as count
      from ${spans(asked)} join ${ENDED} on k.room_id = s.room_id and k.closed >= s."from"
     group by s.n, day, k.status order by s.n, day`.execute(db);
  return grouped(
    asked,
    rows,
    ({ day }) => day.toISOString(),
    ({ day }) => ({ day, server: null }),
  );
}

/** By the knockers' servers, those with the most knocks first, at most `limit` servers. In the order asked. */
export async function outcomesByServer(
  db: Db,
  asked: readonly DoorSpan[],
  limit: number,
): Promise<readonly (readonly Outcomes[])[]> {
  const { rows } = await sql<OutcomeRow & { server: string }>`
    select n, server, status, count from (
      select s.n, k.server, k.status, count(*)::int4 as count, sum(count(*)) over (partition by s.n, k.server) as total
        from ${spans(asked)} join ${ENDED} on k.room_id = s.room_id and k.closed >= s."from"
       group by s.n, k.server, k.status) t
     order by n, total desc, server`.execute(db);
  const all = grouped(
    asked,
    rows,
    ({ server }) => server,
    ({ server }) => ({ day: null, server }),
  );
  return all.map((servers) => servers.slice(0, limit));
}

interface OutcomeRow {
  readonly n: number;
  readonly status: KnockStatus;
  readonly count: number;
}

function grouped<Row extends OutcomeRow>(
  asked: readonly DoorSpan[],
  rows: readonly Row[],
  key: (row: Row) => string,
  named: (row: Row) => Pick<Outcomes, 'day' | 'server'>,
): readonly (readonly Outcomes[])[] {
  const bySpan = Map.groupBy(rows, (row) => row.n);
  return asked.map((_, n) =>
    [...Map.groupBy(bySpan.get(n) ?? [], key).values()].map((its) => ({
      ...named(its[0]!),
      counts: Object.fromEntries(its.map(({ status, count }) => [status, count])),
    })),
  );
}

/** Where the oldest knocks that wait were opened, in the order asked; null where none waits. */
export async function oldestPending(db: Db, roomIds: readonly string[]): Promise<readonly (number | null)[]> {
  const { rows } = await sql<{ room_id: string; opened: number }>`
    select r.room_id, k.opened from unnest(${roomIds}::text[]) as r (room_id)
     cross join lateral (
       select opened from knocks where room_id = r.room_id and status = 'PENDING' order by opened limit 1) k`.execute(
    db,
  );
  const byRoom = new Map(rows.map((row) => [row.room_id, row.opened]));
  return roomIds.map((roomId) => byRoom.get(roomId) ?? null);
}
