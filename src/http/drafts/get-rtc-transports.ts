/** GET /rtc/transports (MSC4143): there is no server for calls here. matrix-js-sdk asks at every start. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getRtcTransports = endpoint({
  method: 'GET',
  path: '/_matrix/client/unstable/org.matrix.msc4143/rtc/transports',
  auth: 'user',
  summary: 'No servers for calls: an empty list.',
  answer: Type.Object({ rtc_transports: Type.Array(Type.Object({})) }),
  errors: [],
  handle: () => ({ rtc_transports: [] }),
});
