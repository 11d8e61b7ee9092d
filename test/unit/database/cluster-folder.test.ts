/** Where the embedded Postgres' files lie when root starts it: where the account that runs it can reach them. */
import { chmod, lstat, mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterFolder } from '../../../src/database/cluster-folder.ts';
import { tell } from '../../support/programs.ts';

const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = userInfo().uid === 0;
if (!isRoot) tell('!!! THE TESTS OF WHERE ROOT KEEPS ITS DATABASE ARE LEFT OUT: this is not root.');

let folder: string;
/** Only root enters it, as a home of root's. */
let home: string;
let elsewhere: string;
const said: string[] = [];

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'vestibule-homes-')));
  await chmod(folder, 0o755);
  home = join(folder, 'root');
  await mkdir(home, { mode: 0o700 });
  elsewhere = join(folder, 'lib');
  await mkdir(elsewhere, { mode: 0o755 });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const place = (wanted: string): Promise<string> =>
  clusterFolder(wanted, { account: NOBODY, elsewhere, onProgress: (line) => void said.push(line) });

describe('a database of somebody who is not root', () => {
  it('lies where it was asked for, closed to others', async () => {
    const wanted = join(home, 'own', 'postgres');
    expect(await clusterFolder(wanted, { account: null, onProgress: () => undefined })).toBe(wanted);
    expect((await stat(wanted)).mode & 0o777).toBe(0o700);
  });
});

describe.skipIf(!isRoot)('a database of root', () => {
  it('lies where it was asked for when its account can reach that, and belongs to the account', async () => {
    const wanted = join(folder, 'data', 'postgres');
    expect(await place(wanted)).toBe(wanted);
    expect(await stat(wanted)).toMatchObject(NOBODY);
    expect(await place(wanted)).toBe(wanted);
    expect(said).toEqual([]);
  });

  it('lies elsewhere when its account cannot, with a link that later starts follow', async () => {
    const wanted = join(home, 'data', 'postgres');
    const real = await place(wanted);
    expect(real.startsWith(`${elsewhere}/vestibule-`)).toBe(true);
    expect(await stat(real)).toMatchObject(NOBODY);
    expect(await realpath(wanted)).toBe(real);
    expect(said).toEqual([expect.stringContaining(real)]);
    expect(await place(wanted)).toBe(real);
    expect(await readdir(elsewhere)).toHaveLength(1);
  });

  it('is made once by two that start together', async () => {
    const wanted = join(home, 'twice', 'postgres');
    const [one, two] = await Promise.all([place(wanted), place(wanted)]);
    expect(one).toBe(two);
    expect(await realpath(wanted)).toBe(one);
  });

  it('is not moved when there is something in the folder already', async () => {
    const wanted = join(home, 'full', 'postgres');
    await mkdir(wanted, { recursive: true });
    await writeFile(join(wanted, 'PG_VERSION'), '18');
    await expect(place(wanted)).rejects.toThrow('set DATA_DIR to a place it can reach');
    expect((await lstat(wanted)).isDirectory()).toBe(true);
  });

  it('is not made anew where a link leads to files that are gone', async () => {
    const wanted = join(home, 'gone', 'postgres');
    await rm(await place(wanted), { recursive: true });
    await expect(place(wanted)).rejects.toThrow('files of the database that are gone');
  });
});
