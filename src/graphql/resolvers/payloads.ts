/** What acts answer: the room and the membership as they are after the act, and the event, transition and knock of it. */
import { eventById } from '../../log/read.ts';
import type { TransitionRow } from '../../log/transition-queries.ts';
import type { Context } from '../context.ts';
import type { MembershipChange } from '../models.ts';
import type { ResolversTypes } from '../schema.generated.ts';
import { roomOf, visible, visibleEvent, visibleMember } from '../sight.ts';
import { triagePayloads } from './triage.ts';

type Field<Type extends keyof ResolversTypes> = (
  change: MembershipChange,
  args: object,
  context: Context,
) => Promise<Awaited<ResolversTypes[Type]> | null>;

const event: Field<'Event'> = async ({ roomId, eventId }, _args, context) => {
  const found = eventId === null ? null : await eventById(context.db, eventId, roomId);
  return found === null ? null : visibleEvent(context, { roomId, position: found.position });
};

const transition = async (change: MembershipChange, _args: object, context: Context): Promise<TransitionRow | null> =>
  visible(context, await context.loaders.transitionOf.load(change));

// By the moment of the act: the same user may have knocked again since.
const knock: Field<'Knock'> = async (change, args, context) => {
  const made = await transition(change, args, context);
  if (made === null) return null;
  const { roomId, userId, position } = made;
  return visible(context, await context.loaders.knockDuring.load({ roomId, userId, position }));
};

const shared = {
  room: ({ roomId }: MembershipChange, _args: object, context: Context) => roomOf(context, roomId),
  member: ({ roomId, userId }: MembershipChange, _args: object, context: Context) =>
    visibleMember(context, { roomId, userId }),
  transition,
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
  JoinRoomPayload: withKnock,
  LeaveRoomPayload: withKnock,
  KickUserPayload: withKnock,
  BanUserPayload: withKnock,
  UnbanUserPayload: shared,
  ...triagePayloads,
};
