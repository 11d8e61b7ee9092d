/** Where the embedded Postgres' files lie: in the data directory, or where the account that runs it can reach them. */
import { chmod, chown, lstat, mkdir, mkdtemp, realpath, rmdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { canReach, type Account } from './postgres-binaries.ts';

export interface FolderOptions {
  /** Of the account that the server runs as; null: this process' own. */
  readonly account: Account | null;
  /** Where folders are made that everybody may enter. */
  readonly elsewhere?: string;
  readonly onProgress: (message: string) => void;
}

const MAX_TRIES = 20;

/**
 * The real path of the cluster's folder, which is made when it is missing. Root's Postgres runs as an account that cannot
 * enter a home of root's: then the folder is made below `elsewhere`, and `wanted` becomes a link to it. Rejects when a
 * folder that holds something cannot be reached, and when a link leads nowhere.
 */
export async function clusterFolder(wanted: string, options: FolderOptions): Promise<string> {
  const { account } = options;
  const folder = await findOrMake(wanted, account);
  if (account === null || (await canReach(folder, account))) return folder;
  const moved = await moveElsewhere(wanted, account, options);
  if (moved !== null) return moved;
  throw new Error(
    `Postgres runs as uid ${account.uid}, which cannot reach ${folder}: set DATA_DIR to a place it can reach`,
  );
}

/** Whoever starts at the same time may take the empty folder away again, to put a link there. */
async function findOrMake(wanted: string, account: Account | null): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await existing(wanted)) ?? (await make(wanted, account));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === MAX_TRIES) throw error;
    }
  }
}

async function existing(path: string): Promise<string | null> {
  const real = await realpath(path).catch(() => null);
  if (real !== null) return real;
  const link = await lstat(path).catch(() => null);
  if (link === null) return null;
  // It may have come between the two looks.
  const now = await realpath(path).catch(() => null);
  if (now === null) throw new Error(`${path} is a link to files of the database that are gone`);
  return now;
}

async function make(path: string, account: Account | null): Promise<string> {
  // Parents that are missing become root's and open to all; the folder itself is the account's.
  const made = await mkdir(path, { recursive: true, mode: account === null ? 0o700 : 0o755 });
  if (made !== undefined && account !== null) await chown(path, account.uid, account.gid);
  return realpath(path);
}

/** Null when the folder holds something. Whoever else starts at the same time: the first link stays. */
async function moveElsewhere(
  wanted: string,
  account: Account,
  { elsewhere = '/var/lib', onProgress }: FolderOptions,
): Promise<string | null> {
  const problem = await rmdir(wanted).then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (problem === 'ENOTDIR') return realpath(wanted);
  if (problem !== null && problem !== 'ENOENT') return null;
  const home = await mkdtemp(join(elsewhere, 'vestibule-'));
  await chmod(home, 0o755);
  const folder = await make(join(home, 'postgres'), account);
  try {
    await symlink(folder, wanted);
  } catch (error) {
    await rm(home, { recursive: true });
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // A link of somebody else's, or an empty folder that somebody else is about to make one of.
    return clusterFolder(wanted, { account, elsewhere, onProgress });
  }
  onProgress(`${wanted} is out of reach for the account that runs Postgres: its files go to ${folder}`);
  return folder;
}
