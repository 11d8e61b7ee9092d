// Generated rooms that fork: a plan of numbers, which shrinks, and what it means.
import * as fc from 'fast-check';
import type { RoomVersionId } from '../../../src/matrix/room-versions.ts';
import {
  afterEach,
  type ForkedEvent,
  type ForkedInput,
  type ForkedRoom,
  type StateMap,
} from '../../support/forked-room.ts';
import { OWNER, races, sceneOf, type Race } from '../../support/races.ts';
import { TRAPS } from './traps.ts';
import { ADMIN, BOB, KIM, MOVES, PEOPLE, STRANGER } from './moves.ts';

export interface Step {
  /** Where: on one of the tips, beside one, or on several of them. */
  readonly where: 'on' | 'beside' | 'both' | 'all';
  readonly tip: number;
  readonly move: number;
  readonly actor: number;
  readonly target: number;
  readonly value: number;
  /** Clocks differ: how many steps later, or earlier, the event claims to be. */
  readonly skew: number;
  /** Whether it is sent although the rules refuse it. */
  readonly bold: boolean;
}

export interface Plan {
  /** Which race of PROTOCOL §5.4 is run, if any. */
  readonly race: number | null;
  /** Which of the traps is set, if any. */
  readonly trap: number | null;
  /** How the room begins. */
  readonly opening: {
    readonly joinRule: string;
    readonly admins: boolean;
    readonly ban: boolean;
    /** Whether every member may set state. */
    readonly free: boolean;
  };
  /** What happens before the race, in one line. */
  readonly before: readonly Step[];
  readonly after: readonly Step[];
  /** Events of which other servers said that they rejected them. */
  readonly rejected: readonly number[];
}

export interface Story {
  readonly room: ForkedRoom;
  /** The states that were merged, each time with more than one. */
  readonly merges: readonly (readonly StateMap[])[];
  /** The row of the table that was run, both events allowed on their branch. */
  readonly row: string | null;
  /** Positions of events that nothing may build on; none of them is in a state that was merged. */
  readonly rejected: ReadonlySet<number>;
}

const MAX_TIPS = 5;
const small = fc.noBias(fc.nat(999));

const step: fc.Arbitrary<Step> = fc.record({
  where: fc.constantFrom('on', 'on', 'on', 'beside', 'beside', 'both', 'all'),
  tip: small,
  move: small,
  actor: small,
  target: small,
  value: small,
  skew: fc.noBias(fc.integer({ min: -9, max: 9 })),
  bold: fc.noBias(fc.nat(11)).map((number) => number === 11),
});

export function plan(version: RoomVersionId): fc.Arbitrary<Plan> {
  // By row, or the rows with more entries would be run more often.
  const rows = Map.groupBy(races(version).entries(), ([, { row }]) => row);
  const race = fc
    .constantFrom(...rows.values())
    .chain((entries) => fc.constantFrom(...entries.map(([number]) => number)));
  const rest = {
    opening: fc.record({
      joinRule: fc.constantFrom('knock', 'invite', 'public', 'restricted', 'knock_restricted'),
      admins: fc.boolean(),
      ban: fc.boolean(),
      free: fc.boolean(),
    }),
    after: steps(1, 14),
    rejected: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(small, { minLength: 1, maxLength: 6 })),
  };
  const none = fc.constant(null);
  const trap = fc.noBias(fc.nat(TRAPS.length - 1));
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ ...rest, race, trap: none, before: steps(0, 2) }) },
    { weight: 2, arbitrary: fc.record({ ...rest, race: none, trap: none, before: steps(0, 12) }) },
    { weight: 2, arbitrary: fc.record({ ...rest, race: none, trap, before: steps(0, 2) }) },
  );
}

function steps(minLength: number, maxLength: number): fc.Arbitrary<readonly Step[]> {
  return fc.noBias(fc.array(step, { minLength, maxLength, size: 'max' }));
}

/** Lets a plan happen. */
export function tell(version: RoomVersionId, drawn: Plan): Story {
  const { opening, before, after, rejected } = drawn;
  const race = drawn.race === null ? null : races(version)[drawn.race]!;
  const trap = drawn.trap === null ? null : TRAPS[drawn.trap]!;
  const { room, fork } = sceneOf(version, {
    ...(race ?? { joinRule: trap === null ? opening.joinRule : 'public', prior: 'none' }),
    members: [ADMIN, BOB, KIM],
    levels: opening.free ? { state_default: 0 } : {},
    users: opening.admins && version !== '12' ? { [ADMIN]: 99 } : {},
    create: opening.admins && version === '12' ? { additional_creators: [ADMIN] } : {},
  });
  const merges: (readonly ForkedEvent[])[] = [];
  const ban = { type: 'm.room.member', sender: OWNER, state_key: STRANGER, content: { membership: 'ban' } };
  let tips: readonly ForkedEvent[] = [opening.ban ? room.must([fork], ban) : fork];
  for (const one of before) tips = take(room, tips, { ...one, where: 'on' }, merges);
  const run = race !== null && runRace(room, tips[0]!, race, merges);
  if (run) tips = run;
  const trapped = trap?.(room, tips[0]!) ?? null;
  if (trapped !== null) {
    tips = trapped;
    merges.push(tips);
  }
  for (const one of after) tips = take(room, tips, one, merges);
  if (tips.length > 1) merges.push(tips, tips.toReversed());
  const states = merges.map(afterEach);
  return { room, merges: states, row: run ? race.row : null, rejected: unused(room, states, rejected) };
}

/** Both sides of a race and a third branch, merged in every way; null when what came before left no room for it. */
function runRace(
  room: ForkedRoom,
  fork: ForkedEvent,
  race: Race,
  merges: (readonly ForkedEvent[])[],
): readonly ForkedEvent[] | null {
  const [a, b] = [room.add([fork], race.a), room.add([fork], race.b)];
  if (a.rejectedBy !== null || b.rejectedBy !== null) return null;
  const c = room.add([fork], { type: 'm.room.name', sender: OWNER, state_key: '', content: { name: 'a third' } });
  const ab = room.add([a, b], { type: 'm.room.message', sender: OWNER, content: {} });
  merges.push([a, b], [b, a], [a, b, c], [ab, c]);
  return [a, b, c];
}

/** The tips after a step; those that are merged there go onto the list. */
function take(
  room: ForkedRoom,
  tips: readonly ForkedEvent[],
  step: Step,
  merges: (readonly ForkedEvent[])[],
): readonly ForkedEvent[] {
  const prev = prevOf(tips, step);
  if (prev.length > 1) merges.push(prev);
  const event = room.add(prev, draft(room, prev, step));
  return event.rejectedBy === null ? [...tips.filter((tip) => !prev.includes(tip)), event] : tips;
}

function prevOf(tips: readonly ForkedEvent[], { where, tip: number, value }: Step): readonly ForkedEvent[] {
  const tip = tips[number % tips.length]!;
  if (where === 'all') return tips;
  if (where === 'both' && tips.length > 1) return [tip, tips[(number + 1) % tips.length]!];
  if (where === 'beside' && tips.length < MAX_TIPS) return [ancestor(tip, 1 + (value % 5))];
  return [tip];
}

function ancestor(event: ForkedEvent, steps: number): ForkedEvent {
  const [before] = event.prev;
  // Nobody but the creator can follow the create event and its first member.
  return steps === 0 || before === undefined || before.pdu.depth < 3 ? event : ancestor(before, steps - 1);
}

/** What the step means there, by the first person who is allowed to do it, or boldly by whoever was drawn. */
function draft(room: ForkedRoom, prev: readonly ForkedEvent[], step: Step): ForkedInput {
  const state = room.stateOf(prev);
  const at = 5_000 + 10 * (room.events.size + step.skew);
  const move = MOVES[step.move % MOVES.length]!;
  for (let turn = 0; turn < PEOPLE.length; turn += 1) {
    const actor = PEOPLE[(step.actor + turn) % PEOPLE.length]!;
    const target = PEOPLE[step.target % PEOPLE.length]!;
    const input = { ...move({ room, state, actor, target, value: step.value }), at };
    if (step.bold || room.allows(prev, input)) return input;
  }
  return { type: 'm.room.message', sender: OWNER, content: {}, at };
}

/** Some of the state events that have been replaced everywhere. */
function unused(
  { events }: ForkedRoom,
  merges: readonly (readonly StateMap[])[],
  numbers: readonly number[],
): ReadonlySet<number> {
  const used = new Set(merges.flatMap((states) => states.flatMap((state) => [...state.values()])));
  const replaced = [...events.values()].filter(
    ({ position, pdu, rejectedBy }) => pdu.state_key !== undefined && rejectedBy === null && !used.has(position),
  );
  return new Set(numbers.flatMap((number) => replaced[number % replaced.length]?.position ?? []));
}
