/** The end of an account: nobody signs in to it any more, and the aftercare takes it out of its rooms. */
import { forgive, owe } from '../accounts/aftercare.ts';
import { endOtherDevices } from '../accounts/devices.ts';
import { tokenMemory } from '../accounts/token-memory.ts';
import { endSessions } from '../accounts/uia.ts';
import { deactivateUser } from '../accounts/users.ts';
import { actionOf, type Actor, type CommandDeps } from './act.ts';

/**
 * Deactivates the actor's account and ends all its devices; with `erase` its words are to be erased as well. Resolves when
 * that is durable: the rooms have yet to hear of it.
 */
export async function deactivateAccount(
  { db, recorder, now }: Pick<CommandDeps, 'db' | 'recorder' | 'now'>,
  actor: Actor,
  { erase }: { readonly erase: boolean },
): Promise<void> {
  const { userId } = actor;
  const act = { operation: 'deactivateAccount', roomId: null, target: userId };
  await recorder.append({
    ...{ roomId: null, head: null, judged: [], erasures: [] },
    actions: [actionOf(actor, act, 'ok', null)],
    within: async (tx) => {
      await deactivateUser(tx, userId, now());
      await endOtherDevices(tx, userId, null);
      await endSessions(tx, userId);
      await forgive(tx, userId, 'profile');
      await owe(tx, userId, 'departure');
      if (erase) await owe(tx, userId, 'erasure');
    },
  });
  tokenMemory(db).forget(userId);
}
