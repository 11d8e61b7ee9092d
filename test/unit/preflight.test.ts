/** What an old Node is told, and that it is told anything at all. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const PREFLIGHT = fileURLToPath(new URL('../../src/preflight.mjs', import.meta.url));
const MANIFEST = new URL('../../package.json', import.meta.url);

const { complaintAbout } = (await import(new URL('../../src/node-version.mjs', import.meta.url).href)) as {
  readonly complaintAbout: (version: string) => string | null;
};

it('a Node older than the oldest that fits is told which one is needed and where it is', () => {
  for (const version of ['16.20.2', '18.19.0', '20.20.2', '22.21.0', '23.11.1', '24.0.0', '24.11.9']) {
    const complaint = complaintAbout(version);
    expect(complaint).toContain(`needs Node 24.12 or newer; this is ${version}.`);
    expect(complaint).toContain('npm start');
  }
  for (const version of ['24.12.0', '24.21.0', '25.0.0', '26.1.0', '100.0.0'])
    expect(complaintAbout(version)).toBeNull();
});

it('package.json asks for the same Node', () => {
  const { engines } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { readonly engines: { readonly node: string } };
  expect(engines.node).toBe('>=24.12');
});

/** Every Node on the PATH with its version, the one that runs this among them; often one of them is too old. */
function nodes(): readonly (readonly [string, string])[] {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  const found = places.filter((path) => existsSync(path)).map((path) => realpathSync(path));
  return [...new Set([process.execPath, ...found])].flatMap((path) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', env: {} });
    // What version managers put on the PATH may be a script that is no Node.
    const version = /^v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    return version === undefined ? [] : [[path, version] as const];
  });
}

it('each Node of this machine starts the program or says why it cannot', () => {
  const found = nodes();
  expect(found.map(([, version]) => version)).toContain(process.versions.node);
  for (const [node, version] of found) {
    const { status, stdout, stderr } = spawnSync(node, [PREFLIGHT, '--help'], { encoding: 'utf8', env: {} });
    const complaint = complaintAbout(version);
    if (complaint === null) expect({ status, out: stdout.split(' ')[0] }).toEqual({ status: 0, out: 'Usage:' });
    else expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: complaint });
  }
}, 60_000);
