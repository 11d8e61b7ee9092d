/** The keys that this server signs with, for other servers to verify its requests and events. */
import { Type } from 'typebox';
import { publishedKeys } from '../../matrix/server-keys.ts';
import { endpoint } from '../endpoint.ts';

const VALID_MS = 86_400_000;

const Keys = Type.Record(Type.String(), Type.Object({ key: Type.String() }));
const OldKeys = Type.Record(Type.String(), Type.Object({ key: Type.String(), expired_ts: Type.Integer() }));

export const getServerKey = endpoint({
  summary: 'Tells the keys of this server, signed by the one in use.',
  method: 'GET',
  path: '/_matrix/key/v2/server',
  // Older servers name a key, and are told all the same.
  aliases: ['/_matrix/key/v2/server/:keyId'],
  auth: 'none',
  answer: Type.Object({
    server_name: Type.String(),
    verify_keys: Keys,
    old_verify_keys: OldKeys,
    valid_until_ts: Type.Integer(),
    signatures: Type.Record(Type.String(), Type.Record(Type.String(), Type.String())),
  }),
  errors: [],
  handle: ({ identity, now }) => publishedKeys(identity, now() + VALID_MS),
});
