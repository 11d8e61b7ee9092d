/** The answer of a sync, as an object and as its text. */
import { nextBatch, type SyncNews } from './read-sync.ts';
import type { JoinedNews } from './room-news.ts';

const NOTHING_ELSE = {
  presence: { events: [] },
  to_device: { events: [] },
  device_lists: { changed: [], left: [] },
  device_one_time_keys_count: {},
} as const;

export function syncAnswer(news: SyncNews): object {
  const { rooms, account } = news;
  return { next_batch: nextBatch(news), rooms, account_data: { events: account.events }, ...NOTHING_ELSE };
}

/** By the news of a room: one object is told to all whom a commit woke. */
const texts = new WeakMap<JoinedNews, string>();

const REST = JSON.stringify(NOTHING_ELSE).slice(1);

/** The JSON text of {@link syncAnswer}; what is news to many is spelt once. */
export function syncText(news: SyncNews): string {
  const { rooms, account } = news;
  const joined = Object.entries(rooms.join).map(([roomId, told]) => `${JSON.stringify(roomId)}:${textOf(told)}`);
  const { join: _join, ...others } = rooms;
  return `{"next_batch":${JSON.stringify(nextBatch(news))},"rooms":{"join":{${joined.join(',')}},${JSON.stringify(others).slice(1)},"account_data":{"events":${JSON.stringify(account.events)}},${REST}`;
}

function textOf(told: JoinedNews): string {
  const text = texts.get(told) ?? JSON.stringify(told);
  texts.set(told, text);
  return text;
}
