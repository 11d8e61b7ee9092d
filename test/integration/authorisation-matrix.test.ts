/** The table of who sees and does what, held against the server: each field and each act, by each kind of viewer. */
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { actCells, stagesOf, type Stages } from '../support/authorisation-acts.ts';
import { AUTHORISATION } from '../support/authorisation-matrix.ts';
import { openScene, VIEWERS, type Scene } from '../support/authorisation-scene.ts';
import { cellsOf, fieldsOf, isOfAct } from '../support/authorisation.ts';
import type { Client } from '../support/client.ts';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const READS = fieldsOf(schema).filter((path) => !path.startsWith('Mutation.') && !isOfAct(path.split('.')[0]!));
const ACTS = Object.keys(schema.getMutationType()!.getFields());

let scene: Scene;
let stages: Stages;
let viewers: readonly Client[];

beforeAll(async () => {
  scene = await openScene();
  viewers = VIEWERS.map((name) => scene.viewers[name]);
}, 120_000);

afterAll(() => scene.desk.close());

it.each(READS)('%s is shown to whom the table says', { timeout: 60_000 }, async (path) => {
  expect(await cellsOf(schema, scene, path, viewers), path).toBe(AUTHORISATION[path]);
});

// After all that was read: acts change what there is.
it.each(ACTS)('%s is done for whom the table says, and answers what it says', { timeout: 120_000 }, async (name) => {
  stages ??= await stagesOf(scene);
  const rows = await actCells(schema, stages, name, viewers);
  expect(rows).toEqual(Object.fromEntries(Object.keys(rows).map((path) => [path, AUTHORISATION[path]])));
});
