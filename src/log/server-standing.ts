/** How a server stood in a room's states on branches: there a user of it may be in or out otherwise than on the main line. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { PointBefore } from './graph-walks.ts';
import { serverOfUser } from './transition-queries.ts';

export interface ServerStanding {
  /** A user of the server is in the room. */
  readonly joined: boolean;
  /** One is invited. */
  readonly invited: boolean;
}

interface Changed {
  readonly point: PointBefore;
  /** Of the server's users whose membership the branch changed; null: it took it away. */
  readonly memberships: ReadonlyMap<string, Membership | null>;
}

/**
 * The standings at those of the points whose branch changed the membership of any of the server's users. At all others the server
 * stands as it does where the branch left the main line. Two queries, whatever the number of points.
 */
export async function standingsOnBranches(
  db: Db,
  roomId: string,
  server: string,
  points: readonly PointBefore[],
): Promise<ReadonlyMap<PointBefore, ServerStanding>> {
  const changed = await changedOnBranches(
    db,
    roomId,
    server,
    points.filter(({ line }) => line !== 0),
  );
  const others = await othersOnMainLine(db, roomId, server, changed);
  return new Map(
    changed.map(({ point, memberships }, n) => {
      const now = new Set(memberships.values());
      const { joined, invited } = others[n]!;
      return [point, { joined: joined || now.has('join'), invited: invited || now.has('invite') }];
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
  const { rows } = await sql<{ n: number; userId: string; membership: Membership | null }>`
    with recursive path (n, line, at, step) as (
      select p.n::int4, p.line, p.at, 0
        from unnest(${points.map(({ line }) => line)}::int4[], ${points.map(({ at }) => at)}::int8[]) with ordinality as p (line, at, n)
      union all
      select p.n, l.parent_line, l.parent_at, p.step + 1 from path p
        join state_lines l on l.room_id = ${roomId} and l.line = p.line where l.parent_line <> 0)
    select distinct on (p.n, c.state_key) p.n - 1 as n, c.state_key as "userId", c.membership
      from path p
      join state_changes c on c.room_id = ${roomId} and c.line = p.line and c.at <= p.at and c.type = 'm.room.member'
       and right(c.state_key, ${server.length + 1}) = ${`:${server}`}
     order by p.n, c.state_key, p.step, c.at desc`.execute(db);
  return [...Map.groupBy(rows, ({ n }) => n)].map(([n, found]) => ({
    point: points[n]!,
    memberships: new Map(found.map(({ userId, membership }) => [userId, membership])),
  }));
}

/** How the server's other users stood where the branches left the main line, in the order asked. */
async function othersOnMainLine(
  db: Db,
  roomId: string,
  server: string,
  changed: readonly Changed[],
): Promise<readonly ServerStanding[]> {
  if (changed.length === 0) return [];
  const somebody = (membership: Membership) => sql`exists (
    select from transitions t
     where t.room_id = ${roomId} and ${serverOfUser} = ${server} and t.in_room and t."to" = ${membership} and t.at <= a.at
       and not a.users ? t.user_id
       and not exists (select from transitions l
                        where l.room_id = t.room_id and l.user_id = t.user_id and l.in_room and l.at > t.at and l.at <= a.at))`;
  const users = changed.map(({ memberships }) =>
    JSON.stringify(Object.fromEntries([...memberships.keys()].map((id) => [id, 1]))),
  );
  const { rows } = await sql<ServerStanding>`
    select ${somebody('join')} as joined, ${somebody('invite')} as invited
      from unnest(${changed.map(({ point }) => point.mainAt)}::int8[], ${users}::jsonb[]) with ordinality as a (at, users, n)
     order by a.n`.execute(db);
  return rows;
}
