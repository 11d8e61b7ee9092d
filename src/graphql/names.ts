/** Enum names of the schema and the words they stand for; ids and words that callers give, checked. */
import { MatrixError } from '../matrix/errors.ts';
import {
  parseRoomId,
  parseServerName,
  parseUserId,
  type RoomId,
  type ServerName,
  type UserId,
} from '../matrix/identifiers.ts';

/** Of the schema's words, of which a page has hundreds. */
const known = new Map<string, string>();
const MAX_KNOWN = 200;

/** `knock_restricted` → `KNOCK_RESTRICTED`. */
export function enumName<Word extends string>(word: Word): Uppercase<Word> {
  const name = known.get(word) ?? word.toUpperCase();
  if (known.size < MAX_KNOWN) known.set(word, name);
  return name as Uppercase<Word>;
}

/** `KNOCK_RESTRICTED` → `knock_restricted`. */
export function wordOf<Name extends string>(name: Name): Lowercase<Name> {
  return name.toLowerCase() as Lowercase<Name>;
}

/** Throws M_INVALID_PARAM for what is no room id. */
export function roomIdOf(text: string): RoomId {
  return checked(parseRoomId(text), 'This is no room id.');
}

/** Throws M_INVALID_PARAM for what is no user id. */
export function userIdOf(text: string): UserId {
  return checked(parseUserId(text), 'This is no user id.');
}

/** Throws M_INVALID_PARAM for what is no server name. */
export function serverNameOf(text: string): ServerName {
  return checked(parseServerName(text), 'This is no server name.');
}

function checked<T>(parsed: T | null, problem: string): T {
  if (parsed === null) throw new MatrixError('M_INVALID_PARAM', problem);
  return parsed;
}

/** An input field as commands take it: null is the same as not given. */
export function given<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}
