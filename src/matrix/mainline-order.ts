// How far back the power levels lie that an event goes by: the order in which all but power events are replayed.
import { powerLevelsOf, type AuthGraph } from './auth-graph.ts';

/**
 * The mainline positions by the resolved power levels (an index, or -1 when there are none): of an event, by index, which
 * predecessor of the resolved power levels its own chain of power levels meets first; 0 is the resolved one itself,
 * Infinity means none.
 * https://spec.matrix.org/latest/rooms/v12/#definitions
 */
export function mainlinePositions(graph: AuthGraph, resolved: number): (index: number) => number {
  const known = new Map<number, number>();
  for (let index = resolved, at = 0; index !== -1; index = powerLevelsOf(graph, index), at += 1) known.set(index, at);

  return (event) => {
    // The event itself does not count, even if it sets power levels.
    const passed: number[] = [];
    let index = powerLevelsOf(graph, event);
    while (index !== -1 && !known.has(index)) {
      passed.push(index);
      index = powerLevelsOf(graph, index);
    }
    const position = index === -1 ? Infinity : known.get(index)!;
    // What was walked is known from now on, or many events on one long branch would each walk it again.
    for (const one of passed) known.set(one, position);
    return position;
  };
}
