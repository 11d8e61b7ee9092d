/** Templates of member events for users of other servers: what the room would take from them now. Nothing is stored. */
import { MatrixError } from '../../matrix/errors.ts';
import { checkRules } from '../../matrix/event-auth.ts';
import { serverOf, type RoomId, type ServerName, type UserId } from '../../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../matrix/json.ts';
import type { RoomVersionId } from '../../matrix/room-versions.ts';
import { notResident, shutOut } from './admit-event.ts';
import { drawsOfKnock } from '../rate-limits.ts';
import { authoriserFor } from '../restricted-join.ts';
import { isResident } from '../lanes/room-head.ts';
import { isLetInNow } from './receive-room.ts';
import type { LaneRoom } from '../lanes/room-lane.ts';
import type { CommandDeps } from '../act.ts';
import { memberDraft, standingOf } from '../member-draft.ts';
import { keysToPropose, placeOnHead } from '../judge/propose.ts';

/** What others may do through a server that is in the room. */
export type ServedMembership = 'join' | 'knock' | 'leave';

export interface MakeMember {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: ServedMembership;
  /** The server that asks. */
  readonly origin: ServerName;
  /** The room versions that it speaks; null: it was not asked. */
  readonly versions: readonly string[] | null;
}

export interface MemberTemplate {
  readonly version: RoomVersionId;
  readonly event: JsonObject;
}

/**
 * A template on the room's head that the rules allow there (server-server API, make_join, make_knock, make_leave). Throws
 * M_FORBIDDEN for a user of another server, for a server that the room's access control list shuts out and by the rules;
 * M_NOT_FOUND for a room that nobody here is in; M_INCOMPATIBLE_ROOM_VERSION (room_version); M_UNABLE_TO_AUTHORISE_JOIN and
 * M_UNABLE_TO_GRANT_JOIN for a restricted join; M_LIMIT_EXCEEDED while a knock would be too many.
 */
export async function makeMember(deps: CommandDeps, asked: MakeMember): Promise<MemberTemplate> {
  const { roomId, userId, membership, origin } = asked;
  if (serverOf(userId) !== origin) throw new MatrixError('M_FORBIDDEN', 'The user is not of the server that asks.');
  if (membership === 'knock') deps.limits?.look(...drawsOfKnock(userId, roomId, origin));
  await deps.lanes.warm(roomId, [userId]);
  return deps.lanes.run(roomId, async (room) => {
    if (room === null || !isResident(room.head, deps.identity.serverName)) throw notResident();
    return { judged: [], actions: [], answer: await templateIn(deps, room, asked) };
  });
}

async function templateIn(
  deps: CommandDeps,
  room: LaneRoom,
  { userId, membership, origin, versions }: MakeMember,
): Promise<MemberTemplate> {
  const { head } = room;
  if (!(await isLetInNow(room, origin, deps.identity.serverName))) throw shutOut();
  if (versions !== null && !versions.includes(head.version.id)) throw incompatible(head.version.id);
  const stands = await standingOf(room, userId);
  const draft = memberDraft({
    sender: userId,
    target: userId,
    membership,
    authoriser: membership === 'join' ? await authoriserFor(deps, room, userId, stands.membership) : undefined,
  });
  const state = await room.state(keysToPropose(draft, head));
  const { fields } = placeOnHead(draft, head, state, deps.now());
  const refused = checkRules(fields, head.version, state);
  if (refused !== null) throw new MatrixError('M_FORBIDDEN', refused.message);
  return { version: head.version.id, event: jsonObject({ ...fields, origin: deps.identity.serverName }) };
}

function incompatible(version: RoomVersionId): MatrixError {
  const message = `The room has version ${version}, which your server does not speak.`;
  return new MatrixError('M_INCOMPATIBLE_ROOM_VERSION', message, { room_version: version });
}
