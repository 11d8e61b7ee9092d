/** Resolvers of Event. */
import { deliveryList } from '../delivery-lists.ts';
import { transitionList } from '../lists.ts';
import { enumName } from '../names.ts';
import { nodeId } from '../node-ids.ts';
import type { EventResolvers } from '../schema.generated.ts';
import { roomOf } from '../sight.ts';

export const event: EventResolvers = {
  id: ({ roomId, position }) => nodeId('Event', roomId, position),
  room: ({ roomId }, _args, context) => roomOf(context, roomId),
  position: ({ position }) => String(position),
  sender: ({ sender }) => ({ userId: sender }),
  originServerTs: ({ originServerTs }) => new Date(originServerTs),
  verdict: async ({ roomId, position }, _args, { loaders }) => {
    const verdict = await loaders.verdict.load({ roomId, position });
    return verdict === null ? null : enumName(verdict);
  },
  reasonIsHidden: ({ reasonIsHidden }) => reasonIsHidden === true,
  deliveries: ({ roomId, position }, args, context) => deliveryList(context, { roomId, event: position }, args),
  // A member event changes nobody's membership but that of the user it is about.
  transitions: ({ roomId, stateKey, position }, args, context) =>
    transitionList(context, { roomIds: [roomId], userIds: stateKey === null ? [] : [stateKey] }, args, position),
};
