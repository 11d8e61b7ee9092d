/** POST /publicRooms: the rooms of the public directory that somebody looks for. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { PublicRoomsAnswer, readPublicRooms, refuseOtherServer } from './public-directory.ts';

const MAX_WORDS = 255;

const Body = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  since: Type.Optional(Type.String()),
  filter: Type.Optional(
    Type.Object({
      generic_search_term: Type.Optional(Type.String()),
      room_types: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Null()]), { maxItems: 100 })),
    }),
  ),
  include_all_networks: Type.Optional(Type.Boolean()),
  third_party_instance_id: Type.Optional(Type.String()),
});

export const queryPublicRooms = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/publicRooms',
  auth: 'user',
  query: { server: 'one' },
  body: Body,
  summary: 'Lists the rooms of the public directory that match.',
  answer: PublicRoomsAnswer,
  errors: ['M_INVALID_PARAM', ['M_UNKNOWN', 502]],
  async handle({ db, identity }, { query, body }) {
    refuseOtherServer(query.server, identity.serverName);
    if (body.third_party_instance_id !== undefined) {
      throw new MatrixError('M_INVALID_PARAM', 'This server is joined to no third-party network.');
    }
    const { generic_search_term: term = '', room_types: types = null } = body.filter ?? {};
    return readPublicRooms(db, body, { words: term.trim().slice(0, MAX_WORDS), types });
  },
});
