/** Every endpoint of the server-server API that is served, on a listener of its own. */
import { named, type Endpoint } from '../endpoint.ts';
import { getServerKey } from './get-server-key.ts';
import { getVersion } from './get-version.ts';

export const serverServerEndpoints: readonly Endpoint[] = named({ getServerKey, getVersion });
