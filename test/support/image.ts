/** What the containers run, without containers: the files that the Dockerfile copies, the database that Compose makes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../src/database/database.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  /** Standard output and the log. */
  output(): string;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** The exit code, when it has ended by itself. */
  readonly ended: Promise<number | null>;
}

/** Lays out what the image holds. The packages are those of this checkout. */
export async function layOutImage(folder: string): Promise<void> {
  const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const image = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  await mkdir(folder, { recursive: true });
  for (const [, line = ''] of image.matchAll(/^COPY (?!--)(.*)$/gm)) {
    const names = line.split(/\s+/);
    const to = names.pop() ?? '.';
    for (const name of names) {
      const target = to.endsWith('/') ? join(folder, to, name.split('/').pop() ?? '') : join(folder, to);
      await mkdir(dirname(target), { recursive: true });
      await cp(join(ROOT, name), target, { recursive: true });
    }
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

/** Runs one of its programs with nothing in the environment but what is given. */
export function runInImage(folder: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [...args], { cwd: folder, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    output: () => output,
    ended,
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Asks a health check until it exits with 0, as a container engine does. Rejects when the program ends before. */
export async function healthy(folder: string, who: 'server' | 'worker', url: string, of: Running): Promise<void> {
  for (let waited = 0; waited < 60_000 && of.child.exitCode === null; waited += 500) {
    if ((await checkHealth(folder, who, url)) === 0) return;
    await sleep(500);
  }
  throw new Error(`the ${who} does not get healthy:\n${of.output()}`);
}

export async function checkHealth(folder: string, who: 'server' | 'worker', url: string): Promise<number | null> {
  return runInImage(folder, ['docker/healthy.mjs', who], { VESTIBULE_URL: url }).ended;
}

/**
 * Makes the database by docker/create-database.sql, statement by statement, as the image's psql does. `url` is of an
 * embedded server that has just been made; its superuser steps aside, for the file makes a role of that name.
 */
export async function makeComposeDatabase(url: string, password: string): Promise<void> {
  const asSuperuser = new URL(url);
  await statements(asSuperuser.href, [`create role compose_root superuser login password '${password}'`]);
  [asSuperuser.username, asSuperuser.password] = ['compose_root', password];
  const file = await readFile(join(ROOT, 'docker/create-database.sql'), 'utf8');
  const made = file
    .replaceAll(/^(--|\\).*$/gm, '')
    .replaceAll(":'password'", `'${password}'`)
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  await statements(asSuperuser.href, ['alter role vestibule rename to bootstrap', ...made]);
}

async function statements(url: string, list: readonly string[]): Promise<void> {
  const database = openDatabase({ url, role: 'owner', max: 1 });
  try {
    for (const statement of list) await database.pool.query(statement);
  } finally {
    await database.close();
  }
}
