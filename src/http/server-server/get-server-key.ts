/** The keys that this server signs with, for other servers to verify its requests and events. */
import { endpoint } from '../endpoint.ts';
import { OwnKeys, ownKeys } from './server-keys.ts';

export const getServerKey = endpoint({
  summary: 'Tells the keys of this server, signed by the one in use.',
  method: 'GET',
  path: '/_matrix/key/v2/server',
  // Older servers name a key, and are told all the same.
  aliases: ['/_matrix/key/v2/server/:keyId'],
  auth: 'none',
  answer: OwnKeys,
  errors: [],
  handle: (parts) => ownKeys(parts),
});
