/** Random acts of a handful of people: what each client pieces together equals a fresh sync, the model and the log. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { ACTS, perform, standingIn, type Act, type ModelRoom } from '../support/membership-model.ts';
import { episodesOf, kindsOf, openStory, type Story } from '../support/story.ts';
import { memberOf, NOTHING_KNOWN, syncOn, type Known } from '../support/sync-fold.ts';

const NAMES = ['owner', 'mod', 'kim', 'lee', 'mia'] as const;
const VERSIONS = ['9', '11', '12'] as const;
const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Date.now() % 2 ** 31);

let story: Story;
let people: readonly Client[];

beforeAll(async () => {
  story = await openStory();
  people = await story.people(...NAMES);
});

afterAll(() => story.close());

type Step =
  | {
      readonly is: 'act';
      readonly room: number;
      readonly name: Act['name'];
      readonly actor: number;
      readonly target: number;
      readonly reason: string | undefined;
    }
  | { readonly is: 'state'; readonly room: number; readonly what: 'name' | 'rule' | 'visibility'; readonly n: number }
  | { readonly is: 'sync'; readonly who: number; readonly limit: number; readonly after: boolean };

const person = fc.nat({ max: NAMES.length - 1 });
const room = fc.nat({ max: VERSIONS.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      is: fc.constant('act' as const),
      room,
      name: fc.constantFrom(...ACTS),
      actor: person,
      target: person,
      reason: fc.constantFrom(undefined, 'a', 'b'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('state' as const),
      room,
      what: fc.constantFrom('name', 'rule', 'visibility'),
      n: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('sync' as const),
      who: person,
      limit: fc.nat({ max: 4 }),
      after: fc.boolean(),
    }),
  },
);

interface World {
  readonly ids: readonly string[];
  readonly models: readonly ModelRoom[];
  readonly known: Known[];
}

/** Rooms that the owner made, with a moderator in each; everybody has synced once. */
async function newWorld(): Promise<World> {
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
  return { ids, models, known: await Promise.all(people.map((client) => syncOn(client, NOTHING_KNOWN))) };
}

/** An act of the model as the request that it is, and the model's own answer. */
function requestOf(world: World, { room, name, actor, target, reason }: Extract<Step, { is: 'act' }>) {
  const self = name === 'knock' || name === 'join' || name === 'leave';
  const act: Act = { name, actor: people[actor]!.userId, target: people[self ? actor : target]!.userId, reason };
  const id = world.ids[room]!;
  const path = name === 'knock' ? `/knock/${id}` : `/rooms/${id}/${name}`;
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

const setState = (world: World, { room, what, n }: Extract<Step, { is: 'state' }>) => {
  const [type, content] = STATES[what];
  return people[0]!.call('PUT', `/rooms/${world.ids[room]}/state/${type}`, content(n));
};

async function syncStep(world: World, { who, limit, after }: Extract<Step, { is: 'sync' }>): Promise<void> {
  const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit } } }));
  world.known[who] = await syncOn(people[who]!, world.known[who]!, `&filter=${filter}&use_state_after=${after}`);
}

async function take(world: World, now: Step): Promise<void> {
  if (now.is === 'sync') return syncStep(world, now);
  if (now.is === 'state') {
    const may = standingIn(world.models[now.room]!, people[0]!.userId) === 'join';
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

/** What everybody pieced together is what a client sees that has just begun. */
async function expectAllAlike(world: World): Promise<void> {
  for (const [who, client] of people.entries()) {
    await syncStep(world, { is: 'sync', who, limit: 10, after: false });
    const fresh = await syncOn(client, NOTHING_KNOWN);
    for (const id of world.ids) {
      const [pieced, whole] = [world.known[who]!.rooms.get(id), fresh.rooms.get(id)];
      const what = `${NAMES[who]} in ${id}`;
      if (pieced?.section === 'leave') expect(whole, what).toBeUndefined();
      else expect(pieced, what).toEqual(whole);
    }
  }
}

/** And it is what the model says, in the syncs and in the log. */
async function expectModel(world: World): Promise<void> {
  for (const [n, model] of world.models.entries()) {
    const id = world.ids[n]!;
    for (const [who, client] of people.entries()) {
      const standing = standingIn(model, client.userId);
      const known = world.known[who]!.rooms.get(id);
      expect(known?.section ?? 'none', `${NAMES[who]} in ${id}`).toBe(standing === 'ban' ? 'leave' : standing);
      if (standing !== 'none') expect(memberOf(known, client.userId)).toMatchObject({ membership: standing });
      if (standing === 'join') {
        const seen = people.map(({ userId }) => memberOf(known, userId)?.['membership'] ?? 'none');
        expect(seen, id).toEqual(people.map(({ userId }) => standingIn(model, userId)));
      }
      const kinds = model.transitions.filter(({ user }) => user === client.userId).map(({ kind }) => kind);
      expect(await kindsOf(story, id, client.userId)).toEqual(kinds);
      expect(await episodesOf(story, id, client.userId)).toEqual(model.episodes.get(client.userId) ?? []);
    }
  }
}

describe(`random histories (FAST_CHECK_SEED=${SEED})`, () => {
  it('one act after the other: every client, the model and the log agree', async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 90 }), async (steps) => {
      const world = await newWorld();
      for (const now of steps) await take(world, now);
      await expectAllAlike(world);
      await expectModel(world);
    });
    await fc.assert(property, { numRuns: 5, seed: SEED, endOnFailure: true });
  });

  it('all at once: every client agrees with a fresh one and with the room’s members', async () => {
    const batches = fc.array(fc.array(step, { minLength: 4, maxLength: 16 }), { minLength: 3, maxLength: 6 });
    const property = fc.asyncProperty(batches, async (rounds) => {
      const world = await newWorld();
      for (const steps of rounds) {
        const answers = await Promise.all(
          steps.flatMap((now) =>
            now.is === 'sync' ? [] : [now.is === 'state' ? setState(world, now) : requestOf(world, now).send()],
          ),
        );
        for (const { status } of answers) expect([200, 403, 404]).toContain(status);
        for (const now of steps) if (now.is === 'sync') await syncStep(world, now);
      }
      await expectAllAlike(world);
      for (const [n, id] of world.ids.entries()) await expectMembers(world, n, id);
    });
    await fc.assert(property, { numRuns: 5, seed: SEED, endOnFailure: true });
  });
});

async function expectMembers(world: World, n: number, id: string): Promise<void> {
  const inside = people.findIndex((_, who) => world.known[who]!.rooms.get(id)?.section === 'join');
  if (inside < 0) return;
  const { chunk } = await people[inside]!.ok('GET', `/rooms/${id}/members`);
  for (const { state_key, content } of chunk)
    expect(memberOf(world.known[inside]!.rooms.get(id), state_key), `${state_key} in room ${n}`).toEqual(content);
}
