/** Clients that wait for news in long polls, from a process of their own, and note when each of them saw a knock. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openConnection, spell, type Connection } from './connection.ts';

/** What the watchers saw so far. */
export interface Sightings {
  /** By the knock's number: when the last of the watchers saw it, on the machine's monotonic clock, in milliseconds. */
  readonly last: Readonly<Record<number, number>>;
  /** By the knock's number: how many saw it. */
  readonly count: Readonly<Record<number, number>>;
  /** Answers of /sync. */
  readonly answers: number;
}

export interface Watchers {
  /** Of their process. */
  readonly pid: number;
  report(): Promise<Sightings>;
  stop(): void;
}

/** The reason of a knock that watchers recognise. */
export const numbered = (n: number): string => `This is knock number ${n}.`;

/** The machine's monotonic clock, which all processes share, in milliseconds. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Starts a watcher for each token and resolves when all of them wait. */
export async function startWatchers(port: number, tokens: readonly string[]): Promise<Watchers> {
  const child = fork(fileURLToPath(import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = async <T>(what: object | string): Promise<T> => {
    child.send(what);
    const [answer] = (await once(child, 'message')) as [T | { readonly error: string }];
    if (typeof answer === 'object' && answer !== null && 'error' in answer) throw new Error(answer.error);
    return answer;
  };
  await ask({ port, tokens });
  return { pid: child.pid!, report: () => ask<Sightings>('report'), stop: () => void child.kill() };
}

const WAIT_MS = 30_000;
/** How many begin at once. */
const AT_ONCE = 32;

const seen = { last: {} as Record<number, number>, count: {} as Record<number, number>, answers: 0 };

async function watchAll(port: number, tokens: readonly string[]): Promise<void> {
  const waiting = [...tokens];
  const begin = async (): Promise<void> => {
    for (let token = waiting.pop(); token !== undefined; token = waiting.pop()) {
      const connection = await openConnection(port);
      const since = await sync(port, connection, token, null);
      void watch(port, connection, token, since).catch((error: unknown) => process.send?.({ error: String(error) }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, begin));
}

async function watch(port: number, connection: Connection, token: string, from: string): Promise<void> {
  for (let since = from; ;) since = await sync(port, connection, token, since);
}

/** One request, and the token of its answer. */
async function sync(port: number, connection: Connection, token: string, since: string | null): Promise<string> {
  const query = since === null ? '' : `&since=${since}`;
  const answer = await connection.ask(spell(port, 'GET', `/_matrix/client/v3/sync?timeout=${WAIT_MS}${query}`, token));
  const now = clock();
  if (!answer.startsWith('HTTP/1.1 200')) throw new Error(answer.slice(0, 500));
  seen.answers += 1;
  if (since !== null) {
    for (const [, number] of answer.matchAll(/knock number (\d+)/g)) {
      const n = Number(number);
      seen.last[n] = now;
      seen.count[n] = (seen.count[n] ?? 0) + 1;
    }
  }
  return /"next_batch":"([^"]+)"/.exec(answer)![1]!;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Whoever watches ends with the one who asked for it.
  process.once('disconnect', () => process.exit());
  process.on('message', (message: 'report' | { readonly port: number; readonly tokens: readonly string[] }) => {
    if (message === 'report') {
      process.send?.(seen);
      return;
    }
    watchAll(message.port, message.tokens).then(
      () => process.send?.('waiting'),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
}
