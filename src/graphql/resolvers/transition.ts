/** Resolvers of Transition: a row of the membership log. */
import type { TransitionRow } from '../../log/transition-queries.ts';
import type { Context } from '../context.ts';
import { deliveryList } from '../delivery-lists.ts';
import type { VisibleEvent } from '../models.ts';
import { enumName } from '../names.ts';
import { nodeId } from '../node-ids.ts';
import type { TransitionResolvers } from '../schema.generated.ts';
import { reasonAt } from '../quarantine.ts';
import { roomOf, visible, visibleEvent } from '../sight.ts';

function eventAt(which: 'event' | 'previous' | 'trigger') {
  return async (row: TransitionRow, _args: object, context: Context): Promise<VisibleEvent | null> => {
    const position = row[which];
    return position === null ? null : visibleEvent(context, { roomId: row.roomId, position });
  };
}

export const transition: TransitionResolvers = {
  id: ({ position }) => nodeId('Transition', position),
  position: ({ position }) => String(position),
  room: ({ roomId }, _args, context) => roomOf(context, roomId),
  user: ({ userId }) => ({ userId }),
  from: ({ from }) => enumName(from),
  to: ({ to }) => enumName(to),
  actor: ({ actor }) => (actor === null ? null : { userId: actor }),
  cause: ({ cause }) => enumName(cause),
  outOfBand: ({ inRoom }) => !inRoom,
  reason: async ({ roomId, event }, _args, context) => (await reasonAt(context, roomId, event)).reason,
  reasonIsHidden: async ({ roomId, event }, _args, context) => (await reasonAt(context, roomId, event)).isHidden,
  event: eventAt('event'),
  previous: eventAt('previous'),
  trigger: eventAt('trigger'),
  supersedes: async ({ supersedes }, _args, context) =>
    supersedes === null ? null : visible(context, await context.loaders.transition.load(supersedes)),
  knock: async ({ roomId, userId, position }, _args, context) =>
    visible(context, await context.loaders.knockDuring.load({ roomId, userId, position })),
  // Without an event there is none: no event has this position.
  deliveries: ({ roomId, event }, args, context) => deliveryList(context, { roomId, event: event ?? 0 }, args),
  occurredAt: ({ occurredAt }) => (occurredAt === null ? null : new Date(occurredAt)),
};
