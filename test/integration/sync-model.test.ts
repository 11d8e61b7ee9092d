/** Random acts of six people in three rooms: what each client pieces together equals a fresh sync, the model and GraphQL. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { episodesOf, kindsOf, openStory, type Story } from '../support/story.ts';
import { memberOf } from '../support/sync-fold.ts';
import {
  actStep,
  expectAllAlike,
  expectGraphql,
  expectModel,
  NAMES,
  newWorld,
  requestOf,
  setState,
  stateStep,
  step,
  sync,
  take,
  type World,
} from '../support/sync-world.ts';

const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Date.now() % 2 ** 31);

let story: Story;
let people: readonly Client[];

beforeAll(async () => {
  story = await openStory();
  people = await story.people(...NAMES);
});

afterAll(() => story.close());

/** What the log's tables say of every user. */
async function expectLog({ ids, models }: World): Promise<void> {
  for (const [n, model] of models.entries()) {
    for (const { userId } of people) {
      const kinds = model.transitions.filter(({ user }) => user === userId).map(({ kind }) => kind);
      expect(await kindsOf(story, ids[n]!, userId)).toEqual(kinds);
      expect(await episodesOf(story, ids[n]!, userId)).toEqual(model.episodes.get(userId) ?? []);
    }
  }
}

describe(`random histories (FAST_CHECK_SEED=${SEED})`, () => {
  it('after every act, and across restarts: every client, a fresh one, the model and GraphQL agree', async () => {
    const deed = fc.oneof({ weight: 6, arbitrary: actStep }, { weight: 1, arbitrary: stateStep });
    const end = fc.constantFrom('stop' as const, 'kill' as const);
    const stretch = fc.record({ deeds: fc.array(deed, { minLength: 6, maxLength: 14 }), end });
    const stretches = fc.array(stretch, { minLength: 2, maxLength: 2 });
    const property = fc.asyncProperty(stretches, async (parts) => {
      const world = await newWorld(people);
      for (const { deeds, end } of parts) {
        for (const now of deeds) {
          await take(world, now);
          await expectAllAlike(world);
          expectModel(world);
          await expectGraphql(world);
        }
        const before = [...world.known];
        if (end === 'kill') await story.server().kill();
        await story.restart();
        await expectAllAlike(world);
        expect(world.known.map(({ rooms }) => rooms)).toEqual(before.map(({ rooms }) => rooms));
        await expectGraphql(world);
      }
      await expectLog(world);
    });
    await fc.assert(property, { numRuns: 2, seed: SEED, endOnFailure: true });
  });

  it('one act after the other, each client syncing now and then: every client, the model and the log agree', async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 90 }), async (steps) => {
      const world = await newWorld(people);
      for (const now of steps) await take(world, now);
      await expectAllAlike(world);
      expectModel(world);
      await expectGraphql(world);
      await expectLog(world);
    });
    await fc.assert(property, { numRuns: 5, seed: SEED, endOnFailure: true });
  });

  it('all at once: every client agrees with a fresh one and with the room’s members', async () => {
    const batches = fc.array(fc.array(step, { minLength: 4, maxLength: 16 }), { minLength: 3, maxLength: 6 });
    const property = fc.asyncProperty(batches, async (rounds) => {
      const world = await newWorld(people);
      for (const steps of rounds) {
        const answers = await Promise.all(
          steps.flatMap((now) =>
            now.is === 'sync' ? [] : [now.is === 'state' ? setState(world, now) : requestOf(world, now).send()],
          ),
        );
        for (const { status } of answers) expect([200, 403, 404]).toContain(status);
        for (const now of steps) if (now.is === 'sync') await sync(world, now);
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
