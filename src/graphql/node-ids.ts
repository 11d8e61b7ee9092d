/** Opaque ids of nodes: the type and its key, so that any node can be fetched by its id alone. */
import { MatrixError } from '../matrix/errors.ts';
import { parseRoomId, parseUserId, type RoomId, type UserId } from '../matrix/identifiers.ts';

export type NodeKey =
  | { readonly type: 'Room'; readonly roomId: RoomId }
  | { readonly type: 'User'; readonly userId: UserId }
  /** `at`: as it was at that room position; null: as it is. */
  | { readonly type: 'Member'; readonly roomId: RoomId; readonly userId: UserId; readonly at: number | null }
  | { readonly type: 'Knock'; readonly opened: number }
  | { readonly type: 'Transition'; readonly position: number }
  | { readonly type: 'Action'; readonly position: number }
  | { readonly type: 'Event'; readonly roomId: RoomId; readonly position: number }
  | { readonly type: 'ServiceToken'; readonly token: string };

export type NodeType = NodeKey['type'];

/** `nodeId('Member', '!room:here', '@kim:here')`. No part can hold a NUL. */
export function nodeId(type: NodeType, ...parts: readonly (string | number)[]): string {
  return Buffer.from([type, ...parts].join('\0')).toString('base64url');
}

/** Throws M_INVALID_PARAM for what is no id of ours. */
export function parseNodeId(id: string): NodeKey {
  const [type = '', ...parts] = Buffer.from(id, 'base64url').toString().split('\0');
  const key = keyOf(type, parts);
  // Written again it must be the same: base64 can spell the same bytes in more ways than one.
  if (key === null || nodeId(key.type, ...parts) !== id) throw new MatrixError('M_INVALID_PARAM', 'This is no id.');
  return key;
}

function keyOf(type: string, parts: readonly string[]): NodeKey | null {
  const [first = '', second = '', third] = parts;
  const isPast = type === 'Member' && third !== undefined;
  if (parts.length !== (type === 'Member' || type === 'Event' ? 2 : 1) + Number(isPast)) return null;
  const [roomId, position] = [parseRoomId(first), parsePosition(type === 'Event' ? second : first)];
  const userId = parseUserId(type === 'Member' ? second : first);
  switch (type) {
    case 'Room':
      return roomId && { type, roomId };
    case 'User':
      return userId && { type, userId };
    case 'Member': {
      const at = isPast ? parsePosition(third) : null;
      return roomId && userId && (!isPast || at !== null) ? { type, roomId, userId, at } : null;
    }
    case 'Knock':
      return position === null ? null : { type, opened: position };
    case 'Transition':
    case 'Action':
      return position === null ? null : { type, position };
    case 'Event':
      return roomId && position !== null ? { type, roomId, position } : null;
    case 'ServiceToken':
      return /^[A-Za-z0-9]{1,32}$/.test(first) ? { type, token: first } : null;
    default:
      return null;
  }
}

/** A position of the log, as ids and cursors carry it; null for anything else. */
export function parsePosition(text: string): number | null {
  const position = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(position) ? position : null;
}
