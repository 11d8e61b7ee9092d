/** Random worlds: rooms in which everybody on every server does anything at any time, on whatever they have heard of so far. */
import type { UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { isMembership, type Membership } from '../../src/matrix/pdu.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import type { StateMap } from './forked-room.ts';
import { makeWorld, type World, type WorldEvent, type WorldInput } from './forked-world.ts';
import { userId } from './history.ts';
import { user } from './rooms.ts';

export const KEEPER = userId('keeper');
const ANN = user('ann', 'a.test');
const BOB = user('bob', 'b.test');
const CAT = user('cat', 'c.test');
const DAN = userId('dan');
const EVE = user('eve', 'a.test');
const PEOPLE: readonly UserId[] = [KEEPER, ANN, BOB, CAT, DAN, EVE];

export interface RandomWorld {
  readonly world: World;
  /** The events that begin the room, on a straight line. */
  readonly first: readonly WorldEvent[];
  /** What comes after, in the order in which it was made; the last follows everything. */
  readonly rest: readonly WorldEvent[];
}

/** `size` random events after those that begin the room, with up to `tips` ends at a time. */
export function randomWorld(
  random: () => number,
  versionId: RoomVersionId,
  name: string,
  size: number,
  tips = 5,
): RandomWorld {
  const world = makeWorld(versionId, KEEPER, name);
  const first = beginning(world, versionId);
  const ends = new Set<WorldEvent>([first.at(-1)!]);
  const rest: WorldEvent[] = [];
  while (rest.length < size) {
    const prev = choosePrev(random, [...first, ...rest], [...ends], tips);
    const event = act(random, world, prev, [...first, ...rest]);
    for (const one of prev) ends.delete(one);
    ends.add(event);
    rest.push(event);
  }
  const last = world.must([...ends], {
    type: 'm.room.message',
    sender: KEEPER,
    content: jsonObject({ body: 'all heard' }),
  });
  return { world, first, rest: [...rest, last] };
}

function beginning(world: World, versionId: RoomVersionId): readonly WorldEvent[] {
  const levels = jsonObject({
    users: jsonObject({ ...(versionId === '12' ? {} : { [KEEPER]: 100 }), [ANN]: 60, [BOB]: 50, [DAN]: 50 }),
    invite: 0,
  });
  const inputs: readonly WorldInput[] = [
    member(KEEPER, KEEPER, 'join'),
    { type: 'm.room.power_levels', state_key: '', sender: KEEPER, content: levels },
    { type: 'm.room.join_rules', state_key: '', sender: KEEPER, content: jsonObject({ join_rule: 'public' }) },
    ...[ANN, BOB, DAN].map((who) => member(who, who, 'join')),
  ];
  const first: WorldEvent[] = [];
  for (const input of inputs) first.push(world.must([first.at(-1) ?? world.create], input));
  return first;
}

function choosePrev(
  random: () => number,
  all: readonly WorldEvent[],
  ends: readonly WorldEvent[],
  tips: number,
): readonly WorldEvent[] {
  const mode = ends.length >= tips ? 0.5 * random() : random();
  if (mode < 0.4) return ends;
  if (mode < 0.75) return some(random, ends, 1 + Math.floor(random() * ends.length));
  return some(random, all.slice(-12), 1 + Math.floor(random() * 3));
}

function act(random: () => number, world: World, prev: readonly WorldEvent[], all: readonly WorldEvent[]): WorldEvent {
  const at = 1_000 + Math.floor(random() * 40);
  // Who has not heard the latest cites what was in force before, and does what was allowed then.
  const authState = random() < 0.15 ? pick(random, all).after : world.stateAfter(prev);
  let input = draw(random, world, authState);
  const refused = (): boolean => !world.allows(authState, input);
  for (let tries = 0; tries < 12 && refused() && random() > 0.03; tries += 1) input = draw(random, world, authState);
  return world.add(prev, { ...input, at, authState });
}

function draw(random: () => number, world: World, state: StateMap): WorldInput {
  const sender = random() < 0.35 ? KEEPER : pick(random, PEOPLE);
  const target = pick(random, sender === KEEPER ? PEOPLE.slice(1) : PEOPLE);
  const kind = random();
  if (kind < 0.1) return { type: 'm.room.message', sender, content: jsonObject({ body: String(random()) }) };
  if (kind < 0.22)
    return { type: 'm.room.topic', state_key: '', sender, content: jsonObject({ topic: String(random()) }) };
  if (kind < 0.3)
    return {
      type: 'm.room.join_rules',
      state_key: '',
      sender,
      content: jsonObject({ join_rule: pick(random, ['public', 'knock', 'knock', 'invite']) }),
    };
  if (kind < 0.42) return { type: 'm.room.power_levels', state_key: '', sender, content: moved(random, world, state) };
  // Somebody must be left to close the room's graph.
  const own = sender === KEEPER ? ['join'] : ['join', 'join', 'knock', 'knock', 'leave'];
  if (kind < 0.7) return member(sender, sender, pick(random, own), random);
  return member(sender, target, pick(random, ['invite', 'invite', 'leave', 'ban']), random);
}

function moved(random: () => number, world: World, state: StateMap): JsonObject {
  const levels = world.events.get(state.get('m.room.power_levels\u0000') ?? -1)?.pdu.content ?? {};
  const users = (levels['users'] ?? {}) as JsonObject;
  const who = pick(random, PEOPLE.slice(1));
  return jsonObject({ ...levels, users: jsonObject({ ...users, [who]: pick(random, [0, 50, 60]) }) });
}

function member(sender: UserId, target: UserId, membership: string, random?: () => number): WorldInput {
  if (!isMembership(membership)) throw new Error(membership);
  const words = random === undefined ? {} : { displayname: `number ${Math.floor(random() * 1_000)}` };
  const content = jsonObject({ membership: membership satisfies Membership, ...words });
  return { type: 'm.room.member', state_key: target, sender, content };
}

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}

function some<T>(random: () => number, from: readonly T[], count: number): readonly T[] {
  const left = [...from];
  const chosen: T[] = [];
  while (chosen.length < count && left.length > 0) chosen.push(...left.splice(Math.floor(random() * left.length), 1));
  return chosen;
}

/** The same events in another order in which nothing comes before what it cites. */
export function shuffled(random: () => number, { first, rest, world }: RandomWorld): readonly WorldEvent[] {
  const placed = new Set<WorldEvent>([world.create, ...first]);
  const order: WorldEvent[] = [];
  const left = new Set(rest);
  while (left.size > 0) {
    const needs = (event: WorldEvent): boolean =>
      event.prev.every((one) => placed.has(one)) && event.auth.every((one) => placed.has(world.events.get(one)!));
    const next = pick(random, [...left].filter(needs));
    left.delete(next);
    placed.add(next);
    order.push(next);
  }
  return order;
}
