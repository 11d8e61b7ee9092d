/** What acts answer: the room, the membership, its transition, event and knock as they are after the act. */
import { eventById } from '../../log/read.ts';
import { latestTransition } from '../../log/transition-queries.ts';
import type { Context } from '../context.ts';
import { knockList } from '../lists.ts';
import type { MembershipChange } from '../models.ts';
import type { ResolversTypes } from '../schema.generated.ts';
import { roomOf, visible, visibleEvent, visibleMember } from '../sight.ts';

type Field<Type extends keyof ResolversTypes> = (
  change: MembershipChange,
  args: object,
  context: Context,
) => Promise<Awaited<ResolversTypes[Type]> | null>;

const event: Field<'Event'> = async ({ roomId, eventId }, _args, context) => {
  const found = eventId === null ? null : await eventById(context.db, eventId, roomId);
  return found === null ? null : visibleEvent(context, { roomId, position: found.position });
};

const knock: Field<'Knock'> = async ({ roomId, userId }, _args, context) => {
  const page = await knockList(context, { roomIds: [roomId], userIds: [userId] }, { first: 1 });
  return page.rows[0] ?? null;
};

const shared = {
  room: ({ roomId }: MembershipChange, _args: object, context: Context) => roomOf(context, roomId),
  member: ({ roomId, userId }: MembershipChange, _args: object, context: Context) =>
    visibleMember(context, { roomId, userId }),
  transition: async ({ roomId, userId }: MembershipChange, _args: object, context: Context) =>
    visible(context, await latestTransition(context.db, roomId, userId)),
  event,
};
const withKnock = { ...shared, knock };

export const payloads = {
  KnockPayload: withKnock,
  RetractKnockPayload: withKnock,
  AcceptKnockPayload: withKnock,
  RejectKnockPayload: withKnock,
  InviteUserPayload: withKnock,
  RevokeInvitePayload: shared,
  JoinRoomPayload: shared,
  LeaveRoomPayload: withKnock,
  KickUserPayload: withKnock,
  BanUserPayload: withKnock,
  UnbanUserPayload: shared,
};
