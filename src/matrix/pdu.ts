// Events as servers exchange them, and the brands that say how far one has been checked.
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { EventId, RoomId, UserId } from './identifiers.ts';

/** What every event has, signed or not (server-server API, PDUs). */
export interface PduFields {
  readonly type: string;
  readonly sender: UserId;
  /** Absent on the create event of a version 12 room only. */
  readonly room_id?: RoomId;
  /** Its presence makes a state event. */
  readonly state_key?: string;
  readonly content: JsonObject;
  /** Milliseconds since 1970 by the sender's clock. */
  readonly origin_server_ts: number;
  readonly depth: number;
  readonly auth_events: readonly EventId[];
  readonly prev_events: readonly EventId[];
  /** Before version 11; later it stands in the content. */
  readonly redacts?: string;
  readonly unsigned?: JsonObject;
  readonly [extra: string]: JsonValue;
}

declare const stage: unique symbol;
type Stage<Name extends string> = { readonly [stage]: { readonly [name in Name]: true } };

/** An event being built: neither hashed nor signed. */
export type EventTemplate = PduFields & Stage<'template'>;

/** An event of the right shape. Nothing of it has been verified. */
export type Pdu = PduFields & { readonly hashes: { readonly sha256: string }; readonly signatures: JsonObject };

/** An event whose required signatures are good. Made by signatures.ts alone. */
export type SignedPdu = Pdu & Stage<'signed'>;

/** An event that the rules allow on a state. Made by event-auth.ts alone. */
export type AuthorizedPdu = SignedPdu & Stage<'authorized'>;

/** What became of an event: see docs/reference for each. */
export type Verdict = 'accepted' | 'soft_failed' | 'rejected' | 'out_of_band' | 'imported';

export type Membership = 'invite' | 'join' | 'knock' | 'leave' | 'ban';

export const MEMBERSHIPS: readonly Membership[] = ['invite', 'join', 'knock', 'leave', 'ban'];

export function isMembership(value: JsonValue | undefined): value is Membership {
  return (MEMBERSHIPS as readonly unknown[]).includes(value);
}

/** The membership a member event sets, or null for another type or an unknown membership. */
export function membershipOf(pdu: Pick<PduFields, 'type' | 'content'>): Membership | null {
  if (pdu.type !== 'm.room.member' || !Object.hasOwn(pdu.content, 'membership')) return null;
  const membership = pdu.content['membership'];
  return isMembership(membership) ? membership : null;
}

/** Starts an event: the fields without what signing adds and without what only one server knows. */
export function eventTemplate(fields: PduFields): EventTemplate {
  const { hashes: _hashes, signatures: _signatures, unsigned: _unsigned, event_id: _id, ...rest } = fields;
  return jsonObject(rest) as EventTemplate;
}

/** `content[key]` when it is a string. */
export function stringIn(content: JsonObject, key: string): string | null {
  if (!Object.hasOwn(content, key)) return null;
  const value = content[key];
  return typeof value === 'string' ? value : null;
}

/** `content[key]` when it is an object. */
export function objectIn(content: JsonObject, key: string): JsonObject | null {
  if (!Object.hasOwn(content, key)) return null;
  const value = content[key];
  return isJsonObject(value) ? value : null;
}
