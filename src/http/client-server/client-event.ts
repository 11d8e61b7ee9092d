/** An event as clients get it: whole, or stripped for those who are not in the room yet. */
import type { ShownEvent } from '../../log/shown-events.ts';
import type { RoomId } from '../../matrix/identifiers.ts';
import type { JsonObject, JsonValue } from '../../matrix/json.ts';
import { stringIn, type Membership } from '../../matrix/pdu.ts';

export interface ClientEvent {
  readonly type: string;
  readonly state_key?: string;
  readonly sender: string;
  readonly content: JsonObject;
  /** Of a redaction, in every version; the content has it too. */
  readonly redacts?: string;
  readonly event_id: string;
  readonly origin_server_ts: number;
  /** Left out of a sync, where the room is the key; everywhere else also on create events, which since version 12 lack it. */
  readonly room_id?: RoomId;
  readonly unsigned: {
    /** Milliseconds since it was sent, by two servers' clocks. */
    readonly age: number;
    /** Under which the caller's device sent it; of other senders and devices nobody is told. */
    readonly transaction_id?: string;
    /** Of a state event: what it took the place of, its content as far as the reader may see it. */
    readonly prev_content?: JsonObject;
    readonly replaces_state?: string;
    /** The reader's own at the event. */
    readonly membership?: Membership;
    /** The redaction that took the event's words. */
    readonly redacted_because?: ClientEvent;
  };
}

export interface ClientEventOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly withRoomId: boolean;
  /** The reader's membership at the event, its own effect included. */
  readonly membership?: Membership;
  /** The state event that this one took the place of; without its content where the reader may not see it. */
  readonly replaced?: { readonly eventId: string; readonly content: JsonObject | null } | undefined;
  /** As transactionIds() of log/keyed-answers knows it of the caller's device. */
  readonly transactionId?: string | undefined;
}

/** An event with how it is told: what makes a client event, as an object or as its text. */
export interface ToldEvent {
  readonly event: ShownEvent;
  readonly options: ClientEventOptions;
}

/** The client event (client-server API, Room event format). Nothing of the federation's format, and no stripped state, gets out. */
export function clientEvent(event: ShownEvent, options: ClientEventOptions): ClientEvent {
  const target = targetOf(event);
  return {
    type: event.type,
    ...(event.stateKey === null ? {} : { state_key: event.stateKey }),
    sender: event.sender,
    content: target === null ? event.content : { ...event.content, redacts: target },
    ...(target === null ? {} : { redacts: target }),
    event_id: event.eventId,
    origin_server_ts: event.originServerTs,
    ...(options.withRoomId ? { room_id: event.roomId } : {}),
    unsigned: unsignedOf(event, options),
  };
}

export function asClientEvent({ event, options }: ToldEvent): ClientEvent {
  return clientEvent(event, options);
}

/** Its JSON text, for which the content is not parsed. */
export function clientEventText(event: ShownEvent, options: ClientEventOptions): string {
  const { type, stateKey, sender, eventId, originServerTs, roomId } = event;
  const target = targetOf(event);
  const content = target === null ? event.contentText : JSON.stringify({ ...event.content, redacts: target });
  return `{"type":${JSON.stringify(type)}${stateKey === null ? '' : `,"state_key":${JSON.stringify(stateKey)}`},"sender":${JSON.stringify(
    sender,
  )},"content":${content}${target === null ? '' : `,"redacts":${JSON.stringify(target)}`},"event_id":${JSON.stringify(
    eventId,
  )},"origin_server_ts":${originServerTs}${options.withRoomId ? `,"room_id":${JSON.stringify(roomId)}` : ''},"unsigned":${JSON.stringify(
    unsignedOf(event, options),
  )}}`;
}

function unsignedOf(
  { redactedBecause, originServerTs }: ShownEvent,
  { now, withRoomId, membership, replaced, transactionId }: ClientEventOptions,
): ClientEvent['unsigned'] {
  const before = replaced && {
    // A redacted event says nothing of what was there before it either.
    ...(replaced.content && redactedBecause === null ? { prev_content: replaced.content } : {}),
    replaces_state: replaced.eventId,
  };
  return {
    age: Math.max(0, now - originServerTs),
    ...(transactionId === undefined ? {} : { transaction_id: transactionId }),
    ...before,
    ...(membership === undefined ? {} : { membership }),
    ...(redactedBecause === null ? {} : { redacted_because: clientEvent(redactedBecause, { now, withRoomId }) }),
  };
}

// A redaction names its target at the top before version 11 and in its content since: old clients look for it in the one
// place, new ones in the other.
function targetOf(event: ShownEvent): string | null {
  if (event.type !== 'm.room.redaction') return null;
  return stringIn(event.content, 'redacts') ?? (event.erased ? null : event.redacts);
}

/** Four keys; on the create event of a version 12 room the time as well, which its room id is made of (MSC4311). */
export function strippedEvent(event: ShownEvent, roomVersion: string): Readonly<Record<string, JsonValue>> {
  const timed = event.type === 'm.room.create' && roomVersion === '12';
  return {
    type: event.type,
    state_key: event.stateKey ?? '',
    sender: event.sender,
    content: event.content,
    ...(timed ? { origin_server_ts: event.originServerTs } : {}),
  };
}
