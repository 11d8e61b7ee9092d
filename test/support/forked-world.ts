/** Rooms on several servers whose events meet anyhow: real signed events, and what a naive server would make of them. */
import { stateKeysForAuth, stateKeyText, wantedAuthKeys } from '../../src/matrix/auth-events.ts';
import { addToAuthGraph, buildAuthGraph } from '../../src/matrix/auth-graph.ts';
import { checkAuthEvents, checkRules } from '../../src/matrix/event-auth.ts';
import { eventIdOf, roomIdOfCreate } from '../../src/matrix/hashes.ts';
import { serverOf, type EventId, type RoomId, type UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { eventTemplate, type PduFields, type SignedPdu } from '../../src/matrix/pdu.ts';
import type { Rejection } from '../../src/matrix/rejection.ts';
import type { RoomState } from '../../src/matrix/room-state.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { signEvent, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { isPowerLevels, resolveMaps, type ForkedEvent, type RoomHistory, type StateMap } from './forked-room.ts';
import { identityOf } from './rooms.ts';
import { SERVER_NAME, testIdentity } from './history.ts';

/** An event of a world: what everybody who has all before it thinks of it, whenever it comes. */
export interface WorldEvent extends ForkedEvent {
  readonly pdu: SignedPdu;
  readonly prev: readonly WorldEvent[];
  readonly authRejection: Rejection | null;
}

export interface WorldInput {
  readonly type: string;
  readonly sender: UserId;
  readonly content: JsonObject;
  readonly state_key?: string;
  /** Milliseconds; by default each event is later than the one made before. */
  readonly at?: number;
  /** The state whose events it cites; by default the one before it. */
  readonly authState?: StateMap;
}

export interface World extends RoomHistory {
  readonly roomId: RoomId;
  readonly events: ReadonlyMap<number, WorldEvent>;
  readonly create: WorldEvent;
  /** All but the create event, in the order in which they were made. */
  readonly made: readonly WorldEvent[];
  /** The state before an event that would come after these. */
  stateAfter(prev: readonly WorldEvent[]): StateMap;
  /** Whether the rules allow such an event on a state. */
  allows(state: StateMap, input: WorldInput): boolean;
  add(prev: readonly WorldEvent[], input: WorldInput): WorldEvent;
  /** As `add`; throws when the rules refuse it. */
  must(prev: readonly WorldEvent[], input: WorldInput): WorldEvent;
}

/** A room that a user of this server (`vestibule.test`) makes; `name` tells it from others. */
export function makeWorld(versionId: RoomVersionId, creator: UserId, name: string): World {
  const version = ROOM_VERSIONS[versionId];
  const graph = buildAuthGraph([]);
  const events = new Map<number, WorldEvent>();
  const createPdu = signed(
    {
      type: 'm.room.create',
      state_key: '',
      sender: creator,
      content: jsonObject({ room_version: versionId, name, ...(version.creatorInContent ? { creator } : {}) }),
      ...(version.roomIdIsCreateHash ? {} : { room_id: `!${name}:${SERVER_NAME}` as RoomId }),
      origin_server_ts: 1_000,
      depth: 1,
      prev_events: [],
      auth_events: [],
    },
    versionId,
  );
  const createId = eventIdOf(createPdu, version);
  const roomId = createPdu.room_id ?? roomIdOfCreate(createId);
  const keep = (event: WorldEvent): WorldEvent => {
    const { position, auth, pdu } = event;
    addToAuthGraph(graph, { position, auth, isPowerLevels: isPowerLevels(pdu) });
    events.set(position, event);
    return event;
  };
  const create = keep({
    position: 1,
    pdu: createPdu,
    eventId: createId,
    prev: [],
    auth: [],
    before: new Map(),
    after: new Map([[stateKeyText('m.room.create', ''), 1]]),
    rejectedBy: null,
    authRejection: null,
  });
  const history = { version, graph, events, create };
  const made: WorldEvent[] = [];
  const add = (prev: readonly WorldEvent[], { at, authState, ...input }: WorldInput): WorldEvent => {
    const position = events.size + 1;
    const before = resolveMaps(
      history,
      prev.map(({ after }) => after),
    );
    const cited = wantedAuthKeys(input, version).flatMap(([type, key]) => {
      const one = (authState ?? before).get(stateKeyText(type, key));
      return one === undefined ? [] : [events.get(one)!];
    });
    const pdu = signed(
      {
        ...input,
        room_id: roomId,
        origin_server_ts: at ?? 1_000 + position,
        depth: 1 + Math.max(...prev.map((one) => one.pdu.depth)),
        prev_events: prev.map(({ eventId }) => eventId),
        auth_events: cited.map(({ eventId }) => eventId),
      },
      versionId,
    );
    const rejected = cited.map((one) => ({ eventId: one.eventId, pdu: one.pdu, rejected: one.rejectedBy !== null }));
    const byAuth = stateOf(
      [...cited, create].map((one) => [stateKeyText(one.pdu.type, one.pdu.state_key!), one.position]),
      events,
    );
    const authRejection = checkAuthEvents(pdu, version, rejected) ?? checkRules(pdu, version, byAuth);
    const refused = authRejection !== null || checkRules(pdu, version, narrow(pdu, versionId, before, events)) !== null;
    const after = new Map(before);
    if (!refused && pdu.state_key !== undefined) after.set(stateKeyText(pdu.type, pdu.state_key), position);
    const rejectedBy = authRejection !== null ? 'auth_events' : refused ? 'state' : null;
    const auth = cited.map((one) => one.position);
    const event = keep({
      position,
      pdu,
      eventId: eventIdOf(pdu, version),
      prev,
      auth,
      before,
      after,
      rejectedBy,
      authRejection,
    });
    made.push(event);
    return event;
  };
  const must = (prev: readonly WorldEvent[], input: WorldInput): WorldEvent => {
    const event = add(prev, input);
    if (event.rejectedBy !== null)
      throw new Error(`The scenery was refused: ${JSON.stringify(input)} ${JSON.stringify(event.authRejection)}`);
    return event;
  };
  const allows = (state: StateMap, { at: _at, authState: _authState, ...input }: WorldInput): boolean => {
    const { auth_events, prev_events, origin_server_ts } = create.pdu;
    const pdu: PduFields = { ...input, room_id: roomId, depth: 1, auth_events, prev_events, origin_server_ts };
    return checkRules(pdu, version, narrow(pdu, versionId, state, events)) === null;
  };
  const stateAfter = (prev: readonly WorldEvent[]): StateMap =>
    resolveMaps(
      history,
      prev.map(({ after }) => after),
    );
  return { ...history, roomId, create, made, stateAfter, allows, add, must };
}

/** How one server has taken a world's events so far, in the order in which they came to it. */
export interface NaiveServer {
  readonly tips: ReadonlySet<WorldEvent>;
  readonly current: StateMap;
  readonly verdicts: ReadonlyMap<WorldEvent, 'accepted' | 'soft_failed' | 'rejected'>;
  take(event: WorldEvent): 'accepted' | 'soft_failed' | 'rejected';
}

export function naiveServer(world: World): NaiveServer {
  const tips = new Set<WorldEvent>();
  const verdicts = new Map<WorldEvent, 'accepted' | 'soft_failed' | 'rejected'>();
  let current: StateMap = new Map();
  const replaced = (event: WorldEvent): void => {
    for (const one of event.prev) {
      tips.delete(one);
      if (verdicts.get(one) !== 'accepted') replaced(one);
    }
  };
  return {
    tips,
    verdicts,
    get current() {
      return current;
    },
    take(event) {
      const state = narrow(event.pdu, world.version.id, current, world.events);
      const first = event.prev.length === 0;
      const verdict =
        event.rejectedBy !== null
          ? 'rejected'
          : first || checkRules(event.pdu, world.version, state) === null
            ? 'accepted'
            : 'soft_failed';
      verdicts.set(event, verdict);
      if (verdict !== 'accepted') return verdict;
      replaced(event);
      tips.add(event);
      current = resolveMaps(
        world,
        [...tips].map(({ after }) => after),
      );
      return verdict;
    },
  };
}

function signed(fields: PduFields, versionId: RoomVersionId): SignedPdu {
  const name = serverOf(fields.sender);
  const identity: ServerIdentity = name === SERVER_NAME ? testIdentity() : identityOf(name);
  return signEvent(eventTemplate(fields), ROOM_VERSIONS[versionId], identity);
}

function stateOf(entries: Iterable<readonly [string, number]>, events: ReadonlyMap<number, WorldEvent>): RoomState {
  const positions = new Map(entries);
  return { get: (type, stateKey) => events.get(positions.get(stateKeyText(type, stateKey)) ?? -1) };
}

/** What the rules may read of a state to judge an event. */
function narrow(
  pdu: PduFields,
  versionId: RoomVersionId,
  state: StateMap,
  events: ReadonlyMap<number, WorldEvent>,
): RoomState {
  const names = stateKeysForAuth(pdu, ROOM_VERSIONS[versionId]).map(([type, key]) => stateKeyText(type, key));
  return stateOf(
    names.flatMap((name) => (state.has(name) ? [[name, state.get(name)!] as const] : [])),
    events,
  );
}

/** The ids of the events of a state, by name. */
export function idsOf(world: World, state: StateMap): Record<string, EventId> {
  const entries = [...state].map(([name, position]) => [name, world.events.get(position)!.eventId] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
