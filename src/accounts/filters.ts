/** The filters that users store: each under an id made of what it says. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';

const MAX_FILTER_BYTES = 64 * 1024;
const MAX_FILTERS = 200;

/** Stores a filter; the same one again has the same id. Throws M_TOO_LARGE for 64 KiB, and for more than 200 filters. */
export async function storeFilter(db: Db, userId: UserId, filter: JsonObject): Promise<string> {
  const content = canonicalJson(filter);
  if (Buffer.byteLength(content) > MAX_FILTER_BYTES)
    throw new MatrixError('M_TOO_LARGE', 'A filter takes at most 64 KiB.');
  const filterId = createHash('sha256').update(content).digest('hex').slice(0, 20);
  const { rows } = await sql`
    insert into filters (user_id, filter_id, content)
    select ${userId}::text, ${filterId}::text, ${content}::text
     where (select count(*) from filters where user_id = ${userId} and filter_id <> ${filterId}) < ${MAX_FILTERS}
        on conflict (user_id, filter_id) do update set content = excluded.content
    returning filter_id`.execute(db);
  if (rows.length === 0) throw new MatrixError('M_TOO_LARGE', 'This account has too many filters.');
  return filterId;
}

/** The filter, or null when the user has none of that id. */
export async function readFilter(db: Db, userId: UserId, filterId: string): Promise<JsonObject | null> {
  const row = await db
    .selectFrom('filters')
    .select('content')
    .where('user_id', '=', userId)
    .where('filter_id', '=', filterId)
    .executeTakeFirst();
  return row === undefined ? null : (JSON.parse(row.content) as JsonObject);
}
