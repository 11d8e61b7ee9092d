/** User-interactive authentication as clients go through it: asked, told a session, asked again with the password. */
import { expect } from 'vitest';
import type { Answer, Client } from './client.ts';

/** The `auth` of a user who was registered by register() of client.ts. */
export function passwordOf({ userId }: Pick<Client, 'userId'>, session?: string, password?: string): object {
  const localpart = userId.slice(1, userId.indexOf(':'));
  return {
    ...{ type: 'm.login.password', identifier: { type: 'm.id.user', user: userId } },
    password: password ?? `password of ${localpart}`,
    ...(session === undefined ? {} : { session }),
  };
}

/** A 401 that asks for the password; its session. */
export function sessionOf(answer: Answer, what = ''): string {
  expect(answer, `${what} ${JSON.stringify(answer.body)}`).toMatchObject({
    status: 401,
    body: { flows: [{ stages: ['m.login.password'] }], params: {}, session: expect.stringMatching(/^\w{16,}$/) },
  });
  return answer.body.session;
}

/** Asks twice, as clients do. */
export async function confirmed(client: Client, method: string, path: string, body: object = {}): Promise<Answer> {
  const session = sessionOf(await client.call(method, path, body), path);
  return client.call(method, path, { ...body, auth: passwordOf(client, session) });
}
