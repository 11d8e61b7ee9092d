// A room on other servers as they know it: every event that was sent, and what they answer when they are asked about it.
import { setImmediate } from 'node:timers/promises';
import { fails } from '../../src/federation/answer.ts';
import { eventIdOf, roomIdOfCreate } from '../../src/matrix/hashes.ts';
import { stateKeysForAuth, wantedAuthKeys } from '../../src/matrix/auth-events.ts';
import { authorize } from '../../src/matrix/event-auth.ts';
import { serverOf, type EventId, type RoomId, type ServerName, type UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../../src/matrix/json.ts';
import { eventTemplate, type Membership, type SignedPdu } from '../../src/matrix/pdu.ts';
import { isRejection } from '../../src/matrix/rejection.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { signEvent, verifyEvent, type ServerIdentity } from '../../src/matrix/signatures.ts';
import type { CheckSignatures, Fetched, Remotes } from '../../src/commands/receive/remotes.ts';
import type { Database } from '../../src/database/database.ts';
import { SERVER_NAME, testIdentity } from './history.ts';
import { identityOf, user } from './rooms.ts';

/** An event of the room, with the state before it and after it. */
export interface SentEvent {
  readonly eventId: EventId;
  readonly pdu: SignedPdu;
  readonly before: ReadonlyMap<string, SentEvent>;
  readonly state: ReadonlyMap<string, SentEvent>;
}

export interface SentInput {
  readonly type: string;
  readonly sender: UserId;
  readonly content: { readonly [key: string]: JsonValue };
  readonly stateKey?: string;
  /** By default the newest event. */
  readonly after?: readonly SentEvent[];
  /** Instead of what the rules would have it be. */
  readonly fields?: { readonly [key: string]: JsonValue };
  /** Also what the rules refuse. */
  readonly forced?: boolean;
}

export interface ForeignRoom {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly events: ReadonlyMap<EventId, SentEvent>;
  newest(): SentEvent;
  /** Makes an event that the room's servers take. */
  send(input: SentInput): SentEvent;
  member(sender: UserId, target: UserId, membership: Membership, more?: Partial<SentInput>): SentEvent;
  message(sender: UserId, body: string, more?: Partial<SentInput>): SentEvent;
  /** Takes a state event that somebody else made as the newest. */
  take(pdu: SignedPdu): SentEvent;
  /** All that these events rest on, without themselves. */
  authChain(events: Iterable<SentEvent>): readonly SentEvent[];
}

export const HOST = user('creator', 'there');

export function identityFor(server: ServerName): ServerIdentity {
  return server === SERVER_NAME ? testIdentity() : identityOf(server);
}

// Of all rooms of a file: no two are the same.
let made = 0;

export interface ForeignHome {
  /** Who makes the room. */
  readonly host: UserId;
  /** Servers whose keys are not made of their names. */
  readonly identities?: readonly ServerIdentity[];
}

/** A room of `@creator:there`, or of another host. */
export function foreignRoom(
  versionId: RoomVersionId,
  joinRule = 'public',
  { host, identities = [] }: ForeignHome = { host: HOST },
): ForeignRoom {
  const version = ROOM_VERSIONS[versionId];
  const events = new Map<EventId, SentEvent>();
  let roomId = `!foreign${(made += 1)}:${serverOf(host)}` as RoomId;
  let newest: SentEvent | null = null;
  const signer = (server: ServerName): ServerIdentity =>
    identities.find(({ serverName }) => serverName === server) ?? identityFor(server);

  const send = (input: SentInput): SentEvent => {
    const sent = build(input, version, roomId, input.after ?? (newest === null ? [] : [newest]), signer);
    events.set(sent.eventId, sent);
    newest = sent;
    return sent;
  };
  const state = (type: string, content: SentInput['content']): SentEvent =>
    send({ type, sender: host, content, stateKey: '' });
  const member: ForeignRoom['member'] = (sender, target, membership, more = {}) =>
    send({ type: 'm.room.member', sender, stateKey: target, ...more, content: { membership, ...more.content } });

  const creator = version.creatorInContent ? { creator: host } : {};
  const create = state('m.room.create', { room_version: version.id, ...creator, 'org.example.number': made });
  if (version.roomIdIsCreateHash) roomId = roomIdOfCreate(create.eventId);
  member(host, host, 'join');
  state('m.room.power_levels', { users: version.privilegedCreators ? {} : { [host]: 100 }, invite: 50 });
  state('m.room.join_rules', { join_rule: joinRule });
  return {
    roomId,
    version,
    events,
    newest: () => newest!,
    send,
    member,
    take(pdu) {
      const before = newest!.state;
      const state = new Map(before);
      const sent = { eventId: eventIdOf(pdu, version), pdu, before, state };
      state.set(nameOf(pdu.type, pdu.state_key ?? ''), sent);
      events.set(sent.eventId, sent);
      newest = sent;
      return sent;
    },
    message: (sender, body, more = {}) =>
      send({ type: 'm.room.message', sender, content: { msgtype: 'm.text', body }, ...more }),
    authChain: (from) => authChain(events, from),
  };
}

function build(
  input: SentInput,
  version: RoomVersion,
  roomId: RoomId,
  after: readonly SentEvent[],
  signer: (server: ServerName) => ServerIdentity,
): SentEvent {
  const { type, sender, stateKey, content, fields = {}, forced = false } = input;
  const before = new Map(after.flatMap((event) => [...event.state]));
  const look = (key: readonly [string, string]): SentEvent | undefined => before.get(nameOf(...key));
  const isCreate = type === 'm.room.create' && before.size === 0;
  const described = {
    type,
    sender,
    content: jsonObject(content),
    ...(stateKey === undefined ? {} : { state_key: stateKey }),
  };
  const template = eventTemplate({
    ...described,
    ...(isCreate && version.roomIdIsCreateHash ? {} : { room_id: roomId }),
    origin_server_ts: 1_700_000_000_000 + before.size,
    depth: 1 + Math.max(0, ...after.map((event) => event.pdu.depth)),
    prev_events: after.map((event) => event.eventId),
    auth_events: wantedAuthKeys(described, version).flatMap((key) => look(key)?.eventId ?? []),
    ...fields,
  });
  const pdu = signEvent(template, version, signer(serverOf(sender)));
  const keys = new Set(stateKeysForAuth(pdu, version).map((key) => nameOf(...key)));
  const verdict = authorize(pdu, version, {
    get: (t, k) => (keys.has(nameOf(t, k)) ? before.get(nameOf(t, k)) : undefined),
  });
  if (isRejection(verdict) && !forced) throw new Error(`The scenery was refused: ${verdict.rule}`);
  const state = new Map(before);
  const sent = { eventId: eventIdOf(pdu, version), pdu, before, state };
  if (stateKey !== undefined && !isRejection(verdict)) state.set(nameOf(type, stateKey), sent);
  return sent;
}

function authChain(events: ReadonlyMap<EventId, SentEvent>, from: Iterable<SentEvent>): readonly SentEvent[] {
  const chain = new Set<SentEvent>();
  const next = [...from];
  for (let event = next.pop(); event !== undefined; event = next.pop()) {
    for (const id of event.pdu.auth_events) {
      const cited = events.get(id);
      if (cited === undefined || chain.has(cited)) continue;
      chain.add(cited);
      next.push(cited);
    }
  }
  return [...chain];
}

function nameOf(type: string, stateKey: string): string {
  return `${type}\0${stateKey}`;
}

/** Checks signatures by the keys that servers have in tests. */
export const checkSignatures: CheckSignatures = async (events) => {
  const verdicts = [];
  for (const [n, { pdu, version }] of events.entries()) {
    if (n % 16 === 15) await setImmediate();
    const verdict = verifyEvent(pdu, version, (server, keyId) => {
      const { key } = identityFor(server);
      return key.keyId === keyId ? key.publicKey : null;
    });
    verdicts.push(verdict);
  }
  return verdicts;
};

/** Writes down the keys of servers, as if they had told of them. */
export async function publishKeys({ pool }: Database, ...servers: readonly string[]): Promise<void> {
  for (const server of servers) {
    const { key } = identityOf(server);
    await pool.query(
      `insert into server_keys (server_name, key_id, key, valid_until_ts, fetched_at) values ($1, $2, $3, $4, now())
       on conflict do nothing`,
      [server, key.keyId, Buffer.from(key.publicKeyBase64, 'base64'), 4_000_000_000_000],
    );
  }
}

/** What the room's servers send to somebody who has just joined with this event. */
export function toldRoom(
  room: ForeignRoom,
  join: SentEvent,
  origin: ServerName,
): {
  readonly join: JsonObject;
  readonly state: readonly JsonObject[];
  readonly authChain: readonly JsonObject[];
} & Pick<ForeignRoom, 'roomId' | 'version'> & { readonly origin: ServerName } {
  const [prev] = join.pdu.prev_events.map((id) => room.events.get(id)!);
  const state = [...prev!.state.values()];
  return {
    roomId: room.roomId,
    version: room.version,
    origin,
    join: join.pdu,
    state: state.map(({ pdu }) => pdu),
    authChain: room.authChain([...state, join]).map(({ pdu }) => pdu),
  };
}

const nothing = () => fails({ kind: 'refused', status: 404, errcode: 'M_NOT_FOUND', error: null, roomVersion: null });

/** What a room's server answers, from what it has of the room; `answers` are given instead. */
export function remotesOf(room: ForeignRoom, answers: Partial<Remotes> = {}): Remotes & { readonly asked: string[] } {
  const asked: string[] = [];
  const found = (id: EventId): Fetched<JsonObject> => {
    const event = room.events.get(id);
    return event === undefined ? nothing() : { ok: true, value: event.pdu };
  };
  const honest: Remotes = {
    event: (_server, { eventId }) => Promise.resolve(found(eventId)),
    eventAuth(_server, { eventId: id }) {
      const event = room.events.get(id);
      if (event === undefined) return Promise.resolve(nothing());
      return Promise.resolve({ ok: true, value: room.authChain([event]).map(({ pdu }) => pdu) });
    },
    getMissingEvents(_server, { earliest, latest, limit }) {
      const between: SentEvent[] = [];
      const next = latest.flatMap((id) => room.events.get(id) ?? []);
      const seen = new Set<EventId>([...earliest, ...latest]);
      for (const event of next) {
        for (const id of event.pdu.prev_events) {
          const prev = room.events.get(id);
          if (prev === undefined || seen.has(id) || between.length === limit) continue;
          seen.add(id);
          between.push(prev);
          next.push(prev);
        }
      }
      return Promise.resolve({ ok: true, value: between.toReversed().map(({ pdu }) => pdu) });
    },
    stateIds(_server, { eventId: id }) {
      const event = room.events.get(id);
      if (event === undefined) return Promise.resolve(nothing());
      const state = [...event.before.values()];
      const authChain = room.authChain([...state, event]).map(({ eventId }) => eventId);
      return Promise.resolve({ ok: true, value: { state: state.map(({ eventId }) => eventId), authChain } });
    },
  };
  const noted = Object.entries({ ...honest, ...answers }).map(([name, ask]) => [
    name,
    (...args: never[]) => {
      asked.push(name);
      return (ask as (...given: never[]) => unknown)(...args);
    },
  ]);
  return { ...(Object.fromEntries(noted) as unknown as Remotes), asked };
}
