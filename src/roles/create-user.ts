/** `create-user`: makes a local account, an admin's with `--admin`. */
import { createUser, hashNewPassword, newUserId } from '../accounts/users.ts';
import { openData } from './open-data.ts';
import type { Role } from './role.ts';

export const createUserRole: Role = {
  summary: 'make an account',
  usage: 'NAME [--admin]',
  options: { admin: { type: 'boolean' } },
  help: [
    'NAME      the part of the user id before the colon',
    '--admin   an admin of this server: sees all rooms, erases users, starts verify and rebuild',
    'Asks for a password; reads it from the first line of standard input when that is no terminal.',
  ],
  positionals: 1,
  async run(context, { positionals, values }) {
    const [name] = positionals;
    if (name === undefined) throw new Error('create-user needs a NAME.');
    const data = await openData(context, 2);
    try {
      const { db } = data.database;
      const userId = await newUserId(db, name, data.identity.serverName);
      const passwordHash = await hashNewPassword(await context.readSecret(`Password for ${userId}: `));
      const admin = values['admin'] === true;
      await createUser(db, { userId, passwordHash, admin, now: context.now() });
      context.print(`Made ${userId}${admin ? ', an admin' : ''}.`);
      return 0;
    } finally {
      await data.close();
    }
  },
};
