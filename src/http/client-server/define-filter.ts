/** POST /user/{userId}/filter: stores a filter for syncs. */
import { Type } from 'typebox';
import { storeFilter } from '../../accounts/filters.ts';
import { endpoint } from '../endpoint.ts';
import { ownUserId } from './own-account.ts';
import { readSyncFilter } from './sync/filter.ts';

export const defineFilter = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/user/:userId/filter',
  auth: 'user',
  body: Type.Object({}),
  summary: 'Stores a filter; the same filter has the same id.',
  errors: ['M_FORBIDDEN'],
  answer: Type.Object({ filter_id: Type.String() }),
  async handle({ db }, { params, body, caller }) {
    const userId = ownUserId(caller, params.userId);
    readSyncFilter(body, 'M_BAD_JSON');
    return { filter_id: await storeFilter(db, userId, body) };
  },
});
