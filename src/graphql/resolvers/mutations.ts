/** The roots of every mutation: each is one command, done as the viewer. */
import type { ActResult, Actor, CommandDeps } from '../../commands/act.ts';
import { banUser } from '../../commands/ban.ts';
import { acceptKnock, rejectKnock } from '../../commands/decide-knock.ts';
import { inviteUser } from '../../commands/invite.ts';
import { joinRoom } from '../../commands/join.ts';
import { knock } from '../../commands/knock.ts';
import { kickUser, leaveRoom, retractKnock, revokeInvite, unbanUser } from '../../commands/leave.ts';
import type { MemberInput, SelfInput } from '../../commands/member-draft.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { viewerOf, type Context } from '../context.ts';
import type { MembershipChange } from '../models.ts';
import { given, roomIdOf, userIdOf } from '../names.ts';
import { nodeId } from '../node-ids.ts';
import type { MutationResolvers } from '../schema.generated.ts';
import { visible } from '../sight.ts';
import { eraseUser, startRebuild, startVerify } from './admin-mutations.ts';
import { createRoom, setJoinRule } from './room-mutations.ts';

type Given<T> = T | null | undefined;

/** One's own act on a room. */
function selfAct(act: (deps: CommandDeps, actor: Actor, input: SelfInput) => Promise<ActResult>) {
  return async (
    _root: unknown,
    {
      input,
    }: {
      readonly input: {
        readonly roomId: string;
        readonly reason?: Given<string>;
        readonly via?: Given<readonly string[]>;
      };
    },
    context: Context,
  ): Promise<MembershipChange> => {
    const actor = viewerOf(context);
    const { roomId, reason, via } = input;
    const own = { roomId: roomIdOf(roomId), reason: given(reason), via: given(via) };
    const { eventId } = await act(context.commands, actor, own);
    context.loaders.forget();
    return { roomId, userId: actor.userId, eventId };
  };
}

/** An act on somebody. */
function memberAct(act: (deps: CommandDeps, actor: Actor, input: MemberInput) => Promise<ActResult>) {
  return async (
    _root: unknown,
    {
      input,
    }: { readonly input: { readonly roomId: string; readonly userId: string; readonly reason?: Given<string> } },
    context: Context,
  ): Promise<MembershipChange> => {
    const { roomId, userId, reason } = input;
    const target = { roomId: roomIdOf(roomId), userId: userIdOf(userId), reason: given(reason) };
    const { eventId } = await act(context.commands, viewerOf(context), target);
    context.loaders.forget();
    return { roomId, userId, eventId };
  };
}

/** A decision on a knock; one that comes too late is told what was decided, by whom and when. */
function decision(decide: (deps: CommandDeps, actor: Actor, input: MemberInput) => Promise<ActResult>) {
  const act = memberAct(decide);
  return async (root: unknown, args: Parameters<typeof act>[1], context: Context): Promise<MembershipChange> => {
    try {
      return await act(root, args, context);
    } catch (error) {
      throw error instanceof MatrixError && error.errcode === 'KNOCK_ALREADY_DECIDED'
        ? await alreadyDecided(context, error)
        : error;
    }
  };
}

async function alreadyDecided(context: Context, error: MatrixError): Promise<MatrixError> {
  const row = await visible(context, await context.loaders.knock.load(Number(error.extra['knock'])));
  if (row === null) return new MatrixError('M_FORBIDDEN', 'You do not decide about the knocks on this room.');
  const { opened, status, decidedBy, decidedAt } = row;
  return new MatrixError(error.errcode, error.message, {
    knock: nodeId('Knock', opened),
    status,
    decidedBy,
    decidedAt: decidedAt?.toISOString() ?? null,
  });
}

export const mutation: MutationResolvers = {
  createRoom,
  setJoinRule,
  knock: selfAct(knock),
  retractKnock: selfAct(retractKnock),
  acceptKnock: decision(acceptKnock),
  rejectKnock: decision(rejectKnock),
  inviteUser: memberAct(inviteUser),
  revokeInvite: memberAct(revokeInvite),
  joinRoom: selfAct(joinRoom),
  leaveRoom: selfAct(leaveRoom),
  kickUser: memberAct(kickUser),
  banUser: memberAct(banUser),
  unbanUser: memberAct(unbanUser),
  eraseUser,
  startVerify,
  startRebuild,
};
