/** Splits an event into its proof (what the id and the signatures cover) and its words (what redaction drops), and merges them again. */
import { canonicalJson } from '../matrix/canonical-json.ts';
import { parseJsonObject, type JsonObject, type JsonValue } from '../matrix/json.ts';
import type { Pdu, PduFields } from '../matrix/pdu.ts';
import { redact } from '../matrix/redaction.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';

/** What the log stores of an event: `proof` for ever, `words` until they are redacted or erased, `authExtra` for the rules. */
export interface StoredParts {
  /** Canonical JSON of the redacted event with hashes and signatures. */
  readonly proof: Buffer;
  /** Canonical JSON `{ content, event }` of what redaction drops; null when it drops nothing. */
  readonly words: Buffer | null;
  /** Canonical JSON of the content keys that an authorization rule reads and redaction drops; null when there are none. */
  readonly authExtra: Buffer | null;
}

// Content keys that rules of the authorization chapter read; whichever of them the version's redaction drops must outlive an erasure.
const READ_BY_RULES: Readonly<Record<string, readonly string[]>> = {
  'm.room.member': ['third_party_invite', 'join_authorised_via_users_server'],
  'm.room.power_levels': ['invite', 'notifications'],
  'm.room.create': ['m.federate', 'room_version', 'creator', 'additional_creators'],
  'm.room.third_party_invite': ['public_key', 'public_keys'],
  'm.room.join_rules': ['allow'],
};

/** `unsigned` is nobody's statement: it is neither hashed nor signed, and never stored. */
export function splitEvent(pdu: Pdu, version: RoomVersion): StoredParts {
  const proof = redact(pdu, version);
  const content: Record<string, JsonValue> = lost(pdu.content, proof['content'] as JsonObject);
  const event = lost(pdu, proof, ['content', 'unsigned']);
  const words = Object.keys(content).length + Object.keys(event).length > 0;
  const extra: Record<string, JsonValue> = {};
  for (const key of Object.hasOwn(READ_BY_RULES, pdu.type) ? READ_BY_RULES[pdu.type]! : []) {
    if (Object.hasOwn(content, key)) extra[key] = ruleReads(pdu.type, key, content[key]!);
  }
  return {
    proof: Buffer.from(canonicalJson(proof)),
    words: words ? Buffer.from(canonicalJson({ content, event })) : null,
    authExtra: Object.keys(extra).length > 0 ? Buffer.from(canonicalJson(extra)) : null,
  };
}

// Of a third-party invite the rules read `signed` alone; its display name is words and must be erasable.
function ruleReads(type: string, key: string, value: JsonValue): JsonValue {
  if (type !== 'm.room.member' || key !== 'third_party_invite') return value;
  const signed = (value as JsonObject | null)?.['signed'];
  return signed === undefined ? null : { signed };
}

function lost(full: JsonObject, kept: JsonObject, except: readonly string[] = []): Record<string, JsonValue> {
  const out = Object.create(null) as Record<string, JsonValue>;
  for (const key of Object.keys(full)) {
    const value = full[key];
    if (value === undefined || except.includes(key)) continue;
    const same =
      Object.hasOwn(kept, key) && (kept[key] === value || canonicalJson(kept[key]!) === canonicalJson(value));
    if (!same) out[key] = value;
  }
  return out;
}

/**
 * The event as it arrived, or its redacted form when `words` is null. With `authExtra` and without words the rules
 * still see every key they read.
 */
export function mergeEvent(
  proof: Uint8Array,
  words: Uint8Array | null,
  authExtra: Uint8Array | null = null,
): PduFields {
  const base = parseJsonObject(proof);
  if (words === null && authExtra === null) return base as unknown as PduFields;
  const merged = Object.assign(Object.create(null) as Record<string, JsonValue>, base);
  const content = Object.assign(Object.create(null) as Record<string, JsonValue>, base['content']);
  if (words !== null) {
    const dropped = parseJsonObject(words);
    Object.assign(content, dropped['content']);
    Object.assign(merged, dropped['event']);
  } else if (authExtra !== null) {
    Object.assign(content, parseJsonObject(authExtra));
  }
  merged['content'] = content;
  return merged as unknown as PduFields;
}

const IN_PROOF = Buffer.from(',"content":');
const IN_WORDS = Buffer.from('{"content":');
const AMBIGUOUS = '"third_party_invite":';

/**
 * The JSON text of an event's content as `mergeEvent` has it, cut out of what is stored without parsing it. Null where the
 * two parts may have a key in common: of a third-party invite the proof keeps one part, the words have all of it.
 */
export function contentText(proof: Buffer, words: Buffer | null): string | null {
  // Before the content stand auth_events alone, which are plain names: the first key of that name is it.
  const kept = objectText(proof, proof.indexOf(IN_PROOF) + IN_PROOF.length);
  if (words === null) return kept;
  const said = objectText(words, IN_WORDS.length);
  if (said === '{}') return kept;
  if (kept === '{}') return said;
  return kept.includes(AMBIGUOUS) ? null : `${kept.slice(0, -1)},${said.slice(1)}`;
}

/** The object that begins there. */
function objectText(json: Buffer, start: number): string {
  let depth = 0;
  for (let at = start; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === 0x22) at = endOfString(json, at);
    else if (byte === 0x7b) depth += 1;
    else if (byte === 0x7d) {
      depth -= 1;
      if (depth === 0) return json.toString('utf8', start, at + 1);
    }
  }
  throw new Error('A stored event is cut off.');
}

/** Where a string's closing quote stands. */
function endOfString(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== 0x22) at += json[at] === 0x5c ? 2 : 1;
  return at;
}

/** Whose words an event holds: a member event speaks of its target, a message of its sender, other state of the room ('' ). */
export function subjectOf(pdu: Pick<PduFields, 'type' | 'state_key' | 'sender'>): string {
  if (pdu.state_key === undefined) return pdu.sender;
  return pdu.type === 'm.room.member' ? pdu.state_key : '';
}
