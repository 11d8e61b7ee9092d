/** Requests at a steady rate over a fixed number of callers, from a process of its own; each answer's time is noted. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openConnection, spell, type Connection } from './connection.ts';
import type { Request } from './http-load.ts';
import { clock } from './watchers.ts';

export interface PacedLoad {
  readonly port: number;
  readonly callers: number;
  /** Requests a second. */
  readonly rate: number;
  readonly requests: readonly Request[];
}

/** By request: when it was answered, on the machine's monotonic clock, and after how long, in milliseconds. */
export interface Paced {
  readonly answered: readonly number[];
  readonly waits: readonly number[];
  /** From the first request to the last answer. */
  readonly milliseconds: number;
}

/** Rejects with the first answer that is no 200. */
export async function runPaced(load: PacedLoad): Promise<Paced> {
  const child = fork(fileURLToPath(import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(load);
  const [answer] = (await once(child, 'message')) as [Paced | { readonly error: string }];
  child.kill();
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}

async function pace({ port, callers, rate, requests }: PacedLoad): Promise<Paced> {
  const [answered, waits]: [number[], number[]] = [[], []];
  const open = await Promise.all(Array.from({ length: callers }, () => openConnection(port)));
  const from = clock();
  let next = 0;
  const call = async (connection: Connection): Promise<void> => {
    while (next < requests.length) {
      const n = next++;
      const early = from + (n * 1_000) / rate - clock();
      if (early > 0) await sleep(early);
      const asked = clock();
      const { path, token, body } = requests[n]!;
      const answer = await connection.ask(spell(port, 'POST', path, token, body));
      answered[n] = clock();
      waits[n] = answered[n] - asked;
      if (!answer.startsWith('HTTP/1.1 200')) throw new Error(answer);
    }
    connection.close();
  };
  await Promise.all(open.map(call));
  return { answered, waits, milliseconds: clock() - from };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once('disconnect', () => process.exit());
  process.once('message', (load: PacedLoad) => {
    pace(load).then(
      (paced) => process.send?.(paced),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
}
