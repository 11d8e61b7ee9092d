/** Which paths are served, by whatever method: in a router like Fastify's own, where each path stands once and not once a method. */
import findMyWay from 'find-my-way';
import { MAX_PARAM_LENGTH } from './limits.ts';

export interface KnownPaths {
  /** A path as it is declared, with its parameters; more than once is as good as once. */
  add(path: string): void;
  /** Of a request, with or without its query. */
  has(url: string): boolean;
}

export function createKnownPaths(): KnownPaths {
  const router = findMyWay({ maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: false });
  const added = new Set<string>();
  return {
    add(path) {
      if (!added.has(path)) router.on('GET', path, () => undefined);
      added.add(path);
    },
    has: (url) => router.find('GET', url) !== null,
  };
}
