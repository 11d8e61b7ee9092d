/** Every endpoint of the server-server API that is served. */
import { named, type Endpoint } from '../endpoint.ts';
import { getServerKey } from './get-server-key.ts';
import { getVersion } from './get-version.ts';
import { queryProfile } from './query-profile.ts';
import { sendInviteV1 } from './send-invite-v1.ts';
import { sendInviteV2 } from './send-invite-v2.ts';
import { sendTransaction } from './send-transaction.ts';

export const serverServerEndpoints: readonly Endpoint[] = named({
  getServerKey,
  getVersion,
  queryProfile,
  sendInviteV1,
  sendInviteV2,
  sendTransaction,
});
