/** `registration-token`: makes a token that lets people register while REGISTRATION is `token`. */
import { createRegistrationToken } from '../accounts/registration.ts';
import { openData } from './open-data.ts';
import type { Role } from './role.ts';

export const registrationTokenRole: Role = {
  summary: 'make a token that lets people register (REGISTRATION=token)',
  usage: '[--uses N]',
  options: { uses: { type: 'string' } },
  help: ['--uses N   how many accounts it makes; any number by default'],
  positionals: 0,
  async run(context, { values }) {
    const given = values['uses'];
    const uses = given === undefined ? null : Number(given);
    if (uses !== null && !(Number.isInteger(uses) && uses > 0))
      throw new Error('--uses must be a whole number above 0.');
    const data = await openData(context, 2);
    try {
      context.print(await createRegistrationToken(data.database.db, uses, context.now()));
      return 0;
    } finally {
      await data.close();
    }
  },
};
