/** Changing what one shows of oneself. Rooms hear of a new name or picture from the aftercare. */
import { owe } from '../accounts/aftercare.ts';
import { checkProfileSize, isShown, wholeProfile, writeProfileField } from '../accounts/profile-fields.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import type { JsonValue } from '../matrix/json.ts';
import { actionOf, recordingRefusal, type Actor, type CommandDeps } from './act.ts';

export interface ProfileChange {
  readonly userId: UserId;
  /** Checked, as the value is. */
  readonly key: string;
  /** Undefined takes the field away. */
  readonly value: JsonValue | undefined;
}

// The size counts all fields: changes of one profile are made one after the other. One process writes.
const turns = new Map<UserId, Promise<unknown>>();

/**
 * Sets a field of one's profile or takes it away, and resolves when that is durable. Of a shown one rooms have yet to hear.
 * Throws M_FORBIDDEN for anybody's profile but one's own, M_PROFILE_TOO_LARGE from 64 KiB on, M_LIMIT_EXCEEDED.
 */
export async function setProfileField(
  deps: Pick<CommandDeps, 'db' | 'recorder' | 'limits' | 'now'>,
  actor: Actor,
  change: ProfileChange,
): Promise<void> {
  const { userId, key, value } = change;
  const act = {
    operation: value === undefined ? 'deleteProfileField' : 'setProfileField',
    roomId: null,
    target: userId,
  };
  deps.limits?.consume(act.operation, actor.userId, null);
  await recordingRefusal(deps, actor, act, async () => {
    if (userId !== actor.userId) throw new MatrixError('M_FORBIDDEN', 'This is not your profile.');
    await inTurn(userId, async () => {
      if (value !== undefined) checkProfileSize({ ...(await wholeProfile(deps.db, userId)), [key]: value });
      await deps.recorder.append({
        ...{ roomId: null, head: null, judged: [], erasures: [] },
        actions: [actionOf(actor, act, 'ok', null)],
        within: async (tx) => {
          await writeProfileField(tx, userId, key, value);
          if (isShown(key)) await owe(tx, userId, 'profile');
        },
      });
    });
  });
}

async function inTurn<T>(userId: UserId, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(userId) ?? Promise.resolve()).then(work);
  const over = turn.catch(() => undefined);
  turns.set(userId, over);
  try {
    return await turn;
  } finally {
    if (turns.get(userId) === over) turns.delete(userId);
  }
}
