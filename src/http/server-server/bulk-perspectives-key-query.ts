/** POST /key/v2/query: other servers' keys, as this one knows them. */
import { Type } from 'typebox';
import { parseServerName } from '../../matrix/identifiers.ts';
import { endpoint } from '../endpoint.ts';
import { keysOf, KeysOfServers } from './server-keys.ts';

const MAX_SERVERS = 100;

export const bulkPerspectivesKeyQuery = endpoint({
  summary: 'Tells the keys of servers, 100 at most, each with its signature and with that of this one.',
  method: 'POST',
  path: '/_matrix/key/v2/query',
  auth: 'none',
  body: Type.Object({
    server_keys: Type.Record(
      Type.String(),
      Type.Record(Type.String(), Type.Object({ minimum_valid_until_ts: Type.Optional(Type.Integer()) })),
    ),
  }),
  answer: KeysOfServers,
  errors: [],
  async handle(parts, { body }) {
    const asked = Object.entries(body.server_keys).flatMap(([name, wanted]) => {
      const server = parseServerName(name);
      const times = Object.values(wanted).flatMap((key) => key.minimum_valid_until_ts ?? []);
      return server === null ? [] : [[server, times.length === 0 ? parts.now() : Math.max(...times)] as const];
    });
    return { server_keys: await keysOf(parts, new Map(asked.slice(0, MAX_SERVERS))) };
  },
});
