/** POST /refresh: new tokens for a refresh token. */
import { Type } from 'typebox';
import { refreshTokens } from '../../accounts/refresh-tokens.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { tokenFields } from './device-fields.ts';

export const refresh = endpoint({
  summary: 'Gives new tokens for a refresh token.',
  method: 'POST',
  path: '/_matrix/client/v3/refresh',
  auth: 'none',
  limit: 'refresh',
  body: Type.Object({ refresh_token: Type.String({ maxLength: 512 }) }),
  errors: ['M_UNKNOWN_TOKEN'],
  answer: Type.Object({ access_token: Type.String(), refresh_token: Type.String(), expires_in_ms: Type.Integer() }),
  async handle({ db, now }, { body }) {
    const made = await refreshTokens(db, body.refresh_token, now());
    if (made === null) {
      throw new MatrixError('M_UNKNOWN_TOKEN', 'The refresh token is unknown or was used.', { soft_logout: false });
    }
    return tokenFields(made);
  },
});
