/** Every endpoint of the server-server API that is served. */
import { named, type Endpoint } from '../endpoint.ts';
import { backfillRoom } from './backfill-room.ts';
import { bulkPerspectivesKeyQuery } from './bulk-perspectives-key-query.ts';
import { claimUserEncryptionKeys } from './claim-user-encryption-keys.ts';
import { getEvent } from './get-event.ts';
import { getEventAuth } from './get-event-auth.ts';
import { getMissingPreviousEvents } from './get-missing-previous-events.ts';
import { getPublicRooms } from './get-public-rooms.ts';
import { getRoomState } from './get-room-state.ts';
import { getRoomStateIds } from './get-room-state-ids.ts';
import { getServerKey } from './get-server-key.ts';
import { getSpaceHierarchy } from './get-space-hierarchy.ts';
import { getUserDevices } from './get-user-devices.ts';
import { getVersion } from './get-version.ts';
import { getWellKnown } from './get-well-known.ts';
import { makeJoin } from './make-join.ts';
import { makeKnock } from './make-knock.ts';
import { makeLeave } from './make-leave.ts';
import { perspectivesKeyQuery } from './perspectives-key-query.ts';
import { queryProfile } from './query-profile.ts';
import { queryPublicRooms } from './query-public-rooms.ts';
import { queryRoomDirectory } from './query-room-directory.ts';
import { queryUserEncryptionKeys } from './query-user-encryption-keys.ts';
import { sendInviteV1 } from './send-invite-v1.ts';
import { sendInviteV2 } from './send-invite-v2.ts';
import { sendJoinV1 } from './send-join-v1.ts';
import { sendJoinV2 } from './send-join-v2.ts';
import { sendKnock } from './send-knock.ts';
import { sendLeaveV1 } from './send-leave-v1.ts';
import { sendLeaveV2 } from './send-leave-v2.ts';
import { sendTransaction } from './send-transaction.ts';

/** What other servers ask before they know where to: wherever clients ask, too. */
export const wellKnownEndpoints: readonly Endpoint[] = named({ getWellKnown });

export const serverServerEndpoints: readonly Endpoint[] = named({
  backfillRoom,
  bulkPerspectivesKeyQuery,
  claimUserEncryptionKeys,
  getEvent,
  getEventAuth,
  getMissingPreviousEvents,
  getPublicRooms,
  getRoomState,
  getRoomStateIds,
  getServerKey,
  getSpaceHierarchy,
  getUserDevices,
  getVersion,
  getWellKnown,
  makeJoin,
  makeKnock,
  makeLeave,
  perspectivesKeyQuery,
  queryProfile,
  queryPublicRooms,
  queryRoomDirectory,
  queryUserEncryptionKeys,
  sendInviteV1,
  sendInviteV2,
  sendJoinV1,
  sendJoinV2,
  sendKnock,
  sendLeaveV1,
  sendLeaveV2,
  sendTransaction,
});
