/** What requests that make a token say of the device, and what they are answered. */
import { Type } from 'typebox';
import { ACCESS_TOKEN_LIFETIME_MS, type NewTokens } from '../../accounts/access-tokens.ts';

/** The pattern of text that is shown and stored, never interpreted: Postgres holds no NUL. */
export const NO_NUL = '^[^\\u0000]*$';

export const deviceFields = {
  refresh_token: Type.Optional(Type.Boolean()),
  device_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: NO_NUL })),
  initial_device_display_name: Type.Optional(Type.String({ maxLength: 255, pattern: NO_NUL })),
} as const;

/** A refresh token stands only beside an access token that expires. */
export function tokenFields({ accessToken, refreshToken }: NewTokens): object {
  const refresh = { refresh_token: refreshToken, expires_in_ms: ACCESS_TOKEN_LIFETIME_MS };
  return { access_token: accessToken, ...(refreshToken === null ? {} : refresh) };
}
