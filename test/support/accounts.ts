/** Accounts made beside the API, for tests that need many people and not the price of their passwords. */
import { expect, vi } from 'vitest';
import { logIn } from '../../src/accounts/access-tokens.ts';
import { createUser } from '../../src/accounts/users.ts';
import type { Database } from '../../src/database/database.ts';
import { parseServerName, userIdOf } from '../../src/matrix/identifiers.ts';
import { clientWith, type Client } from './client.ts';
import type { Story } from './story.ts';

/** A signed-in client for each name, at the server that has `url` and works on this database. */
export async function signInAs(
  { db }: Database,
  url: string,
  names: readonly string[],
  serverName = 'localhost:8448',
): Promise<readonly Client[]> {
  return Promise.all(
    names.map(async (name) => {
      const userId = userIdOf(name, parseServerName(serverName)!);
      if (userId === null) throw new Error(`${name} cannot be a user's name`);
      await createUser(db, { userId, passwordHash: null, admin: false, now: Date.now() });
      const { accessToken } = await logIn(db, { userId, now: Date.now() });
      return clientWith(url, accessToken, userId);
    }),
  );
}

/** Makes a user an admin by an operator's hand. Resolves when the server, which remembers whose a token is, has heard of it. */
export async function makeAdmin({ rows }: Pick<Story, 'rows'>, client: Client): Promise<void> {
  await rows('update users set admin = true where user_id = $1', [client.userId]);
  const told = async (): Promise<unknown> => (await client.graphql('{ viewer { isAdmin } }')).data;
  await vi.waitFor(async () => expect(await told()).toEqual({ viewer: { isAdmin: true } }), { timeout: 10_000 });
}
