/** The pages lead where they say: every link between them, every metric and script that they name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(new URL('docs/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
];

const read = (page: string): string => readFileSync(new URL(page, ROOT), 'utf8');

describe.each(pages)('%s', (page) => {
  test('links to what is there', () => {
    const targets = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
    const missing = targets
      .filter((target) => !/^(https?:|#)/.test(target))
      .filter((target) => !existsSync(new URL(target.replace(/#.*$/, ''), new URL(page, ROOT))));
    expect(missing).toEqual([]);
  });

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

test('the page of metrics names every metric, and none besides', () => {
  const sources = ['src/commands/record.ts', 'src/commands/room-lane.ts', 'src/http/server.ts', 'src/roles/metrics.ts'];
  const names = (text: string): readonly string[] => [...new Set(text.match(/\bvestibule_[a-z_]+[a-z]\b/g))].sort();
  const own = sources.flatMap((file) => names(read(file).replaceAll(/^.*import.*$/gm, '')));
  expect(names(read('docs/reference/metrics.md'))).toEqual([...new Set(own)].sort());
});

test('every decision is in the list of decisions', () => {
  const list = read('docs/decisions/README.md');
  const unlisted = pages.filter((page) => /decisions\/\d/.test(page) && !list.includes(page.split('/').at(-1) ?? ''));
  expect(unlisted).toEqual([]);
});
