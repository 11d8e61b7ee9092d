/** The answer of a sync as JSON text: whole, or in pieces. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { clientEventText, type ToldEvent } from '../client-event.ts';
import { nextBatch, type SyncNews } from './read-sync.ts';
import type { JoinedNews, RoomNews } from './room-news.ts';

const NOTHING_ELSE = {
  presence: { events: [] },
  to_device: { events: [] },
  device_lists: { changed: [], left: [] },
  device_one_time_keys_count: {},
} as const;

const REST = JSON.stringify(NOTHING_ELSE).slice(1);

/** Characters. */
const PIECE = 32_768;

export function syncText(news: SyncNews): string {
  return [...parts(news)].join('');
}

/** The same in pieces, between which other requests get their turn. */
export async function* syncTexts(news: SyncNews): AsyncGenerator<string> {
  let piece = '';
  for (const part of parts(news)) {
    piece += part;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
    await nextTurn();
  }
  yield piece;
}

function* parts(news: SyncNews): Generator<string> {
  const { join, leave, invite, knock } = news.rooms;
  yield `{"next_batch":${JSON.stringify(nextBatch(news))},"rooms":{"join":{`;
  yield* named(join, textOf);
  yield `},"invite":${JSON.stringify(invite)},"knock":${JSON.stringify(knock)},"leave":{`;
  yield* named(leave, (room) => `{${roomText(room)}}`);
  yield `}},"account_data":{"events":${JSON.stringify(news.account.events)}},${REST}`;
}

function* named<T extends object>(rooms: Readonly<Record<string, T>>, spell: (room: T) => string): Generator<string> {
  let before = '';
  for (const [roomId, room] of Object.entries(rooms)) {
    yield `${before}${JSON.stringify(roomId)}:${spell(room)}`;
    before = ',';
  }
}

/** By the news of a room: one object is told to all whom a commit woke, and spelt once. */
const texts = new WeakMap<JoinedNews, string>();

function textOf(told: JoinedNews): string {
  const text = texts.get(told) ?? joinedText(told);
  texts.set(told, text);
  return text;
}

function joinedText(told: JoinedNews): string {
  const { summary, ephemeral, unread_notifications } = told;
  return `{${roomText(told)},${JSON.stringify({ summary, ephemeral, unread_notifications }).slice(1)}`;
}

function roomText({ timeline, state, state_after, account_data }: RoomNews): string {
  const { events, limited, prev_batch } = timeline;
  const rest = JSON.stringify({ limited, prev_batch }).slice(1);
  const states = [
    ['state', state],
    ['state_after', state_after],
  ] as const;
  const told = states.map(([key, one]) => (one === undefined ? '' : `"${key}":{"events":${eventsText(one.events)}},`));
  return `"timeline":{"events":${eventsText(events)},${rest},${told.join('')}"account_data":${JSON.stringify(account_data)}`;
}

function eventsText(events: readonly ToldEvent[]): string {
  return `[${events.map(({ event, options }) => clientEventText(event, options)).join(',')}]`;
}
