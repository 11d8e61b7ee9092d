// Matrix identifiers as branded strings: the parse functions are the only way in.
import type { JsonValue } from './json.ts';

declare const kind: unique symbol;
type Identifier<Kind extends string> = string & { readonly [kind]: Kind };

export type UserId = Identifier<'UserId'>;
export type RoomId = Identifier<'RoomId'>;
export type EventId = Identifier<'EventId'>;
export type ServerName = Identifier<'ServerName'>;
export type RoomAlias = Identifier<'RoomAlias'>;

/** Every identifier fits into this many bytes of UTF-8, its sigil and domain included. */
const MAX_BYTES = 255;
const SERVER_NAME = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::[0-9]{1,5})?$/;
const HASH_ROOM_ID = /^![0-9A-Za-z_-]{43}$/;
/** Two units, one character. */
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;
const NEW_LOCALPART = /^[a-z0-9._=/+-]+$/;

/**
 * A user id, or null. Historical localparts are taken: any characters but `:` and NUL, even none
 * (appendices, Historical User IDs).
 */
export function parseUserId(text: string): UserId | null {
  return hasDomain(text, '@') ? (text as UserId) : null;
}

/** A room id, or null: `!opaque:domain`, or since version 12 `!` and the hash of the create event. */
export function parseRoomId(text: string): RoomId | null {
  return HASH_ROOM_ID.test(text) || hasDomain(text, '!') ? (text as RoomId) : null;
}

/** An event id, or null. The hash itself is not judged here: an id that names no event is never found. */
export function parseEventId(text: string): EventId | null {
  return text.length > 1 && text.startsWith('$') && isStorable(text) ? (text as EventId) : null;
}

/** A room alias, or null: `#anything:domain`. */
export function parseRoomAlias(text: string): RoomAlias | null {
  return hasDomain(text, '#') ? (text as RoomAlias) : null;
}

/** A server name, or null: host name, IPv4 or bracketed IPv6 address, with an optional port (appendices, Server Name). */
export function parseServerName(text: string): ServerName | null {
  return SERVER_NAME.test(text) ? (text as ServerName) : null;
}

export function isUserId(value: JsonValue | undefined): value is UserId {
  return typeof value === 'string' && parseUserId(value) !== null;
}

/** A user id that is longer than ids may be: up to 255 characters, which may be more bytes. Only events of old have them. */
export function isLongUserId(value: JsonValue | undefined): value is UserId {
  return typeof value === 'string' && value.startsWith('@') && isStorableText(value) && hasDomainAt(value);
}

/** Up to 255 characters, whatever their bytes, that PostgreSQL can hold as text. */
export function isStorableText(text: string): boolean {
  if (text.length > 2 * MAX_BYTES || text.includes('\0') || !text.isWellFormed()) return false;
  return text.length - (text.match(PAIRS)?.length ?? 0) <= MAX_BYTES;
}

export function serverOf(id: UserId | RoomAlias): ServerName {
  return id.slice(id.indexOf(':') + 1) as ServerName;
}

export function localpartOf(userId: UserId): string {
  return userId.slice(1, userId.indexOf(':'));
}

/**
 * The id of a *new* local user, or null when the localpart is not one of today's grammar (`a-z 0-9 . _ = / + -`, at
 * least one) or the id would exceed 255 bytes. The caller lowercases first.
 */
export function userIdOf(localpart: string, server: ServerName): UserId | null {
  return NEW_LOCALPART.test(localpart) ? parseUserId(`@${localpart}:${server}`) : null;
}

/** The domain of a room id that has one; null in room version 12. */
export function domainOfRoomId(roomId: RoomId): ServerName | null {
  const colon = roomId.indexOf(':');
  return colon < 0 ? null : (roomId.slice(colon + 1) as ServerName);
}

function hasDomain(text: string, sigil: string): boolean {
  return text.startsWith(sigil) && isStorable(text) && hasDomainAt(text);
}

function hasDomainAt(text: string): boolean {
  const colon = text.indexOf(':');
  return colon > 0 && SERVER_NAME.test(text.slice(colon + 1));
}

/** Within the length limit, without NUL (which PostgreSQL cannot hold as text) and without lone surrogates. */
function isStorable(text: string): boolean {
  if (text.length > MAX_BYTES || text.includes('\0') || !text.isWellFormed()) return false;
  return Buffer.byteLength(text) <= MAX_BYTES;
}
