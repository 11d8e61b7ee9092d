/** POST /get_missing_events: what is between events that a server has. */
import { Type } from 'typebox';
import { parseEventId, type EventId } from '../../matrix/identifiers.ts';
import { walkBack } from '../../log/graph-walks.ts';
import { endpoint } from '../endpoint.ts';
import { roomWithServer } from './server-room.ts';
import { readForServer } from './server-sight.ts';

const DEFAULT_EVENTS = 10;
const MAX_EVENTS = 20;
const MAX_IDS = 200;

const Ids = Type.Array(Type.String());

export const getMissingPreviousEvents = endpoint({
  summary: 'Tells the events between some that a server in the room has and later ones, 20 at most, the oldest first.',
  method: 'POST',
  path: '/_matrix/federation/v1/get_missing_events/:roomId',
  auth: 'server',
  body: Type.Object({
    earliest_events: Ids,
    latest_events: Ids,
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    min_depth: Type.Optional(Type.Integer()),
  }),
  answer: Type.Object({ events: Type.Array(Type.Object({})) }),
  errors: ['M_FORBIDDEN'],
  async handle({ db }, { params, body, caller: { server } }) {
    const room = await roomWithServer(db, params.roomId, server);
    const { limit = DEFAULT_EVENTS, min_depth: minDepth = 0 } = body;
    const [earliest, latest] = [idsIn(body.earliest_events), idsIn(body.latest_events)];
    const positions = await walkBack(db, room.roomId, {
      from: latest,
      until: [...earliest, ...latest],
      withFrom: false,
      minDepth,
      limit: Math.min(limit, MAX_EVENTS),
    });
    const told = await readForServer(db, room, server, positions.toReversed(), true);
    return { events: told.map(({ pdu }) => pdu) };
  },
});

function idsIn(texts: readonly string[]): readonly EventId[] {
  return texts.slice(0, MAX_IDS).flatMap((text) => parseEventId(text) ?? []);
}
