/** The table of who sees and does what has a row for everything that the schema offers, and for nothing else. */
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { AUTHORISATION } from '../../support/authorisation-matrix.ts';
import { VIEWERS } from '../../support/authorisation-scene.ts';
import { fieldsOf } from '../../support/authorisation.ts';

const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));

it('every field and every act says in test/support/authorisation-matrix.ts who gets it', () => {
  const rows = Object.keys(AUTHORISATION);
  const missing = fieldsOf(schema).filter((path) => !rows.includes(path));
  expect(missing, 'without a row').toEqual([]);
  expect(
    rows.filter((path) => !fieldsOf(schema).includes(path)),
    'of nothing',
  ).toEqual([]);
});

it('every row says it of everybody who could ask', () => {
  for (const [path, row] of Object.entries(AUTHORISATION)) expect(row, path).toMatch(/^[-+~xyn]+$/);
  for (const [path, row] of Object.entries(AUTHORISATION)) expect(row, path).toHaveLength(VIEWERS.length);
});
