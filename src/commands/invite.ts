/** Letting people in: inviting, and accepting a knock, which is an invite. */
import { mayInvite } from '../access/room-access.ts';
import { MatrixError } from '../matrix/errors.ts';
import { serverOf, type UserId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import { actInRoom, notInRoom, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { memberDraft, powerOf, profileAhead, standingOf, unlessSaid, type MemberInput } from './member-draft.ts';
import { drawOfDecision, drawsOfInvites } from './rate-limits.ts';

/**
 * Invites a user; a pending knock of theirs is accepted by it. The same invite again changes nothing.
 * Throws M_FORBIDDEN by the rules and for oneself; M_INVALID_PARAM for an invite on another service's word; M_UNKNOWN (502)
 * for users of other servers, which cannot be reached.
 */
export async function inviteUser(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  const { roomId, userId, reason, content } = input;
  const profile = await profileAhead(deps, userId);
  return actInRoom(deps, actor, { operation: 'inviteUser', roomId, target: userId }, async (room) => {
    const { standing, levels } = await powerOf(room, actor);
    if (standing.membership !== 'join') throw notInRoom();
    if (userId === actor.userId) throw new MatrixError('M_FORBIDDEN', 'You cannot invite yourself.');
    refuseThirdParty(content);
    const { membership, event } = await standingOf(room, userId);
    // Whoever may not invite is refused by the rules, and must not use up what others may.
    if (mayInvite(standing, levels).allowed)
      deps.limits?.take(
        ...(membership === 'knock' ? [drawOfDecision(roomId)] : drawsOfInvites(actor.userId, [userId])),
      );
    const draft = memberDraft({
      sender: actor.userId,
      target: userId,
      membership: 'invite',
      reason,
      profile: await profile(),
      content,
    });
    if (serverOf(userId) !== deps.identity.serverName) return { send: draft, obstacle: unreachable(userId) };
    return membership === 'invite' ? unlessSaid(event, draft) : { send: draft };
  });
}

// Whoever may invite can vouch for one with a key of their own, and the rules then ask nothing of where its target stands: a
// joined one would be put out by it.
function refuseThirdParty(content: JsonObject | undefined): void {
  if (content === undefined || !Object.hasOwn(content, 'third_party_invite')) return;
  throw new MatrixError('M_INVALID_PARAM', 'This server invites by user id only.');
}

/** An invite has to be signed by the invitee's server. */
export function unreachable(userId: UserId): MatrixError {
  return new MatrixError('M_UNKNOWN', `The server of ${userId} could not be reached.`, { status: 502 });
}
