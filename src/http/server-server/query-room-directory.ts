/** GET /query/directory: where an alias of this server leads. */
import { Type } from 'typebox';
import { aliasNamed, serversInRoom } from '../../directory/aliases.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomAlias, serverOf } from '../../matrix/identifiers.ts';
import { endpoint } from '../endpoint.ts';

const MAX_SERVERS = 100;

export const queryRoomDirectory = endpoint({
  summary: 'Tells where an alias of this server leads, and the servers that are there.',
  method: 'GET',
  path: '/_matrix/federation/v1/query/directory',
  auth: 'server',
  query: { room_alias: 'needed' },
  answer: Type.Object({ room_id: Type.String(), servers: Type.Array(Type.String()) }),
  errors: ['M_INVALID_PARAM', 'M_NOT_FOUND'],
  async handle({ db, identity: { serverName } }, { query: { room_alias } }) {
    const alias = parseRoomAlias(room_alias);
    if (alias === null || serverOf(alias) !== serverName)
      throw new MatrixError('M_INVALID_PARAM', 'room_alias is none of this server.');
    const found = await aliasNamed(db, alias);
    if (found === null) throw new MatrixError('M_NOT_FOUND', 'There is no such alias.');
    const inRoom = await serversInRoom(db, found.roomId, MAX_SERVERS);
    return { room_id: found.roomId, servers: [...new Set([serverName, ...inRoom])] };
  },
});
