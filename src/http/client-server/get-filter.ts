/** GET /user/{userId}/filter/{filterId}. */
import { Type } from 'typebox';
import { readFilter } from '../../accounts/filters.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { ownUserId } from './own-account.ts';

export const getFilter = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/user/:userId/filter/:filterId',
  auth: 'user',
  summary: 'A stored filter.',
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND'],
  answer: Type.Object({}),
  async handle({ db }, { params, caller }) {
    const filter = await readFilter(db, ownUserId(caller, params.userId), params.filterId);
    if (filter === null) throw new MatrixError('M_NOT_FOUND', 'There is no such filter.');
    return filter;
  },
});
