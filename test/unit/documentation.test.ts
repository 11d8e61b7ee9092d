/** The pages lead where they say: every link between them, every metric. */
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
});

test('the page of metrics names every metric, and none besides', () => {
  const sources = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(`src/${name.replaceAll('\\', '/')}`));
  const made = sources.flatMap((text) => [...text.matchAll(/\bname: '(vestibule_\w+)'/g)].map(([, name = '']) => name));
  const told = read('docs/reference/metrics.md').match(/\bvestibule_[a-z_]+[a-z]\b/g);
  expect([...new Set(told)].sort()).toEqual([...new Set(made)].sort());
});

test('every decision is in the list of decisions', () => {
  const list = read('docs/decisions/README.md');
  const unlisted = pages.filter((page) => /decisions\/\d/.test(page) && !list.includes(page.split('/').at(-1) ?? ''));
  expect(unlisted).toEqual([]);
});
