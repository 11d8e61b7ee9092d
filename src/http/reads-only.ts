/** What a process that only reads lets in: requests that ask, and GraphQL, which looks at its operations itself. */
import type { FastifyInstance } from 'fastify';
import { readsOnly } from '../commands/lanes/reading-recorder.ts';

const ASKING: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Refuses whatever else there is before it is looked at; `open` are paths that look for themselves. */
export function refuseActs(open: readonly string[]): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.addHook('onRequest', async ({ method, routeOptions }) => {
      if (!ASKING.includes(method) && !open.includes(routeOptions.url ?? '')) throw readsOnly();
    });
  };
}
