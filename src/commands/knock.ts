/** Asking to join a room. */
import { actInRoom, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { orElsewhere } from './elsewhere/or-elsewhere.ts';
import { memberDraft, profileAhead, standingOf, unknownRoom, unlessSaid, type SelfInput } from './member-draft.ts';
import { isResident } from './lanes/room-head.ts';

/**
 * Knocks. While the knock is pending, the same words again change nothing and others renew it; banned, invited and
 * joined users and rooms with another join rule are refused by the rules (M_FORBIDDEN). A room that nobody here is in is
 * knocked on through its servers. Throws M_NOT_FOUND for a room that nobody can be asked about, M_UNKNOWN (502) when no server of
 * it can be reached, and what they refuse the knock with.
 */
export async function knock(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  return orElsewhere(deps, actor, input, 'knock', () => knockHere(deps, actor, input));
}

async function knockHere(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  const { roomId, reason, content, via } = input;
  const profile = await profileAhead(deps, actor.userId);
  const act = { operation: 'knock', roomId, target: actor.userId, unknownRoom: unknownRoom(deps, actor, via) };
  return actInRoom(deps, actor, act, async (room) => {
    // A room that nobody here is joined to is known, but not ours to let anybody knock on.
    if (!isResident(room.head, deps.identity.serverName)) throw act.unknownRoom();
    const draft = memberDraft({
      sender: actor.userId,
      target: actor.userId,
      membership: 'knock',
      reason,
      profile: await profile(),
      content,
    });
    const { membership, event } = await standingOf(room, actor.userId);
    return membership === 'knock' ? unlessSaid(event, draft) : { send: draft };
  });
}
