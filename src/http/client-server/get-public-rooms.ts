/** GET /publicRooms: the public directory, the largest rooms first. */
import { endpoint } from '../endpoint.ts';
import { PublicRoomsAnswer, readPublicRooms, refuseOtherServer } from '../public-directory.ts';

export const getPublicRooms = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/publicRooms',
  auth: 'none',
  query: { limit: 'integer', since: 'one', server: 'one' },
  summary: 'Lists the public directory, the largest rooms first.',
  answer: PublicRoomsAnswer,
  errors: ['M_INVALID_PARAM', ['M_UNKNOWN', 502]],
  async handle({ db, identity }, { query }) {
    refuseOtherServer(query.server, identity.serverName);
    return readPublicRooms(db, query, { words: '', types: null });
  },
});
