// A copy of src/matrix in which one text was replaced by another.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadRules, type Rules } from './our-judgement.ts';

/** The folder of our rules. */
export const MATRIX = fileURLToPath(new URL('../../src/matrix/', import.meta.url));

export interface Replacement {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** As `mutated`, of the rules that judge events. */
export function mutatedRules(replacement: Replacement | null): Promise<Rules> {
  return mutated(replacement, loadRules);
}

/**
 * Loads what is wanted with the replacement made, or from a plain copy without one. Throws when the text does not stand
 * in the file exactly once: then the mutation is out of date and would prove nothing.
 */
export async function mutated<T>(replacement: Replacement | null, load: (folder: URL) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'vestibule-mutant-'));
  try {
    await cp(MATRIX, folder, { recursive: true });
    if (replacement !== null) await mutate(join(folder, replacement.file), replacement);
    return await load(pathToFileURL(`${folder}/`));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function mutate(path: string, { file, find, replace }: Replacement): Promise<void> {
  const pieces = (await readFile(path, 'utf8')).split(find);
  if (pieces.length !== 2) throw new Error(`"${find}" stands ${pieces.length - 1} times in ${file}, not once.`);
  await writeFile(path, pieces.join(replace));
}
