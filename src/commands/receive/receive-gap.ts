/** What a received event follows and this server lacks: the events in between, oldest first, or the state that is claimed to be after them. */
import { stateKeyText } from '../../matrix/auth-events.ts';
import { stateSlots, storedEvidence } from '../../log/evidence-queries.ts';
import type { EventSlot } from '../../log/judged-pdu.ts';
import type { EventId } from '../../matrix/identifiers.ts';
import { isUnfit, nameEvent, type CheckedPdu, type NamedPdu } from './receive-checks.ts';
import { fetchEvidence, type FetchDeps, type FetchTask } from './receive-fetch.ts';
import { storeOutliers } from './receive-outliers.ts';
import { graphEnds } from './receive-room.ts';
import type { Hole } from '../judge/received-pdu.ts';
import type { Arrivals } from './receive-turn.ts';
import type { RoomLanes } from '../lanes/room-lane.ts';

export interface GapDeps extends FetchDeps {
  readonly lanes: RoomLanes;
  readonly arrivals: Arrivals;
}

/** Servers give no more at once. */
const ASKED_AT_ONCE = 20;
/** So often is asked for what lies further back. */
const MAX_ROUNDS = 5;
/** A room's state has so many events at most, with its auth chain; more is not even looked at. */
const MAX_STATE_IDS = 500_000;

/**
 * The events between the room as it is here and `child`, as far as its sender has them, each after those that it follows;
 * nothing else that was sent along. They are named, not checked.
 */
export async function eventsBetween(
  { db, remotes }: FetchDeps,
  { roomId, version, origin, budget }: FetchTask,
  child: CheckedPdu,
  missing: readonly EventId[],
): Promise<readonly NamedPdu[]> {
  const { extremities, lowestDepth } = await graphEnds(db, roomId);
  const pool = new Map<EventId, NamedPdu>();
  let [open, latest]: [readonly EventId[], readonly EventId[]] = [missing, [child.eventId]];
  for (let round = 0; round < MAX_ROUNDS && open.length > 0; round += 1) {
    const asked = { roomId, earliest: extremities, latest, limit: ASKED_AT_ONCE, minDepth: lowestDepth };
    const answer = await budget.ask((signal) => remotes.getMissingEvents(origin, asked, signal));
    if (!answer.ok || answer.value.length > ASKED_AT_ONCE || !budget.takeEvents(answer.value.length)) break;
    for (const value of answer.value) {
      const event = nameEvent(value, version);
      if (!isUnfit(event) && event.roomId === roomId) pool.set(event.eventId, event);
    }
    const reached = reach(pool, missing);
    const judged = await judgedAmong(db, roomId, reached.open);
    const left = reached.open.filter((id) => !judged.has(id));
    if (left.length > 0 && left.every((id) => open.includes(id))) break;
    const isLeft = new Set(left);
    open = left;
    latest = reached.events
      .filter(({ pdu }) => pdu.prev_events.some((id) => isLeft.has(id)))
      .map(({ eventId }) => eventId)
      .slice(0, ASKED_AT_ONCE);
  }
  return inPrevOrder(reach(pool, missing).events);
}

/** The events in the pool that lead back from `from`, and what they follow beyond it. */
function reach(
  pool: ReadonlyMap<EventId, NamedPdu>,
  from: readonly EventId[],
): { readonly events: readonly NamedPdu[]; readonly open: readonly EventId[] } {
  const seen = new Set(from);
  const open: EventId[] = [];
  const events: NamedPdu[] = [];
  for (const id of seen) {
    const event = pool.get(id);
    if (event === undefined) open.push(id);
    else {
      events.push(event);
      for (const prev of event.pdu.prev_events) seen.add(prev);
    }
  }
  return { events, open };
}

async function judgedAmong(
  db: FetchDeps['db'],
  roomId: FetchTask['roomId'],
  ids: readonly EventId[],
): Promise<ReadonlySet<EventId>> {
  const stored = await storedEvidence(db, roomId, ids);
  return new Set(ids.filter((id) => (stored.get(id)?.verdict ?? null) !== null));
}

function inPrevOrder(events: readonly NamedPdu[]): readonly NamedPdu[] {
  const byId = new Map(events.map((event) => [event.eventId, event]));
  const ordered = new Set<NamedPdu>();
  const stack: { readonly event: NamedPdu; readonly next: Iterator<EventId> }[] = [];
  const entered = new Set<EventId>();
  const enter = (event: NamedPdu): void => {
    entered.add(event.eventId);
    stack.push({ event, next: event.pdu.prev_events[Symbol.iterator]() });
  };
  for (const root of events) {
    if (!entered.has(root.eventId)) enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { value, done } = top.next.next();
      if (done === true) {
        ordered.add(top.event);
        stack.pop();
        continue;
      }
      const prev = byId.get(value);
      if (prev !== undefined && !entered.has(value)) enter(prev);
    }
  }
  return [...ordered];
}

/**
 * What the sender says the room's state was after an event of the graph that is missing here: the state before it and,
 * if it made a change, itself. It must be had then, since its state is nobody's without it; all of it is stored. Null when
 * something of it cannot be had.
 */
export async function claimedHole(deps: GapDeps, task: FetchTask, missing: EventId): Promise<Hole | null> {
  const { db, remotes } = deps;
  const { roomId, origin, budget } = task;
  if (!budget.takeHole()) return null;
  const answer = await budget.ask((signal) => remotes.stateIds(origin, { roomId, eventId: missing }, signal));
  if (!answer.ok || answer.value.state.length + answer.value.authChain.length > MAX_STATE_IDS) return null;
  const { events, elsewhere } = await fetchEvidence(deps, task, [...answer.value.state, missing], null);
  await storeOutliers(deps, task, events, elsewhere);
  const slots = await stateSlots(db, roomId, [...answer.value.state, missing]);
  const itself = slots.get(missing);
  if (itself === undefined) return null;
  const state = new Map<string, EventSlot>();
  for (const id of answer.value.state) {
    const event = slots.get(id);
    // A state that is told with something else in it, or with two values of one key, is none.
    if (event === undefined || event.stateKey === null) return null;
    const name = stateKeyText(event.type, event.stateKey);
    if (state.has(name)) return null;
    if (!event.rejected) state.set(name, event.slot);
  }
  if (itself.stateKey !== null && !itself.rejected) state.set(stateKeyText(itself.type, itself.stateKey), itself.slot);
  return { missing, state };
}
