/** Who vouches for a join from outside where the members of other rooms are let in (client-server API, Restricted rooms). */
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { isJsonObject } from '../matrix/json.ts';
import type { Membership } from '../matrix/pdu.ts';
import { creators, joinRule, powerLevels } from '../matrix/room-state.ts';
import { allowedRooms } from '../matrix/room-words.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { joinedAmong, membershipOfRooms } from '../projections/members.ts';
import { standingOf } from './member-draft.ts';
import type { HeadState } from './lanes/room-head.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

export interface VouchDeps {
  readonly db: Db;
  readonly identity: Pick<ServerIdentity, 'serverName'>;
}

const ROOM_KEYS = [
  ['m.room.create', ''],
  ['m.room.join_rules', ''],
  ['m.room.power_levels', ''],
] as const;

/**
 * Under a restricted rule the member who vouches for a join of somebody who stands outside; undefined when nobody has to, or
 * would. Throws M_UNABLE_TO_AUTHORISE_JOIN when the members of a room would be let in that nobody here knows, and
 * M_UNABLE_TO_GRANT_JOIN when nobody here has the power to.
 */
export async function authoriserFor(
  deps: VouchDeps,
  room: LaneRoom,
  userId: UserId,
  membership: Membership | 'none',
): Promise<UserId | undefined> {
  if (!needsAuthoriser(membership)) return undefined;
  const state = await room.state(ROOM_KEYS);
  return (await isLetIn(deps.db, room, state, userId)) ? findAuthoriser(deps, room, state) : undefined;
}

/** Whether somebody who joins with a member's word for it may have that word. Throws as authoriserFor(). */
export async function mayBeVouchedFor(
  deps: VouchDeps,
  room: LaneRoom,
  userId: UserId,
  membership: Membership | 'none',
): Promise<boolean> {
  if (!needsAuthoriser(membership)) return true;
  return isLetIn(deps.db, room, await room.state(ROOM_KEYS), userId);
}

// Who is invited or joined needs nobody's word, and whom a ban keeps out it does not help.
function needsAuthoriser(membership: Membership | 'none'): boolean {
  return membership === 'none' || membership === 'leave' || membership === 'knock';
}

/** Whether the user is in a room that the join rule's `allow` names; malformed entries allow nothing. */
async function isLetIn(db: Db, room: LaneRoom, state: HeadState, userId: UserId): Promise<boolean> {
  if (!room.head.version.restrictedJoinRules.includes(joinRule(state))) return false;
  const content = state.get('m.room.join_rules', '')?.pdu.content;
  const rooms = content === undefined ? [] : allowedRooms(content);
  const { joined, unknown } = await membershipOfRooms(db, rooms, userId);
  if (!joined && unknown) throw new MatrixError('M_UNABLE_TO_AUTHORISE_JOIN');
  return joined;
}

async function findAuthoriser({ db, identity }: VouchDeps, room: LaneRoom, state: HeadState): Promise<UserId> {
  const levels = powerLevels(state, room.head.version);
  const content = state.get('m.room.power_levels', '')?.pdu.content;
  const listed = isJsonObject(content?.['users']) ? Object.keys(content['users']) : [];
  const named = [...listed, ...creators(state, room.head.version)].filter(
    (userId) => levels.user(userId) >= levels.invite,
  );
  const anybody = levels.user('') >= levels.invite;
  const candidates = await joinedAmong(db, room.head.roomId, identity.serverName, anybody ? null : named);
  for (const candidate of candidates) {
    // The projection may lag behind what the lane has accepted: the head decides.
    const { membership } = await standingOf(room, candidate);
    if (membership === 'join' && levels.user(candidate) >= levels.invite) return candidate;
  }
  throw new MatrixError('M_UNABLE_TO_GRANT_JOIN');
}
