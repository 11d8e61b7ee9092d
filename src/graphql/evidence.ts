/** The evidence of a knock, as far as the viewer sees its events. */
import { knockEvidence, type KnockEvidence } from '../commands/knock-evidence.ts';
import { ANY_TRANSITION } from '../log/transition-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import { roomVersion } from '../matrix/room-versions.ts';
import type { KnockRow } from '../projections/knock-queries.ts';
import type { Context } from './context.ts';
import { roomOf, visible, visibleArms, visibleEvent } from './sight.ts';

// A knock that was renewed more often: its first renewals, and its end.
const MOST = 100;

export async function evidenceOf(context: Context, knock: KnockRow): Promise<KnockEvidence> {
  const { roomId, userId, opened, closed } = knock;
  const version = roomVersion((await roomOf(context, roomId)).version);
  if (version === null) throw new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
  const scope = { roomIds: [roomId], userIds: [userId], from: opened, to: closed ?? undefined };
  const page = { limit: MOST - 1, after: null, before: null, fromEnd: false, descending: false };
  const arms = await visibleArms(context, scope);
  const { rows } = await context.loaders.transitions.load({ arms, condition: ANY_TRANSITION, page });
  const end = closed === null ? null : await visible(context, await context.loaders.transition.load(closed));
  const told = end === null || rows.some(({ position }) => position === closed) ? rows : [...rows, end];
  const seen = await Promise.all(
    told.map(
      async ({ event }) => event !== null && (await visibleEvent(context, { roomId, position: event })) !== null,
    ),
  );
  const { db, commands } = context;
  return knockEvidence(
    { db, identity: commands.identity, now: commands.now },
    { knock, version, transitions: told.filter((_, n) => seen[n]) },
  );
}
