/** What this server lets clients do. */
import { ROOM_VERSIONS } from '../../matrix/room-versions.ts';
import { endpoint } from '../endpoint.ts';

export const getCapabilities = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/capabilities',
  auth: 'user',
  handle: ({ commands }) => ({
    capabilities: {
      'm.room_versions': {
        default: commands.defaultRoomVersion,
        available: Object.fromEntries(Object.keys(ROOM_VERSIONS).map((id) => [id, 'stable'])),
      },
      'm.change_password': { enabled: true },
      'm.3pid_changes': { enabled: false },
      'm.get_login_token': { enabled: false },
      'm.profile_fields': { enabled: true },
      'm.set_displayname': { enabled: true },
      'm.set_avatar_url': { enabled: true },
      'm.forget_forced_upon_leave': { enabled: false },
    },
  }),
});
