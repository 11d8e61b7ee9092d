/** GET /sync: what is new for a user, at once or as soon as there is something. */
import { Type } from 'typebox';
import { readFilter } from '../../accounts/filters.ts';
import type { Db } from '../../database/database.ts';
import type { Follower } from '../../log/follow.ts';
import type { UserId } from '../../matrix/identifiers.ts';
import { endpoint } from '../endpoint.ts';
import { noSuchFilter, parseInline } from './filter-json.ts';
import { readSyncFilter, wantsRoom, type SyncFilter } from './sync/filter.ts';
import { createQuickSync, type QuickSync } from './sync/quick-sync.ts';
import { nextBatch, readSync, type SyncNews } from './sync/read-sync.ts';
import { createSeats } from './sync/seats.ts';

const MAX_TIMEOUT_MS = 60_000;
const MAX_OPEN = 32;

const seats = createSeats(MAX_OPEN);
/** By the process' follower; a test may have several. */
const quickSyncs = new WeakMap<Follower, QuickSync>();

/**
 * Answers at once when there is something new, for a first sync and for a full state; otherwise waits up to `timeout`
 * for a commit that concerns the user. While it waits it costs no query.
 */
export const sync = endpoint({
  summary: 'Tells what is new, at once or as soon as there is something.',
  method: 'GET',
  path: '/_matrix/client/v3/sync',
  auth: 'user',
  query: {
    since: 'one',
    timeout: 'integer',
    full_state: 'boolean',
    filter: 'one',
    use_state_after: 'boolean',
    set_presence: 'one',
  },
  answer: Type.Object({
    next_batch: Type.String(),
    rooms: Type.Optional(Type.Object({})),
    account_data: Type.Optional(Type.Object({})),
    presence: Type.Optional(Type.Object({})),
    to_device: Type.Optional(Type.Object({})),
    device_lists: Type.Optional(Type.Object({})),
    device_one_time_keys_count: Type.Optional(Type.Object({})),
  }),
  errors: ['M_LIMIT_EXCEEDED'],
  async handle({ db, follower, now }, { query, caller, signal }) {
    const filter = await filterIn(db, caller.userId, query.filter);
    const { full_state: fullState = false, use_state_after: useStateAfter = false, timeout = 0 } = query;
    const deadline = now() + Math.min(timeout, MAX_TIMEOUT_MS);
    const { userId, deviceId } = caller;
    const since = query.since ?? null;
    const quick = quickSyncOf(follower);
    const seat = seats.take(userId, signal);
    const ended = seat.given;
    try {
      for (;;) {
        const mark = follower.mark();
        const request = { userId, deviceId, since, filter, fullState, useStateAfter, now: now() };
        const news = (await quick.read(db, request)) ?? (await readSync(db, request));
        quick.remember(userId, news, mark);
        const remaining = deadline - now();
        if (since === null || fullState || !news.isEmpty || remaining <= 0 || ended.aborted) return answer(news);
        const roomIds = new Set([...news.joined.keys()].filter((roomId) => wantsRoom(filter, roomId)));
        await follower.wait({ userId, roomIds }, { position: news.head, mark }, remaining, ended);
      }
    } finally {
      seat.leave();
    }
  },
});

/** The `filter` parameter: inline JSON, or the id of a stored filter. Throws M_INVALID_PARAM. */
async function filterIn(db: Db, userId: UserId, text: string | undefined): Promise<SyncFilter> {
  if (text === undefined) return readSyncFilter({});
  if (text.startsWith('{')) return readSyncFilter(parseInline(text));
  const stored = await readFilter(db, userId, text);
  if (stored === null) throw noSuchFilter();
  return readSyncFilter(stored);
}

function quickSyncOf(follower: Follower): QuickSync {
  const known = quickSyncs.get(follower) ?? createQuickSync(follower);
  quickSyncs.set(follower, known);
  return known;
}

function answer(news: SyncNews): object {
  return {
    next_batch: nextBatch(news),
    rooms: news.rooms,
    account_data: { events: news.account.events },
    presence: { events: [] },
    to_device: { events: [] },
    device_lists: { changed: [], left: [] },
    device_one_time_keys_count: {},
  };
}
