/** Ports for what a test starts later. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below those that systems hand out: connections of other tests would take such a port before who it is for listens there.
const [FIRST, END] = [10_000, 32_000];

/** A port of 127.0.0.1 where nobody listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
