/** Every endpoint of the client-server API that is served. */
import { named, type Endpoint } from '../endpoint.ts';
import { ban } from './ban.ts';
import { changePassword } from './change-password.ts';
import { checkUsernameAvailability } from './check-username-availability.ts';
import { claimKeys } from './claim-keys.ts';
import { createRoom } from './create-room.ts';
import { deactivateAccount } from './deactivate-account.ts';
import { defineFilter } from './define-filter.ts';
import { deleteDevice } from './delete-device.ts';
import { deleteDevices } from './delete-devices.ts';
import { deleteProfileField } from './delete-profile-field.ts';
import { deletePushRule } from './delete-push-rule.ts';
import { deleteRoomAlias } from './delete-room-alias.ts';
import { deleteRoomTag } from './delete-room-tag.ts';
import { forgetRoom } from './forget-room.ts';
import { getAccountData } from './get-account-data.ts';
import { getAccountDataPerRoom } from './get-account-data-per-room.ts';
import { getAccount3Pids } from './get-account3-pids.ts';
import { getCapabilities } from './get-capabilities.ts';
import { getDevice } from './get-device.ts';
import { getDevices } from './get-devices.ts';
import { getEventContext } from './get-event-context.ts';
import { getFilter } from './get-filter.ts';
import { getJoinedMembersByRoom } from './get-joined-members-by-room.ts';
import { getJoinedRooms } from './get-joined-rooms.ts';
import { getKeysChanges } from './get-keys-changes.ts';
import { getLocalAliases } from './get-local-aliases.ts';
import { getLoginFlows } from './get-login-flows.ts';
import { getMembersByRoom } from './get-members-by-room.ts';
import { getOneRoomEvent } from './get-one-room-event.ts';
import { getPresence } from './get-presence.ts';
import { getProfileField } from './get-profile-field.ts';
import { getProtocols } from './get-protocols.ts';
import { getPublicRooms } from './get-public-rooms.ts';
import { getPushRule } from './get-push-rule.ts';
import { getPushRuleActions } from './get-push-rule-actions.ts';
import { getPushRules } from './get-push-rules.ts';
import { getPushRulesGlobal } from './get-push-rules-global.ts';
import { getPushers } from './get-pushers.ts';
import { getRoomEvents } from './get-room-events.ts';
import { getRoomIdByAlias } from './get-room-id-by-alias.ts';
import { getRoomKeysVersionCurrent } from './get-room-keys-version-current.ts';
import { getRoomState } from './get-room-state.ts';
import { getRoomStateWithKey } from './get-room-state-with-key.ts';
import { getRoomSummary } from './get-room-summary.ts';
import { getRoomTags } from './get-room-tags.ts';
import { getRoomVisibilityOnDirectory } from './get-room-visibility-on-directory.ts';
import { getTokenOwner } from './get-token-owner.ts';
import { getTurnServer } from './get-turn-server.ts';
import { getUserProfile } from './get-user-profile.ts';
import { getVersions } from './get-versions.ts';
import { getWellknownSupport } from './get-wellknown-support.ts';
import { getWellknown } from './get-wellknown.ts';
import { inviteUser } from './invite-user.ts';
import { isPushRuleEnabled } from './is-push-rule-enabled.ts';
import { joinRoom } from './join-room.ts';
import { joinRoomById } from './join-room-by-id.ts';
import { kick } from './kick.ts';
import { knockRoom } from './knock-room.ts';
import { leaveRoom } from './leave-room.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { logoutAll } from './logout-all.ts';
import { postPusher } from './post-pusher.ts';
import { postReceipt } from './post-receipt.ts';
import { queryKeys } from './query-keys.ts';
import { queryPublicRooms } from './query-public-rooms.ts';
import { redactEvent } from './redact-event.ts';
import { refresh } from './refresh.ts';
import { register } from './register.ts';
import { sendMessage } from './send-message.ts';
import { setAccountData } from './set-account-data.ts';
import { setAccountDataPerRoom } from './set-account-data-per-room.ts';
import { setPresence } from './set-presence.ts';
import { setProfileField } from './set-profile-field.ts';
import { setPushRule } from './set-push-rule.ts';
import { setPushRuleActions } from './set-push-rule-actions.ts';
import { setPushRuleEnabled } from './set-push-rule-enabled.ts';
import { setReadMarker } from './set-read-marker.ts';
import { setRoomAlias } from './set-room-alias.ts';
import { setRoomStateWithKey } from './set-room-state-with-key.ts';
import { setRoomTag } from './set-room-tag.ts';
import { setRoomVisibilityOnDirectory } from './set-room-visibility-on-directory.ts';
import { setTyping } from './set-typing.ts';
import { sync } from './sync.ts';
import { unban } from './unban.ts';
import { updateDevice } from './update-device.ts';
import { upgradeRoom } from './upgrade-room.ts';
import { uploadKeys } from './upload-keys.ts';

export const clientServerEndpoints: readonly Endpoint[] = named({
  getVersions,
  getWellknown,
  getWellknownSupport,
  getCapabilities,
  getLoginFlows,
  login,
  logout,
  logout_all: logoutAll,
  register,
  checkUsernameAvailability,
  getTokenOwner,
  refresh,
  getDevices,
  getDevice,
  updateDevice,
  deleteDevice,
  deleteDevices,
  changePassword,
  deactivateAccount,
  getAccount3PIDs: getAccount3Pids,
  getUserProfile,
  getProfileField,
  setProfileField,
  deleteProfileField,
  createRoom,
  setRoomAlias,
  getRoomIdByAlias,
  deleteRoomAlias,
  getLocalAliases,
  getRoomVisibilityOnDirectory,
  setRoomVisibilityOnDirectory,
  getPublicRooms,
  queryPublicRooms,
  getRoomSummary,
  upgradeRoom,
  getRoomState,
  getRoomStateWithKey,
  setRoomStateWithKey,
  sendMessage,
  redactEvent,
  getMembersByRoom,
  getJoinedMembersByRoom,
  getJoinedRooms,
  getOneRoomEvent,
  getEventContext,
  getRoomEvents,
  knockRoom,
  joinRoom,
  joinRoomById,
  inviteUser,
  leaveRoom,
  kick,
  ban,
  unban,
  sync,
  getAccountData,
  setAccountData,
  getAccountDataPerRoom,
  setAccountDataPerRoom,
  getPushRules,
  getPushRulesGlobal,
  getPushRule,
  setPushRule,
  deletePushRule,
  isPushRuleEnabled,
  setPushRuleEnabled,
  getPushRuleActions,
  setPushRuleActions,
  defineFilter,
  getFilter,
  forgetRoom,
  getTurnServer,
  getProtocols,
  getPushers,
  postPusher,
  getPresence,
  setPresence,
  setTyping,
  setReadMarker,
  postReceipt,
  uploadKeys,
  queryKeys,
  claimKeys,
  getKeysChanges,
  getRoomKeysVersionCurrent,
  getRoomTags,
  setRoomTag,
  deleteRoomTag,
});
