/** Evidence of events from elsewhere: in which order it can be stored, and what an event's own auth events say against it. */
import type { EventSlot, Outlier } from '../../log/judged-pdu.ts';
import type { StoredEvidence } from '../../log/evidence-queries.ts';
import { checkAuthEvents, checkRules } from '../../matrix/event-auth.ts';
import { createIdOfRoom } from '../../matrix/hashes.ts';
import type { EventId, RoomId, ServerName } from '../../matrix/identifiers.ts';
import type { PduFields } from '../../matrix/pdu.ts';
import { reject, type Rejection } from '../../matrix/rejection.ts';
import type { RoomState, StateEvent } from '../../matrix/room-state.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { createBreather } from '../breather.ts';
import { refusedNames, type CheckedPdu } from './receive-checks.ts';

/** An event of the room that others may cite. */
export interface Citable extends StateEvent {
  readonly slot: EventSlot;
  /** Its own auth events refuse it. */
  readonly rejected: boolean;
}

/** What is known of the events that are cited. */
export interface CitedEvents {
  /** Of the room: stored, or stored together with what cites it. */
  readonly known: ReadonlyMap<EventId, Citable | StoredEvidence>;
  /** Events of other rooms. */
  readonly elsewhere: ReadonlySet<EventId>;
}

export interface Evidence {
  /** Position 0 stands for an event of another room. */
  readonly auth: readonly EventSlot[];
  readonly rejection: Rejection | null;
}

/** The events that an event's evidence rests on: what it cites and, since version 12, the room's create event. */
export function restsOn(pdu: PduFields, roomId: RoomId, version: RoomVersion): readonly EventId[] {
  if (pdu.type === 'm.room.create' || !version.roomIdIsCreateHash) return pdu.auth_events;
  return [...pdu.auth_events, createIdOfRoom(roomId)];
}

/**
 * Orders events so that each comes after those of them that it rests on. Left out is what rests on something that is
 * neither among them nor `had` already, in a circle too. No recursion: chains are as deep as others like.
 */
export async function inAuthOrder(
  events: Iterable<CheckedPdu>,
  version: RoomVersion,
  had: (id: EventId) => boolean,
): Promise<readonly CheckedPdu[]> {
  const breathe = createBreather();
  const byId = new Map([...events].map((event) => [event.eventId, event]));
  const waitsFor = new Map<EventId, number>();
  const citers = new Map<EventId, CheckedPdu[]>();
  const ready: CheckedPdu[] = [];
  for (const event of byId.values()) {
    const open = new Set(restsOn(event.pdu, event.roomId, version).filter((id) => !had(id)));
    waitsFor.set(event.eventId, open.size);
    if (open.size === 0) ready.push(event);
    for (const id of open) {
      const known = citers.get(id);
      if (known === undefined) citers.set(id, [event]);
      else known.push(event);
    }
    await breathe();
  }
  for (let n = 0; n < ready.length; n += 1) {
    for (const citer of citers.get(ready[n]!.eventId) ?? []) {
      const left = waitsFor.get(citer.eventId)! - 1;
      waitsFor.set(citer.eventId, left);
      if (left === 0) ready.push(citer);
    }
    await breathe();
  }
  return ready;
}

/** Judges an event on what it cites (4). Null: something that it rests on is not known. */
export function judgeEvidence(
  { pdu, roomId }: { readonly pdu: PduFields; readonly roomId: RoomId },
  version: RoomVersion,
  { known, elsewhere }: CitedEvents,
): Evidence | null {
  if (restsOn(pdu, roomId, version).some((id) => !known.has(id) && !elsewhere.has(id))) return null;
  const auth = pdu.auth_events.map((id) => known.get(id)?.slot ?? { eventId: id, position: 0 });
  const cited = pdu.auth_events.flatMap((id) => known.get(id) ?? []);
  const rejection =
    refusedNames(pdu) ??
    (cited.length < pdu.auth_events.length
      ? reject('auth_events.other_room', 'auth_events lists an event of another room.')
      : (checkAuthEvents(pdu, version, cited) ??
        checkRules(pdu, version, stateOf(pdu, roomId, version, cited, known))));
  return { auth, rejection };
}

function stateOf(
  pdu: PduFields,
  roomId: RoomId,
  version: RoomVersion,
  cited: readonly StateEvent[],
  known: CitedEvents['known'],
): RoomState {
  // Since version 12 the create event is never cited: the room id stands for it. One that was refused is no create event.
  const create = version.roomIdIsCreateHash ? known.get(createIdOfRoom(roomId)) : undefined;
  const state = create === undefined || create.rejected ? cited : [create, ...cited];
  return { get: (type, key) => state.find((event) => event.pdu.type === type && event.pdu.state_key === key) };
}

/** Evidence of the events, in the order given, as it is to be stored; what rests on something unknown is left out. */
export function outliersOf(
  events: readonly CheckedPdu[],
  { version, origin }: { readonly version: RoomVersion; readonly origin: ServerName },
  cited: CitedEvents,
): readonly Outlier[] {
  const known = new Map(cited.known);
  const outliers: Outlier[] = [];
  for (const event of events) {
    const { eventId, roomId, pdu } = event;
    if (known.has(eventId)) continue;
    const evidence = judgeEvidence(event, version, { known, elsewhere: cited.elsewhere });
    if (evidence === null) continue;
    const slot = { eventId, position: 0 };
    const { auth, rejection } = evidence;
    known.set(eventId, { eventId, pdu, slot, rejected: rejection !== null });
    outliers.push({ slot, roomId, version, origin, auth, authRejection: rejection?.rule ?? null, pdu });
  }
  return outliers;
}
