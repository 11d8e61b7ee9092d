/** GET /key/v2/query: another server's keys, as this one knows them. */
import { MatrixError } from '../../matrix/errors.ts';
import { parseServerName } from '../../matrix/identifiers.ts';
import { endpoint } from '../endpoint.ts';
import { keysOf, KeysOfServers } from './server-keys.ts';

export const perspectivesKeyQuery = endpoint({
  summary: 'Tells the keys of a server, with its signature and with that of this one.',
  method: 'GET',
  path: '/_matrix/key/v2/query/:serverName',
  auth: 'none',
  query: { minimum_valid_until_ts: 'integer' },
  answer: KeysOfServers,
  errors: [],
  async handle(parts, { params, query }) {
    const server = parseServerName(params.serverName);
    if (server === null) throw new MatrixError('M_INVALID_PARAM', 'This is not a server name.');
    const until = query.minimum_valid_until_ts ?? parts.now();
    return { server_keys: await keysOf(parts, new Map([[server, until]])) };
  },
});
