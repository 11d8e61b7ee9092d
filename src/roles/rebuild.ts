/** `rebuild`: replays the log beside the projections and mends what differs. */
import { rebuild } from '../projections/rebuild.ts';
import { openData } from './open-data.ts';
import type { Role } from './role.ts';

export const rebuildRole: Role = {
  summary: 'replay the log beside the projections, compare, and replace what differs',
  usage: '[NAME …] [--compare | --force]',
  options: { compare: { type: 'boolean' }, force: { type: 'boolean' } },
  help: [
    'NAME        projections to rebuild; all of them by default',
    '--compare   compare only, write nothing; exits with 1 when something differs',
    '--force     write every row again even when nothing differs',
  ],
  positionals: 20,
  async run(context, { positionals, values }) {
    const replace = values['compare'] === true ? 'never' : values['force'] === true ? 'always' : 'when_different';
    const data = await openData(context, 4);
    try {
      const deps = { pool: data.database.pool, serverName: data.identity.serverName };
      const report = await rebuild(deps, {
        replace,
        ...(positionals.length === 0 ? {} : { only: positionals }),
        signal: context.stop,
        onProgress: ({ phase, position, head }) => context.progress(`${phase}: position ${position} of ${head}`),
      });
      for (const difference of report.differences) context.print(JSON.stringify(difference));
      const found = report.differences.length === 0 ? 'no differences' : `${report.differences.length} tables differ`;
      context.print(`As of position ${report.position}: ${found}${report.replaced ? '; replaced' : ''}.`);
      return replace === 'never' && report.differences.length > 0 ? 1 : 0;
    } finally {
      await data.close();
    }
  },
};
