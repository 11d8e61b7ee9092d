/** Which versions of the specification are spoken. */
import { endpoint } from '../endpoint.ts';

const VERSIONS = ['r0.6.1', ...Array.from({ length: 16 }, (_, minor) => `v1.${minor + 1}`)];

export const getVersions = endpoint({
  method: 'GET',
  path: '/_matrix/client/versions',
  auth: 'optional',
  handle: () => ({ versions: VERSIONS, unstable_features: {} }),
});
