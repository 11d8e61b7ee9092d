/** A server as its user starts it: a process of its own, on a data folder or a database, reached over HTTP. */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { NO_NAME_SERVER } from './name-server.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** As preflight.mjs has it: hundreds of processes are started here. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/vestibule', import.meta.url));

export interface ServerOptions {
  /** Absent: the embedded Postgres in `dataDir`. */
  readonly databaseUrl?: string;
  /** Absent: a temporary folder, removed on stop. */
  readonly dataDir?: string;
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

export interface RunningRole {
  readonly process: ChildProcess;
  /** Everything it has printed: standard output, and its log. */
  readonly output: () => { readonly out: string; readonly log: string };
  /** Resolves when the words are in its output or its log. Rejects when it ends without them. */
  readonly says: (words: string) => Promise<void>;
  /** Resolves to the exit code when it has ended; null when a signal ended it. */
  readonly gone: Promise<number | null>;
}

export interface TestServer extends RunningRole {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  /** Resolves when it serves. Rejects with what it printed when it ends before. */
  answering(): Promise<void>;
  /** SIGTERM, and the exit code. Removes a temporary data folder. */
  stop(): Promise<number | null>;
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
}

/** Resolves when the server answers. Rejects with what it printed when it ends before. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const server = await launchServer(options);
  await server.answering();
  return server;
}

/** Starts a server and does not wait for it: it may have to wait for another one. */
export async function launchServer(options: ServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  const port = options.port ?? (await freePort());
  const role = launchRole(['serve', ...(options.args ?? [])], {
    DATA_DIR: dataDir,
    CLIENT_LISTEN: `127.0.0.1:${port}`,
    RATE_LIMITS: 'off',
    ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
    ...options.env,
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    ...role,
    url,
    port,
    dataDir,
    answering: () => answering(url, role),
    async stop() {
      role.process.kill('SIGTERM');
      const code = await role.gone;
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      return code;
    },
    async kill() {
      role.process.kill('SIGKILL');
      await role.gone;
    },
  };
}

/** Starts a role that runs until it is told to stop. */
export function launchRole(args: readonly string[], env: Readonly<Record<string, string>>): RunningRole {
  const { child, printed } = run(args, env);
  const output = (): Printed => ({ ...printed });
  return {
    process: child,
    output,
    gone: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    says: (words) => until(child, output, async () => printed.out.includes(words) || printed.log.includes(words)),
  };
}

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly log: string;
}

/** Runs a role to its end. */
export async function runRole(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<Finished> {
  const { child, printed } = run(args, env);
  child.stdin?.end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', (ended) => resolve(ended)));
  return { code, ...printed };
}

/** A folder that the embedded Postgres' account can reach. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-data-'));
  await chmod(folder, 0o755);
  return folder;
}

interface Printed {
  out: string;
  log: string;
}

/** As `npm start` and the container start the server and its workers. */
export const NODE_FLAGS = ['--max-semi-space-size=8'] as const;
/** As the container sets it: each thread's own pool of freed memory would be kept from the others. */
export const ARENAS = { MALLOC_ARENA_MAX: '2' } as const;

function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): { child: ChildProcess; printed: Printed } {
  const printed: Printed = { out: '', log: '' };
  // Of this process' environment only what finds programs: what a developer has set must not reach the server.
  const bare = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
    env: {
      ...bare,
      ...ARENAS,
      NODE_COMPILE_CACHE: COMPILED,
      LOG_LEVEL: 'debug',
      FEDERATION_DNS_SERVERS: NO_NAME_SERVER,
      ...env,
    },
  });
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.log += chunk.toString()));
  return { child, printed };
}

async function answering(url: string, { process: child, output }: RunningRole): Promise<void> {
  await until(child, output, async () => {
    const answer = await fetch(`${url}/_matrix/client/versions`).catch(() => null);
    return answer?.status === 200 && output().out.includes('Accounts');
  });
}

async function until(child: ChildProcess, output: () => Printed, come: () => Promise<boolean>): Promise<void> {
  let ended = false;
  for (let waited = 0; waited < PATIENCE_MS && !ended; waited += 50) {
    if (await come()) return;
    ended = child.exitCode !== null || child.signalCode !== null;
    if (!ended) await sleep(50);
  }
  const { out, log } = output();
  const what = ended ? 'the process ended' : 'the process did not come to what was expected of it in a minute';
  throw new Error(`${what}:\n${out}\n${log}`);
}

const PATIENCE_MS = 60_000;
