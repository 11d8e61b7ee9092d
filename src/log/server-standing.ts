/** How a server stood in a room's states on branches: there a user of it may be in or out otherwise than on the main line. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { PointBefore } from './graph-walks.ts';
import { serverOfUser } from './transition-queries.ts';
import { serverOfUserIn } from './server-of-user.ts';

export interface ServerStanding {
  /** A user of the server is in the room. */
  readonly joined: boolean;
  /** One is invited. */
  readonly invited: boolean;
}

/** What a branch made of the server's users whose membership it changed. */
interface Changed extends ServerStanding {
  readonly point: PointBefore;
  /** How many of these were in the room, and invited, where the branch left the main line. */
  readonly wereJoined: number;
  readonly wereInvited: number;
}

/**
 * The standings at those of the points whose branch changed the membership of any of the server's users. At all others the server
 * stands as it does where the branch left the main line. Two queries, whatever the number of points; each membership of the
 * server's users is read once.
 */
export async function standingsOnBranches(
  db: Db,
  roomId: string,
  server: string,
  points: readonly PointBefore[],
): Promise<ReadonlyMap<PointBefore, ServerStanding>> {
  const onBranches = points.filter(({ line }) => line !== 0);
  const changed = await changedOnBranches(db, roomId, server, onBranches);
  const onMainLine = await countsOnMainLine(
    db,
    roomId,
    server,
    changed.map(({ point }) => point.mainAt),
  );
  return new Map(
    changed.map(({ point, joined, invited, wereJoined, wereInvited }) => {
      const all = onMainLine.get(point.mainAt);
      const others = { joined: (all?.joined ?? 0) > wereJoined, invited: (all?.invited ?? 0) > wereInvited };
      return [point, { joined: joined || others.joined, invited: invited || others.invited }];
    }),
  );
}

async function changedOnBranches(
  db: Db,
  roomId: string,
  server: string,
  points: readonly PointBefore[],
): Promise<readonly Changed[]> {
  if (points.length === 0) return [];
  // Points of a branch between which nothing changed are one.
  const { rows } = await sql<Omit<Changed, 'point'> & { n: number }>`
    with recursive asked as materialized (
      select p.n, p.line, p.main_at, (
        select max(c.at) from state_changes c where c.room_id = ${roomId} and c.line = p.line and c.at <= p.at) as at
        from unnest(${points.map(({ line }) => line)}::int4[], ${points.map(({ at }) => at)}::int8[],
                    ${points.map(({ mainAt }) => mainAt)}::int8[]) with ordinality as p (line, at, main_at, n)),
    place as materialized (select min(n) as n, line, at, main_at from asked group by line, at, main_at),
    path (n, line, at, main_at, step) as (
      select n, line, at, main_at, 0 from place
      union all
      select p.n, l.parent_line, l.parent_at, p.main_at, p.step + 1 from path p
        join state_lines l on l.room_id = ${roomId} and l.line = p.line where l.parent_line <> 0),
    changed as (
      select distinct on (p.n, c.state_key) p.n, p.main_at, c.state_key, c.membership
        from path p
        join state_changes c on c.room_id = ${roomId} and c.line = p.line and c.at <= p.at and c.type = 'm.room.member'
         and ${serverOfUserIn('c.state_key')} = ${server}
       order by p.n, c.state_key, p.step, c.at desc),
    stood as (
      select c.n, coalesce(bool_or(c.membership = 'join'), false) as joined,
             coalesce(bool_or(c.membership = 'invite'), false) as invited,
             count(*) filter (where m."to" = 'join') as were_joined, count(*) filter (where m."to" = 'invite') as were_invited
        from changed c
        left join lateral (
          select t."to" from transitions t
           where t.room_id = ${roomId} and t.user_id = c.state_key and t.in_room and t.at <= c.main_at
           order by t.at desc, t.position desc limit 1) m on true
       group by c.n)
    select (a.n - 1)::int4 as n, s.joined, s.invited, s.were_joined as "wereJoined", s.were_invited as "wereInvited"
      from stood s
      join place p on p.n = s.n
      join asked a on a.line = p.line and a.at is not distinct from p.at and a.main_at = p.main_at`.execute(db);
  return rows.map(({ n, ...rest }) => ({ point: points[n]!, ...rest }));
}

interface Counts {
  readonly joined: number;
  readonly invited: number;
}

/** How many of the server's users were in the room, and invited, at positions of the main line. */
async function countsOnMainLine(
  db: Db,
  roomId: string,
  server: string,
  positions: readonly number[],
): Promise<ReadonlyMap<number, Counts>> {
  if (positions.length === 0) return new Map();
  const { rows } = await sql<Counts & { at: number }>`
    with became as (
      select t.at, t."to", lag(t."to") over (partition by t.user_id order by t.at, t.position) as "from" from transitions t
       where t.room_id = ${roomId} and ${serverOfUser} = ${server} and t.in_room),
    moved as (
      select at, false as is_asked, ("to" = 'join')::int4 - (coalesce("from", '') = 'join')::int4 as joined,
             ("to" = 'invite')::int4 - (coalesce("from", '') = 'invite')::int4 as invited
        from became
      union all
      select a.at, true, 0, 0 from unnest(${[...new Set(positions)]}::int8[]) as a (at)),
    counted as (
      select at, is_asked, sum(joined) over o as joined, sum(invited) over o as invited from moved
      window o as (order by at, is_asked))
    select at, joined, invited from counted where is_asked`.execute(db);
  return new Map(rows.map(({ at, ...counts }) => [at, counts]));
}
