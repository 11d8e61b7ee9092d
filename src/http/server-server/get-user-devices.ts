/** GET /user/devices: nobody here has devices with keys of encryption. */
import { Type } from 'typebox';
import { localUser } from '../client-server/local-user.ts';
import { endpoint } from '../endpoint.ts';

export const getUserDevices = endpoint({
  summary: 'Tells that a user of this server has no devices with encryption keys.',
  method: 'GET',
  path: '/_matrix/federation/v1/user/devices/:userId',
  auth: 'server',
  answer: Type.Object({ user_id: Type.String(), stream_id: Type.Integer(), devices: Type.Array(Type.Object({})) }),
  errors: ['M_NOT_FOUND'],
  async handle({ db, identity }, { params }) {
    return { user_id: await localUser(db, identity.serverName, params.userId), stream_id: 0, devices: [] };
  },
});
