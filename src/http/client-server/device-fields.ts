/** What requests that make a token say of the device. */
import { Type } from 'typebox';

/** The pattern of text that is shown and stored, never interpreted: Postgres holds no NUL. */
export const NO_NUL = '^[^\\u0000]*$';

export const deviceFields = {
  device_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: NO_NUL })),
  initial_device_display_name: Type.Optional(Type.String({ maxLength: 255, pattern: NO_NUL })),
} as const;
