/**
 * Writes the OpenAPI document of the served endpoints: `npm run generate:openapi`. With --check it writes nothing, and fails
 * when the committed document is not what the declarations say.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { servedEndpoints } from '../src/http/served-endpoints.ts';
import { openApiDocument } from '../src/http/openapi.ts';

const FILE = fileURLToPath(new URL('../docs/reference/openapi.json', import.meta.url));
const NAME = relative(process.cwd(), FILE);

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const plain = JSON.stringify(openApiDocument(servedEndpoints));
const text = await format(plain, { ...(await resolveConfig(FILE)), parser: 'json' });
if (!values.check) {
  await writeFile(FILE, text);
  process.stdout.write(`${NAME} written\n`);
} else if ((await readFile(FILE, 'utf8').catch(() => '')) === text) {
  process.stdout.write(`${NAME} is what the endpoints declare\n`);
} else {
  process.stderr.write(`${NAME} is not what the endpoints declare: run \`npm run generate\`\n`);
  process.exitCode = 1;
}
