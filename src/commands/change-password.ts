/** Another password for one's account. */
import { endOtherDevices } from '../accounts/devices.ts';
import { tokenMemory } from '../accounts/token-memory.ts';
import { endSessions } from '../accounts/uia.ts';
import { writePassword } from '../accounts/users.ts';
import { actionOf, type Actor, type CommandDeps } from './act.ts';

/** Sets the password of the actor, and signs out all devices but `kept`; null: none. Resolves when that is durable. */
export async function changePassword(
  { db, recorder }: Pick<CommandDeps, 'db' | 'recorder'>,
  actor: Actor,
  { passwordHash, kept }: { readonly passwordHash: string; readonly kept: string | null },
): Promise<void> {
  const { userId } = actor;
  const act = { operation: 'changePassword', roomId: null, target: userId };
  await recorder.append({
    ...{ roomId: null, head: null, judged: [], erasures: [] },
    actions: [actionOf(actor, act, 'ok', null)],
    within: async (tx) => {
      await writePassword(tx, userId, passwordHash);
      await endSessions(tx, userId);
      if (kept !== null) await endOtherDevices(tx, userId, kept);
    },
  });
  tokenMemory(db).forget(userId);
}
