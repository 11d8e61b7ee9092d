/** Writes down what is owed, and how far the log has been read for it: in one transaction, so that nothing is owed twice or never. */
import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { MAX_EVENTS } from './leases.ts';
import { owedEvents, READER, staysDuring } from './owed-events.ts';
import { isKept, recipientsOf, type OwedEvent } from './recipients.ts';

/** Positions of the log in one transaction, and rows after which it ends early. */
const SPAN = 1_000;
const MAX_ROWS = 10_000;

export interface Expanded {
  /** There is more to read. */
  readonly more: boolean;
  /** To whom something is owed now, and nothing was before. */
  readonly destinations: readonly ServerName[];
}

/** Reads a piece of the log. One process at a time does; others wait for it. */
export function expandOnce(db: Db, self: ServerName): Promise<Expanded> {
  return db.transaction().execute(async (tx) => {
    const from = await lockPosition(tx);
    const head = await tx.selectFrom('log_head').select('position').executeTakeFirstOrThrow();
    if (head.position <= from) return { more: false, destinations: [] };
    const upTo = Math.min(head.position, from + SPAN);
    const events = await owedEvents(tx, from, upTo);
    const { rows, last } = rowsOf(events, await staysDuring(tx, events), self);
    const reached = last ?? upTo;
    const destinations = await writeRows(tx, rows);
    await tx.updateTable('reader_positions').set({ position: reached }).where('reader', '=', READER).execute();
    return { more: reached < head.position, destinations };
  });
}

async function lockPosition(tx: Tx): Promise<number> {
  const read = () =>
    tx.selectFrom('reader_positions').select('position').where('reader', '=', READER).forUpdate().executeTakeFirst();
  const known = await read();
  if (known !== undefined) return known.position;
  await tx
    .insertInto('reader_positions')
    .values({ reader: READER, position: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (await read())?.position ?? 0;
}

interface Row {
  readonly destination: ServerName;
  readonly event: OwedEvent;
  readonly kept: boolean;
}

/** `last`: the last event that there was room for; null: there was for all. */
function rowsOf(
  events: readonly OwedEvent[],
  stays: Awaited<ReturnType<typeof staysDuring>>,
  self: ServerName,
): { readonly rows: readonly Row[]; readonly last: number | null } {
  const rows: Row[] = [];
  for (const event of events) {
    const kept = isKept(event);
    for (const destination of recipientsOf(event, stays.get(event.roomId) ?? [], self))
      rows.push({ destination, event, kept });
    if (rows.length >= MAX_ROWS) return { rows, last: event.position };
  }
  return { rows, last: null };
}

async function writeRows(tx: Tx, rows: readonly Row[]): Promise<readonly ServerName[]> {
  if (rows.length === 0) return [];
  // In the order in which everybody locks them.
  const destinations = [...new Set(rows.map(({ destination }) => destination))].sort();
  await sql`
    insert into deliveries (destination, position, room_id, event, kept, state, owed_at)
    select *, 'queued', now()
      from unnest(${rows.map((row) => row.destination)}::text[], ${rows.map((row) => row.event.position)}::int8[],
                  ${rows.map((row) => row.event.roomId)}::text[], ${rows.map((row) => row.event.event)}::int8[],
                  ${rows.map((row) => row.kept)}::bool[])
    on conflict (destination, position) do nothing`.execute(tx);
  // Locks all of them: whoever lets go of one at this moment finds these rows, or leaves it to be marked here.
  const { rows: marked } = await sql<{ destination: ServerName }>`
    insert into destinations as d (destination, owed, txn_limit)
    select destination, true, ${MAX_EVENTS} from unnest(${destinations}::text[]) with ordinality as w (destination, n) order by n
    on conflict (destination) do update set owed = true where not d.owed
    returning destination`.execute(tx);
  return marked.map(({ destination }) => destination);
}
