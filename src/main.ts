/** The program: picks the role, reads the environment, and is the only one to speak with the process. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino, type Logger } from 'pino';
import { CONFIG_VARIABLES, readConfig, type Config } from './config.ts';
import { endLate, type Arguments, type Role, type RoleContext } from './roles/role.ts';

// Each is loaded when it is run: what serves is most of the program, and no other role needs it.
const ROLES: Readonly<Record<string, () => Promise<Role>>> = {
  serve: async () => (await import('./roles/serve.ts')).serveRole,
  work: async () => (await import('./roles/work.ts')).workRole,
  migrate: async () => (await import('./roles/migrate.ts')).migrateRole,
  verify: async () => (await import('./roles/verify.ts')).verifyRole,
  rebuild: async () => (await import('./roles/rebuild.ts')).rebuildRole,
  'create-user': async () => (await import('./roles/create-user.ts')).createUserRole,
  'registration-token': async () => (await import('./roles/registration-token.ts')).registrationTokenRole,
};

const USAGE_ERROR = 2;

async function main(words: readonly string[]): Promise<number> {
  const [name, rest] =
    words[0] === undefined || words[0].startsWith('-') ? ['serve', words] : [words[0], words.slice(1)];
  if (name === 'help' || (words[0] !== undefined && ['--help', '-h'].includes(words[0])))
    return say(await programHelp());
  if (!Object.hasOwn(ROLES, name)) {
    return complain(`There is no role ${JSON.stringify(name)}.\n\n${await programHelp()}`);
  }
  const role = await ROLES[name]!();
  if (rest.includes('--help') || rest.includes('-h')) return say(roleHelp(name, role));
  const given = readArguments(role, rest);
  if (typeof given === 'string') return complain(`${given}\n\n${roleHelp(name, role)}`);
  let config: Config;
  try {
    config = readConfig(process.env);
  } catch (error) {
    return complain(`The environment cannot be used:\n${(error as Error).message}`);
  }
  // Almost all that they make is garbage at once. V8 would let it double the heap before it looks.
  if (['serve', 'work'].includes(name)) setFlagsFromString('--heap-growing-percent=50');
  return run(role, given, config);
}

function readArguments({ options, positionals }: Role, words: readonly string[]): Arguments | string {
  try {
    const given = parseArgs({ args: [...words], options, allowPositionals: positionals > 0 });
    if (given.positionals.length > positionals) return `${given.positionals.at(-1)} is one argument too many.`;
    return { positionals: given.positionals, values: given.values as Arguments['values'] };
  } catch (error) {
    return (error as Error).message;
  }
}

/** From being told to stop to the end: a database that is silent, and not away, would be waited for without end. */
const LONGEST_END_MS = 60_000;

async function run(role: Role, given: Arguments, config: Config): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const log = createLog(config);
  endLate(stop.signal, LONGEST_END_MS, () => {
    log.error('something does not answer that is waited for: ended without it');
    process.exit(1);
  });
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise was rejected and nobody listened'));
  const context: RoleContext = {
    config,
    log,
    now: Date.now,
    processId: process.pid,
    print: (line) => void process.stdout.write(`${printable(line)}\n`),
    progress: createProgress(),
    giveBackMemory,
    readSecret,
    stop: stop.signal,
    end: () => stop.abort(),
  };
  try {
    return await role.run(context, given);
  } catch (error) {
    log.debug({ err: error }, 'failed');
    return complain(error instanceof Error ? error.message : String(error), 1);
  }
}

// Standard output is for what was asked for; the log goes beside it. Of errors only what is named here: a database's
// errors carry rows, and rows hold people's words.
function createLog({ logLevel }: Config): Logger {
  const err = (error: unknown): object => {
    if (!(error instanceof Error)) return { message: String(error) };
    const code = 'code' in error ? { code: error.code } : {};
    return { type: error.name, ...code, stack: withoutWords(error) };
  };
  return pino({ level: logLevel, serializers: { err }, base: null }, pino.destination({ fd: 2, sync: true }));
}

// Class 22 is the database's complaint about a value, and its message repeats the value.
function withoutWords(error: Error): string {
  const stack = error.stack ?? '';
  const quotes = 'code' in error && /^22...$/.test(String(error.code));
  return quotes ? stack.slice(stack.indexOf('\n    at ') + 1).trim() : stack;
}

function createProgress(): (line: string) => void {
  const every = process.stderr.isTTY ? 100 : 5_000;
  let last = 0;
  return (line) => {
    if (Date.now() - last < every) return;
    last = Date.now();
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${printable(line)}` : `${printable(line)}\n`);
  };
}

function giveBackMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  collect({ type: 'major', flavor: 'last-resort' });
}

async function readSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  if (stdin.isTTY) stderr.write(question);
  const lines = createInterface({ input: stdin, output: nowhere, terminal: stdin.isTTY });
  try {
    for await (const line of lines) return line;
    throw new Error('No password was given.');
  } finally {
    lines.close();
    if (stdin.isTTY) stderr.write('\n');
  }
}

async function programHelp(): Promise<string> {
  const roles = await Promise.all(
    Object.entries(ROLES).map(async ([name, load]) => `  ${name.padEnd(20)}${(await load()).summary}`),
  );
  const variables = CONFIG_VARIABLES.map(
    ({ name, meaning, default: absent }) => `  ${name.padEnd(30)}${meaning} [${absent}]`,
  );
  return [
    'Usage: node src/main.ts [ROLE] [OPTIONS]',
    '',
    ...roles,
    '',
    'Environment:',
    ...variables,
    '',
    'ROLE --help tells more.',
  ].join('\n');
}

function roleHelp(name: string, { summary, usage, help }: Role): string {
  return [
    `Usage: node src/main.ts ${name} ${usage}`.trimEnd(),
    '',
    `${name}: ${summary}`,
    ...help.map((line) => `  ${line}`),
  ].join('\n');
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(text: string, code = USAGE_ERROR): number {
  process.stderr.write(`${printable(text)}\n`);
  return code;
}

// Ids and keys are anybody's words: what would move a terminal's cursor, or turn its text round, is spelt out as in JSON.
function printable(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, (character) =>
    [...character.split('')].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  );
}

// Not exitCode: connections that wait for a Redis that is away would keep the process.
process.exit(await main(process.argv.slice(2)));
