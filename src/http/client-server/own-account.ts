/** What users keep for themselves: only their own, and their waiting syncs hear of every change. */
import { changeAccountData, readAccountData, type AccountDataKey } from '../../accounts/account-data.ts';
import type { PushRuleset } from '../../accounts/default-push-rules.ts';
import { PUSH_RULES, pushRulesetOf } from '../../accounts/push-rules.ts';
import { notInRoom } from '../../commands/act.ts';
import type { Db } from '../../database/database.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { RoomId, UserId } from '../../matrix/identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject } from '../../matrix/json.ts';
import { membershipOf } from '../../projections/room-state.ts';
import type { Caller } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';
import { roomIdIn } from './room-request.ts';

type Parts = Pick<HttpParts, 'db' | 'follower'>;

const MAX_TYPE_BYTES = 255;
const FULLY_READ = 'm.fully_read';

/** The type of account data that holds a room's tags. */
export const TAGS = 'm.tag';

/** Throws M_FORBIDDEN for anybody but the caller. */
export function ownUserId(caller: Caller, userId: string): UserId {
  if (userId !== caller.userId) throw new MatrixError('M_FORBIDDEN', 'This is somebody else’s account.');
  return caller.userId;
}

/** Throws M_INVALID_PARAM for a type that is too long, M_BAD_JSON (405) for what the server itself keeps. */
export function writableType(type: string): string {
  if (type === PUSH_RULES || type === FULLY_READ)
    throw new MatrixError('M_BAD_JSON', `${type} is not set this way.`, { status: 405 });
  if (Buffer.byteLength(type) > MAX_TYPE_BYTES)
    throw new MatrixError('M_INVALID_PARAM', 'A type takes at most 255 bytes.');
  return type;
}

/** As clients see it: of the push rules all, not only what differs from the defaults. */
export function shownContent(userId: string, type: string, content: JsonObject | null): object | null {
  return type === PUSH_RULES ? { global: pushRulesetOf(userId, content) } : content;
}

// The database lets a user's changes through one by one; what waits there would hold a connection each.
const turns = new Map<string, Promise<unknown>>();

/** Changes an entry and wakes the syncs of its user. Throws as changeAccountData(). */
export async function changeOwn(
  { db, follower }: Parts,
  key: AccountDataKey,
  change: (before: JsonObject | null) => JsonObject,
): Promise<void> {
  const before = turns.get(key.userId) ?? Promise.resolve();
  const mine = before.then(() => changeAccountData(db, key, change));
  const over = mine.catch(() => undefined);
  turns.set(key.userId, over);
  try {
    await mine;
  } finally {
    if (turns.get(key.userId) === over) turns.delete(key.userId);
    // Also after an error: of a connection that broke at the commit nobody knows whether it happened.
    follower.touch(key.userId);
  }
}

export async function pushRulesOf({ db }: Pick<Parts, 'db'>, { userId }: Caller): Promise<PushRuleset> {
  return pushRulesetOf(userId, await readAccountData(db, pushRulesKey(userId)));
}

/** As changeOwn(), for the push rules. */
export async function changePushRules(
  parts: Parts,
  { userId }: Caller,
  change: (before: JsonObject | null) => JsonObject,
): Promise<void> {
  await changeOwn(parts, pushRulesKey(userId), change);
}

function pushRulesKey(userId: UserId): AccountDataKey {
  return { userId, roomId: null, type: PUSH_RULES };
}

/** Throws M_FORBIDDEN for those who are not in the room, and the same for a room that does not exist. */
export async function memberOf(db: Db, roomId: string, { userId }: Caller): Promise<RoomId> {
  const id = roomIdIn(roomId);
  if ((await membershipOf(db, id, userId))?.membership !== 'join') throw notInRoom();
  return id;
}

/** Keeps up to where the user has read a room. */
export async function keepFullyRead(parts: Parts, { userId }: Caller, roomId: RoomId, eventId: string): Promise<void> {
  await changeOwn(parts, { userId, roomId, type: FULLY_READ }, () => jsonObject({ event_id: eventId }));
}

export function tagsIn(content: JsonObject | null): JsonObject {
  const tags = content?.['tags'];
  return isJsonObject(tags) ? tags : {};
}
