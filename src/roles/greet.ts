/** What is told on standard output once a server serves. */
import type { FastifyInstance } from 'fastify';
import { createAdminLink } from '../accounts/admin-links.ts';
import { hasAdmin } from '../accounts/users.ts';
import { ADMIN_LINK_PATH } from '../http/admin-link.ts';
import { addressText } from '../http/listen.ts';
import type { Config } from '../config.ts';
import type { Data } from './open-data.ts';
import type { RoleContext } from './role.ts';

/** Tells where everything is; on a server without an admin, how to become one. */
export async function greet(
  { config, print, now }: RoleContext,
  { database, identity }: Data,
  app: FastifyInstance,
  forServers: string | null,
): Promise<void> {
  const url = urlOf(app, config);
  const secret = (await hasAdmin(database.db)) ? null : await createAdminLink(database.db, now());
  // At once: whoever reads a part of it, reads all of it.
  const lines = [
    ...addressesOf(identity.serverName, url),
    ...(forServers === null ? [] : [`  Servers   ${forServers}`]),
    `  Accounts  registration is ${config.registration}`,
    ...(secret === null ? [] : [`  Admin     ${url}${ADMIN_LINK_PATH}${secret}  (once, within a day)`]),
  ];
  print(lines.join('\n'));
}

/** The same of a process that only reads. */
export function greetReaders({ config, print }: RoleContext, { identity }: Data, app: FastifyInstance): void {
  const addresses = addressesOf(identity.serverName, urlOf(app, config));
  print([...addresses, '  Accounts  are made, and acts are done, by the process that writes'].join('\n'));
}

function addressesOf(serverName: string, url: string): readonly string[] {
  return [
    `Vestibule serves ${serverName}`,
    `  Matrix    ${url}`,
    `  GraphQL   ${url}/graphql  (an explorer in the browser)`,
    `  Health    ${url}/health   Metrics  ${url}/metrics`,
  ];
}

// The port is asked of the listener: 0 in CLIENT_LISTEN takes any that is free.
function urlOf(app: FastifyInstance, { listen }: Config): string {
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  return `http://${addressText({ host: listen.host, port })}`;
}
