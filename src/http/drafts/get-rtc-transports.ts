/** GET /rtc/transports (MSC4143): there is no server for calls here. matrix-js-sdk asks at every start. */
import { endpoint } from '../endpoint.ts';

export const getRtcTransports = endpoint({
  method: 'GET',
  path: '/_matrix/client/unstable/org.matrix.msc4143/rtc/transports',
  auth: 'user',
  summary: 'No servers for calls: an empty list.',
  handle: () => ({ rtc_transports: [] }),
});
