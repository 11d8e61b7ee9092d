/** The state before an event, and all that entitles it: what another server asks for to judge events that follow. */
import type { Db } from '../database/database.ts';
import type { AuthGraphs } from '../log/auth-graphs.ts';
import { readPredecessors } from '../log/line-queries.ts';
import { wholeState, type NamedEvent } from '../log/whole-state.ts';
import { authChain } from '../matrix/auth-chain.ts';
import type { EventId } from '../matrix/identifiers.ts';

export interface StateBefore {
  /** The events of the state. */
  readonly state: readonly NamedEvent[];
  /** Positions of the auth events of those, and theirs, and so on. */
  readonly authChain: readonly number[];
}

/**
 * The state before an event that was judged in the room's graph; null for any other (server-server API, GET /state). Of what
 * is stored; outside the room's lane.
 */
export async function stateBefore(
  { db, graphs }: { readonly db: Db; readonly graphs: AuthGraphs },
  roomId: string,
  eventId: EventId,
): Promise<StateBefore | null> {
  const [event] = await readPredecessors(db, roomId, [eventId]);
  if (event === undefined || event.before === null) return null;
  const state = await wholeState(db, roomId, event.before);
  const graph = await graphs.loadGraph(db, roomId);
  return {
    state,
    authChain: authChain(
      graph,
      state.map(({ position }) => position),
    ),
  };
}
