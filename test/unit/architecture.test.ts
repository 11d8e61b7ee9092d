/** The floors hold: arrows between folders fall, none climb, and no files import each other in a circle. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  circles,
  climbingImports,
  climbingWithinCommands,
  clocksAndDice,
  danglingImports,
  FLOORS,
  importsOf,
  impureImports,
  unkemptFiles,
  type Sources,
} from '../support/architecture.ts';

const SRC = new URL('../../src/', import.meta.url);

const sources: Sources = new Map(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?[jt]sx?$/.test(file))
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(new URL(file, SRC), 'utf8')]),
);

/** A house of the given files: each `path: 'what it imports'`, with a header that keeps it tidy. */
const house = (files: Record<string, string>): Sources =>
  new Map(Object.entries(files).map(([file, code]) => [file, `// What this is.\n${code}\n`]));

describe('the source tree', () => {
  test('is read whole: every room of the plan that exists is seen, with its imports', () => {
    expect(sources.size).toBeGreaterThan(80);
    const rooms = new Set([...sources.keys()].map((file) => file.split('/')[0]));
    for (const room of ['matrix', 'database', 'log', 'projections', 'commands', 'http', 'graphql', 'worker'])
      expect(rooms).toContain(room);
    const named = [...sources.values()].flatMap(importsOf).filter((name) => name.startsWith('.'));
    expect(named.length).toBeGreaterThan(3 * sources.size);
  });

  test('imports only downward, or inside its own room', () => {
    expect(climbingImports(sources)).toEqual([]);
  });

  test('imports only downward between the folders of the use cases', () => {
    expect(climbingWithinCommands(sources)).toEqual([]);
  });

  test('imports only what is there', () => {
    expect(danglingImports(sources)).toEqual([]);
  });

  test('has no circle between files, types included', () => {
    expect(circles(sources)).toEqual([]);
  });

  test('keeps the protocol pure: matrix/ imports node:crypto and nothing else', () => {
    expect(impureImports(sources)).toEqual([]);
  });

  test('has no file above 300 lines, and none that does not say what it is', () => {
    expect(unkemptFiles(sources)).toEqual([]);
  });

  test('takes time and chance as arguments below main.ts', () => {
    expect(clocksAndDice(sources)).toEqual([]);
  });
});

describe('the check of the floors', () => {
  test('sees every way to import a file', () => {
    const code = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      'import {\n  c,\n  type D,\n} from "./c.ts";',
      "import './d.ts';",
      "export { e } from './e.ts';",
      "const f = await import('./f.ts');",
      "type G = import('./g.ts').G;",
      "// import { no } from './no.ts';",
    ].join('\n');
    expect(importsOf(code)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts']);
  });

  test('names an import that climbs, also one of types only', () => {
    const bad = house({
      'log/append.ts': "import type { Knock } from '../commands/knock.ts';",
      'commands/knock.ts': '',
    });
    expect(climbingImports(bad)).toEqual(['log/append.ts imports commands/knock.ts, which is not on a lower floor']);
  });

  test('names an import between two rooms of one floor', () => {
    for (const floor of FLOORS) {
      const [here, there] = floor.map((room) => (room.includes('.') ? room : `${room}/file.ts`));
      if (here === undefined || there === undefined || !here.includes('/')) continue;
      const bad = house({ [here]: `import { x } from '../${there}';` });
      expect(climbingImports(bad)).toHaveLength(1);
    }
  });

  test('allows a fall over several floors, and a neighbour in the same room', () => {
    const good = house({
      'http/client-server/knock-room.ts':
        "import { a } from '../../matrix/pdu.ts'; import { b } from '../endpoint.ts';",
      'main.ts': "import { c } from './http/server.ts';",
    });
    expect(climbingImports(good)).toEqual([]);
  });

  test('names an import that climbs between folders of the use cases', () => {
    const bad = house({
      'commands/lanes/record.ts': "import { judge } from '../judge/judge.ts';",
      'commands/judge/judge.ts': "import { lane } from '../lanes/room-lane.ts'; import { act } from '../act.ts';",
      'commands/lanes/room-lane.ts': '',
      'commands/act.ts': '',
    });
    expect(climbingWithinCommands(bad)).toEqual([
      'commands/lanes/record.ts imports commands/judge/judge.ts, which is not lower',
    ]);
  });

  test('names a file that is in no room of the plan', () => {
    expect(climbingImports(house({ 'utils/strings.ts': '' }))).toEqual(['utils/strings.ts is in no room of the plan']);
  });

  test('names a circle through three files', () => {
    const bad = house({
      'log/a.ts': "import './b.ts';",
      'log/b.ts': "import type { C } from './c.ts';",
      'log/c.ts': "export { a } from './a.ts';",
    });
    expect(circles(bad)).toEqual(['log/a.ts → log/b.ts → log/c.ts → log/a.ts']);
  });

  test('names what is impure, missing, long or untitled, and who reads the clock', () => {
    expect(impureImports(house({ 'matrix/pdu.ts': "import fs from 'node:fs';" }))).toHaveLength(1);
    expect(danglingImports(house({ 'log/a.ts': "import './nowhere.ts';" }))).toHaveLength(1);
    expect(unkemptFiles(new Map([['log/a.ts', 'export const a = 1;\n']]))).toEqual(['log/a.ts has no header comment']);
    expect(unkemptFiles(house({ 'log/a.ts': '\n'.repeat(300) }))).toEqual(['log/a.ts has 302 lines']);
    expect(clocksAndDice(house({ 'log/a.ts': 'const t = Date.now();' }))).toEqual(['log/a.ts uses Date.now']);
    expect(clocksAndDice(house({ 'log/a.ts': 'const t = new Date();' }))).toEqual(['log/a.ts uses new Date()']);
    expect(clocksAndDice(house({ 'accounts/a.ts': 'randomBytes(3); new Date(now);' }))).toEqual([]);
  });
});
