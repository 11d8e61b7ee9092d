/** Receives events from elsewhere: all checks in their order, then the verdict (server-server API, Checks performed on receipt of a PDU). */
import { boundedCache, type BoundedCache } from '../../bounded-cache.ts';
import { arrivalFacts } from '../../log/arrivals.ts';
import { parseRoomId, type EventId, type RoomId, type ServerName } from '../../matrix/identifiers.ts';
import { stringIn } from '../../matrix/pdu.ts';
import type { JsonObject } from '../../matrix/json.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { admitEvent, type Admission } from './admit-event.ts';
import { createBudgets, type Budgets, type ReceiveLimits } from './receive-budget.ts';
import { checkEvents, isUnfit, nameEvent, type NamedPdu } from './receive-checks.ts';
import { restsOn } from './receive-evidence.ts';
import { fetchEvidence, type FetchTask } from './receive-fetch.ts';
import { claimedHole, eventsBetween, type GapDeps } from './receive-gap.ts';
import { storeOutliers } from './receive-outliers.ts';
import { countPushed, drawsOfPushed, isWithin } from './pushed-knocks.ts';
import type { RateLimiter } from '../rate-limits.ts';
import { ALONE, createReceiveQueue, type Place, type QueueLimits, type ReceiveQueue } from './receive-queue.ts';
import { aclLetsIn, versionOfOurRoom } from './receive-room.ts';
import {
  failed,
  notLetIn,
  receiveInTurn,
  runArrival,
  standing,
  unknownRoom,
  type Arrival,
  type Arrivals,
  type JudgeReceived,
  type Received,
  type Turn,
  type TurnDeps,
} from './receive-turn.ts';
import type { Hole } from '../judge/received-pdu.ts';

export interface ReceiveDeps extends Omit<GapDeps, 'arrivals'> {
  readonly serverName: ServerName;
  readonly judge: JudgeReceived;
  /** Is told of rooms that have come to have more ends than an event may cite. */
  readonly manyEnds?: (roomId: RoomId) => void;
  /** Absent: servers that are not in a room send it as many knocks as they like. */
  readonly rates?: RateLimiter | undefined;
  /** Milliseconds. */
  readonly now: () => number;
  readonly limits?: ReceiveLimits;
  readonly queueLimits?: QueueLimits;
}

export interface Sent {
  /** The server that sent it here, which is asked for whatever is missing. */
  readonly origin: ServerName;
  /** As it was sent; null: no JSON that Matrix knows. */
  readonly value: JsonObject | null;
  /** Ours to deliver to the room's other servers. */
  readonly relay: boolean;
}

export interface Receiver {
  /**
   * Resolves when the event is stored, or known not to be. What one server sends of one room is received in order, all else
   * side by side; nothing waits for the network in a room's turn. Never rejects for what an event or a server is; rejects
   * when the log cannot be written.
   */
  receive(sent: Sent): Promise<Received>;
  /** The version of a room that users of this server are in, or were; null: there is no such room for us. */
  versionOf(roomId: RoomId): Promise<RoomVersion | null>;
  /** What the log says of an event before its room's turn; null: nobody here is in the room. */
  lookUp(named: NamedPdu, version: RoomVersion, origin: ServerName): Promise<Found | null>;
  /** See admitEvent(). */
  admit<T>(admission: Admission<T>): Promise<T>;
}

export interface Found {
  readonly facts: Arrival['facts'];
  /** By the room's access control list. */
  readonly isLetIn: boolean;
}

interface Parts extends ReceiveDeps, GapDeps {
  readonly queue: ReceiveQueue;
  readonly budgets: Budgets;
  readonly turn: TurnDeps;
  /** A room's version never changes. */
  readonly versions: BoundedCache<RoomVersion>;
  readonly letIn: BoundedCache<boolean>;
}

export function createReceiver(deps: ReceiveDeps): Receiver {
  const { db, serverName, judge } = deps;
  const arrivals = createArrivals();
  const parts: Parts = {
    ...deps,
    arrivals,
    versions: boundedCache(MAX_ROOMS),
    letIn: boundedCache(MAX_ROOMS),
    queue: createReceiveQueue(deps.queueLimits),
    budgets: createBudgets(deps.now, deps.limits),
    turn: { db, serverName, judge, inFlight: new Map(), arrivals, manyEnds: deps.manyEnds },
  };
  return {
    receive: (sent) => receive(parts, sent),
    versionOf: (roomId) => versionOf(parts, roomId),
    lookUp: (named, version, origin) => lookUp(parts, named, version, origin),
    admit: (admission) => admitEvent(parts.turn, deps.lanes, admission),
  };
}

const MAX_ROOMS = 10_000;

function createArrivals(): Arrivals {
  const rooms = boundedCache<{ readonly count: number; readonly others: number }>(MAX_ROOMS);
  let all = 0;
  const of = (roomId: RoomId) => rooms.get(roomId) ?? { count: 0, others: 0 };
  return {
    count: (roomId) => of(roomId).count,
    add: (roomId) => void rooms.set(roomId, { count: (all += 1), others: of(roomId).others }),
    others: (roomId) => of(roomId).others,
    addOther: (roomId) => void rooms.set(roomId, { count: (all += 1), others: all }),
  };
}

async function versionOf({ db, versions }: Parts, roomId: RoomId): Promise<RoomVersion | null> {
  const known = versions.get(roomId) ?? (await versionOfOurRoom(db, roomId));
  if (known !== null) versions.set(roomId, known);
  return known;
}

async function receive(parts: Parts, sent: Sent): Promise<Received> {
  const { value, origin } = sent;
  const roomId = value === null ? null : parseRoomId(stringIn(value, 'room_id') ?? '');
  if (roomId === null) return dropped(null, 'The event names no room.');
  // Nothing is looked up before it has its place: what was sent together would lose its order.
  const turn = parts.queue.run(roomId, origin, (place) => receiveOfRoom(parts, roomId, sent, place));
  return turn ?? failed(null, 'busy', 'Too much of this room or of this server waits already.');
}

async function receiveOfRoom(
  parts: Parts,
  roomId: RoomId,
  { origin, value, relay }: Sent,
  place: Place,
): Promise<Received> {
  const version = await versionOf(parts, roomId);
  if (version === null) return unknownRoom(null);
  const named = nameEvent(value, version);
  if (isUnfit(named)) return dropped(null, named.reason);
  // Before its turn: many look together.
  const found = await lookUp(parts, named, version, origin);
  await place.turn();
  const budget = parts.budgets.open(origin);
  if (budget === null) return failed(named.eventId, 'busy', 'This server has kept us waiting for too long.');
  try {
    const draws = parts.rates === undefined ? [] : await drawsOfPushed(parts.db, named, origin);
    if (!isWithin(parts.rates, draws)) return failed(named.eventId, 'busy', 'Too many knocks.');
    // A knock counts once it is stored: the next must not be let in before.
    const counted = draws.length === 0 ? place : { ...place, pass: () => undefined };
    const task = { roomId, version, origin, budget };
    const received = await receiveNamed(parts, task, named, { relay, fills: true, place: counted, found });
    if (received.is === 'accepted' && received.isNew) countPushed(parts.rates, draws);
    return received;
  } finally {
    budget.close();
  }
}

interface Reception {
  readonly relay: boolean;
  /** What it follows may be asked for; not for what was itself asked for so. */
  readonly fills: boolean;
  readonly place: Place;
  /** What was found before its turn. */
  readonly found: Found | null;
}

async function receiveNamed(
  parts: Parts,
  task: FetchTask,
  named: NamedPdu,
  { relay, fills, place, ...early }: Reception,
): Promise<Received> {
  const { eventId } = named;
  const rests = restsOn(named.pdu, task.roomId, task.version);
  let { found } = early;
  if (found !== null && !rests.every((id) => found?.facts.stored.has(id))) {
    // It may rest on what came just before it.
    await place.rest();
    found = await lookUp(parts, named, task.version, task.origin);
  }
  if (found === null) return unknownRoom(eventId);
  if (!found.isLetIn) return notLetIn(eventId);
  const { facts } = found;
  const { stored } = facts;
  const own = stored.get(eventId);
  // Its id is the hash of all that matters of it: what came again needs no second look.
  const stands = own === undefined ? null : await standing(parts.db, task.roomId, own);
  if (stands !== null) return stands;
  const [checked] = await checkEvents([named], task.version, parts.checkSignatures, task.budget.signal);
  if (checked === undefined || isUnfit(checked)) {
    return checked?.unfit === 'dropped'
      ? dropped(eventId, checked.reason)
      : failed(eventId, 'missing', checked?.reason ?? 'It could not be checked.');
  }
  const arrival = { event: checked, origin: task.origin, relay, facts };
  let elsewhere: ReadonlySet<EventId> = new Set();
  const missing = rests.filter((id) => !stored.has(id));
  if (missing.length > 0) {
    const fetched = await fetchEvidence(parts, task, missing, eventId);
    await storeOutliers(parts, task, fetched.events, fetched.elsewhere);
    elsewhere = fetched.elsewhere;
  }
  let holes: readonly Hole[] = [];
  for (let filled = !fills; ; filled = true) {
    const outcome = await inTurn(parts, { ...arrival, elsewhere, holes }, place);
    if (!('missing' in outcome)) return outcome;
    if (holes.length > 0) return failed(eventId, 'missing', 'Events that it follows could not be had.');
    if (!filled) await fill(parts, task, arrival.event, outcome.missing);
    else {
      const claimed = await claimedHoles(parts, task, outcome.missing);
      if (claimed === null) return failed(eventId, 'missing', 'Events that it follows could not be had.');
      holes = claimed;
    }
  }
}

async function lookUp(
  parts: Parts,
  { eventId, roomId, pdu }: NamedPdu,
  version: RoomVersion,
  origin: ServerName,
): Promise<Found | null> {
  const [seen, others] = [parts.arrivals.count(roomId), parts.arrivals.others(roomId)];
  const facts = await arrivalFacts(parts.db, { roomId, eventId, rests: restsOn(pdu, roomId, version) });
  if (facts === null || !facts.resident) return null;
  return { facts: { ...facts, seen, others }, isLetIn: await isLetIn(parts, roomId, origin, facts.acl) };
}

/** Whether the room's access control list, which stands at this position, lets a server send. */
async function isLetIn(parts: Parts, roomId: RoomId, origin: ServerName, acl: number | null): Promise<boolean> {
  if (acl === null) return true;
  const name = `${roomId}\u0000${acl}\u0000${origin}`;
  const known = parts.letIn.get(name) ?? (await aclLetsIn(parts.db, roomId, acl, origin));
  parts.letIn.set(name, known);
  return known;
}

/** Judges the event in its room's turn. */
function inTurn({ lanes, turn }: Parts, arrival: Arrival, place: Place): Promise<Turn> {
  return runArrival(turn, lanes, arrival.event, async (room) => {
    const decision = await receiveInTurn(turn, room, arrival);
    if (!('missing' in decision.answer)) place.pass();
    return decision;
  });
}

async function fill(
  parts: Parts,
  task: FetchTask,
  child: Arrival['event'],
  missing: readonly EventId[],
): Promise<void> {
  for (const event of await eventsBetween(parts, task, child, missing)) {
    const found = await lookUp(parts, event, task.version, task.origin);
    await receiveNamed(parts, task, event, { relay: false, fills: false, place: ALONE, found });
  }
}

/** Null when one of them cannot be had. */
async function claimedHoles(
  parts: Parts,
  task: FetchTask,
  missing: readonly EventId[],
): Promise<readonly Hole[] | null> {
  const holes: Hole[] = [];
  for (const id of missing) {
    const hole = await claimedHole(parts, task, id);
    if (hole === null) return null;
    holes.push(hole);
  }
  return holes;
}

function dropped(eventId: EventId | null, reason: string): Received {
  return { is: 'dropped', eventId, reason };
}
