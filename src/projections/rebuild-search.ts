/** Reads again what state events say to those who look for rooms, by as many of their words as are left. */
import type { PoolClient } from 'pg';
import { mergeEvent } from '../log/content.ts';
import type { SearchFact } from './projection.ts';
import { SEARCHED_TYPES, searchFact } from './room-search.ts';

interface Change {
  readonly room_id: string;
  readonly event: number | null;
  readonly type: string;
  readonly state_key: string;
}

/** By the events' positions, which are the whole log's. */
export async function readSearchFacts(
  client: PoolClient,
  changes: readonly Change[],
  versions: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<number, SearchFact>> {
  const searched = changes.filter(({ type, state_key: key }) => key === '' && SEARCHED_TYPES.includes(type));
  if (searched.length === 0) return new Map();
  const { rows } = await client.query<Change & { event: number; proof: Buffer; content: Buffer | null }>(
    `select e.room_id, e.position as event, e.type, e.state_key, e.proof, c.content
       from unnest($1::text[], $2::int8[]) as k (room_id, event)
       join events e on e.room_id = k.room_id and e.position = k.event
       left join event_content c on c.room_id = k.room_id and c.event = k.event`,
    [searched.map((row) => row.room_id), searched.map((row) => row.event)],
  );
  return new Map(
    rows.flatMap((row) => {
      const { content } = mergeEvent(row.proof, row.content);
      const said = searchFact({ type: row.type, stateKey: row.state_key }, content, versions.get(row.room_id) ?? '');
      return said === null ? [] : [[row.event, said] as const];
    }),
  );
}
