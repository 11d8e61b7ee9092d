// What is put before both judges: an event, the state before it, and what else it may cite.
import { createHash } from 'node:crypto';
import { wantedAuthKeys } from '../../src/matrix/auth-events.ts';
import { eventIdOf, roomIdOfCreate } from '../../src/matrix/hashes.ts';
import type { EventId, RoomId, UserId } from '../../src/matrix/identifiers.ts';
import type { JsonObject, JsonValue } from '../../src/matrix/json.ts';
import type { PduFields } from '../../src/matrix/pdu.ts';
import type { StateEvent } from '../../src/matrix/room-state.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';

export interface Case {
  readonly version: RoomVersionId;
  readonly state: readonly StateEvent[];
  /** Events that `event` may cite although they are not in the state before it. */
  readonly others?: readonly CitedEvent[];
  readonly event: PduFields;
}

export interface CitedEvent extends StateEvent {
  readonly rejected?: boolean;
}

export const ROOM = '!room:here' as RoomId;
/** Cited where the event before is of no matter. */
export const SOME_EVENT = `$${createHash('sha256').update('some event').digest('base64url')}` as EventId;

export interface EventInput {
  readonly type: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly state_key?: JsonValue | undefined;
  /** The servers that signed it; its sender's unless told otherwise. */
  readonly signers?: readonly string[];
  readonly [field: string]: JsonValue | undefined;
}

/**
 * An event as it comes from another server. Its signatures stand there but are nobody's: neither judge is asked about
 * them, which the tests of signatures.ts are.
 */
export function event(version: RoomVersionId, input: EventInput, room: RoomId | null = ROOM): StateEvent {
  const { signers = [input.sender.slice(input.sender.indexOf(':') + 1)], sender, ...fields } = input;
  const pdu: PduFields = {
    ...(room === null ? {} : { room_id: room }),
    origin_server_ts: 1_000,
    depth: 2,
    prev_events: [SOME_EVENT],
    auth_events: [],
    hashes: { sha256: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' },
    signatures: Object.fromEntries(signers.map((name) => [name, { 'ed25519:1': 'c2lnbmF0dXJl' }])),
    ...withoutUndefined(fields),
    type: input.type,
    content: input.content,
    sender: sender as UserId,
  };
  return { eventId: eventIdOf(pdu, ROOM_VERSIONS[version]), pdu };
}

/** A create event by `creator`, in the form of its room version. */
export function createEvent(version: RoomVersionId, creator: string, content: JsonObject = {}): StateEvent {
  const { creatorInContent, roomIdIsCreateHash } = ROOM_VERSIONS[version];
  const input = {
    type: 'm.room.create',
    state_key: '',
    sender: creator,
    content: { room_version: version, ...(creatorInContent ? { creator } : {}), ...content },
    prev_events: [],
    depth: 1,
  };
  return event(version, input, roomIdIsCreateHash ? null : ROOM);
}

export function roomOf(create: StateEvent): RoomId {
  return create.pdu.room_id ?? roomIdOfCreate(create.eventId);
}

/** The case of an event that cites what it should of the state before it, unless it says what it cites. */
export function caseOf(version: RoomVersionId, state: readonly StateEvent[], input: EventInput): Case {
  const create = state.find(({ pdu }) => pdu.type === 'm.room.create');
  const room = create === undefined ? ROOM : roomOf(create);
  const { pdu } = event(version, input, room);
  return {
    version,
    state,
    event: { ...pdu, auth_events: input['auth_events'] === undefined ? citedBy(pdu, version, state) : pdu.auth_events },
  };
}

function citedBy(pdu: PduFields, version: RoomVersionId, state: readonly StateEvent[]): readonly EventId[] {
  const wanted = wantedAuthKeys(pdu, ROOM_VERSIONS[version]);
  const found = wanted.map(([type, key]) =>
    state.find((other) => other.pdu.type === type && other.pdu.state_key === key),
  );
  return found.filter((cited) => cited !== undefined).map(({ eventId }) => eventId);
}

function withoutUndefined(
  fields: Readonly<Record<string, JsonValue | readonly string[] | undefined>>,
): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
