// A small real room: every event in it is hashed, signed and authorised, so that a test can break exactly one thing.
import { createHash } from 'node:crypto';
import { stateKeysForAuth, wantedAuthKeys } from '../../src/matrix/auth-events.ts';
import { authorize } from '../../src/matrix/event-auth.ts';
import { eventIdOf, roomIdOfCreate } from '../../src/matrix/hashes.ts';
import {
  parseRoomId,
  parseServerName,
  parseUserId,
  serverOf,
  type EventId,
  type RoomId,
  type ServerName,
  type UserId,
} from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import { eventTemplate, type Membership, type PduFields, type SignedPdu } from '../../src/matrix/pdu.ts';
import { isRejection, type RejectionRule } from '../../src/matrix/rejection.ts';
import type { RoomState, StateEvent } from '../../src/matrix/room-state.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { countersignEvent, signEvent, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../src/matrix/signing-keys.ts';

export const ALL_VERSIONS: readonly RoomVersionId[] = ['7', '8', '9', '10', '11', '12'];

/** `user('kim')` is `@kim:here`, `user('kim', 'there')` is `@kim:there`. Throws on what is no user id. */
export function user(localpart: string, server = 'here'): UserId {
  const id = parseUserId(`@${localpart}:${server}`);
  if (id === null) throw new Error(`@${localpart}:${server} is no user id`);
  return id;
}

export function server(name: string): ServerName {
  const parsed = parseServerName(name);
  if (parsed === null) throw new Error(`${name} is no server name`);
  return parsed;
}

const identities = new Map<string, ServerIdentity>();

/** The server of that name with a key that is the same in every run. */
export function identityOf(name: string): ServerIdentity {
  const known = identities.get(name);
  if (known !== undefined) return known;
  const seed = createHash('sha256').update(`signing key of ${name}`).digest();
  const identity = { serverName: server(name), key: signingKeyFromSeed('test', seed), oldKeys: [] };
  identities.set(name, identity);
  return identity;
}

export const CREATOR = user('creator');

export interface EventInput {
  readonly type: string;
  readonly sender: UserId;
  readonly content: JsonObject;
  readonly state_key?: string;
  readonly prev_events?: readonly EventId[];
  readonly room_id?: RoomId;
  readonly redacts?: string;
  readonly origin_server_ts?: number;
  /** Servers that sign besides the sender's. */
  readonly signers?: readonly string[];
}

export type Outcome = 'allowed' | RejectionRule;

export interface TestRoom {
  readonly version: RoomVersion;
  readonly roomId: RoomId;
  readonly create: StateEvent;
  readonly state: RoomState;
  /** The event as its sender's server would sign it now, citing the room's newest event and its auth events. */
  build(input: EventInput): SignedPdu;
  /** What the rules say to such an event now; the room stays as it is. */
  judge(input: EventInput): Outcome;
  /** As `judge`; an allowed event becomes part of the room. */
  send(input: EventInput): Outcome;
  /** As `send`, but throws when the rules refuse: for the scenery of a test. */
  must(input: EventInput): StateEvent;
  /** Puts an event into the state whatever the rules say: scenery that only history could have made. */
  force(input: EventInput): StateEvent;
  membership(sender: UserId, target: UserId, membership: Membership, content?: JsonObject): EventInput;
}

export interface RoomOptions {
  readonly joinRule?: string | null;
  /** Added to the usual power levels; null for a room without any. */
  readonly powerLevels?: JsonObject | null;
  /** Levels beside the creator's. */
  readonly users?: Readonly<Record<string, number>>;
  readonly createContent?: JsonObject;
  /** Local and remote users who are in the room from the start. */
  readonly members?: readonly UserId[];
}

/** A room of this version with its creator joined, power levels and a join rule (`knock` unless told otherwise). */
export function makeRoom(versionId: RoomVersionId, options: RoomOptions = {}): TestRoom {
  const version = ROOM_VERSIONS[versionId];
  const room = emptyRoom(version, options.createContent ?? {});
  room.must(room.membership(CREATOR, CREATOR, 'join'));
  for (const member of options.members ?? []) room.force(room.membership(member, member, 'join'));
  if (options.powerLevels !== null) {
    const creator = version.privilegedCreators ? {} : { [CREATOR]: 100 };
    const content = { users: { ...creator, ...options.users }, ...options.powerLevels };
    room.force({ type: 'm.room.power_levels', state_key: '', sender: CREATOR, content });
  }
  const joinRule = options.joinRule === undefined ? 'knock' : options.joinRule;
  if (joinRule !== null) {
    room.force({ type: 'm.room.join_rules', state_key: '', sender: CREATOR, content: { join_rule: joinRule } });
  }
  return room;
}

/** A room with its create event alone. */
export function emptyRoom(version: RoomVersion, createContent: JsonObject): TestRoom {
  const create = makeCreate(version, createContent);
  const roomId = create.pdu.room_id ?? roomIdOfCreate(create.eventId);
  const entries = new Map([[keyText('m.room.create', ''), create]]);
  const state: RoomState = { get: (type, stateKey) => entries.get(keyText(type, stateKey)) };
  let head = create;

  const build = (input: EventInput): SignedPdu => buildEvent(input, { version, roomId, state, head });
  const apply = (pdu: SignedPdu): StateEvent => {
    head = { eventId: eventIdOf(pdu, version), pdu };
    if (pdu.state_key !== undefined) entries.set(keyText(pdu.type, pdu.state_key), head);
    return head;
  };
  const outcome = (pdu: SignedPdu): Outcome => {
    const verdict = authorize(pdu, version, stateForAuth(pdu, version, state));
    return isRejection(verdict) ? verdict.rule : 'allowed';
  };
  const send = (input: EventInput): Outcome => {
    const pdu = build(input);
    const result = outcome(pdu);
    if (result === 'allowed') apply(pdu);
    return result;
  };
  return {
    version,
    roomId,
    create,
    state,
    build,
    judge: (input) => outcome(build(input)),
    send,
    must: (input) => {
      const result = send(input);
      if (result !== 'allowed') throw new Error(`The scenery was refused: ${result}`);
      return head;
    },
    force: (input) => apply(build(input)),
    membership: (sender, target, membership, content = {}) => ({
      type: 'm.room.member',
      sender,
      state_key: target,
      content: { membership, ...content },
    }),
  };
}

interface Surroundings {
  readonly version: RoomVersion;
  readonly roomId: RoomId;
  readonly state: RoomState;
  readonly head: StateEvent;
}

function buildEvent(input: EventInput, { version, roomId, state, head }: Surroundings): SignedPdu {
  const { signers = [], ...fields } = input;
  const authEvents = wantedAuthKeys(input, version).map(([type, key]) => state.get(type, key)?.eventId);
  const template = eventTemplate({
    room_id: roomId,
    origin_server_ts: 1_000 + head.pdu.depth,
    depth: head.pdu.depth + 1,
    prev_events: [head.eventId],
    auth_events: authEvents.filter((id) => id !== undefined),
    ...fields,
  } satisfies PduFields);
  const signed = signEvent(template, version, identityOf(serverOf(input.sender)));
  return signers.reduce((pdu, name) => countersignEvent(pdu, version, identityOf(name)), signed);
}

/** Only what the event's kind may read: a rule that reads more than its auth events would show here. */
function stateForAuth(pdu: PduFields, version: RoomVersion, state: RoomState): RoomState {
  const keys = new Set(stateKeysForAuth(pdu, version).map(([type, key]) => keyText(type, key)));
  return { get: (type, stateKey) => (keys.has(keyText(type, stateKey)) ? state.get(type, stateKey) : undefined) };
}

function makeCreate(version: RoomVersion, createContent: JsonObject): StateEvent {
  const roomId = version.roomIdIsCreateHash ? null : parseRoomId('!room:here');
  const creator = version.creatorInContent ? { creator: CREATOR } : {};
  const template = eventTemplate({
    type: 'm.room.create',
    state_key: '',
    sender: CREATOR,
    content: { room_version: version.id, ...creator, ...createContent },
    origin_server_ts: 1_000,
    depth: 1,
    prev_events: [],
    auth_events: [],
    ...(roomId === null ? {} : { room_id: roomId }),
  });
  const pdu = signEvent(template, version, identityOf('here'));
  return { eventId: eventIdOf(pdu, version), pdu };
}

function keyText(type: string, stateKey: string): string {
  return `${type}\0${stateKey}`;
}
