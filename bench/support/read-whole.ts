/** Reads whole answers and looks into none of them: what is timed is the server. */
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Reading {
  readonly port: number;
  readonly path: string;
  readonly token: string;
}

const agent = new Agent({ keepAlive: true });
const PAUSE_MS = 5;

/** Milliseconds from the request to the last byte. Rejects when the answer is no 200. */
export async function readWhole({ port, path, token }: Reading): Promise<number> {
  const asked = performance.now();
  await new Promise<void>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get({ host: '127.0.0.1', port, path, agent, headers }, (answer) => {
      answer.on('error', reject);
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`${path} was answered with ${answer.statusCode}`)),
      );
      answer.resume();
    }).on('error', reject);
  });
  return performance.now() - asked;
}

/** Milliseconds that the slowest of many small requests took, asked one after the other while something is read. */
export async function longestWait(reading: Reading): Promise<number> {
  let [longest, isRead] = [0, false];
  const whole = readWhole(reading).finally(() => (isRead = true));
  const small = { ...reading, path: '/_matrix/client/versions' };
  while (!isRead) {
    longest = Math.max(longest, await readWhole(small));
    await sleep(PAUSE_MS);
  }
  await whole;
  return longest;
}
