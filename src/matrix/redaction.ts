// What survives the redaction of an event, by room version.
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from './json.ts';
import { parseEventId, type EventId } from './identifiers.ts';
import { stringIn, type PduFields } from './pdu.ts';
import type { KeptContent, RoomVersion } from './room-versions.ts';

/**
 * The redacted form of an event: the form that is signed and that the event id hashes (client-server API, Redactions, and
 * the room version's own table). The input is left as it is; `unsigned` does not survive.
 */
export function redact(pdu: Pick<PduFields, 'type' | 'content'>, version: RoomVersion): JsonObject {
  const redacted: Record<string, JsonValue> = Object.create(null);
  const event: { readonly [key: string]: JsonValue } = pdu;
  for (const key of version.keptKeys) {
    const value = Object.hasOwn(event, key) ? event[key] : undefined;
    if (value !== undefined) redacted[key] = value;
  }
  redacted['content'] = redactContent(pdu, version);
  return redacted;
}

/** The event that a redaction names; null for any other event, and where it names none. */
export function redactionTarget(pdu: PduFields, version: RoomVersion): EventId | null {
  if (pdu.type !== 'm.room.redaction') return null;
  const target = version.redactsInContent
    ? stringIn(pdu.content, 'redacts')
    : Object.hasOwn(pdu, 'redacts')
      ? pdu.redacts
      : null;
  return typeof target === 'string' ? parseEventId(target) : null;
}

/** What redaction leaves of an event's content alone. */
export function redactContent(pdu: Pick<PduFields, 'type' | 'content'>, version: RoomVersion): JsonObject {
  const kept = Object.hasOwn(version.keptContent, pdu.type) ? version.keptContent[pdu.type] : undefined;
  if (kept === 'all') return pdu.content;
  return kept === undefined ? jsonObject({}) : keep(pdu.content, kept);
}

function keep(content: JsonObject, kept: Exclude<KeptContent, 'all'>): JsonObject {
  const left: Record<string, JsonValue> = pick(content, kept.keys);
  for (const [key, innerKeys] of Object.entries(kept.nested ?? {})) {
    const inner = Object.hasOwn(content, key) ? content[key] : undefined;
    // The surrounding object stays even when it becomes empty, as other servers have it in their hashes.
    if (isJsonObject(inner)) left[key] = pick(inner, innerKeys);
  }
  return left;
}

function pick(object: JsonObject, keys: readonly string[]): Record<string, JsonValue> {
  const picked: Record<string, JsonValue> = Object.create(null);
  for (const key of keys) {
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}
