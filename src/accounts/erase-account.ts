/** Takes an erased user's words out of the accounts: what they show of themselves, call their devices, and keep. The account itself stays. */
import type { TxClient } from '../database/tx.ts';

/** Run in the erasure's transaction. */
export async function eraseAccountWords(tx: TxClient, userId: string): Promise<void> {
  await tx.query({ text: 'delete from profiles where user_id = $1', values: [userId] });
  await tx.query({ text: 'delete from profile_fields where user_id = $1', values: [userId] });
  await tx.query({
    text: 'update devices set display_name = null, last_seen_ip = null where user_id = $1',
    values: [userId],
  });
  // The head first, as those who change account data do; the count of changes goes on.
  await tx.query({
    text: 'update account_data_heads set entries = 0, bytes = 0 where user_id = $1',
    values: [userId],
  });
  await tx.query({ text: 'delete from account_data where user_id = $1', values: [userId] });
  await tx.query({ text: 'delete from filters where user_id = $1', values: [userId] });
  // Of an account that nobody can open any more not even that is needed by which its owner would be told so.
  await tx.query({
    text: 'update users set password_hash = null where user_id = $1 and deactivated_at is not null',
    values: [userId],
  });
}
