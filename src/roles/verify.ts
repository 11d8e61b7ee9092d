/** `verify`: checks the whole log and names the first bad row. */
import { readFile } from 'node:fs/promises';
import { verify } from '../commands/verify/verify.ts';
import { describeReport } from '../commands/verify/verify-report.ts';
import { noteVerifyRun } from '../commands/verify/verify-runs.ts';
import type { KnownSeal } from '../commands/verify/verify-seals.ts';
import { openData } from './open-data.ts';
import type { Role } from './role.ts';

export const verifyRole: Role = {
  summary: 'check every hash, signature, seal and projection of the log',
  usage: '[--json] [--deep] [--seals FILE]',
  options: { json: { type: 'boolean' }, deep: { type: 'boolean' }, seals: { type: 'string' } },
  help: [
    '--json         print the report as JSON',
    '--deep         judge every event again, and resolve branches again',
    '--seals FILE   a log of the server, kept outside the database: the seals that were printed to it must still be there',
    'Exits with 1 when something is wrong.',
  ],
  positionals: 0,
  async run(context, { values }) {
    const known = typeof values['seals'] === 'string' ? parseKnownSeals(await readFile(values['seals'], 'utf8')) : [];
    const data = await openData(context, 4);
    try {
      const deps = { pool: data.database.pool, identity: data.identity };
      const report = await verify(deps, {
        knownSeals: known,
        ...(values['deep'] === true ? { deep: data.database.db } : {}),
        signal: context.stop,
        onProgress: ({ phase, position, head, findings }) =>
          context.progress(`${phase}: position ${position} of ${head}, ${findings} findings`),
      });
      await noteVerifyRun(data.database.pool, report, values['deep'] === true, context.now());
      context.print(values['json'] === true ? JSON.stringify(report, null, 2) : describeReport(report));
      return report.clean ? 0 : 1;
    } finally {
      await data.close();
    }
  },
};

/** Seals among the lines of a log; other lines are passed over. Throws an Error when there is none. */
function parseKnownSeals(text: string): readonly KnownSeal[] {
  const seals = text.split('\n').flatMap((line) => {
    try {
      const { uptoPosition, digest } = JSON.parse(line) as { uptoPosition?: unknown; digest?: unknown };
      return typeof uptoPosition === 'number' && typeof digest === 'string' ? [{ uptoPosition, digest }] : [];
    } catch {
      return [];
    }
  });
  if (seals.length === 0) throw new Error('There is no seal in the file of --seals.');
  return seals;
}
