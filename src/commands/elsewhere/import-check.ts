/** Checks what a server says a room is like, event by event, and stores it as evidence: nothing of it counts yet. */
import type { Db } from '../../database/database.ts';
import { stateSlots, storedEvidence, storedPositions } from '../../log/evidence-queries.ts';
import type { EventSlot } from '../../log/judged-pdu.ts';
import { readEvents } from '../../log/read.ts';
import { stateKeysForAuth, stateKeyText } from '../../matrix/auth-events.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { authorize } from '../../matrix/event-auth.ts';
import { checkContentHash } from '../../matrix/hashes.ts';
import type { EventId, RoomId, ServerName } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { stringIn, type AuthorizedPdu } from '../../matrix/pdu.ts';
import { isRejection } from '../../matrix/rejection.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { requiredSigners } from '../../matrix/signatures.ts';
import { createBreather } from '../breather.ts';
import { checkEvents, isUnfit, nameEvent, type CheckedPdu, type NamedPdu } from '../receive/receive-checks.ts';
import { inAuthOrder } from '../receive/receive-evidence.ts';
import { storeOutliers } from '../receive/receive-outliers.ts';
import type { CheckSignatures, RawEvents } from '../receive/remotes.ts';
import type { RoomLanes } from '../lanes/room-lane.ts';

export interface ImportDeps {
  readonly db: Db;
  readonly lanes: RoomLanes;
  readonly serverName: ServerName;
  readonly checkSignatures: CheckSignatures;
}

/** A room as a server in it tells of it, to one who has just joined through it. */
export interface ToldRoom {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly origin: ServerName;
  /** The join, with all the signatures that it needs. */
  readonly join: JsonObject;
  /** The state before the join, and all that it rests on. */
  readonly state: RawEvents;
  readonly authChain: RawEvents;
}

/** An event of the room's state, at the key that it sets. */
export interface PlannedState {
  readonly type: string;
  readonly stateKey: string;
  readonly slot: EventSlot;
}

/** The room as far as what was told holds, all of it stored. */
export interface CheckedRoom {
  readonly join: CheckedPdu & { readonly pdu: AuthorizedPdu };
  readonly joinSlot: EventSlot;
  readonly joinAuth: readonly EventSlot[];
  /** Position 0 stands for what is not known here, as most of what it follows. */
  readonly joinPrev: readonly EventSlot[];
  readonly state: ReadonlyMap<string, PlannedState>;
}

const IDS_AT_ONCE = 5_000;
/** So long other servers are asked for their keys. What those signed that did not answer is left out. */
const KEYS_MS = 180_000;

/**
 * Stores what was told as evidence, and tells what the state is. Events that fail their checks are left out, with what
 * rests on them; the room is refused, with M_UNKNOWN (502), when that leaves no room into which the join is allowed.
 */
export async function checkToldRoom(deps: ImportDeps, told: ToldRoom): Promise<CheckedRoom> {
  const { version } = told;
  const state = await nameAll(told, told.state);
  const chain = await nameAll(told, told.authChain);
  const joining = nameEvent(told.join, version);
  if (isUnfit(joining) || joining.roomId !== told.roomId || !checkContentHash(joining.pdu))
    throw noRoom('The join came back as something else.');
  await checkVersion(deps.db, told, [...chain, ...state]);
  const byId = new Map([...chain, ...state, joining].map((event) => [event.eventId, event]));
  const stored = await storedOf(deps, told, [...byId.keys()]);
  const fresh = [...byId.values()].filter(({ eventId }) => !stored.has(eventId));
  const patience = AbortSignal.timeout(KEYS_MS);
  // The keys of all servers at once: many of a great room's are gone, and each would be waited for.
  await deps.checkSignatures(
    oneOfEachServer(fresh, version).map(({ pdu }) => ({ pdu, version })),
    patience,
  );
  const checked = await checkEvents(fresh, version, deps.checkSignatures, patience);
  const fit = checked.filter((event): event is CheckedPdu => !isUnfit(event));
  await storeOutliers(deps, told, await inAuthOrder(fit, version, (id) => stored.has(id)), new Set());

  const slots = await stateOf(deps, told, state);
  const join = await storedJoin(deps, told, joining, slots);
  return { ...join, state: slots };
}

function oneOfEachServer(events: readonly NamedPdu[], version: RoomVersion): readonly NamedPdu[] {
  const chosen = new Map<ServerName, NamedPdu>();
  for (const event of events)
    for (const server of requiredSigners(event.pdu, version)) if (!chosen.has(server)) chosen.set(server, event);
  return [...new Set(chosen.values())];
}

async function nameAll({ roomId, version }: ToldRoom, values: RawEvents): Promise<readonly NamedPdu[]> {
  const breathe = createBreather();
  const named: NamedPdu[] = [];
  for (const value of values) {
    const event = nameEvent(value, version);
    if (!isUnfit(event) && event.roomId === roomId) named.push(event);
    await breathe();
  }
  return named;
}

async function storedOf(
  { db }: ImportDeps,
  { roomId }: ToldRoom,
  ids: readonly EventId[],
): Promise<ReadonlySet<EventId>> {
  const stored = new Set<EventId>();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    for (const id of (await storedPositions(db, roomId, ids.slice(from, from + IDS_AT_ONCE))).keys()) stored.add(id);
  }
  return stored;
}

async function stateOf(
  { db }: ImportDeps,
  { roomId }: ToldRoom,
  events: readonly NamedPdu[],
): Promise<ReadonlyMap<string, PlannedState>> {
  const state = new Map<string, PlannedState>();
  for (let from = 0; from < events.length; from += IDS_AT_ONCE) {
    const ids = events.slice(from, from + IDS_AT_ONCE).map(({ eventId }) => eventId);
    for (const { slot, type, stateKey, rejected } of (await stateSlots(db, roomId, ids)).values()) {
      if (stateKey === null) throw noRoom('The state that was told holds what is no state.');
      const name = stateKeyText(type, stateKey);
      const other = state.get(name);
      if (other !== undefined && other.slot.eventId !== slot.eventId)
        throw noRoom('The state has two values of one key.');
      if (!rejected) state.set(name, { type, stateKey, slot });
    }
  }
  return state;
}

/** The join as it was stored, allowed by what it cites and by the state before it. */
async function storedJoin(
  { db }: ImportDeps,
  { roomId, version }: ToldRoom,
  joining: NamedPdu,
  state: ReadonlyMap<string, PlannedState>,
): Promise<Omit<CheckedRoom, 'state'>> {
  const { eventId, pdu } = joining;
  const keys = stateKeysForAuth(pdu, version);
  const before = keys.flatMap(([type, key]) => state.get(stateKeyText(type, key)) ?? []);
  const ids = [eventId, ...pdu.auth_events, ...before.map(({ slot }) => slot.eventId)];
  const stored = await storedEvidence(db, roomId, ids);
  const own = stored.get(eventId);
  if (own === undefined) throw noRoom('The join, or something that it rests on, fails its checks.');
  if (own.rejected) throw noRoom('What the join cites does not allow it.');
  const events = before.flatMap(({ slot }) => stored.get(slot.eventId) ?? []);
  // As it stands in the log, where it may have been in redacted form before.
  const [logged] = await readEvents(db, [{ roomId, position: own.slot.position }]);
  const signed = (logged ?? own).pdu as CheckedPdu['pdu'];
  const allowed = authorize(signed, version, {
    get: (type, key) => events.find((event) => event.pdu.type === type && event.pdu.state_key === key),
  });
  if (isRejection(allowed)) throw noRoom(`The state that was told does not allow the join: ${allowed.message}`);
  const followed = await storedPositions(db, roomId, pdu.prev_events);
  return {
    join: { ...joining, pdu: allowed },
    joinSlot: own.slot,
    joinAuth: pdu.auth_events.flatMap((id) => stored.get(id)?.slot ?? []),
    joinPrev: pdu.prev_events.map((eventId) => ({ eventId, position: followed.get(eventId) ?? 0 })),
  };
}

/**
 * Another version would have us judge by other rules than everybody else, for good: evidence stays as it is. So does a
 * beginning in redacted form, which may say of no version that it is wrong.
 */
async function checkVersion(db: Db, { roomId, version }: ToldRoom, told: readonly NamedPdu[]): Promise<void> {
  const creates = told.filter(({ pdu }) => pdu.type === 'm.room.create');
  const isOurs = ({ pdu }: NamedPdu): boolean =>
    checkContentHash(pdu) && stringIn(pdu.content, 'room_version') === version.id;
  const known = await db.selectFrom('rooms').select('version').where('room_id', '=', roomId).executeTakeFirst();
  if (creates.length === 0 || !creates.every(isOurs) || (known ?? { version: version.id }).version !== version.id)
    throw noRoom('The room does not begin as one of the version that was told.');
}

function noRoom(why: string): MatrixError {
  return new MatrixError('M_UNKNOWN', why, { status: 502 });
}
