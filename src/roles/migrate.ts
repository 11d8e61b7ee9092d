/** `migrate`: brings the database up to this version and ends. */
import { openData } from './open-data.ts';
import type { Role } from './role.ts';

export const migrateRole: Role = {
  summary: 'bring the database up to this version',
  usage: '',
  options: {},
  help: [],
  positionals: 0,
  async run(context) {
    const data = await openData(context, 2);
    await data.close();
    context.print(data.applied.length === 0 ? 'Nothing to do.' : `Applied ${data.applied.join(', ')}.`);
    return 0;
  },
};
