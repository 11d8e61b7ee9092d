/** Changing the name one shows. Member events carry it from the next act on. */
import { writeDisplayName } from '../accounts/profiles.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { actionOf, recordingRefusal, type Actor, type CommandDeps } from './act.ts';

/** Sets the display name, or with null takes it away. Throws M_FORBIDDEN for anybody's name but one's own. */
export async function setDisplayName(
  deps: Pick<CommandDeps, 'recorder'>,
  actor: Actor,
  { userId, displayname }: { readonly userId: UserId; readonly displayname: string | null },
): Promise<void> {
  const act = { operation: 'setDisplayName', roomId: null, target: userId };
  await recordingRefusal(deps, actor, act, async () => {
    if (userId !== actor.userId) throw new MatrixError('M_FORBIDDEN', 'This is not your profile.');
    await deps.recorder.append({
      ...{ roomId: null, head: null, judged: [], erasures: [] },
      actions: [actionOf(actor, act, 'ok', null)],
      within: (tx) => writeDisplayName(tx, userId, displayname),
    });
  });
}
