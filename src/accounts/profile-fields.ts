/** A profile with all its keys: name, picture, time zone, and whatever has a name of its own (client-server API, Profiles). */
import type { Db } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import { MatrixError } from '../matrix/errors.ts';
import { parseServerName, type UserId } from '../matrix/identifiers.ts';
import { parseJson, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { profileOf } from './profiles.ts';

/** The keys that stand in member events as well. */
export type ShownKey = 'displayname' | 'avatar_url';

const MAX_KEY_BYTES = 255;
const MAX_TEXT_BYTES = 1024;
const MAX_PROFILE_BYTES = 64 * 1024;

// Appendices, Common Namespaced Identifier Grammar: with a namespace, so at least one dot.
const NAMESPACED = /^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)+$/;
const MXC = /^mxc:\/\/([^/]+)\/[A-Za-z0-9_-]+$/;

export function isShown(key: string): key is ShownKey {
  return key === 'displayname' || key === 'avatar_url';
}

/** Throws M_KEY_TOO_LARGE beyond 255 bytes, M_INVALID_PARAM for what cannot name a field. */
export function checkProfileKey(key: string): void {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new MatrixError('M_KEY_TOO_LARGE');
  if (!isShown(key) && !NAMESPACED.test(key)) {
    throw new MatrixError('M_INVALID_PARAM', 'A field is displayname, avatar_url, m.tz, or has a namespaced name.');
  }
}

/** Throws M_INVALID_PARAM for a value that the key cannot have, M_PROFILE_TOO_LARGE for a text of more than 1,024 bytes. */
export function checkProfileValue(key: string, value: JsonValue): void {
  if (!isShown(key) && key !== 'm.tz') return;
  if (typeof value !== 'string') throw new MatrixError('M_INVALID_PARAM', `${key} must be a string.`);
  if (value.includes('\u0000')) throw new MatrixError('M_INVALID_PARAM', `${key} holds no NUL.`);
  if (Buffer.byteLength(value) > MAX_TEXT_BYTES) {
    throw new MatrixError('M_PROFILE_TOO_LARGE', `${key} takes at most 1,024 bytes.`);
  }
  if (key === 'avatar_url' && value !== '' && !isMxc(value)) {
    throw new MatrixError('M_INVALID_PARAM', 'avatar_url must be an mxc URI.');
  }
}

function isMxc(text: string): boolean {
  const server = MXC.exec(text)?.[1];
  return server !== undefined && parseServerName(server) !== null;
}

/** Throws M_PROFILE_TOO_LARGE for 64 KiB and more. */
export function checkProfileSize(profile: JsonObject): void {
  if (Buffer.byteLength(canonicalJson(profile)) >= MAX_PROFILE_BYTES) throw new MatrixError('M_PROFILE_TOO_LARGE');
}

/** All that a local user shows. */
export async function wholeProfile(db: Db, userId: UserId): Promise<JsonObject> {
  const [{ displayname, avatar_url }, fields] = await Promise.all([
    profileOf(db, userId),
    db.selectFrom('profile_fields').select(['key', 'value']).where('user_id', '=', userId).orderBy('key').execute(),
  ]);
  const profile: Record<string, JsonValue> = Object.create(null);
  if (avatar_url !== null) profile['avatar_url'] = avatar_url;
  if (displayname !== null) profile['displayname'] = displayname;
  for (const { key, value } of fields) profile[key] = parseJson(value);
  return profile;
}

/** One field; undefined when it is not set. */
export async function profileField(db: Db, userId: UserId, key: string): Promise<JsonValue | undefined> {
  if (isShown(key)) return (await profileOf(db, userId))[key] ?? undefined;
  const row = await db
    .selectFrom('profile_fields')
    .select('value')
    .where('user_id', '=', userId)
    .where('key', '=', key)
    .executeTakeFirst();
  return row === undefined ? undefined : parseJson(row.value);
}

/** Sets a field that was checked, or with undefined takes it away. In the writer's transaction. */
export async function writeProfileField(
  tx: TxClient,
  userId: UserId,
  key: string,
  value: JsonValue | undefined,
): Promise<void> {
  if (isShown(key)) {
    await tx.query({
      name: `write-profile-${key}`,
      text: `insert into profiles (user_id, ${key}) values ($1, $2)
                 on conflict (user_id) do update set ${key} = excluded.${key}`,
      values: [userId, value ?? null],
    });
  } else if (value === undefined) {
    await tx.query({
      name: 'delete-profile-field',
      text: 'delete from profile_fields where user_id = $1 and key = $2',
      values: [userId, key],
    });
  } else {
    await tx.query({
      name: 'write-profile-field',
      text: `insert into profile_fields (user_id, key, value) values ($1, $2, $3)
                 on conflict (user_id, key) do update set value = excluded.value`,
      values: [userId, key, Buffer.from(canonicalJson(value))],
    });
  }
}
