/** Shapes that several endpoints answer with, as far as they are promised. */
import { Type } from 'typebox';

export const Nothing = Type.Object({}, { maxProperties: 0 });

export const RoomNamed = Type.Object({ room_id: Type.String() });

export const EventNamed = Type.Object({ event_id: Type.String() });

export const SignedIn = Type.Object({
  user_id: Type.String(),
  access_token: Type.String(),
  device_id: Type.String(),
  home_server: Type.String(),
});

/** As client-event.ts makes it, outside a sync. */
export const ClientEventShape = Type.Object({
  type: Type.String(),
  state_key: Type.Optional(Type.String()),
  sender: Type.String(),
  content: Type.Object({}),
  event_id: Type.String(),
  origin_server_ts: Type.Integer(),
  room_id: Type.String(),
  unsigned: Type.Object({}),
});

export const ClientEvents = Type.Array(ClientEventShape);
