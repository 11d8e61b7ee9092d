/** What this server is, for whoever asks. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { PROGRAM } from '../version.ts';

export const getVersion = endpoint({
  summary: 'Tells the name and version of the program.',
  method: 'GET',
  path: '/_matrix/federation/v1/version',
  auth: 'none',
  answer: Type.Object({ server: Type.Object({ name: Type.String(), version: Type.String() }) }),
  errors: [],
  handle: () => ({ server: { name: 'Vestibule', version: PROGRAM.version } }),
});
