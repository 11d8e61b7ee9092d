/** The program: picks the role, reads the environment, and is the only one to speak with the process. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino, type Logger } from 'pino';
import { CONFIG_VARIABLES, readConfig, type Config } from './config.ts';
import { createUserRole } from './roles/create-user.ts';
import { migrateRole } from './roles/migrate.ts';
import { rebuildRole } from './roles/rebuild.ts';
import { registrationTokenRole } from './roles/registration-token.ts';
import { endLate, type Arguments, type Role, type RoleContext } from './roles/role.ts';
import { serveRole } from './roles/serve.ts';
import { verifyRole } from './roles/verify.ts';
import { workRole } from './roles/work.ts';

const ROLES: Readonly<Record<string, Role>> = {
  serve: serveRole,
  work: workRole,
  migrate: migrateRole,
  verify: verifyRole,
  rebuild: rebuildRole,
  'create-user': createUserRole,
  'registration-token': registrationTokenRole,
};

const USAGE_ERROR = 2;

async function main(words: readonly string[]): Promise<number> {
  const [name, rest] =
    words[0] === undefined || words[0].startsWith('-') ? ['serve', words] : [words[0], words.slice(1)];
  if (name === 'help' || (words[0] !== undefined && ['--help', '-h'].includes(words[0]))) return say(programHelp());
  const role = Object.hasOwn(ROLES, name) ? ROLES[name]! : null;
  if (role === null) return complain(`There is no role ${JSON.stringify(name)}.\n\n${programHelp()}`);
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
  if (role === serveRole || role === workRole) setFlagsFromString('--heap-growing-percent=50');
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

function programHelp(): string {
  const roles = Object.entries(ROLES).map(([name, role]) => `  ${name.padEnd(20)}${role.summary}`);
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
