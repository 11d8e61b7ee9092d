/** Every way out but a ban: leaving, declining, retracting; and for moderators kicking, revoking, rejecting. */
import { mayKick } from '../access/room-access.ts';
import { MatrixError } from '../matrix/errors.ts';
import { jsonObject } from '../matrix/json.ts';
import { actInRoom, notInRoom, type Act, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { notHere } from './elsewhere/elsewhere.ts';
import { memberDraft, powerOf, standingOf, type MemberInput, type SelfInput } from './member-draft.ts';
import { isResident } from './lanes/room-head.ts';

/**
 * Leaves a room, declines its invite or retracts the knock on it, whichever the user has. Having left already is no error.
 * Throws M_FORBIDDEN for users who were never there or are banned, M_NOT_FOUND for an unknown room.
 */
export async function leaveRoom(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  return goOut(deps, actor, input, { operation: 'leaveRoom' });
}

/** Takes one's own pending knock back. Throws M_BAD_STATE when there is none. */
export async function retractKnock(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  return goOut(deps, actor, input, { operation: 'retractKnock', only: 'knock' });
}

interface WayOut {
  readonly operation: string;
  readonly only?: 'knock';
}

async function goOut(deps: CommandDeps, actor: Actor, input: SelfInput, way: WayOut): Promise<ActResult> {
  const { elsewhere } = deps;
  if (elsewhere === undefined) return goOutHere(deps, actor, input, way);
  try {
    return await goOutHere(deps, actor, input, way, notHere);
  } catch (error) {
    if (error !== notHere) throw error;
    const { roomId, reason } = input;
    const done = await elsewhere.leave(actor, { roomId, content: jsonObject({ reason }), only: way.only });
    return done ?? (await goOutHere(deps, actor, input, way));
  }
}

/** `notOurs`: what is thrown where nobody of this server is in the room; absent, what is known of it here decides. */
async function goOutHere(
  deps: CommandDeps,
  actor: Actor,
  { roomId, reason, content }: SelfInput,
  { operation, only }: WayOut,
  notOurs?: Error,
): Promise<ActResult> {
  const { userId } = actor;
  const unknown = (): Error => notOurs ?? new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
  const act: Act = { operation, roomId, target: userId, unknownRoom: unknown };
  return actInRoom(deps, actor, act, async (room) => {
    if (notOurs !== undefined && !isResident(room.head, deps.identity.serverName)) throw notOurs;
    const { membership, event } = await standingOf(room, userId);
    if (only !== undefined && membership !== only)
      throw new MatrixError('M_BAD_STATE', 'You have no pending knock on this room.');
    if (membership === 'leave') return { unchanged: event?.eventId ?? null };
    if (membership === 'none') throw notInRoom();
    return { send: memberDraft({ sender: userId, target: userId, membership: 'leave', reason, content }) };
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
