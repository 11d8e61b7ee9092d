/** What the README and the reference pages promise, held against the program. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CONFIG_VARIABLES } from '../../src/config.ts';
import { ERRCODES } from '../../src/matrix/errors.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** The cells of the first table of a page, without its head. */
function table(page: string): readonly (readonly string[])[] {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => line.startsWith('|'));
  const rows = lines.slice(head + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

describe('the reference pages', () => {
  it('the configuration page lists every variable with its default and its meaning', () => {
    const rows = CONFIG_VARIABLES.map(({ name, default: absent, meaning }) => [`\`${name}\``, absent, meaning]);
    expect(table(read('docs/reference/configuration.md'))).toEqual(rows);
  });

  it('the page of errors lists every errcode with its status and its meaning', () => {
    const rows = Object.entries(ERRCODES).map(([code, { status, meaning }]) => [
      `\`${code}\``,
      String(status),
      meaning,
    ]);
    expect(table(read('docs/reference/errors.md'))).toEqual(rows);
  });

  it('no page names a script that is missing, and CONTRIBUTING names them all', () => {
    const named = [
      ...pages
        .map(read)
        .join('\n')
        .matchAll(/npm (?:run (?!-)([\w:]+)|(test|start)\b)/g),
    ];
    const scripts = Object.keys(manifest.scripts);
    expect(named.map(([, run, alone]) => run ?? alone ?? '').filter((script) => !scripts.includes(script))).toEqual([]);
    const parts = /^(check|generate):|^(format|lint|start|demo)$/;
    expect(scripts.filter((script) => !parts.test(script) && !read('CONTRIBUTING.md').includes(script))).toEqual([]);
  });
});

describe('the scripts', () => {
  const files = Object.entries(manifest.scripts).flatMap(([name, line]) =>
    [...line.matchAll(/\bnode (?:--[\w=-]+ )?([\w/.-]+)/g)].map(([, file = '']) => [name, file] as const),
  );

  it('run files that are there', () => {
    expect(files.map(([name]) => name)).toEqual(expect.arrayContaining(['start', 'demo', 'bench']));
    expect(files.filter(([, file]) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('are there for what the README and the guides say', () => {
    const wanted = [
      ...['start', 'dev', 'demo', 'generate', 'check', 'format', 'lint', 'bench'],
      ...['test', 'test:unit', 'test:integration', 'test:referee', 'test:browser'],
    ];
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(wanted));
  });
});

describe('the packages', () => {
  it('what src imports is installed without the packages for development', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(ts|mjs)$/.test(name),
    );
    const imported = sources.flatMap((name) =>
      [...read(join('src', name)).matchAll(/^(?:import|export) (?!type )[^;]*?from '([^.'][^']*)'/gm)]
        .map(([, from = '']) => from)
        .filter((from) => !from.startsWith('node:'))
        .map((from) =>
          from
            .split('/')
            .slice(0, from.startsWith('@') ? 2 : 1)
            .join('/'),
        ),
    );
    expect(new Set(imported).size).toBeGreaterThan(8);
    for (const name of new Set(imported)) expect(Object.keys(manifest.dependencies)).toContain(name);
  });

  it('the lock holds every optional package of every entry, and no address', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Record<string, string> }>>;
    };
    const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !resolvable(packages, at, name)),
    );
    expect(missing).toEqual([]);
    expect(read('package-lock.json')).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
  });
});

/** Whether Node would find the package from there: beside it, or further up. */
function resolvable(packages: Readonly<Record<string, unknown>>, from: string, name: string): boolean {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true;
    if (at === '') return false;
    if (!at.includes('/node_modules/')) at = '';
  }
}

describe('--help', () => {
  it('lists every role and every variable', () => {
    const { stdout, status } = spawnSync(process.execPath, [join(ROOT, 'src/preflight.mjs'), '--help'], {
      encoding: 'utf8',
      env: {},
    });
    expect(status).toBe(0);
    for (const { name, meaning, default: absent } of CONFIG_VARIABLES) {
      expect(stdout).toContain(`  ${name} `);
      expect(stdout).toContain(`${meaning} [${absent}]`);
    }
    const roles = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, role]) => role);
    const documented = table(read('docs/reference/command-line.md')).map(([role = '']) => /[a-z-]+/.exec(role)?.[0]);
    expect(roles).toEqual(documented);
  }, 60_000);
});
