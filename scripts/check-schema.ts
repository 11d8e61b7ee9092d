/**
 * Names what schema.graphql breaks of schema.released.graphql, and fails if there is any: `npm run check:schema`. With --release it
 * takes today's schema for the released one: what integrations may rely on from then on.
 */
import { copyFile, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { breakingChanges } from './schema-changes.ts';

const RELEASED = new URL('../schema.released.graphql', import.meta.url);
const CURRENT = new URL('../schema.graphql', import.meta.url);

const { values } = parseArgs({ options: { release: { type: 'boolean', default: false } } });
const changes = breakingChanges(await readFile(RELEASED, 'utf8'), await readFile(CURRENT, 'utf8'));
for (const change of changes) process.stderr.write(`breaking: ${change}\n`);
if (values.release) await copyFile(CURRENT, RELEASED);
else if (changes.length > 0) process.exitCode = 1;
if (changes.length === 0) process.stdout.write('schema.graphql breaks nothing that was released\n');
