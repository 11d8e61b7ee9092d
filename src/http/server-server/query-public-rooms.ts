/** POST /publicRooms: the rooms of the public directory that another server looks for. */
import { endpoint } from '../endpoint.ts';
import { DirectoryQuery, filterIn, PublicRoomsAnswer, readPublicRooms } from '../public-directory.ts';

export const queryPublicRooms = endpoint({
  summary: 'Lists the rooms of the public directory that match, without those that are for users of this server alone.',
  method: 'POST',
  path: '/_matrix/federation/v1/publicRooms',
  auth: 'server',
  body: DirectoryQuery,
  answer: PublicRoomsAnswer,
  errors: ['M_INVALID_PARAM'],
  handle: ({ db }, { body }) => readPublicRooms(db, body, filterIn(body), 'servers'),
});
