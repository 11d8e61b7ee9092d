// What state resolution reads of an event.
import { stateKeyText } from './auth-events.ts';
import { membershipOf } from './pdu.ts';
import { powerLevels, type StateEvent } from './room-state.ts';
import type { RoomVersion } from './room-versions.ts';

/** Plain data: `structuredClone` copies it. */
export interface ResolvableEvent extends StateEvent {
  readonly position: number;
  /**
   * Which check of its receipt rejected it: that by its auth events, after which it never counts, or that by the state
   * before it, which resolution may overrule.
   */
  readonly rejectedBy: 'auth_events' | 'state' | null;
}

/** Finds the events that were loaded; throws RangeError for one that was not. */
export function eventAt(events: ReadonlyMap<number, ResolvableEvent>, position: number): ResolvableEvent {
  const event = events.get(position);
  if (event === undefined) throw new RangeError(`The event at position ${position} has not been loaded.`);
  return event;
}

/** The key of state that an event sets; null for one that sets none. */
export function keyOf({ pdu }: StateEvent): string | null {
  return pdu.state_key === undefined ? null : stateKeyText(pdu.type, pdu.state_key);
}

/**
 * A power event might take away what somebody may do: power levels, join rules, and the removal or ban of somebody else.
 * https://spec.matrix.org/latest/rooms/v12/#definitions
 */
export function isPowerEvent({ pdu }: StateEvent): boolean {
  switch (pdu.type) {
    case 'm.room.power_levels':
    case 'm.room.join_rules':
      return pdu.state_key === '';
    case 'm.room.member': {
      const membership = membershipOf(pdu);
      return (membership === 'leave' || membership === 'ban') && pdu.sender !== pdu.state_key;
    }
    default:
      return false;
  }
}

/** The power of an event's sender by the event's own auth events; Infinity for a creator of a version 12 room. */
export function senderPower(event: StateEvent, authEvents: readonly StateEvent[], version: RoomVersion): number {
  const state = new Map(authEvents.map((cited) => [keyOf(cited), cited]));
  const levels = powerLevels({ get: (type, stateKey) => state.get(stateKeyText(type, stateKey)) }, version);
  return levels.user(event.pdu.sender);
}

/** The order of ids and times in which all orders end. Ids are ASCII, so code units compare as bytes do. */
export function isEarlier(a: ResolvableEvent, b: ResolvableEvent): boolean {
  const difference = a.pdu.origin_server_ts - b.pdu.origin_server_ts;
  return difference === 0 ? a.eventId < b.eventId : difference < 0;
}
