/** GET /publicRooms: the public directory, the largest rooms first. */
import { endpoint } from '../endpoint.ts';
import { otherServer, PublicRoomsAnswer, readPublicRooms } from '../public-directory.ts';
import { remoteDirectory } from './remote-directory.ts';

export const getPublicRooms = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/publicRooms',
  auth: 'none',
  query: { limit: 'integer', since: 'one', server: 'one' },
  summary: 'Lists the public directory, the largest rooms first.',
  answer: PublicRoomsAnswer,
  errors: ['M_INVALID_PARAM', 'M_LIMIT_EXCEEDED', ['M_UNKNOWN', 502]],
  async handle(parts, { query, signal }) {
    const { db, identity } = parts;
    const { server, ...asked } = query;
    const other = otherServer(server, identity.serverName);
    if (other !== null) return remoteDirectory(parts, other, asked, signal);
    return readPublicRooms(db, query, { words: '', types: null });
  },
});
