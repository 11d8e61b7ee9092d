/** The parts that requests about a room share: ids in path and body, a reason. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomId, parseUserId, type RoomId, type UserId } from '../../matrix/identifiers.ts';

/** A body that may say why. */
export const ReasonBody = Type.Object({ reason: Type.Optional(Type.String()) });

/** A body that names somebody, and may say why. */
export const TargetBody = Type.Object({ user_id: Type.String(), reason: Type.Optional(Type.String()) });

/** Throws M_INVALID_PARAM for what is no room id. */
export function roomIdIn(text: string): RoomId {
  const roomId = parseRoomId(text);
  if (roomId === null) throw new MatrixError('M_INVALID_PARAM', 'The path does not name a room by its id.');
  return roomId;
}

/** Throws M_BAD_JSON for what is no user id. */
export function targetIn(body: { readonly user_id: string }): UserId {
  const userId = parseUserId(body.user_id);
  if (userId === null) throw new MatrixError('M_BAD_JSON', 'user_id is not a user id.');
  return userId;
}
