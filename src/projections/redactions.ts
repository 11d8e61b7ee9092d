/** Which redactions are in force: what readers are shown beside a redacted event, and which redactions they are shown at all. */
import type { TxClient } from '../database/tx.ts';
import type { Erased, Projection } from './projection.ts';

export const redactions: Projection = {
  name: 'redactions',
  tables: ['redactions'],
  // A redaction is in force from when it takes effect, which may be later than when it arrived.
  apply: () => Promise.resolve(),
  async erase(tx, erased) {
    const taken = erased.filter(
      (one): one is Erased & { kind: 'event'; redaction: number } => one.kind === 'event' && one.redaction !== null,
    );
    if (taken.length > 0) await insert(tx, taken);
  },
};

async function insert(
  tx: TxClient,
  taken: readonly { readonly roomId: string; readonly event: number; readonly redaction: number }[],
): Promise<void> {
  await tx.query({
    name: 'insert-redactions',
    text: `insert into redactions (room_id, redaction, event, first)
           select v.room_id, v.redaction, v.event,
                  row_number() over (partition by v.room_id, v.event order by v.n) = 1
                  and not exists (select from redactions r where r.room_id = v.room_id and r.event = v.event and r.first)
             from unnest($1::text[], $2::int8[], $3::int8[]) with ordinality as v (room_id, redaction, event, n)`,
    values: [taken.map((t) => t.roomId), taken.map((t) => t.redaction), taken.map((t) => t.event)],
  });
}
