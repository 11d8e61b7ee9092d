/** The end of the listener: what was sent is answered, and nobody who says nothing holds the process up. */
import type { Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

export interface Doors {
  /** Refuses new connections and closes idle ones; resolves when all else is answered, or when that takes too long. */
  drain(): Promise<void>;
  /** Cuts what is still open, and resolves when nothing is. */
  close(): Promise<void>;
}

const PATIENCE_MS = 5_000;
/** The first may not look for anything, the second finds nobody new, the third reads what the last one sent. */
const QUIET_TURNS = 3;
/** Node lets 511 wait for a listener, and takes them in their order: who comes after those came after the signal. */
const MOST_TURNS = 511 + QUIET_TURNS;
const ANSWERS_ARE_OUT_MS = 200;
const LOOK_EVERY_MS = 50;

/** The doors of a server that does not listen yet. From before `drain` on, its answers have to say that they part. */
export function createDoors(app: FastifyInstance): Doors {
  const sockets = new Set<Socket>();
  let accepted = 0;
  app.server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const letGo = (): void => {
    app.server.closeIdleConnections();
    // To Node, whoever has not said a word yet is about to.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  const over = new AbortController();
  const atMost = (ms: number): Promise<void> =>
    setTimeout(ms, undefined, { signal: over.signal }).catch(() => undefined);
  let closed: Promise<void> | null = null;
  return {
    async drain() {
      closed = heardAll(() => accepted)
        .then(() => closeListener(app, letGo))
        .finally(() => over.abort());
      await Promise.race([closed, atMost(PATIENCE_MS)]);
    },
    async close() {
      await Promise.race([closed, atMost(ANSWERS_ARE_OUT_MS)]);
      app.server.closeAllConnections();
      await closed;
    },
  };
}

// What came before the signal may still lie in a socket, or wait to be accepted: Node accepts one connection a turn.
async function heardAll(accepted: () => number): Promise<void> {
  for (let turn = 0, quiet = 0; turn < MOST_TURNS && quiet < QUIET_TURNS; turn += 1) {
    const before = accepted();
    await setImmediate();
    quiet = accepted() === before ? quiet + 1 : 0;
  }
}

async function closeListener(app: FastifyInstance, letGo: () => void): Promise<void> {
  // Again and again: an answer that was on its way when the closing began did not say that it parts.
  const sweep = setInterval(letGo, LOOK_EVERY_MS);
  letGo();
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}
