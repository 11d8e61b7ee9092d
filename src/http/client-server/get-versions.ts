/** Which versions of the specification are spoken. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

const VERSIONS = ['r0.6.1', ...Array.from({ length: 16 }, (_, minor) => `v1.${minor + 1}`)];

export const getVersions = endpoint({
  summary: 'Tells which versions of the specification are spoken.',
  method: 'GET',
  path: '/_matrix/client/versions',
  auth: 'optional',
  answer: Type.Object({
    versions: Type.Array(Type.String()),
    unstable_features: Type.Record(Type.String(), Type.Boolean()),
  }),
  errors: [],
  handle: () => ({ versions: VERSIONS, unstable_features: {} }),
});
