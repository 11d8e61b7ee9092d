/** The plan of the house: which folder stands on which floor, and what breaks the plan in a set of files. */
import { posix } from 'node:path';

/** From the roof to the ground. A file imports only from a lower floor or from its own room. */
export const FLOORS: readonly (readonly string[])[] = [
  ['preflight.mjs'],
  ['main.ts'],
  ['roles'],
  ['http', 'graphql', 'worker'],
  ['commands'],
  ['projections', 'accounts', 'directory', 'access'],
  ['log', 'outbox', 'queue', 'federation'],
  ['config.ts', 'node-version.mjs'],
  ['matrix', 'database', 'addresses.ts', 'bounded-cache.ts', 'durations.ts', 'config-variables.ts'],
];

/**
 * Inside `commands/`, from above: who stands lower knows none of those above. The acts themselves lie beside these folders,
 * and use them as they are used.
 */
export const WITHIN_COMMANDS: readonly (readonly string[])[] = [
  ['verify', 'elsewhere'],
  ['receive'],
  ['judge'],
  ['lanes'],
];

/** Files by their path under `src/`, with their text. */
export type Sources = ReadonlyMap<string, string>;

const MAX_LINES = 300;
const IMPORT = /(?:\bfrom|^\s*import|\bimport\s*\()\s*(['"])([^'"\n]+)\1/gm;

/** Every module that a file names: static, type-only, re-exported, for its side effects, or dynamic. */
export function importsOf(text: string): readonly string[] {
  const code = text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
  return [...code.matchAll(IMPORT)].map((match) => match[2] ?? '');
}

/** Imports that climb, or that cross to another room of the same floor, and rooms that are not on the plan. */
export function climbingImports(sources: Sources): readonly string[] {
  return [...sources].flatMap(([file, text]) => {
    if (floorOf(file) === -1) return [`${file} is in no room of the plan`];
    return importsOf(text)
      .filter((name) => name.startsWith('.'))
      .map((name) => posix.join(posix.dirname(file), name))
      .filter((target) => roomOf(target) !== roomOf(file) && floorOf(target) <= floorOf(file))
      .map((target) => `${file} imports ${target}, which is not on a lower floor`);
  });
}

/** Imports that climb from one folder of `commands/` to another. */
export function climbingWithinCommands(sources: Sources): readonly string[] {
  const levelOf = (file: string): number => {
    const [room, folder, ...below] = file.split('/');
    return room === 'commands' && below.length > 0 ? WITHIN_COMMANDS.findIndex((level) => level.includes(folder!)) : -1;
  };
  return [...edges(sources)].flatMap(([file, targets]) =>
    targets
      .filter((target) => posix.dirname(target) !== posix.dirname(file))
      .filter((target) => levelOf(file) !== -1 && levelOf(target) !== -1 && levelOf(target) <= levelOf(file))
      .map((target) => `${file} imports ${target}, which is not lower`),
  );
}

/** Relative imports that name no file of the set: a typing error, or a way around the plan. */
export function danglingImports(sources: Sources): readonly string[] {
  return [...edges(sources)]
    .flatMap(([file, targets]) => targets.map((target) => [file, target] as const))
    .filter(([, target]) => !sources.has(target))
    .map(([file, target]) => `${file} imports ${target}, which is not there`);
}

/** What the pure room imports besides itself and `node:crypto`. */
export function impureImports(sources: Sources): readonly string[] {
  return [...sources]
    .filter(([file]) => roomOf(file) === 'matrix')
    .flatMap(([file, text]) =>
      importsOf(text)
        .filter((name) => !name.startsWith('.') && name !== 'node:crypto')
        .map((name) => `${file} imports ${name}`),
    );
}

/** Circles of imports between files, each named once by its members. Type-only imports count. */
export function circles(sources: Sources): readonly string[] {
  const graph = edges(sources);
  const done = new Set<string>();
  const path: string[] = [];
  const found: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start !== -1) found.push([...path.slice(start), file].join(' → '));
    if (start !== -1 || done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

/** Files that are too long, or do not say in their first line what they are. Generated files are left out. */
export function unkemptFiles(sources: Sources): readonly string[] {
  return [...sources]
    .filter(([file]) => !file.includes('.generated.'))
    .flatMap(([file, text]) => {
      const lines = text.split('\n').length - 1;
      return [
        ...(lines > MAX_LINES ? [`${file} has ${lines} lines`] : []),
        ...(/^(\/\/ \S|\/\*\*?\s+\S)/.test(text.replace(/^#!.*\n/, '')) ? [] : [`${file} has no header comment`]),
      ];
    });
}

/** Reads of the clock or of chance below `main.ts`, where both are arguments. Random bytes may be drawn in `accounts/`. */
export function clocksAndDice(sources: Sources): readonly string[] {
  const forbidden = [/\bDate\.now\b/, /\bnew Date\(\s*\)/, /\bMath\.random\b/, /\brandomUUID\b/, /\brandomInt\b/];
  return [...sources]
    .filter(([file]) => file !== 'main.ts')
    .flatMap(([file, text]) => {
      const here = roomOf(file) === 'accounts' ? forbidden : [...forbidden, /\brandomBytes\b/];
      return here
        .map((pattern) => pattern.exec(withoutComments(text))?.[0])
        .filter((word) => word !== undefined)
        .map((word) => `${file} uses ${word}`);
    });
}

const roomOf = (file: string): string => file.split('/')[0] ?? file;
const floorOf = (file: string): number => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

function edges(sources: Sources): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...sources].map(([file, text]) => [
      file,
      importsOf(text)
        .filter((name) => name.startsWith('.'))
        .map((name) => posix.join(posix.dirname(file), name)),
    ]),
  );
}
