/** Shows somebody what an event at a door says that belongs to no knock, because the room did not take it. On record as a knock's is. */
import { seesEvent, seesReasons } from '../access/room-access.ts';
import { isOwn } from '../access/scopes.ts';
import { readEvents, type StoredEvent } from '../log/read.ts';
import { revealedTo, tookBackKnocks } from '../log/reveal-queries.ts';
import { latestVerdicts } from '../log/verdict-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { RoomId } from '../matrix/identifiers.ts';
import { membershipOf } from '../matrix/pdu.ts';
import { actionOf, recordingRefusal, type Actor } from './act.ts';
import { storedPower, type KnockActDeps } from './knock-acts.ts';
import { createKeyedTurns } from './keyed-turns.ts';

const inTurn = createKeyedTurns();

/**
 * Reveals what the event at a position says. Throws M_NOT_FOUND for one that the actor does not see, M_FORBIDDEN where the actor
 * sees events without their words.
 */
export async function revealEvent(
  deps: KnockActDeps,
  actor: Actor,
  { roomId, position }: { readonly roomId: RoomId; readonly position: number },
): Promise<void> {
  const operation = 'revealReason';
  deps.limits?.consume(operation, actor.userId, null);
  const [event] = await readEvents(deps.db, [{ roomId, position }]);
  const power = event === undefined ? null : await storedPower(deps.db, actor, roomId);
  const seen = power !== null && seesEvent(power.standing, power.levels, event!) ? event! : null;
  const act = { operation, roomId: seen?.roomId ?? null, target: seen?.sender ?? null };
  await recordingRefusal(deps, actor, act, async () => {
    if (seen === null || power === null) throw new MatrixError('M_NOT_FOUND', 'There is no such event.');
    if (!seesReasons(power.standing)) throw new MatrixError('M_FORBIDDEN', 'This token needs the scope reasons:read.');
    await inTurn(`${actor.userId} ${position}`, async () => {
      const isNew = !isOwn(power.standing, seen.sender) && (await isHidden(deps, actor, seen));
      const action = isNew ? actionOf(actor, act, 'ok', { position }) : actionOf(actor, act, 'unchanged', null);
      await deps.recorder.append({ roomId: null, head: null, judged: [], actions: [action], erasures: [] });
    });
  });
}

async function isHidden({ db }: KnockActDeps, { userId: reader }: Actor, event: StoredEvent): Promise<boolean> {
  const { roomId, position, sender, stateKey } = event;
  const membership = membershipOf(event);
  if (sender !== stateKey || (membership !== 'knock' && membership !== 'leave')) return false;
  const [[verdict], [tookBack], [revealed]] = await Promise.all([
    latestVerdicts(db, [{ roomId, position }]),
    tookBackKnocks(db, [{ roomId, userId: sender, event: position }]),
    revealedTo(db, [{ reader, event: position }]),
  ]);
  return revealed !== true && (membership === 'knock' || verdict !== 'accepted' || tookBack === true);
}
