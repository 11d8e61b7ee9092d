/** GET /sync: what is new for a user, at once or as soon as there is something. */
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { parseSyncFilter, wantsRoom } from './sync/filter.ts';
import { nextBatch, readSync, type SyncNews } from './sync/read-sync.ts';
import { createSeats } from './sync/seats.ts';

const MAX_TIMEOUT_MS = 60_000;
const MAX_OPEN = 32;

const seats = createSeats(MAX_OPEN);

/**
 * Answers at once when there is something new, for a first sync and for a full state; otherwise waits up to `timeout`
 * for a commit that concerns the user. While it waits it costs no query.
 */
export const sync = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/sync',
  auth: 'user',
  query: {
    since: 'one',
    timeout: 'one',
    full_state: 'one',
    filter: 'one',
    use_state_after: 'one',
    set_presence: 'one',
  },
  async handle({ db, follower, now }, { query, caller, signal }) {
    const filter = parseSyncFilter(query.filter);
    const fullState = flagIn('full_state', query.full_state);
    const useStateAfter = flagIn('use_state_after', query.use_state_after);
    const deadline = now() + timeoutIn(query.timeout);
    const { userId } = caller;
    const since = query.since ?? null;
    const seat = seats.take(userId);
    const ended = AbortSignal.any([signal, seat.given]);
    try {
      for (;;) {
        const news = await readSync(db, { userId, since, filter, fullState, useStateAfter, now: now() });
        const remaining = deadline - now();
        if (since === null || fullState || !news.isEmpty || remaining <= 0 || ended.aborted) return answer(news);
        const roomIds = new Set([...news.joinedRoomIds].filter((roomId) => wantsRoom(filter, roomId)));
        await follower.wait({ userId, roomIds }, news.head, remaining, ended);
      }
    } finally {
      seat.leave();
    }
  },
});

function answer(news: SyncNews): object {
  return {
    next_batch: nextBatch(news),
    rooms: news.rooms,
    account_data: { events: [] },
    presence: { events: [] },
    to_device: { events: [] },
    device_lists: { changed: [], left: [] },
    device_one_time_keys_count: {},
  };
}

function flagIn(name: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new MatrixError('M_INVALID_PARAM', `${name} is true or false.`);
}

function timeoutIn(value: string | undefined): number {
  if (value === undefined) return 0;
  if (!/^[0-9]{1,15}$/.test(value)) throw new MatrixError('M_INVALID_PARAM', 'timeout is a number of milliseconds.');
  return Math.min(Number(value), MAX_TIMEOUT_MS);
}
