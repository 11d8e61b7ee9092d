/** Shows a moderator what a knocker wrote; that it was shown, and to whom, is an act like any other. */
import { seesReasons } from '../access/room-access.ts';
import { isOwn } from '../access/scopes.ts';
import { unrevealedEvents } from '../log/reveal-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { Actor } from './act.ts';
import { actOnKnock, type KnockActDeps } from './knock-acts.ts';

/**
 * Reveals what the knocker said so far, one act for each event. Throws M_NOT_FOUND for a knock that the actor does not see,
 * M_FORBIDDEN where the actor sees knocks without their words.
 */
export async function revealReason(deps: KnockActDeps, actor: Actor, opened: number): Promise<void> {
  await actOnKnock(deps, actor, { operation: 'revealReason', opened }, async (knock, { standing }) => {
    if (!seesReasons(standing)) throw new MatrixError('M_FORBIDDEN', 'This token needs the scope reasons:read.');
    if (isOwn(standing, knock.userId)) return [];
    const events = await unrevealedEvents(deps.db, knock, actor.userId);
    return events.map((event) => ({ event }));
  });
}
