/**
 * What comes beside the newest events of a room and does not touch what they say: knocks of people who were never there, made on
 * one template or without knowing of each other, and events that are no state. Told apart in memory, as they are what most
 * branches of a busy room are; nothing of the room's lines has to be read for them.
 *
 * It holds because each such knock rests on the create event, the power levels and the join rules that stand, alone: whichever of
 * them a state has, the others can be added, and a resolution (PROTOCOL §5) of such states is all of their knocks together.
 */
import type { EventSlot, JudgedPdu } from '../../log/judged-pdu.ts';
import type { Ref } from '../../log/state-lines.ts';
import type { EventId } from '../../matrix/identifiers.ts';
import { membershipOf, type PduFields } from '../../matrix/pdu.ts';
import { authoriserOf } from '../../matrix/signatures.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import type { RoomState } from '../../matrix/room-state.ts';

/** A knock that came since the room had one end. */
export interface BesideKnock {
  readonly userId: string;
  readonly slot: EventSlot;
  /** Room position from which on the current state has it. */
  readonly at: number;
}

/** An event after which the state is the common one with some of the knocks: bit n stands for the n-th. */
export interface BesideEvent {
  readonly slot: EventSlot;
  readonly ref: Ref;
  readonly has: bigint;
}

/** Since the room last had one end and other state; all of its ends are among `events`. */
export interface Beside {
  /** Room position at which the current state had none of the knocks; from there on it became each of them in turn, and nothing else. */
  base: number;
  readonly knocks: BesideKnock[];
  readonly events: Map<EventId, BesideEvent>;
  /** Lines that were begun here, with their last change and how deep they hang. */
  readonly lines: Map<number, { at: number; readonly depth: number }>;
}

const MAX_KNOCKS = 16_384;
/** From so many knocks on, those that all who are likely to be cited have are taken for granted, so many at once at least. */
const MANY_KNOCKS = 512;
const GRANTED_AT_ONCE = 256;
const LIKELY = 400;
const MAX_EVENTS = 1_000;
/** While nobody knocks, of each of thousands of rooms. */
const MAX_QUIET_EVENTS = 50;

/** Knocks that rest on what stands alone, as they were found to be when they were judged. */
const independent = new WeakSet<JudgedPdu>();

const DOOR = ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'] as const;

/**
 * Whether an event is the first that is known of its sender, who knocks, and rests on the create event, the power levels and
 * the join rules of `state` at most, which must hold these and the sender's membership.
 */
export function isFirstKnock(pdu: PduFields, version: RoomVersion, state: RoomState): boolean {
  if (membershipOf(pdu) !== 'knock' || pdu.state_key !== pdu.sender) return false;
  if (authoriserOf(pdu, version) !== undefined || state.get('m.room.member', pdu.sender) !== undefined) return false;
  const door = DOOR.map((type) => state.get(type, '')?.eventId);
  return pdu.auth_events.every((id) => door.includes(id));
}

export function markIndependent(judged: JudgedPdu): void {
  independent.add(judged);
}

/** After the one end of a room nothing stands beside anything yet. */
export function besideEnd(slot: EventSlot, ref: Ref, base: number): Beside {
  return { base, knocks: [], events: new Map([[slot.eventId, { slot, ref, has: 0n }]]), lines: new Map() };
}

/**
 * What stands beside each other after an event that was accepted; null: nothing can be said. `ends` are those that the room
 * has by then, `stateAt` is the room position of the last change of its current state.
 */
export function besideAfter(
  beside: Beside | null,
  judged: JudgedPdu,
  ends: readonly EventSlot[],
  stateAt: number,
): Beside | null {
  if (judged.verdict === 'soft_failed' || judged.verdict === 'rejected') return beside;
  const { after, anchor, back, roomPosition, slot } = judged;
  if (judged.verdict !== 'accepted' || after === null || anchor !== roomPosition || back !== 0) return null;
  const isKnock = independent.has(judged);
  const isStateless = judged.pdu.state_key === undefined && judged.changes.every(({ line }) => line !== 0);
  const prev = judged.prev.map(({ eventId }) => beside?.events.get(eventId));
  const goesOn = (isKnock || isStateless) && prev.length > 0 && prev.every((one) => one !== undefined);
  if (beside === null || !goesOn || beside.knocks.length >= MAX_KNOCKS)
    return ends.length === 1 ? besideEnd(slot, after, stateAt) : null;
  let has = prev.reduce((all, one) => all | one.has, 0n);
  if (isKnock) {
    has |= 1n << BigInt(beside.knocks.length);
    beside.knocks.push({ userId: judged.pdu.sender, slot, at: roomPosition });
  }
  for (const one of prev) remember(beside, one);
  remember(beside, { slot, ref: after, has });
  if (!forgetOldest(beside, ends)) return null;
  for (const { line, depth } of judged.lines) beside.lines.set(line, { at: lastChange(judged, line), depth });
  const own = beside.lines.get(after.line);
  if (own !== undefined) own.at = Math.max(own.at, after.at);
  if (beside.knocks.length >= MANY_KNOCKS && beside.knocks.length % GRANTED_AT_ONCE === 0 && isKnock)
    takeForGranted(beside, ends);
  return beside;
}

/** Forgets the knocks that all events have which are likely to be cited, and the other events. */
function takeForGranted(beside: Beside, ends: readonly EventSlot[]): void {
  const { knocks, events } = beside;
  const unlikely = new Set([...events.values()].slice(0, -LIKELY));
  for (const { eventId } of ends) unlikely.delete(events.get(eventId)!);
  const likely = [...events.values()].filter((event) => !unlikely.has(event));
  const granted = Math.min(...likely.map(({ has }) => firstLacking(has)));
  if (granted < GRANTED_AT_ONCE) return;
  beside.base = knocks[granted - 1]!.at;
  knocks.splice(0, granted);
  events.clear();
  for (const event of likely) events.set(event.slot.eventId, { ...event, has: event.has >> BigInt(granted) });
  const cited = new Set(likely.map(({ ref }) => ref.line));
  for (const line of beside.lines.keys()) if (!cited.has(line)) beside.lines.delete(line);
}

/** The number of the first knock that it has not. */
function firstLacking(has: bigint): number {
  const lowest = ~has & (has + 1n);
  return lowest.toString(2).length - 1;
}

/** As the newest: what is cited will be cited again. */
function remember({ events }: Beside, event: BesideEvent): void {
  events.delete(event.slot.eventId);
  events.set(event.slot.eventId, event);
}

/** False when one of the room's ends would have to be forgotten. */
function forgetOldest({ knocks, events }: Beside, ends: readonly EventSlot[]): boolean {
  const most = knocks.length === 0 ? MAX_QUIET_EVENTS : MAX_EVENTS;
  for (const oldest of events.keys()) {
    if (events.size <= most) break;
    if (ends.some(({ eventId }) => eventId === oldest)) return false;
    events.delete(oldest);
  }
  return true;
}

function lastChange({ changes }: JudgedPdu, line: number): number {
  return changes.reduce((last, change) => (change.line === line ? Math.max(last, change.at) : last), 0);
}
