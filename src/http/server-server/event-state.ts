/** The state before an event that a server asks for, and all that it rests on. */
import type { Db } from '../../database/database.ts';
import type { AuthGraphs } from '../../log/auth-graphs.ts';
import { placeOf, type EventPlace } from '../../log/graph-walks.ts';
import { wholeState } from '../../log/whole-state.ts';
import { authChain } from '../../matrix/auth-chain.ts';
import { hasEventAt } from '../../matrix/auth-graph.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { HttpParts } from '../parts.ts';
import type { ServerRoom } from './server-room.ts';

/** Positions of events. */
export interface EventState {
  readonly state: readonly number[];
  readonly authChain: readonly number[];
}

type Parts = Pick<HttpParts, 'db' | 'federation'>;

/** An event of the room that other servers may be told of: not refused, nor known out of the room. Throws M_NOT_FOUND. */
export async function toldEvent(db: Db, eventId: string, roomId?: string): Promise<EventPlace> {
  const place = await placeOf(db, eventId, roomId);
  if (place === null || place.refused || place.verdict === 'rejected' || place.verdict === 'out_of_band')
    throw new MatrixError('M_NOT_FOUND', 'There is no such event.');
  return place;
}

/** Throws M_NOT_FOUND for an event that is unknown, or whose place in the room's graph is. */
export async function stateBefore(
  { db, federation: { graphs } }: Parts,
  { roomId }: ServerRoom,
  eventId: string,
): Promise<EventState> {
  const { before } = await toldEvent(db, eventId, roomId);
  if (before === null) throw new MatrixError('M_NOT_FOUND', 'The state before the event is not known.');
  const state = (await wholeState(db, roomId, before)).map(({ position }) => position);
  return { state, authChain: await chainOf(db, graphs, roomId, state) };
}

/** All that these events rest on, by their auth events and theirs; themselves only where others of them rest on them. */
export async function chainOf(
  db: Db,
  graphs: AuthGraphs,
  roomId: string,
  positions: readonly number[],
): Promise<readonly number[]> {
  const graph = await graphs.loadGraph(db, roomId);
  return authChain(
    graph,
    positions.filter((position) => hasEventAt(graph, position)),
  );
}
