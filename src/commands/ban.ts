/** Banning: out, and neither to join nor to knock until the ban is lifted (unbanUser, in leave.ts: a ban ends in a leave). */
import { actInRoom, notInRoom, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { memberDraft, standingOf, unlessSaid, type MemberInput } from './member-draft.ts';

/** Bans anybody, also somebody who was never there; a pending knock is closed by it. Throws M_FORBIDDEN by the rules. */
export async function banUser(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  const { roomId, userId, reason, content } = input;
  return actInRoom(deps, actor, { operation: 'banUser', roomId, target: userId }, async (room) => {
    if ((await standingOf(room, actor.userId)).membership !== 'join') throw notInRoom();
    const draft = memberDraft({ sender: actor.userId, target: userId, membership: 'ban', reason, content });
    const { membership, event } = await standingOf(room, userId);
    return membership === 'ban' ? unlessSaid(event, draft) : { send: draft };
  });
}
