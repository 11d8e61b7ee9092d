/** DELETE /directory/room: takes an alias away. */
import { deleteRoomAlias as remove } from '../../commands/aliases.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';

export const deleteRoomAlias = endpoint({
  summary: 'Takes an alias away.',
  method: 'DELETE',
  path: '/_matrix/client/v3/directory/room/:roomAlias',
  auth: 'user',
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, caller }) {
    await remove(parts.commands, caller, { alias: params.roomAlias });
    return {};
  },
});
