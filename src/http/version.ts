/** The program's version and description, as its package has them. */
import { readFileSync } from 'node:fs';

const PACKAGE = new URL('../../package.json', import.meta.url);

interface Package {
  readonly version: string;
  readonly description: string;
}

export const PROGRAM = JSON.parse(readFileSync(PACKAGE, 'utf8')) as Package;
