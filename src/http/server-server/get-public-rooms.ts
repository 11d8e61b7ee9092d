/** GET /publicRooms: the public directory, for other servers. */
import { endpoint } from '../endpoint.ts';
import { filterIn, PublicRoomsAnswer, readPublicRooms } from '../public-directory.ts';

export const getPublicRooms = endpoint({
  summary:
    'Lists the public directory, the largest rooms first, without rooms that are for users of this server alone.',
  method: 'GET',
  path: '/_matrix/federation/v1/publicRooms',
  auth: 'server',
  query: { limit: 'integer', since: 'one', include_all_networks: 'boolean', third_party_instance_id: 'one' },
  answer: PublicRoomsAnswer,
  errors: ['M_INVALID_PARAM'],
  async handle({ db }, { query: { third_party_instance_id: network, ...asked } }) {
    const filter = filterIn(network === undefined ? {} : { third_party_instance_id: network });
    return readPublicRooms(db, asked, filter, 'servers');
  },
});
