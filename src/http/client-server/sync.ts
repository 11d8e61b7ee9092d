/** GET /sync: what is new for a user, at once or as soon as there is something. */
import { Type } from 'typebox';
import { createEnding, endNow } from '../../log/follow.ts';
import { endpoint, inPieces } from '../endpoint.ts';
import { syncTexts } from './sync/answer.ts';
import { filterIn } from './sync/filter-in.ts';
import { runSync } from './sync/run-sync.ts';

/** The common requests among these are answered by sync/poll-door.ts, in the same words. */
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
  async handle(parts, { query, caller, signal }) {
    const { userId, deviceId } = caller;
    const filter = await filterIn(parts.db, userId, query.filter);
    const { full_state: fullState = false, use_state_after: useStateAfter = false, timeout = 0 } = query;
    const ask = { userId, deviceId, since: query.since ?? null, filter, fullState, useStateAfter, timeout };
    const ending = createEnding();
    if (signal.aborted) endNow(ending);
    signal.addEventListener('abort', () => endNow(ending), { once: true });
    return inPieces(syncTexts(await runSync(parts, ask, ending)));
  },
});
