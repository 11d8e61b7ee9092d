/** The one-time link that makes the first admin: a form, and what it sends. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isAdminLink, useAdminLink } from '../accounts/admin-links.ts';
import { createUser, hashNewPassword, newUserId } from '../accounts/users.ts';
import { MatrixError } from '../matrix/errors.ts';
import { adminForm, adminMade, linkGone, PAGE_HEADERS } from './pages.ts';
import type { HttpParts } from './parts.ts';
import type { Mount } from './server.ts';

export const ADMIN_LINK_PATH = '/_vestibule/admin-link/';

export function mountAdminLink(parts: HttpParts): Mount {
  return async (app: FastifyInstance) => {
    const url = `${ADMIN_LINK_PATH}:secret`;
    app.get<{ Params: { secret: string } }>(url, async ({ params }, reply) =>
      (await isAdminLink(parts.db, params.secret, parts.now()))
        ? answer(reply, 200, adminForm(null))
        : answer(reply, 404, linkGone()),
    );
    app.post<{ Params: { secret: string } }>(url, async ({ params, body }, reply) => {
      const form = new URLSearchParams(body instanceof Buffer ? body.toString('utf8') : '');
      try {
        const userId = await makeAdmin(parts, params.secret, form.get('username') ?? '', form.get('password') ?? '');
        return userId === null ? answer(reply, 404, linkGone()) : answer(reply, 200, adminMade(userId));
      } catch (error) {
        if (error instanceof MatrixError) return answer(reply, error.status, adminForm(error.message));
        throw error;
      }
    });
  };
}

/** Null when the link is not good. The link is used up only together with the account. */
async function makeAdmin(
  { db, identity, now }: HttpParts,
  secret: string,
  username: string,
  password: string,
): Promise<string | null> {
  // Before the password is hashed: that work is not for everybody.
  if (!(await isAdminLink(db, secret, now()))) return null;
  const userId = await newUserId(db, username, identity.serverName);
  const passwordHash = await hashNewPassword(password);
  return db.transaction().execute(async (tx) => {
    if (!(await useAdminLink(tx, secret, now()))) return null;
    await createUser(tx, { userId, passwordHash, admin: true, now: now() });
    return userId;
  });
}

function answer(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).headers(PAGE_HEADERS).send(html);
}
