/** How much of the bodies that other servers send may be in memory at once: nobody has been believed before they are read. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MatrixError } from '../matrix/errors.ts';
import { MAX_BODY_BYTES, MAX_SIGNED_BODY_BYTES } from './limits.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const WAIT_MS = 20_000;

export interface BodyRoom {
  /**
   * Resolves when there is room for the request's body, which is kept until it is answered; small ones need none. Rejects
   * with M_LIMIT_EXCEEDED when there is none for 20 seconds.
   */
  keep(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

export function createBodyRoom(most = MAX_BYTES, waitMs = WAIT_MS): BodyRoom {
  let taken = 0;
  const line = new Set<Waiting>();
  const letIn = (): void => {
    for (const one of line) {
      if (taken + one.bytes > most) return;
      line.delete(one);
      one.enter();
    }
  };
  return {
    async keep({ headers }, reply) {
      const bytes = bytesOf(headers);
      if (bytes <= MAX_BODY_BYTES || bytes > MAX_SIGNED_BODY_BYTES) return;
      let inside = false;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiting: Waiting = {
        bytes,
        enter() {
          inside = true;
          taken += bytes;
          resolve();
        },
      };
      const leave = (): void => {
        line.delete(waiting);
        if (inside) taken -= bytes;
        letIn();
      };
      reply.raw.once('close', leave);
      const timer = setTimeout(() => {
        line.delete(waiting);
        reject(new MatrixError('M_LIMIT_EXCEEDED', 'The server is overloaded.', { retry_after_ms: 2_000 }));
      }, waitMs);
      line.add(waiting);
      letIn();
      try {
        await promise;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** Who does not say how much comes may send as much as is allowed. */
function bytesOf(headers: FastifyRequest['headers']): number {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length']) || 0 : MAX_SIGNED_BODY_BYTES;
}
