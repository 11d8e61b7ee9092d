/** Resolvers of Action: a row of the log of acts. */
import { seesAudit } from '../../access/room-access.ts';
import { holdsEverywhere, isBounded, isOwn, standingIn } from '../../access/scopes.ts';
import type { ActionRow } from '../../log/action-queries.ts';
import { viewerOf, type Context } from '../context.ts';
import { nodeId } from '../node-ids.ts';
import type { ActionResolvers } from '../schema.generated.ts';
import { visibleEvent, visibleRoom } from '../sight.ts';

/** An act: for who audits where it was done, and for who did it. */
export function visibleAction(context: Context, row: ActionRow | null): ActionRow | null {
  if (row === null) return null;
  const viewer = viewerOf(context);
  if (viewer.admin || isOwn(viewer, row.actor)) return row;
  const { roomId } = row;
  const sees =
    roomId === null
      ? isBounded(viewer) && holdsEverywhere(viewer.grant, 'audit:read')
      : seesAudit(standingIn(viewer, roomId, 'none'));
  return sees ? row : null;
}

export const action: ActionResolvers = {
  id: ({ position }) => nodeId('Action', position),
  position: ({ position }) => String(position),
  actor: ({ actor }) => ({ userId: actor }),
  room: ({ roomId }, _args, context) => (roomId === null ? null : visibleRoom(context, roomId)),
  event: ({ roomId, event }, _args, context) =>
    roomId === null || event === null ? null : visibleEvent(context, { roomId, position: event }),
};
