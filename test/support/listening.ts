/** A world's own listener for other servers, over HTTP, as `serve` builds it. */
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createCalls } from '../../src/federation/calls.ts';
import type { HttpParts } from '../../src/http/parts.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { serverServerEndpoints } from '../../src/http/server-server/index.ts';
import { hearServers } from '../../src/roles/hear-servers.ts';
import { asking, type Asks } from './asking.ts';
import { openFederation } from './federation.ts';
import { SERVER_NAME } from './history.ts';
import type { World } from './receiving.ts';
import { identityOf } from './rooms.ts';

export interface Listening {
  readonly port: number;
  /** How a server asks here; its keys are those that the world has published. */
  as(server: string): Asks;
  close(): Promise<void>;
}

/** `ca`: whom it trusts when it asks others itself; null: nobody on this machine. */
export async function listen({ test, log }: World, ca: string | null = null): Promise<Listening> {
  const { db } = test.database;
  const federation = openFederation(ca, { identity: log.identity });
  const { keys, check } = federation.signatures(db);
  const quiet = pino({ level: 'silent' });
  const shutdown = new AbortController();
  // As when Redis is away: workers look for themselves.
  const noQueue = { ring: () => Promise.reject(new Error('There is no queue.')) };
  // What endpoints for other servers ask for, and no more.
  const parts: Partial<HttpParts> = {
    db,
    commands: log.deps,
    identity: log.identity,
    federation: hearServers(
      { calls: createCalls(federation.send), keys, checkEventSignatures: check },
      log.deps,
      noQueue,
      quiet,
    ),
    delegate: null,
    now: Date.now,
    randomId: log.deps.randomId,
    log: quiet,
    shutdown: shutdown.signal,
  };
  const app = await createHttpServer(parts as HttpParts, serverServerEndpoints, {});
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    as: (server) => asking(port, identityOf(server), SERVER_NAME),
    async close() {
      shutdown.abort();
      await app.close();
      await federation.close();
    },
  };
}
