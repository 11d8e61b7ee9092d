/** Random acts of six users in three rooms through the API, a model of them, and what each user's client pieces together. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Client } from './client.ts';
import { ACTS, MODERATOR_LEVEL, perform, standingIn, type Act, type ModelRoom } from './membership-model.ts';
import { memberOf, NOTHING_KNOWN, syncOn, type Known } from './sync-fold.ts';

export const NAMES = ['owner', 'mod', 'kim', 'lee', 'mia', 'zoe'] as const;
export const VERSIONS = ['9', '11', '12'] as const;

export interface ActStep {
  readonly is: 'act';
  readonly room: number;
  readonly name: Act['name'];
  readonly actor: number;
  readonly target: number;
  readonly reason: string | undefined;
}

export interface StateStep {
  readonly is: 'state';
  readonly room: number;
  readonly what: 'name' | 'rule' | 'visibility';
  readonly n: number;
}

export interface SyncStep {
  readonly is: 'sync';
  readonly who: number;
  readonly limit: number;
  readonly after: boolean;
}

export type Step = ActStep | StateStep | SyncStep;

const person = fc.nat({ max: NAMES.length - 1 });
const room = fc.nat({ max: VERSIONS.length - 1 });

export const actStep: fc.Arbitrary<ActStep> = fc.record({
  is: fc.constant('act' as const),
  room,
  name: fc.constantFrom(...ACTS),
  actor: person,
  target: person,
  reason: fc.constantFrom(undefined, 'a', 'b'),
});

export const stateStep: fc.Arbitrary<StateStep> = fc.record({
  is: fc.constant('state' as const),
  room,
  what: fc.constantFrom('name', 'rule', 'visibility'),
  n: fc.nat({ max: 3 }),
});

const syncStep: fc.Arbitrary<SyncStep> = fc.record({
  is: fc.constant('sync' as const),
  who: person,
  limit: fc.nat({ max: 4 }),
  after: fc.boolean(),
});

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: actStep },
  { weight: 2, arbitrary: stateStep },
  { weight: 3, arbitrary: syncStep },
);

export interface World {
  readonly people: readonly Client[];
  readonly ids: readonly string[];
  readonly models: readonly ModelRoom[];
  /** What each of the people knows from their syncs so far. */
  readonly known: Known[];
}

/** Rooms that the owner made, with a moderator in each; everybody has synced once. */
export async function newWorld(people: readonly Client[]): Promise<World> {
  const [owner, mod] = people as [Client, Client];
  const ids: string[] = [];
  for (const room_version of VERSIONS) {
    const levels = { users: { ...(room_version === '12' ? {} : { [owner.userId]: 100 }), [mod.userId]: 50 } };
    const { room_id } = await owner.ok('POST', '/createRoom', {
      room_version,
      initial_state: [{ type: 'm.room.join_rules', content: { join_rule: 'knock' } }],
      power_level_content_override: levels,
    });
    ids.push(room_id);
  }
  const models = VERSIONS.map((version): ModelRoom => ({
    joinRule: 'knock',
    knockRules: version === '9' ? ['knock'] : ['knock', 'knock_restricted'],
    levels: new Map([
      [owner.userId, version === '12' ? Infinity : 100],
      [mod.userId, 50],
    ]),
    members: new Map([[owner.userId, { standing: 'join', said: null }]]),
    transitions: [{ user: owner.userId, kind: 'JOINED' }],
    episodes: new Map(),
  }));
  return { people, ids, models, known: await Promise.all(people.map((client) => syncOn(client, NOTHING_KNOWN))) };
}

/** An act of the model as the request that it is. */
export function requestOf({ people, ids }: World, { room, name, actor, target, reason }: ActStep) {
  const self = name === 'knock' || name === 'join' || name === 'leave';
  const act: Act = { name, actor: people[actor]!.userId, target: people[self ? actor : target]!.userId, reason };
  const path = name === 'knock' ? `/knock/${ids[room]}` : `/rooms/${ids[room]}/${name}`;
  const body = { ...(self ? {} : { user_id: act.target }), ...(reason === undefined ? {} : { reason }) };
  return { act, send: () => people[actor]!.call('POST', path, body) };
}

const STATES = {
  name: ['m.room.name', (n: number) => ({ name: ['', 'one', 'two', 'three'][n]! })],
  rule: ['m.room.join_rules', (n: number) => ({ join_rule: ['knock', 'public', 'invite', 'knock'][n]! })],
  visibility: [
    'm.room.history_visibility',
    (n: number) => ({ history_visibility: ['shared', 'joined', 'invited', 'world_readable'][n]! }),
  ],
} as const;

/** The owner sets a state of a room. */
export const setState = ({ people, ids }: World, { room, what, n }: StateStep) => {
  const [type, content] = STATES[what];
  return people[0]!.call('PUT', `/rooms/${ids[room]}/state/${type}`, content(n));
};

/** One person syncs once more. */
export async function sync(world: World, { who, limit, after }: SyncStep): Promise<void> {
  const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit } } }));
  const query = `&filter=${filter}&use_state_after=${after}`;
  world.known[who] = await syncOn(world.people[who]!, world.known[who]!, query);
}

/** Takes a step, and expects of the server what the model says to it. */
export async function take(world: World, now: Step): Promise<void> {
  if (now.is === 'sync') return sync(world, now);
  if (now.is === 'state') {
    const may = standingIn(world.models[now.room]!, world.people[0]!.userId) === 'join';
    expect(await setState(world, now), JSON.stringify(now)).toMatchObject({ status: may ? 200 : 403 });
    if (may && now.what === 'rule') world.models[now.room]!.joinRule = STATES.rule[1](now.n).join_rule;
    return;
  }
  const { act, send } = requestOf(world, now);
  const predicted = perform(world.models[now.room]!, act);
  const { status, body } = await send();
  const expected =
    predicted.is === 'refused'
      ? { status: predicted.errcode === 'M_NOT_FOUND' ? 404 : 403, errcode: predicted.errcode }
      : { status: 200, errcode: undefined };
  expect({ status, errcode: body.errcode }, JSON.stringify(act)).toEqual(expected);
}

/** Everybody syncs; what they pieced together is what a client sees that has just begun. */
export async function expectAllAlike(world: World): Promise<void> {
  const alike = async (client: Client, who: number): Promise<void> => {
    await sync(world, { is: 'sync', who, limit: 10, after: false });
    const fresh = await syncOn(client, NOTHING_KNOWN);
    for (const id of world.ids) {
      const [pieced, whole] = [world.known[who]!.rooms.get(id), fresh.rooms.get(id)];
      const what = `${NAMES[who]} in ${id}`;
      if (pieced?.section === 'leave') expect(whole, what).toBeUndefined();
      else expect(pieced, what).toEqual(whole);
    }
  };
  await Promise.all(world.people.map(alike));
}

/** And it is what the model says. */
export function expectModel({ people, ids, models, known }: World): void {
  for (const [n, model] of models.entries()) {
    const id = ids[n]!;
    for (const [who, { userId }] of people.entries()) {
      const standing = standingIn(model, userId);
      const seen = known[who]!.rooms.get(id);
      expect(seen?.section ?? 'none', `${NAMES[who]} in ${id}`).toBe(standing === 'ban' ? 'leave' : standing);
      if (standing !== 'none') expect(memberOf(seen, userId)).toMatchObject({ membership: standing });
      if (standing !== 'join') continue;
      const members = people.map((other) => memberOf(seen, other.userId)?.['membership'] ?? 'none');
      expect(members, id).toEqual(people.map((other) => standingIn(model, other.userId)));
    }
  }
}

const QUERY = `query ($a: String!, $b: String!, $c: String!) { a: room(roomId: $a) { ...all } b: room(roomId: $b) { ...all } c: room(roomId: $c) { ...all } }
  fragment all on Room { viewerMembership
    members(first: 100) { nodes { user { userId } membership } }
    knocks(first: 100) { nodes { user { userId } status } }
    transitions(first: 100) { nodes { user { userId } kind } } }`;

interface OfUser {
  readonly user: { readonly userId: string };
}

interface RoomSeen {
  readonly viewerMembership: string;
  readonly members: { readonly nodes: readonly (OfUser & { readonly membership: string })[] };
  readonly knocks: { readonly nodes: readonly (OfUser & { readonly status: string })[] };
  readonly transitions: { readonly nodes: readonly (OfUser & { readonly kind: string })[] };
}

/** And what GraphQL shows to each of them: members, knocks and transitions, as far as they may see them. */
export async function expectGraphql({ people, ids, models }: World): Promise<void> {
  const [a, b, c] = ids;
  const look = async (client: Client): Promise<void> => {
    const { data, errors } = await client.graphql(QUERY, { a, b, c });
    expect(errors).toBeUndefined();
    for (const [n, model] of models.entries()) {
      const seen: RoomSeen | null = [data.a, data.b, data.c][n];
      expect(seen === null ? null : toldTo(seen), `${client.userId} in ${ids[n]}`).toEqual(
        expectedOf(model, client.userId),
      );
    }
  };
  await Promise.all(people.map(look));
}

function toldTo({ viewerMembership, members, knocks, transitions }: RoomSeen) {
  return {
    viewerMembership,
    members: members.nodes.map(({ user, membership }) => `${user.userId} ${membership}`).sort(),
    // Newest first; the model has the oldest first, by user.
    knocks: knocks.nodes.map(({ user, status }) => `${user.userId} ${status}`).sort(),
    transitions: transitions.nodes.map(({ user, kind }) => `${user.userId} ${kind}`),
  };
}

function expectedOf(model: ModelRoom, me: string) {
  const mine = standingIn(model, me);
  if (mine === 'none') return null;
  const keepsDoor = mine === 'join' && (model.levels.get(me) ?? 0) >= MODERATOR_LEVEL;
  const others = keepsDoor ? null : mine === 'join' ? ['join', 'invite', 'ban'] : [];
  const visible = (user: string): boolean => keepsDoor || user === me;
  return {
    viewerMembership: mine.toUpperCase(),
    members: [...model.members]
      .filter(([user, { standing }]) => user === me || others === null || others.includes(standing))
      .map(([user, { standing }]) => `${user} ${standing.toUpperCase()}`)
      .sort(),
    knocks: [...model.episodes]
      .filter(([user]) => visible(user))
      .flatMap(([user, outcomes]) => outcomes.map((outcome) => `${user} ${outcome}`))
      .sort(),
    transitions: model.transitions.filter(({ user }) => visible(user)).map(({ user, kind }) => `${user} ${kind}`),
  };
}
