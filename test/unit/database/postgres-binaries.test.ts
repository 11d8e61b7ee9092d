/** Where the copy of Postgres' programs may be trusted: in a directory for everybody, root must not run what others put there. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOurs } from '../../../src/database/postgres-binaries.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vestibule-traps-'));
  await mkdir(join(folder, 'own'), { mode: 0o755 });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a copy of the programs at a known name', () => {
  it('is taken from a directory of our own that nobody else can change', async () => {
    expect(await isOurs(join(folder, 'own'))).toBe(true);
  });

  it('is not taken through a link, which may lead elsewhere a moment later', async () => {
    await symlink(join(folder, 'own'), join(folder, 'link'));
    expect(await isOurs(join(folder, 'link'))).toBe(false);
  });

  it.each([0o775, 0o757, 0o777])('is not taken from a directory that others may write to (mode %o)', async (mode) => {
    const path = join(folder, `mode-${mode}`);
    await mkdir(path);
    await chmod(path, mode);
    expect(await isOurs(path)).toBe(false);
  });

  it('is not there when there is nothing, or a file', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await isOurs(join(folder, 'file'))).toBe(false);
    expect(await isOurs(join(folder, 'nothing'))).toBe(false);
  });
});
