/** The state before an event, and all that entitles it: what another server asks for to judge events that follow. */
import type { Db } from '../database/database.ts';
import type { AuthGraphs } from '../log/auth-graphs.ts';
import { readPredecessors } from '../log/line-queries.ts';
import { eventIdsAt, wholeState } from '../log/whole-state.ts';
import { authChain } from '../matrix/auth-chain.ts';
import type { EventId } from '../matrix/identifiers.ts';

export interface StateBefore {
  /** The events of the state. */
  readonly state: readonly EventId[];
  /** The auth events of those, and theirs, and so on. */
  readonly authChain: readonly EventId[];
}

/**
 * The state before an event that was judged in the room's graph, by ids; null for any other (server-server API,
 * GET /state_ids). Of what is stored; outside the room's lane.
 */
export async function stateBefore(
  { db, graphs }: { readonly db: Db; readonly graphs: AuthGraphs },
  roomId: string,
  eventId: EventId,
): Promise<StateBefore | null> {
  const [event] = await readPredecessors(db, roomId, [eventId]);
  if (event === undefined || event.before === null) return null;
  const [state, graph] = await Promise.all([wholeState(db, roomId, event.before), graphs.loadGraph(db, roomId)]);
  const names = new Map(state.map((one) => [one.position, one.eventId]));
  const chain = authChain(graph, names.keys());
  const others = chain.filter((position) => !names.has(position));
  for (const [n, id] of (await eventIdsAt(db, roomId, others)).entries()) names.set(others[n]!, id);
  return { state: state.map((one) => one.eventId), authChain: chain.map((position) => names.get(position)!) };
}
