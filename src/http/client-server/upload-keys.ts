/** POST /keys/upload: no keys of encryption are kept here, and a client that gives some must know. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

const Keys = Type.Optional(Type.Object({}));

export const uploadKeys = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/upload',
  auth: 'user',
  body: Type.Object({ device_keys: Keys, one_time_keys: Keys, fallback_keys: Keys }),
  summary: 'Tells that no keys are kept; giving some is refused.',
  errors: ['M_FORBIDDEN'],
  answer: Type.Object({ one_time_key_counts: Type.Object({}) }),
  handle(_parts, { body: { device_keys = {}, one_time_keys = {}, fallback_keys = {} } }) {
    if ([device_keys, one_time_keys, fallback_keys].some((keys) => Object.keys(keys).length > 0))
      throw new MatrixError('M_FORBIDDEN', 'This server keeps no encryption keys.');
    return { one_time_key_counts: {} };
  },
});
