/** A client event as an object and as its text. */
import { expect, it } from 'vitest';
import { clientEvent, clientEventText, type ClientEventOptions } from '../../../src/http/client-server/client-event.ts';
import type { ShownEvent } from '../../../src/log/shown-events.ts';
import type { EventId, RoomId, UserId } from '../../../src/matrix/identifiers.ts';

const shown = (text: string, more: Partial<ShownEvent> = {}): ShownEvent => ({
  roomId: '!"room":here' as RoomId,
  position: 7,
  eventId: '$event' as EventId,
  type: 'm.room.message',
  stateKey: null,
  sender: '@kim:here' as UserId,
  originServerTs: 1_000,
  content: JSON.parse(text),
  contentText: text,
  redacts: null,
  erased: false,
  redactedBecause: null,
  withheld: false,
  ...more,
});

const redaction = shown('{"reason":"no"}', { type: 'm.room.redaction', redacts: '$event' });
const events: Readonly<Record<string, ShownEvent>> = {
  'a message': shown('{"body":"\\u0000 \\" {","m.mentions":{}}'),
  state: shown('{"name":"x"}', { type: 'm.room.name "', stateKey: '' }),
  'a redaction that names its target at the top': redaction,
  'a redaction that names its target in its content': shown('{"redacts":"$other"}', {
    type: 'm.room.redaction',
    redacts: '$other',
  }),
  'a redaction without words': shown('{}', { type: 'm.room.redaction', redacts: '$event', erased: true }),
  'a redacted event': shown('{}', { erased: true, redactedBecause: redaction }),
};
const prev = { eventId: '$before', content: { name: 'before' } };
const options: readonly ClientEventOptions[] = [
  { now: 5_000, withRoomId: true },
  { now: 0, withRoomId: false, membership: 'join', transactionId: 't"1', replaced: prev },
  { now: 5_000, withRoomId: false, replaced: { ...prev, content: null } },
];

it.each(Object.entries(events))('%s is the same as an object and as text', (_name, event) => {
  for (const one of options) expect(JSON.parse(clientEventText(event, one))).toEqual(clientEvent(event, one));
});
