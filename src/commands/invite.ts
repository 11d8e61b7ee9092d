/** Letting people in: inviting, and accepting a knock, which is an invite. */
import { mayInvite } from '../access/room-access.ts';
import { MatrixError } from '../matrix/errors.ts';
import { serverOf } from '../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../matrix/json.ts';
import { actInRoom, notInRoom, type ActResult, type Actor, type CommandDeps, type RoomDecision } from './act.ts';
import { inviteElsewhere } from './elsewhere/invite-elsewhere.ts';
import { memberDraft, powerOf, profileAhead, standingOf, unlessSaid, type MemberInput } from './member-draft.ts';
import { drawOfDecision, drawsOfInvites } from './rate-limits.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

/**
 * Invites a user; a pending knock of theirs is accepted by it. The same invite again changes nothing.
 * Throws M_FORBIDDEN by the rules and for oneself; M_INVALID_PARAM for an invite on another service's word; for users of
 * other servers as inviteElsewhere() besides.
 */
export async function inviteUser(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  const { roomId, userId } = input;
  const act = { operation: 'inviteUser', roomId, target: userId };
  if (serverOf(userId) !== deps.identity.serverName) {
    return inviteElsewhere(deps, actor, act, (room, profile, isFirst) =>
      decideInvite(deps, actor, room, { ...input, profile, counts: isFirst }),
    );
  }
  const profile = await profileAhead(deps, userId);
  return actInRoom(deps, actor, act, async (room) =>
    decideInvite(deps, actor, room, { ...input, profile: await profile() }),
  );
}

interface InviteInput extends MemberInput {
  readonly profile: JsonObject;
  /** False where it was counted before. */
  readonly counts?: boolean;
}

/** The invite as the room has to be told of it, in its turn. */
export async function decideInvite(
  deps: CommandDeps,
  actor: Actor,
  room: LaneRoom,
  { roomId, userId, reason, content, profile, counts = true }: InviteInput,
): Promise<RoomDecision> {
  const { standing, levels } = await powerOf(room, actor);
  if (standing.membership !== 'join') throw notInRoom();
  if (userId === actor.userId) throw new MatrixError('M_FORBIDDEN', 'You cannot invite yourself.');
  refuseThirdParty(content);
  const { membership, event } = await standingOf(room, userId);
  // Whoever may not invite is refused by the rules, and must not use up what others may.
  if (counts && mayInvite(standing, levels).allowed)
    deps.limits?.take(...(membership === 'knock' ? [drawOfDecision(roomId)] : drawsOfInvites(actor.userId, [userId])));
  const about = { sender: actor.userId, target: userId, membership: 'invite', reason, content } as const;
  const draft = memberDraft({ ...about, profile });
  if (membership !== 'invite') return { send: draft };
  // What another server tells of its user's profile is nothing that the inviter says anew.
  const known = serverOf(userId) === deps.identity.serverName ? {} : profileIn(event?.pdu.content ?? {});
  return { ...unlessSaid(event, memberDraft({ ...about, profile: { ...profile, ...known } })), send: draft };
}

function profileIn(content: JsonObject): JsonObject {
  return jsonObject({ displayname: content['displayname'], avatar_url: content['avatar_url'] });
}

// Whoever may invite can vouch for one with a key of their own, and the rules then ask nothing of where its target stands: a
// joined one would be put out by it.
function refuseThirdParty(content: JsonObject | undefined): void {
  if (content === undefined || !Object.hasOwn(content, 'third_party_invite')) return;
  throw new MatrixError('M_INVALID_PARAM', 'This server invites by user id only.');
}
