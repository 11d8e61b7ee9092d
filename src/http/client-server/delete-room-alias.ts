/** DELETE /directory/room: takes an alias away. */
import { deleteRoomAlias as remove } from '../../commands/aliases.ts';
import { endpoint } from '../endpoint.ts';

export const deleteRoomAlias = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/directory/room/:roomAlias',
  auth: 'user',
  async handle(parts, { params, caller }) {
    await remove(parts.commands, caller, { alias: params.roomAlias });
    return {};
  },
});
