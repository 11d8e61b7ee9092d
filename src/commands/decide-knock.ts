/** Accepting and rejecting a knock: an invite and a kick that act on a pending episode only. */
import { mayAcceptKnocks, mayRejectKnocks, type Permission } from '../access/room-access.ts';
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import { latestKnock, type KnockRow } from '../projections/knock-queries.ts';
import { actInRoom, notInRoom, type Actor, type ActResult, type CommandDeps } from './act.ts';
import { memberDraft, powerOf, profileAhead, standingOf, type MemberInput, type Power } from './member-draft.ts';
import type { EventDraft } from './propose.ts';
import { drawOfDecision } from './rate-limits.ts';
import type { LaneRoom } from './room-lane.ts';

/**
 * Accepts a pending knock by inviting the knocker. Throws KNOCK_ALREADY_DECIDED (extra: outcome, decided_by, knock: the
 * episode's position) when the knock was decided before, M_NOT_FOUND when there never was one, M_FORBIDDEN by the rules
 * and to those who do not see the room's knocks.
 */
export async function acceptKnock(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  const { userId, reason } = input;
  const profile = await profileAhead(deps, userId);
  const about = { sender: actor.userId, target: userId, membership: 'invite', reason } as const;
  return decide(deps, actor, input, {
    operation: 'acceptKnock',
    may: ({ standing, levels }) => mayAcceptKnocks(standing, levels),
    draft: async () => memberDraft({ ...about, profile: await profile() }),
  });
}

/** Rejects a pending knock. Throws as acceptKnock(). */
export async function rejectKnock(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  const { userId, reason } = input;
  return decide(deps, actor, input, {
    operation: 'rejectKnock',
    may: ({ standing, levels }) => mayRejectKnocks(standing, levels),
    draft: async () => memberDraft({ sender: actor.userId, target: userId, membership: 'leave', reason }),
  });
}

interface KnockDecision {
  readonly operation: string;
  readonly may: (power: Power) => Permission;
  readonly draft: () => Promise<EventDraft>;
}

async function decide(
  deps: CommandDeps,
  actor: Actor,
  { roomId, userId }: MemberInput,
  { operation, may, draft }: KnockDecision,
): Promise<ActResult> {
  return actInRoom(deps, actor, { operation, roomId, target: userId }, async (room) => {
    // Power first: who knocked, and what became of it, is told to those alone who decide about it.
    const power = await powerOf(room, actor);
    if (power.standing.membership !== 'join') throw notInRoom();
    const permission = may(power);
    if (!permission.allowed) throw new MatrixError('M_FORBIDDEN', permission.why);
    if ((await standingOf(room, userId)).membership !== 'knock') throw await notPending(deps.db, room, userId);
    deps.limits?.take(drawOfDecision(roomId));
    return { send: await draft() };
  });
}

// The decision may be a moment old: the episode tells of it once it is durable.
async function notPending(db: Db, room: LaneRoom, userId: string): Promise<MatrixError> {
  await room.appended();
  const knock = await latestKnock(db, room.head.roomId, userId);
  return knock === null ? new MatrixError('M_NOT_FOUND', 'The user has not knocked.') : alreadyDecided(knock);
}

function alreadyDecided({ opened, status, decidedBy }: KnockRow): MatrixError {
  const extra = { knock: String(opened), outcome: status, ...(decidedBy === null ? {} : { decided_by: decidedBy }) };
  return new MatrixError('KNOCK_ALREADY_DECIDED', `The knock is ${status.toLowerCase()} already.`, extra);
}
