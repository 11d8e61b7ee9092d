/** Accepting and rejecting a knock: an invite and a kick that act on a pending episode only. */
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import { latestKnock, type KnockRow } from '../projections/knocks.ts';
import { actInRoom, notInRoom, type Actor, type ActResult, type CommandDeps, type RoomDecision } from './act.ts';
import { memberDraft, profileFields, standingOf, type MemberInput } from './member-draft.ts';
import type { LaneRoom } from './room-lane.ts';

/**
 * Accepts a pending knock by inviting the knocker. Throws KNOCK_ALREADY_DECIDED (extra: outcome, decided_by, knock: the
 * episode's position) when the knock was decided before, M_NOT_FOUND when there never was one, M_FORBIDDEN by the rules.
 */
export async function acceptKnock(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  const { userId, reason } = input;
  const profile = await profileFields(deps.db, userId, deps.identity.serverName);
  return decide(deps, actor, input, 'acceptKnock', () => ({
    send: memberDraft({ sender: actor.userId, target: userId, membership: 'invite', reason, profile }),
  }));
}

/** Rejects a pending knock. Throws as acceptKnock(). */
export async function rejectKnock(deps: CommandDeps, actor: Actor, input: MemberInput): Promise<ActResult> {
  const { userId, reason } = input;
  return decide(deps, actor, input, 'rejectKnock', () => ({
    send: memberDraft({ sender: actor.userId, target: userId, membership: 'leave', reason }),
  }));
}

async function decide(
  deps: CommandDeps,
  actor: Actor,
  { roomId, userId }: MemberInput,
  operation: string,
  decision: () => RoomDecision,
): Promise<ActResult> {
  return actInRoom(deps, actor, { operation, roomId, target: userId }, async (room) => {
    if ((await standingOf(room, actor.userId)).membership !== 'join') throw notInRoom();
    if ((await standingOf(room, userId)).membership !== 'knock') throw await notPending(deps.db, room, userId);
    return decision();
  });
}

async function notPending(db: Db, room: LaneRoom, userId: string): Promise<MatrixError> {
  // The decision that came before may still be on its way to the table.
  await room.appended();
  const knock = await latestKnock(db, room.head.roomId, userId);
  return knock === null ? new MatrixError('M_NOT_FOUND', 'The user has not knocked.') : alreadyDecided(knock);
}

function alreadyDecided({ opened, status, decidedBy }: KnockRow): MatrixError {
  const extra = { knock: String(opened), outcome: status, ...(decidedBy === null ? {} : { decided_by: decidedBy }) };
  return new MatrixError('KNOCK_ALREADY_DECIDED', `The knock is ${status.toLowerCase()} already.`, extra);
}
