/** Every way out but a ban: leaving, declining, retracting; and for moderators kicking, revoking, rejecting. */
import { mayKick } from '../access/room-access.ts';
import { MatrixError } from '../matrix/errors.ts';
import { actInRoom, notInRoom, type Act, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { memberDraft, powerOf, standingOf, unknownRoom, type MemberInput, type SelfInput } from './member-draft.ts';

/**
 * Leaves a room, declines its invite or retracts the knock on it, whichever the user has. Having left already is no error.
 * Throws M_FORBIDDEN for users who were never there or are banned, M_NOT_FOUND for an unknown room.
 */
export async function leaveRoom(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  return goOut(deps, actor, input, 'leaveRoom', () => undefined);
}

/** Takes one's own pending knock back. Throws M_BAD_STATE when there is none. */
export async function retractKnock(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  return goOut(deps, actor, input, 'retractKnock', (membership) => {
    if (membership !== 'knock') throw new MatrixError('M_BAD_STATE', 'You have no pending knock on this room.');
  });
}

async function goOut(
  deps: CommandDeps,
  actor: Actor,
  { roomId, reason, content }: SelfInput,
  operation: string,
  check: (membership: string) => void,
): Promise<ActResult> {
  const act: Act = { operation, roomId, target: actor.userId, unknownRoom: unknownRoom(deps, actor, undefined) };
  return actInRoom(deps, actor, act, async (room) => {
    const { membership, event } = await standingOf(room, actor.userId);
    check(membership);
    if (membership === 'leave') return { unchanged: event?.eventId ?? null };
    if (membership === 'none') throw notInRoom();
    return { send: memberDraft({ sender: actor.userId, target: actor.userId, membership: 'leave', reason, content }) };
  });
}

/**
 * Removes a member, revokes an invite or rejects a knock, whichever the target has.
 * Throws M_FORBIDDEN by the rules, and when there is nothing to end (which the rules would allow).
 */
export async function kickUser(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  return putOut(deps, actor, input, 'kickUser', (membership) => {
    const there = membership === 'invite' || membership === 'join' || membership === 'knock';
    if (!there) throw notThere();
  });
}

/**
 * Sets somebody else's membership to leave, whatever it was: as kickUser(), and as unbanUser() for a banned user.
 * Throws as kickUser().
 */
export async function putOutUser(
  deps: CommandDeps,
  actor: Actor,
  input: MemberInput,
  operation: string,
): Promise<ActResult> {
  return putOut(deps, actor, input, operation, (membership) => {
    if (membership === 'none' || membership === 'leave') throw notThere();
  });
}

/** Takes an invite back. Throws M_BAD_STATE when the target is not invited. */
export async function revokeInvite(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  return putOut(deps, actor, input, 'revokeInvite', (membership) => {
    if (membership !== 'invite') throw new MatrixError('M_BAD_STATE', 'The user is not invited.');
  });
}

/** Lifts a ban: the user is out, and free to knock or be invited. Throws M_BAD_STATE when there is none. */
export async function unbanUser(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  return putOut(deps, actor, input, 'unbanUser', (membership) => {
    if (membership !== 'ban') throw new MatrixError('M_BAD_STATE', 'The user is not banned.');
  });
}

function notThere(): MatrixError {
  return new MatrixError('M_FORBIDDEN', 'The user is not in the room, invited to it or knocking on it.');
}

async function putOut(
  deps: CommandDeps,
  actor: Actor,
  { roomId, userId, reason, content }: MemberInput,
  operation: string,
  check: (membership: string) => void,
): Promise<ActResult> {
  return actInRoom(deps, actor, { operation, roomId, target: userId }, async (room) => {
    // Before anybody learns from the answer where the target stands. The rules ask for this power in each case.
    const { standing, levels } = await powerOf(room, actor);
    if (standing.membership !== 'join') throw notInRoom();
    if (userId === actor.userId) throw new MatrixError('M_FORBIDDEN', 'To go yourself, leave the room.');
    const power = mayKick(standing, levels);
    if (!power.allowed) throw new MatrixError('M_FORBIDDEN', power.why);
    check((await standingOf(room, userId)).membership);
    return { send: memberDraft({ sender: actor.userId, target: userId, membership: 'leave', reason, content }) };
  });
}
