/** The README's commands, as a reader would paste them: each block runs in one shell and prints what the page says. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

const README = new URL('../../README.md', import.meta.url);
const END_OF_BLOCK = '--- end of block ---';

interface Block {
  readonly commands: string;
  /** The answer that the page shows below the commands. */
  readonly answer: unknown;
}

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

afterAll(async () => {
  await server.stop();
});

function blocksOf(page: string): readonly Block[] {
  const found = page.matchAll(/```sh\n([\s\S]*?)```(?:\s*```json\n([\s\S]*?)```)?/g);
  return [...found].map(([, commands = '', json]) => ({ commands, answer: json === undefined ? null : parse(json) }));
}

/** The first JSON object of a text, without the extensions that the page leaves out. */
function parse(text: string): unknown {
  for (let end = text.indexOf('}'); end !== -1; end = text.indexOf('}', end + 1)) {
    try {
      const { extensions: _leftOut, ...told } = JSON.parse(anyRoom(text.slice(text.indexOf('{'), end + 1)));
      return told;
    } catch {
      // A brace inside the object.
    }
  }
  throw new Error(`no JSON in ${JSON.stringify(text)}`);
}

// Every run has a room of its own.
function anyRoom(text: string): string {
  return text.replaceAll(/"![\w-]+"/g, '"!room"');
}

async function paste(commands: string): Promise<string> {
  const shell = spawn('bash', ['-eu'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  shell.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  shell.stdin.end(commands);
  expect(await new Promise((resolve) => shell.once('close', resolve))).toBe(0);
  return out;
}

it('a reader who pastes the commands gets the answers of the page', async () => {
  const blocks = blocksOf(await readFile(README, 'utf8'));
  expect(blocks.filter(({ answer }) => answer !== null)).toHaveLength(5);
  const commands = blocks.map((block) => `${block.commands}\necho '${END_OF_BLOCK}'\n`).join('');
  const printed = (await paste(commands.replaceAll('http://127.0.0.1:8008', server.url))).split(END_OF_BLOCK);
  for (const [n, { answer }] of blocks.entries()) if (answer !== null) expect(parse(printed[n]!)).toEqual(answer);
});
