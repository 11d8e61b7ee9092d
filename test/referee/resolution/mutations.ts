// Ways to get state resolution wrong, each one replacement in a file of src/matrix.
import type { Replacement } from '../mutants.ts';

export interface ResolutionMutation extends Replacement {
  /** What is wrong then. */
  readonly name: string;
}

const STATE = 'state-resolution.ts';
const EVENT = 'resolvable-event.ts';
const DIFFERENCE = 'auth-difference.ts';
const SUBGRAPH = 'conflicted-subgraph.ts';

export const RESOLUTION_MUTATIONS: readonly ResolutionMutation[] = [
  { name: 'weaker senders come first', file: STATE, find: 'powerOfA > powerOfB', replace: 'powerOfA < powerOfB' },
  {
    name: 'the senders’ power does not count',
    file: STATE,
    find: 'if (powerOfA !== powerOfB) return',
    replace: 'if (false) return',
  },
  { name: 'later events come first', file: EVENT, find: 'difference < 0', replace: 'difference > 0' },
  {
    name: 'events of one moment come by descending id',
    file: EVENT,
    find: 'a.eventId < b.eventId',
    replace: 'a.eventId > b.eventId',
  },
  {
    name: 'the mainline is walked from its other end',
    file: STATE,
    find: 'b.at > a.at ? 1 : -1',
    replace: 'b.at > a.at ? -1 : 1',
  },
  { name: 'the mainline does not count', file: STATE, find: 'a.at === b.at ?', replace: 'true ?' },
  {
    name: 'events off the mainline come last',
    file: 'mainline-order.ts',
    find: 'index === -1 ? Infinity :',
    replace: 'index === -1 ? -1 :',
  },
  {
    name: 'power events are not replayed first',
    file: STATE,
    find: 'powerOrder(graph, powerEvents, full',
    replace: 'powerOrder(graph, [], full',
  },
  {
    name: 'who leaves by themselves counts as removed',
    file: EVENT,
    find: ' && pdu.sender !== pdu.state_key',
    replace: '',
  },
  { name: 'bans are no power events', file: EVENT, find: " || membership === 'ban'", replace: '' },
  { name: 'removals are no power events', file: EVENT, find: "membership === 'leave' || ", replace: '' },
  { name: 'join rules are no power events', file: EVENT, find: "    case 'm.room.join_rules':\n", replace: '' },
  { name: 'power levels are no power events', file: EVENT, find: "    case 'm.room.power_levels':\n", replace: '' },
  {
    name: 'what entitles a power event is replayed after it',
    file: 'power-order.ts',
    find: 'filter((target) => full.has(target))',
    replace: 'filter((target) => chosen.includes(target))',
  },
  {
    name: 'power events are replayed in no topological order',
    file: 'power-order.ts',
    find: 'if (count === 0) ready.push(index)',
    replace: 'ready.push(index), waitsFor.set(index, -1)',
  },
  {
    name: 'the auth difference is left out',
    file: STATE,
    find: 'authDifference(graph, byState, isUnconflicted)',
    replace: '[]',
  },
  {
    name: 'what all states have is not looked for among the differences',
    file: DIFFERENCE,
    find: '!ofConflicted.has(index) && isShared(index)',
    replace: 'false',
  },
  {
    name: 'what unconflicted events reach is not looked for',
    file: DIFFERENCE,
    find: '  follow(newest[index]!);\n',
    replace: '',
  },
  {
    name: 'the auth difference ends at the first events it finds',
    file: DIFFERENCE,
    find: 'for (const target of authOf(graph, index)) frontier.reach(target, mask)',
    replace: 'void 0',
  },
  {
    name: 'the conflicted subgraph is left out',
    file: STATE,
    find: 'conflictedSubgraph(graph, [...full])',
    replace: '[]',
  },
  {
    name: 'the conflicted subgraph is all that conflicted events reach',
    file: SUBGRAPH,
    find: 'if ((mark & REACHES) === 0 &&',
    replace: 'if (false &&',
  },
  {
    name: 'a state that should be empty starts from what is agreed',
    file: STATE,
    find: "return stateResolution === '2.1'",
    replace: 'return false',
  },
  {
    name: 'a state that should start from what is agreed is empty',
    file: STATE,
    find: "return stateResolution === '2.1'",
    replace: 'return true',
  },
  {
    name: 'an event’s own auth events do not help out',
    file: STATE,
    find: 'position === undefined ? cited.get(key)',
    replace: 'position === undefined ? undefined',
  },
  {
    name: 'an event is judged by its own auth events first',
    file: STATE,
    find: 'return position === undefined ? cited',
    replace: 'return cited.has(key) ? cited.get(key) : position === undefined ? cited',
  },
  {
    name: 'rejected auth events help out',
    file: STATE,
    find: 'if (event.rejectedBy === null) cited',
    replace: 'cited',
  },
  {
    name: 'events that their auth events rejected are admitted',
    file: STATE,
    find: "event.rejectedBy === 'auth_events'",
    replace: 'false',
  },
  {
    name: 'the create event of version 12 is not at hand',
    file: STATE,
    find: 'version.roomIdIsCreateHash ?',
    replace: 'false ?',
  },
  {
    name: 'what is replayed overrides what is agreed',
    file: STATE,
    find: 'if (!unconflicted.has(key)) result',
    replace: 'result',
  },
  {
    name: 'every event passes the rules',
    file: STATE,
    find: 'if (checkRules(event.pdu, resolution.version, state) === null) resolved',
    replace: 'resolved',
  },
  {
    name: 'citations are followed through events that are not replayed',
    file: 'power-order.ts',
    find: 'new Set(authOf(graph, index).filter((target) => full.has(target)))',
    replace: `(() => {
      const [found, seen, open] = [new Set(), new Set(), [...authOf(graph, index)]];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        if (full.has(next)) found.add(next);
        else open.push(...authOf(graph, next));
      }
      return found;
    })()`,
  },
];
