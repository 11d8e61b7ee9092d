/** Accepting, rejecting and banning a knock: an invite, a kick and a ban that act on a pending episode only. */
import { mayAcceptKnocks, mayBanKnockers, mayRejectKnocks, type Permission } from '../access/room-access.ts';
import { MatrixError } from '../matrix/errors.ts';
import { serverOf, type UserId } from '../matrix/identifiers.ts';
import { actInRoom, notInRoom, type Actor, type ActResult, type CommandDeps, type RoomDecision } from './act.ts';
import { inviteElsewhere } from './elsewhere/invite-elsewhere.ts';
import { memberDraft, powerOf, profileAhead, type MemberInput, type Power } from './member-draft.ts';
import { refuseDecided, type NamedKnock } from './pending-knock.ts';
import type { EventDraft } from './judge/propose.ts';
import { drawOfDecision } from './rate-limits.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

/**
 * Accepts a pending knock by inviting the knocker. Throws KNOCK_ALREADY_DECIDED (extra: outcome, decided_by, knock: the
 * episode's position) when the knock was decided before, M_NOT_FOUND when there never was one, M_FORBIDDEN by the rules
 * and to those who do not see the room's knocks; for users of other servers as inviteElsewhere() besides.
 */
export async function acceptKnock(deps: CommandDeps, actor: Actor, input: DecisionInput): Promise<ActResult> {
  const { roomId, userId, reason, knock } = input;
  const about = { sender: actor.userId, target: userId, membership: 'invite', reason } as const;
  const deciding = { operation: 'acceptKnock', roomId, target: userId };
  const may: KnockDecision['may'] = ({ standing, levels }) => mayAcceptKnocks(standing, levels);
  if (serverOf(userId) !== deps.identity.serverName) {
    return inviteElsewhere(deps, actor, deciding, async (room, profile, isFirst) => {
      const draft = async (): Promise<EventDraft> => memberDraft({ ...about, profile });
      return decideIn(deps, actor, room, { ...deciding, knock, may, draft, counts: isFirst });
    });
  }
  const profile = await profileAhead(deps, userId);
  const draft = async (): Promise<EventDraft> => memberDraft({ ...about, profile: await profile() });
  return actInRoom(deps, actor, deciding, (room) => decideIn(deps, actor, room, { ...deciding, knock, may, draft }));
}

/** Rejects a pending knock. Throws as acceptKnock(), and nothing of other servers. */
export async function rejectKnock(deps: CommandDeps, actor: Actor, input: DecisionInput): Promise<ActResult> {
  const { roomId, userId, reason, knock } = input;
  const deciding = { operation: 'rejectKnock', roomId, target: userId };
  return actInRoom(deps, actor, deciding, (room) =>
    decideIn(deps, actor, room, {
      ...deciding,
      knock,
      may: ({ standing, levels }) => mayRejectKnocks(standing, levels),
      draft: async () => memberDraft({ sender: actor.userId, target: userId, membership: 'leave', reason }),
    }),
  );
}

/** Bans who has a pending knock, which ends it. Throws as rejectKnock(). */
export async function banKnocker(deps: CommandDeps, actor: Actor, input: DecisionInput): Promise<ActResult> {
  const { roomId, userId, reason, knock } = input;
  const deciding = { operation: 'banUser', roomId, target: userId };
  return actInRoom(deps, actor, deciding, (room) =>
    decideIn(deps, actor, room, {
      ...deciding,
      knock,
      may: ({ standing, levels }) => mayBanKnockers(standing, levels),
      draft: async () => memberDraft({ sender: actor.userId, target: userId, membership: 'ban', reason }),
    }),
  );
}

/** A decision about the user's knock: the one that is named, or whichever waits. */
export type DecisionInput = MemberInput & { readonly knock?: NamedKnock | undefined };

interface KnockDecision {
  readonly target: UserId;
  readonly knock: NamedKnock | undefined;
  readonly may: (power: Power) => Permission;
  readonly draft: () => Promise<EventDraft>;
  /** False where the same decision was counted before. */
  readonly counts?: boolean;
}

async function decideIn(
  deps: CommandDeps,
  actor: Actor,
  room: LaneRoom,
  { target, knock, may, draft, counts = true }: KnockDecision,
): Promise<RoomDecision> {
  // Power first: who knocked, and what became of it, is told to those alone who decide about it.
  const power = await powerOf(room, actor);
  if (power.standing.membership !== 'join') throw notInRoom();
  const permission = may(power);
  if (!permission.allowed) throw new MatrixError('M_FORBIDDEN', permission.why);
  await refuseDecided(deps.db, room, target, knock);
  if (counts) deps.limits?.take(drawOfDecision(room.head.roomId));
  return { send: await draft() };
}
