/** Deletes words from the log, a person's or an event's; proofs, ids, memberships and times stay. */
import type { TxClient } from '../database/tx.ts';

/** What the log's deletable tables held about a person. */
export interface ErasedWords {
  readonly events: number;
  readonly actions: number;
}

/**
 * Deletes the words whose subject is this user: of member events about them, of messages by them, of notes about them and by them.
 * In the transaction that also appends the `erasures` row which tells verification why they are gone.
 * What their clients called their requests goes too: it is free text.
 *
 *   delete from event_content where subject = $1
 *   delete from action_content … where subject = $1 or actor = $1
 */
export async function deleteWords(tx: TxClient, userId: string): Promise<ErasedWords> {
  const events = await tx.query({ text: 'delete from event_content where subject = $1', values: [userId] });
  const actions = await tx.query({
    // Who takes a tag off has no words in that: without it the tag would be back.
    text: `delete from action_content where subject = $1
            or position in (select position from actions where actor = $1 and operation <> 'untagKnock')`,
    values: [userId],
  });
  await tx.query({ text: 'delete from idempotency where actor = $1', values: [userId] });
  return { events: events.rowCount ?? 0, actions: actions.rowCount ?? 0 };
}

/** Deletes the words of single events, in the transaction that appends their rows in `erasures`. */
export async function deleteEventWords(
  tx: TxClient,
  events: readonly { readonly roomId: string; readonly event: { readonly position: number } }[],
): Promise<void> {
  if (events.length === 0) return;
  await tx.query({
    name: 'delete-event-words',
    text: `delete from event_content c using unnest($1::text[], $2::int8[]) as v (room_id, event)
            where c.room_id = v.room_id and c.event = v.event`,
    values: [events.map((e) => e.roomId), events.map((e) => e.event.position)],
  });
}
