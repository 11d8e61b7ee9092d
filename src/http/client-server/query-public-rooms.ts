/** POST /publicRooms: the rooms of the public directory that somebody looks for. */
import { endpoint } from '../endpoint.ts';
import { DirectoryQuery, filterIn, otherServer, PublicRoomsAnswer, readPublicRooms } from '../public-directory.ts';
import { remoteDirectory } from './remote-directory.ts';

export const queryPublicRooms = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/publicRooms',
  auth: 'user',
  query: { server: 'one' },
  body: DirectoryQuery,
  summary: 'Lists the rooms of the public directory that match.',
  answer: PublicRoomsAnswer,
  errors: ['M_INVALID_PARAM', 'M_LIMIT_EXCEEDED', ['M_UNKNOWN', 502]],
  async handle(parts, { query, body, signal }) {
    const { db, identity } = parts;
    const { limit, since, filter } = body;
    const other = otherServer(query.server, identity.serverName);
    if (other !== null) return remoteDirectory(parts, other, { limit, since, filter }, signal);
    return readPublicRooms(db, body, filterIn(body));
  },
});
