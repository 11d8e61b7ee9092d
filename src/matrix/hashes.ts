// The three digests of an event: of its content, of its reference form, and the id made of the latter.
import { createHash } from 'node:crypto';
import { fromBase64, toBase64 } from './base64.ts';
import { canonicalJson } from './canonical-json.ts';
import type { EventId, RoomId } from './identifiers.ts';
import type { JsonValue } from './json.ts';
import type { Pdu, PduFields } from './pdu.ts';
import { redact } from './redaction.ts';
import type { RoomVersion } from './room-versions.ts';

/**
 * The content hash as standard unpadded base64: SHA-256 over the canonical event without `unsigned`, `signatures` and
 * `hashes` (server-server API, Calculating the content hash for an event).
 */
export function contentHash(pdu: { readonly [key: string]: JsonValue }): string {
  const { unsigned: _unsigned, signatures: _signatures, hashes: _hashes, ...rest } = pdu;
  return toBase64(sha256(canonicalJson(rest)));
}

/** Whether an event's own `hashes.sha256` is the hash of its content; compares bytes, padded or not. */
export function checkContentHash(pdu: Pdu): boolean {
  const claimed = fromBase64(pdu.hashes.sha256);
  return claimed !== null && claimed.equals(Buffer.from(contentHash(pdu), 'base64'));
}

/**
 * The bytes that signatures and the reference hash cover: the canonical redacted event without `signatures` and
 * `unsigned`.
 */
export function referenceForm(pdu: Pick<PduFields, 'type' | 'content'>, version: RoomVersion): string {
  const { signatures: _signatures, unsigned: _unsigned, ...rest } = redact(pdu, version);
  return canonicalJson(rest);
}

/** The reference hash as URL-safe unpadded base64 (server-server API, Calculating the reference hash for an event). */
export function referenceHash(pdu: Pick<PduFields, 'type' | 'content'>, version: RoomVersion): string {
  return sha256(referenceForm(pdu, version)).toString('base64url');
}

/** `$` and the reference hash: every supported room version names its events so. */
export function eventIdOf(pdu: Pick<PduFields, 'type' | 'content'>, version: RoomVersion): EventId {
  return `$${referenceHash(pdu, version)}` as EventId;
}

/** The room that a version 12 create event makes: its id with the sigil of a room. */
export function roomIdOfCreate(createId: EventId): RoomId {
  return `!${createId.slice(1)}` as RoomId;
}

/** The create event that a version 12 room id names. */
export function createIdOfRoom(roomId: RoomId): EventId {
  return `$${roomId.slice(1)}` as EventId;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
