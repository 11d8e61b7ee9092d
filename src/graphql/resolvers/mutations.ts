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
import { given, roomIdOf, serverNameOf, userIdOf } from '../names.ts';
import { nodeId } from '../node-ids.ts';
import type { KickUserInput, KnockInput, MutationResolvers } from '../schema.generated.ts';
import { eraseUser, startRebuild, startVerify } from './admin-mutations.ts';
import { decideKnocks } from './decide-knocks.ts';
import { giveUpDeliveries, retryDestination } from './destination.ts';
import { boundedByScopes } from './bounded-by-scopes.ts';
import { readInput } from './read-input.ts';
import { createRoom, setJoinRule } from './room-mutations.ts';
import { createServiceToken, revokeServiceToken, rotateServiceToken } from './service-token.ts';
import { triageActs } from './triage.ts';

type Command<Input> = (deps: CommandDeps, actor: Actor, input: Input) => Promise<ActResult>;

/** One's own act on a room; the input of each is KnockInput or a part of it. */
function selfAct(operation: string, act: Command<SelfInput>) {
  return async (
    _root: unknown,
    { input }: { readonly input: KnockInput },
    context: Context,
  ): Promise<MembershipChange> => {
    const actor = viewerOf(context);
    const own = await readInput(context, operation, () => ({
      roomId: roomIdOf(input.roomId),
      reason: given(input.reason),
      via: given(input.via)?.map(serverNameOf),
    }));
    const { roomId, eventId } = await act(context.commands, actor, own);
    context.loaders.forget();
    return { roomId, userId: actor.userId, eventId };
  };
}

/** An act on somebody; the inputs of all are alike. */
function memberAct(operation: string, act: Command<MemberInput>) {
  return async (
    _root: unknown,
    { input }: { readonly input: KickUserInput },
    context: Context,
  ): Promise<MembershipChange> => {
    const target = await readInput(context, operation, () => ({
      roomId: roomIdOf(input.roomId),
      userId: userIdOf(input.userId),
      reason: given(input.reason),
    }));
    const { roomId, eventId } = await act(context.commands, viewerOf(context), target);
    context.loaders.forget();
    return { roomId, userId: target.userId, eventId };
  };
}

/** A decision on a knock; one that comes too late is told what was decided, by whom and when. */
function decision(operation: string, decide: Command<MemberInput>) {
  const act = memberAct(operation, decide);
  return async (...[root, args, context]: Parameters<typeof act>): Promise<MembershipChange> => {
    try {
      return await act(root, args, context);
    } catch (error) {
      const late = error instanceof MatrixError && error.errcode === 'KNOCK_ALREADY_DECIDED';
      throw late ? await alreadyDecided(context, error) : error;
    }
  };
}

// Told to nobody who does not see the knock: the command looks at the power to decide before it looks at the knock.
async function alreadyDecided({ loaders }: Context, error: MatrixError): Promise<MatrixError> {
  const knock = await loaders.knock.load(Number(error.extra['knock']));
  if (knock === null) return error;
  const { opened, status, decidedBy, decidedAt } = knock;
  return new MatrixError(error.errcode, error.message, {
    knock: nodeId('Knock', opened),
    status,
    decidedBy,
    decidedAt: decidedAt?.toISOString() ?? null,
  });
}

const roots: MutationResolvers = {
  createRoom,
  setJoinRule,
  knock: selfAct('knock', knock),
  retractKnock: selfAct('retractKnock', retractKnock),
  acceptKnock: decision('acceptKnock', acceptKnock),
  rejectKnock: decision('rejectKnock', rejectKnock),
  decideKnocks,
  inviteUser: memberAct('inviteUser', inviteUser),
  revokeInvite: memberAct('revokeInvite', revokeInvite),
  joinRoom: selfAct('joinRoom', joinRoom),
  leaveRoom: selfAct('leaveRoom', leaveRoom),
  kickUser: memberAct('kickUser', kickUser),
  banUser: memberAct('banUser', banUser),
  unbanUser: memberAct('unbanUser', unbanUser),
  ...triageActs,
  eraseUser,
  startVerify,
  startRebuild,
  retryDestination,
  giveUpDeliveries,
  createServiceToken,
  rotateServiceToken,
  revokeServiceToken,
};

export const mutation: MutationResolvers = boundedByScopes(roots);
