// A room that forks: every event with the state before and after it as a whole map, as no server would keep it.
import { stateKeysForAuth, stateKeyText, wantedAuthKeys } from '../../src/matrix/auth-events.ts';
import { addToAuthGraph, buildAuthGraph, type AuthGraph } from '../../src/matrix/auth-graph.ts';
import { checkRules } from '../../src/matrix/event-auth.ts';
import { eventIdOf, roomIdOfCreate } from '../../src/matrix/hashes.ts';
import type { EventId, RoomId, UserId } from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import type { PduFields } from '../../src/matrix/pdu.ts';
import type { ResolvableEvent } from '../../src/matrix/resolvable-event.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import * as stateResolution from '../../src/matrix/state-resolution.ts';

/** A state: by `stateKeyText`, the position of the event there. */
export type StateMap = ReadonlyMap<string, number>;

export interface ForkedEvent extends ResolvableEvent {
  readonly prev: readonly ForkedEvent[];
  readonly auth: readonly number[];
  readonly before: StateMap;
  /** As `before` when the event is no state or the rules refused it on the state before it. */
  readonly after: StateMap;
}

export interface ForkedInput {
  readonly type: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly state_key?: string;
  /** Milliseconds; by default each event is later than the one made before. */
  readonly at?: number;
}

/** All events of a forked room by position, in order, with what a resolution takes beside its states. */
export interface RoomHistory {
  readonly version: RoomVersion;
  readonly graph: AuthGraph;
  readonly events: ReadonlyMap<number, ForkedEvent>;
  readonly create: ForkedEvent;
}

export interface ForkedRoom extends RoomHistory {
  /** An event after these; by its verdict `rejectedBy` it takes effect or not. */
  add(prev: readonly ForkedEvent[], input: ForkedInput): ForkedEvent;
  /** As `add`, but throws when the rules refuse. */
  must(prev: readonly ForkedEvent[], input: ForkedInput): ForkedEvent;
  /** Whether the rules would allow such an event there. */
  allows(prev: readonly ForkedEvent[], input: ForkedInput): boolean;
  /** The state before an event that would come after these. */
  stateOf(prev: readonly ForkedEvent[]): StateMap;
}

/** The functions that resolve; those of src/matrix or of a mutated copy. */
export type Resolver = Pick<
  typeof stateResolution,
  'fullConflictedSet' | 'eventsToLoad' | 'keysToLookUp' | 'resolveState'
>;

/** Resolves whole maps, as the naive model of a server does. */
export function resolveMaps(
  { version, graph, events, create }: RoomHistory,
  states: readonly StateMap[],
  resolver: Resolver = stateResolution,
): StateMap {
  const { conflicted, unconflicted } = separate(states);
  if (conflicted.length === 0) return states[0] ?? new Map();
  const shared = new Set(unconflicted.values());
  const full = resolver.fullConflictedSet(version, graph, conflicted, (position) => shared.has(position));
  const known = pick(events, full);
  const base = new Map<string, number>();
  for (const [type, stateKey] of resolver.keysToLookUp(version, [...known.values()], conflicted)) {
    const position = unconflicted.get(stateKeyText(type, stateKey));
    if (position !== undefined) base.set(stateKeyText(type, stateKey), position);
  }
  // Nothing more than was asked for: what a resolution reads beyond that shows as a RangeError.
  const loaded = pick(events, [...resolver.eventsToLoad(graph, full), ...base.values(), create.position]);
  const resolution = { version, graph, conflicted, full, events: loaded, unconflicted: base, create: create.position };
  const resolved = new Map(unconflicted);
  for (const [key, position] of resolver.resolveState(resolution)) {
    if (position !== null) resolved.set(key, position);
  }
  return resolved;
}

/** The keys at which states differ, and what they agree on. */
export function separate(states: readonly StateMap[]): {
  readonly conflicted: readonly stateResolution.ConflictedKey[];
  readonly unconflicted: StateMap;
} {
  const conflicted: stateResolution.ConflictedKey[] = [];
  const unconflicted = new Map<string, number>();
  for (const key of new Set(states.flatMap((state) => [...state.keys()]))) {
    const values = states.map((state) => state.get(key) ?? null);
    const [first] = values;
    if (first !== undefined && first !== null && values.every((value) => value === first)) {
      unconflicted.set(key, first);
    } else {
      const [type = '', stateKey = ''] = key.split('\0');
      conflicted.push({ type, stateKey, values });
    }
  }
  return { conflicted, unconflicted };
}

/** A room with its create event alone. */
export function forkedRoom(versionId: RoomVersionId, creator: string, content: JsonObject = {}): ForkedRoom {
  const version = ROOM_VERSIONS[versionId];
  const graph = buildAuthGraph([]);
  const events = new Map<number, ForkedEvent>();
  const create = createOf(version, creator, content);
  const roomId = create.pdu.room_id ?? roomIdOfCreate(create.eventId);
  const keep = (event: ForkedEvent): ForkedEvent => {
    const { position, auth, pdu } = event;
    addToAuthGraph(graph, { position, auth, isPowerLevels: isPowerLevels(pdu) });
    events.set(position, event);
    return event;
  };
  keep(create);
  const history = { version, graph, events, create };
  const states = new Map<string, StateMap>();
  const stateOf = (prev: readonly ForkedEvent[]): StateMap => {
    const name = prev.map(({ position }) => position).join();
    const known = states.get(name);
    if (known !== undefined) return known;
    const found = resolveMaps(history, afterEach(prev));
    states.set(name, found);
    return found;
  };
  const propose = (prev: readonly ForkedEvent[], input: ForkedInput): Proposal => {
    const before = stateOf(prev);
    const keys = wantedAuthKeys(described(input), version);
    const auth = keys.flatMap(([type, key]) => before.get(stateKeyText(type, key)) ?? []);
    const pdu = pduOf(input, {
      room_id: roomId,
      origin_server_ts: 1_000 + events.size,
      // No two alike, or they could be one event.
      depth: 1 + events.size,
      prev_events: prev.map(({ eventId }) => eventId),
      auth_events: auth.map((position) => events.get(position)!.eventId),
    });
    return { pdu, prev, auth, before };
  };
  const add = (prev: readonly ForkedEvent[], input: ForkedInput): ForkedEvent =>
    keep(judged({ ...propose(prev, input), position: 10 * events.size }, history));
  const must = (prev: readonly ForkedEvent[], input: ForkedInput): ForkedEvent => {
    const event = add(prev, input);
    if (event.rejectedBy !== null) throw new Error(`The scenery was refused: ${JSON.stringify(input)}`);
    return event;
  };
  return { ...history, add, must, stateOf, allows: (prev, input) => isAllowed(propose(prev, input), history) };
}

/** The states after each of these events. */
export function afterEach(events: readonly ForkedEvent[]): readonly StateMap[] {
  return events.map(({ after }) => after);
}

export function isPowerLevels({ type, state_key }: PduFields): boolean {
  return type === 'm.room.power_levels' && state_key === '';
}

type Proposal = Pick<ForkedEvent, 'pdu' | 'prev' | 'auth' | 'before'>;

function isAllowed({ pdu, before }: Proposal, { version, events }: Pick<RoomHistory, 'version' | 'events'>): boolean {
  const wanted = new Set(stateKeysForAuth(pdu, version).map(([type, key]) => stateKeyText(type, key)));
  const get = (type: string, stateKey: string): ForkedEvent | undefined => {
    const key = stateKeyText(type, stateKey);
    const position = wanted.has(key) ? before.get(key) : undefined;
    return position === undefined ? undefined : events.get(position);
  };
  return checkRules(pdu, version, { get }) === null;
}

function judged(proposal: Proposal & Pick<ForkedEvent, 'position'>, history: RoomHistory): ForkedEvent {
  const { pdu, before, position } = proposal;
  const allowed = isAllowed(proposal, history);
  const after = new Map(before);
  if (allowed && pdu.state_key !== undefined) after.set(stateKeyText(pdu.type, pdu.state_key), position);
  return { ...proposal, eventId: eventIdOf(pdu, history.version), after, rejectedBy: allowed ? null : 'state' };
}

function createOf(version: RoomVersion, creator: string, content: JsonObject): ForkedEvent {
  const input = {
    type: 'm.room.create',
    sender: creator,
    state_key: '',
    content: { room_version: version.id, ...(version.creatorInContent ? { creator } : {}), ...content },
  };
  const pdu = pduOf(input, {
    ...(version.roomIdIsCreateHash ? {} : { room_id: `!room:${creator.slice(creator.indexOf(':') + 1)}` as RoomId }),
    origin_server_ts: 1_000,
    depth: 1,
    prev_events: [],
    auth_events: [],
  });
  const after = new Map([[stateKeyText('m.room.create', ''), 0]]);
  const eventId = eventIdOf(pdu, version);
  return { position: 0, pdu, eventId, prev: [], auth: [], before: new Map(), after, rejectedBy: null };
}

interface Place {
  readonly room_id?: RoomId;
  readonly origin_server_ts: number;
  readonly depth: number;
  readonly prev_events: readonly EventId[];
  readonly auth_events: readonly EventId[];
}

function pduOf({ at, ...input }: ForkedInput, place: Place): PduFields {
  return {
    ...place,
    ...input,
    sender: input.sender as UserId,
    ...(at === undefined ? {} : { origin_server_ts: at }),
    hashes: { sha256: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' },
    signatures: signaturesOf(input),
  };
}

/** Nobody's, of all servers that must have signed: which signatures are good is not asked in a resolution. */
function signaturesOf({ sender, content }: ForkedInput): JsonObject {
  const authoriser = content['join_authorised_via_users_server'];
  const signers = [sender, ...(typeof authoriser === 'string' ? [authoriser] : [])];
  return Object.fromEntries(
    signers.map((user) => [user.slice(user.indexOf(':') + 1), { 'ed25519:1': 'c2lnbmF0dXJl' }]),
  );
}

function described(input: ForkedInput): Pick<PduFields, 'type' | 'sender' | 'state_key' | 'content'> {
  return { ...input, sender: input.sender as UserId };
}

function pick(events: ReadonlyMap<number, ForkedEvent>, positions: readonly number[]): Map<number, ResolvableEvent> {
  return new Map(positions.map((position) => [position, events.get(position)!]));
}
