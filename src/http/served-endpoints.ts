/** Every declared endpoint, whichever list it stands in. */
import { adminEndpoints } from './admin/index.ts';
import { clientServerEndpoints } from './client-server/index.ts';
import { draftEndpoints } from './drafts/index.ts';
import type { Endpoint } from './endpoint.ts';

export const servedEndpoints: readonly Endpoint[] = [...clientServerEndpoints, ...draftEndpoints, ...adminEndpoints];
