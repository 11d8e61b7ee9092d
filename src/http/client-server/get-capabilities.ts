/** What this server lets clients do. */
import { Type } from 'typebox';
import { ROOM_VERSIONS } from '../../matrix/room-versions.ts';
import { endpoint } from '../endpoint.ts';

export const getCapabilities = endpoint({
  summary: 'Tells what this server lets clients do.',
  method: 'GET',
  path: '/_matrix/client/v3/capabilities',
  auth: 'user',
  answer: Type.Object({ capabilities: Type.Object({}) }),
  errors: [],
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
