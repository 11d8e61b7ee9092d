/**
 * Writes what schema.graphql says into docs/reference/graphql.md, below its mark: `npm run generate:graphql-reference`. With --check it
 * writes nothing, and fails when the page says something else.
 */
import { buildSchema } from 'graphql';
import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { graphqlReference } from './graphql-reference.ts';

const FILE = fileURLToPath(new URL('../docs/reference/graphql.md', import.meta.url));
const NAME = relative(process.cwd(), FILE);
const MARK = '<!-- Made from schema.graphql by `npm run generate`: what stands below is not edited here. -->';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const schema = buildSchema(await readFile(new URL('../schema.graphql', import.meta.url), 'utf8'));
const page = await readFile(FILE, 'utf8');
const [words] = page.split(MARK) as [string];
const plain = `${words.trimEnd()}\n\n${MARK}\n\n## The schema\n\n${graphqlReference(schema)}\n`;
const text = await format(plain, { ...(await resolveConfig(FILE)), parser: 'markdown' });
if (!values.check) {
  await writeFile(FILE, text);
  process.stdout.write(`${NAME} written\n`);
} else if (page === text) {
  process.stdout.write(`${NAME} is what the schema says\n`);
} else {
  process.stderr.write(`${NAME} is not what the schema says: run \`npm run generate\`\n`);
  process.exitCode = 1;
}
