/** Deletes a person's words from the log; proofs, ids, memberships and times stay. */
import type { TxClient } from '../database/tx.ts';

/** What the log's deletable tables held about a person. */
export interface ErasedWords {
  readonly events: number;
  readonly actions: number;
}

/**
 * Deletes the words whose subject is this user: of member events about them, of messages by them, of notes about them.
 * In the transaction that also appends the `erasures` row which tells verification why they are gone.
 * What their clients called their requests goes too: it is free text.
 *
 *   delete from event_content where subject = $1
 */
export async function deleteWords(tx: TxClient, userId: string): Promise<ErasedWords> {
  const events = await tx.query({ text: 'delete from event_content where subject = $1', values: [userId] });
  const actions = await tx.query({ text: 'delete from action_content where subject = $1', values: [userId] });
  await tx.query({ text: 'delete from idempotency where actor = $1', values: [userId] });
  return { events: events.rowCount ?? 0, actions: actions.rowCount ?? 0 };
}
