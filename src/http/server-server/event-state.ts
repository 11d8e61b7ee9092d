/** Events that a server asks about by their ids: which of them are told of, the state before them, and what they rest on. */
import { createGate } from '../../accounts/gate.ts';
import { stateBefore } from '../../commands/state-before.ts';
import type { Db } from '../../database/database.ts';
import { placeOf, type EventPlace } from '../../log/graph-walks.ts';
import { authChain } from '../../matrix/auth-chain.ts';
import { hasEventAt } from '../../matrix/auth-graph.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseEventId } from '../../matrix/identifiers.ts';
import type { HttpParts } from '../parts.ts';
import type { ServerRoom } from './server-room.ts';

/** Positions of events. */
export interface EventState {
  readonly state: readonly number[];
  readonly authChain: readonly number[];
}

type Parts = Pick<HttpParts, 'db' | 'federation'>;

/** A state is as large as its room: so many are read at a time. */
const reading = createGate({ atOnce: 4, waiting: 200 });

/** An event of the room that other servers may be told of: not refused, nor known out of the room. Throws M_NOT_FOUND. */
export async function toldEvent(db: Db, eventId: string, roomId?: string): Promise<EventPlace> {
  const place = await placeOf(db, eventId, roomId);
  if (place === null || place.refused || place.verdict === 'rejected' || place.verdict === 'out_of_band')
    throw notFound();
  return place;
}

/** Throws M_NOT_FOUND for an event that is unknown, or whose place in the room's graph is. */
export async function toldState(
  { db, federation: { graphs } }: Parts,
  { roomId }: ServerRoom,
  eventId: string,
): Promise<EventState> {
  await toldEvent(db, eventId, roomId);
  const id = parseEventId(eventId);
  const told = id === null ? null : await reading.pass(() => stateBefore({ db, graphs }, roomId, id));
  if (told === null) throw notFound();
  return { state: told.state.map(({ position }) => position), authChain: told.authChain };
}

/** All that an event rests on, without itself. Throws M_NOT_FOUND. */
export async function toldChain(
  { db, federation: { graphs } }: Parts,
  { roomId }: ServerRoom,
  eventId: string,
): Promise<readonly number[]> {
  const { auth } = await toldEvent(db, eventId, roomId);
  const graph = await graphs.loadGraph(db, roomId);
  const known = auth.filter((position) => hasEventAt(graph, position));
  return [...new Set([...known, ...authChain(graph, known)])].sort((one, other) => one - other);
}

function notFound(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'There is no such event, or nothing is known of it.');
}
