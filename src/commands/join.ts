/** Joining a room: because it is open, after an invite, or vouched for as a member of another room. */
import { actInRoom, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { orElsewhere } from './elsewhere/or-elsewhere.ts';
import { memberDraft, profileAhead, standingOf, unknownRoom, unlessSaid, type SelfInput } from './member-draft.ts';
import { authoriserFor } from './restricted-join.ts';
import { isResident } from './lanes/room-head.ts';

/**
 * Joins. Already joined is no error and sends nothing, unless `content` brings another profile.
 * Throws M_FORBIDDEN by the rules; M_UNABLE_TO_GRANT_JOIN when nobody here could vouch for a restricted join, and
 * M_UNABLE_TO_AUTHORISE_JOIN when nobody here can tell whether somebody should; M_NOT_FOUND or M_UNKNOWN (502) as knock().
 * A room that nobody here is in is joined through its servers; so is one whose restricted rule nobody here may vouch for.
 */
export async function joinRoom(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  return orElsewhere(deps, actor, input, 'join', () => joinHere(deps, actor, input));
}

async function joinHere(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  const { roomId, reason, content, via } = input;
  const profile = await profileAhead(deps, actor.userId);
  const act = { operation: 'joinRoom', roomId, target: actor.userId, unknownRoom: unknownRoom(deps, actor, via) };
  return actInRoom(deps, actor, act, async (room) => {
    if (!isResident(room.head, deps.identity.serverName)) throw act.unknownRoom();
    const { membership, event } = await standingOf(room, actor.userId);
    if (membership === 'join' && content === undefined) return { unchanged: event?.eventId ?? null };
    const draft = memberDraft({
      sender: actor.userId,
      target: actor.userId,
      membership: 'join',
      reason,
      profile: await profile(),
      content,
      authoriser: await authoriserFor(deps, room, actor.userId, membership),
    });
    return membership === 'join' ? unlessSaid(event, draft) : { send: draft };
  });
}
