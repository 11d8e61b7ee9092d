/** People with access tokens, made without the password hashing that a registration takes its time for. */
import { logIn } from '../../src/accounts/access-tokens.ts';
import { createUser } from '../../src/accounts/users.ts';
import type { Database } from '../../src/database/database.ts';
import { userIdOf, type ServerName } from '../../src/matrix/identifiers.ts';

export interface Person {
  readonly userId: string;
  readonly token: string;
}

export async function makePeople(
  { db }: Database,
  server: ServerName,
  prefix: string,
  count: number,
): Promise<Person[]> {
  const now = Date.now();
  const make = async (n: number): Promise<Person> => {
    const userId = userIdOf(`${prefix}${n}`, server)!;
    await createUser(db, { userId, passwordHash: null, admin: false, now });
    const { accessToken } = await logIn(db, { userId, now });
    return { userId, token: accessToken };
  };
  const people: Person[] = [];
  for (let n = 0; n < count; n += 100) {
    people.push(...(await Promise.all(Array.from({ length: Math.min(100, count - n) }, (_, i) => make(n + i)))));
  }
  return people;
}
