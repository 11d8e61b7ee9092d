/** Resolvers of Knock: one request to join a room, from its first event to its outcome. */
import {
  mayAcceptKnock,
  mayBanKnocker,
  mayRejectKnock,
  type Permission,
  type Target,
} from '../../access/room-access.ts';
import type { KnockRow } from '../../projections/knock-queries.ts';
import type { Context } from '../context.ts';
import { deliveryList } from '../delivery-lists.ts';
import { evidenceOf } from '../evidence.ts';
import { knockList, transitionList } from '../lists.ts';
import { nodeId } from '../node-ids.ts';
import type { KnockResolvers } from '../schema.generated.ts';
import { reasonAt, reasonOfKnock } from '../quarantine.ts';
import { triageFields } from './triage.ts';
import { roomOf, sightOf, visibleEvent, type RoomSight } from '../sight.ts';

type Ask = (sight: RoomSight, knocker: Target) => Permission;

const accept: Ask = ({ standing, levels }, knocker) => mayAcceptKnock(standing, levels, knocker);
const reject: Ask = ({ standing, levels }, knocker) => mayRejectKnock(standing, levels, knocker);
const ban: Ask = ({ standing, levels }, knocker) => mayBanKnocker(standing, levels, knocker);

// An episode that ended stays ended, also while the same user knocks again.
async function permission(ask: Ask, { roomId, userId, status }: KnockRow, context: Context): Promise<Permission> {
  return ask(await sightOf(context, roomId), { userId, membership: status === 'PENDING' ? 'knock' : 'leave' });
}

function allowed(ask: Ask) {
  return async (knock: KnockRow, _args: object, context: Context): Promise<boolean> =>
    (await permission(ask, knock, context)).allowed;
}

function whyNot(ask: Ask) {
  return async (knock: KnockRow, _args: object, context: Context): Promise<string | null> => {
    const answer = await permission(ask, knock, context);
    return answer.allowed ? null : answer.why;
  };
}

export const knock: KnockResolvers = {
  id: ({ opened }) => nodeId('Knock', opened),
  room: ({ roomId }, _args, context) => roomOf(context, roomId),
  user: ({ userId }) => ({ userId }),
  reason: async (knock, _args, context) => (await reasonOfKnock(context, knock)).reason,
  reasonIsHidden: async (knock, _args, context) => (await reasonOfKnock(context, knock)).isHidden,
  outOfBand: ({ inRoom }) => !inRoom,
  decidedBy: ({ decidedBy }) => (decidedBy === null ? null : { userId: decidedBy }),
  decisionReason: async ({ roomId, decision }, _args, context) => (await reasonAt(context, roomId, decision)).reason,
  decisionReasonIsHidden: async ({ roomId, decision }, _args, context) =>
    (await reasonAt(context, roomId, decision)).isHidden,
  secondsToDecision: ({ knockedAt, decidedAt }) =>
    decidedAt === null ? null : (decidedAt.getTime() - knockedAt.getTime()) / 1000,
  attempts: ({ roomId, userId, opened }, args, context) =>
    knockList(context, { roomIds: [roomId], userIds: [userId], to: opened - 1 }, args),
  transitions: ({ roomId, userId, opened, closed }, args, context) =>
    transitionList(context, { roomIds: [roomId], userIds: [userId], from: opened, to: closed ?? undefined }, args),
  deliveries: ({ roomId, userId, opened, closed }, args, context) =>
    deliveryList(context, { roomId, userId, from: opened, to: closed }, args),
  ...triageFields,
  event: ({ roomId, event: position }, _args, context) => visibleEvent(context, { roomId, position }),
  evidence: (row, _args, context) => evidenceOf(context, row),
  viewerCanAccept: allowed(accept),
  viewerCannotAcceptReason: whyNot(accept),
  viewerCanReject: allowed(reject),
  viewerCannotRejectReason: whyNot(reject),
  viewerCanBan: allowed(ban),
  viewerCannotBanReason: whyNot(ban),
};
