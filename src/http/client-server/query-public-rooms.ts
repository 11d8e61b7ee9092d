/** POST /publicRooms: the rooms of the public directory that somebody looks for. */
import { endpoint } from '../endpoint.ts';
import {
  DirectoryQuery,
  filterIn,
  PublicRoomsAnswer,
  readPublicRooms,
  refuseOtherServer,
} from '../public-directory.ts';

export const queryPublicRooms = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/publicRooms',
  auth: 'user',
  query: { server: 'one' },
  body: DirectoryQuery,
  summary: 'Lists the rooms of the public directory that match.',
  answer: PublicRoomsAnswer,
  errors: ['M_INVALID_PARAM', ['M_UNKNOWN', 502]],
  async handle({ db, identity }, { query, body }) {
    refuseOtherServer(query.server, identity.serverName);
    return readPublicRooms(db, body, filterIn(body));
  },
});
