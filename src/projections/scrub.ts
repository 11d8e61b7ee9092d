/** Takes an erased user's words out of the projections. */
import type { TxClient } from '../database/tx.ts';

/** What they wrote when they knocked, and the name they gave. Run in the erasure's transaction, and again by a replay that passes it. */
export async function scrubProjections(tx: TxClient, userId: string): Promise<void> {
  await tx.query({
    name: 'scrub-knocks',
    text: `update knocks set reason = null, display_name = null
            where user_id = $1 and (reason is not null or display_name is not null)`,
    values: [userId],
  });
}
