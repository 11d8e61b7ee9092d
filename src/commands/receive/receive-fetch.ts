/** Fetches the events that a received one rests on and that are not stored, from the server that sent it. */
import type { Db } from '../../database/database.ts';
import { eventsElsewhere, storedPositions } from '../../log/evidence-queries.ts';
import type { EventId, RoomId, ServerName } from '../../matrix/identifiers.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { createBreather } from '../breather.ts';
import type { Budget } from './receive-budget.ts';
import { checkEvents, isUnfit, nameEvent, type CheckedPdu, type NamedPdu } from './receive-checks.ts';
import { inAuthOrder, restsOn } from './receive-evidence.ts';
import type { CheckSignatures, RawEvents, Remotes } from './remotes.ts';

export interface FetchDeps {
  readonly db: Db;
  readonly remotes: Remotes;
  readonly checkSignatures: CheckSignatures;
}

/** For whom something is fetched, and on whose account. */
export interface FetchTask {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly origin: ServerName;
  readonly budget: Budget;
}

/** What could be had of what was wanted, with all that it rests on. */
export interface FetchedEvidence {
  /** Checked, not stored yet, each after what it rests on. */
  readonly events: readonly CheckedPdu[];
  /** Cited, but events of other rooms. */
  readonly elsewhere: ReadonlySet<EventId>;
}

const NOTHING: FetchedEvidence = { events: [], elsewhere: new Set() };
const SINGLES_AT_ONCE = 8;
/** How often what single events rest on is asked for, one layer after the other. */
const MAX_LAYERS = 50;

/**
 * Fetches what is not stored of `wanted`, and of what that rests on: by the auth chain of `forEvent`, if one is given, then
 * one by one. What cannot be had, or fails its own checks, is left out with all that rests on it.
 */
export async function fetchEvidence(
  deps: FetchDeps,
  task: FetchTask,
  wanted: readonly EventId[],
  forEvent: EventId | null,
): Promise<FetchedEvidence> {
  const search = newSearch(task, wanted);
  await forgetStored(deps, search);
  if (search.open.size === 0)
    return search.elsewhere.size === 0 ? NOTHING : { events: [], elsewhere: search.elsewhere };
  if (forEvent !== null) await askForChain(deps, search, forEvent);
  for (let layer = 0; layer < MAX_LAYERS; layer += 1) {
    await spread(deps, search);
    if (search.open.size === 0 || !(await askOneByOne(deps, search))) break;
  }
  const named = [...search.found.values()];
  const checked = await checkEvents(named, task.version, deps.checkSignatures, task.budget.signal);
  const fit = checked.filter((event): event is CheckedPdu => !isUnfit(event));
  const had = (id: EventId): boolean => search.stored.has(id) || search.elsewhere.has(id);
  return { events: await inAuthOrder(fit, task.version, had), elsewhere: search.elsewhere };
}

interface Search {
  readonly task: FetchTask;
  /** Asked for, and neither stored nor in hand. */
  readonly open: Set<EventId>;
  /** In hand, by id, needed or not. */
  readonly pool: Map<EventId, NamedPdu>;
  /** Needed and not stored. */
  readonly found: Map<EventId, NamedPdu>;
  readonly stored: Set<EventId>;
  readonly elsewhere: Set<EventId>;
  /** Nobody has them. */
  readonly absent: Set<EventId>;
}

function newSearch(task: FetchTask, wanted: readonly EventId[]): Search {
  return {
    task,
    open: new Set(wanted),
    pool: new Map(),
    found: new Map(),
    stored: new Set(),
    elsewhere: new Set(),
    absent: new Set(),
  };
}

/** Takes out of what is open or found what is stored, here or for another room. */
async function forgetStored({ db }: FetchDeps, { task, open, found, stored, elsewhere }: Search): Promise<void> {
  const ids = [...open, ...found.keys()];
  const here = await storedPositions(db, task.roomId, ids);
  const other = await eventsElsewhere(
    db,
    task.roomId,
    [...open].filter((id) => !here.has(id)),
  );
  for (const id of here.keys()) stored.add(id);
  for (const id of other) elsewhere.add(id);
  for (const id of [...here.keys(), ...other]) {
    open.delete(id);
    found.delete(id);
  }
}

/** Goes from what is open as far as what is in hand leads, and leaves open what is not. */
async function spread(deps: FetchDeps, search: Search): Promise<void> {
  const { task, open, pool, found, elsewhere } = search;
  const next = [...open];
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    const event = pool.get(id);
    if (event === undefined) continue;
    open.delete(id);
    if (event.roomId !== task.roomId) {
      elsewhere.add(id);
      continue;
    }
    found.set(id, event);
    for (const cited of restsOn(event.pdu, task.roomId, task.version)) {
      if (isSettled(search, cited)) continue;
      open.add(cited);
      next.push(cited);
    }
  }
  await forgetStored(deps, search);
}

function isSettled({ found, stored, elsewhere, absent }: Search, id: EventId): boolean {
  return found.has(id) || stored.has(id) || elsewhere.has(id) || absent.has(id);
}

async function askForChain({ remotes }: FetchDeps, search: Search, forEvent: EventId): Promise<void> {
  const { origin, roomId, budget } = search.task;
  const answer = await budget.ask((signal) => remotes.eventAuth(origin, { roomId, eventId: forEvent }, signal));
  if (answer.ok && budget.takeEvents(answer.value.length)) await take(search, answer.value);
}

/** Asks for what is open; whether there was anything that helps. */
async function askOneByOne({ remotes }: FetchDeps, search: Search): Promise<boolean> {
  const { open, absent, task, pool } = search;
  const { origin, roomId, budget } = task;
  const asked = [...open];
  if (!budget.takeSingles(asked.length)) return false;
  const askNext = async (): Promise<void> => {
    for (let id = asked.pop(); id !== undefined; id = asked.pop()) {
      const wanted = id;
      const answer = await budget.ask((signal) => remotes.event(origin, { roomId, eventId: wanted }, signal));
      if (answer.ok) await take(search, [answer.value]);
    }
  };
  await Promise.all(Array.from({ length: SINGLES_AT_ONCE }, askNext));
  for (const id of [...open]) {
    if (pool.has(id)) continue;
    open.delete(id);
    absent.add(id);
  }
  return open.size > 0;
}

async function take({ pool, task }: Search, values: RawEvents): Promise<void> {
  const breathe = createBreather();
  for (const value of values) {
    const event = nameEvent(value, task.version);
    if (!isUnfit(event)) pool.set(event.eventId, event);
    await breathe();
  }
}
