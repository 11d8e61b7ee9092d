/** Asks a server over many kept-open connections, from a process of its own; the parent sends the requests. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openConnection, spell, type Connection } from './connection.ts';
import { sample, type Sample } from './measure.ts';

export interface Request {
  readonly path: string;
  readonly token: string;
  readonly body: string;
}

export interface Load {
  readonly port: number;
  readonly connections: number;
  /** POSTs; every one must be answered with 200. */
  readonly requests: readonly Request[];
}

interface Answered {
  readonly milliseconds: number;
  readonly waits: readonly number[];
}

/** Runs a load in a process of its own. Rejects with the first answer that is no 200. */
export async function runLoad(load: Load): Promise<Sample> {
  const child = fork(fileURLToPath(import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(load);
  const [answer] = (await once(child, 'message')) as [Answered | { readonly error: string }];
  child.kill();
  if ('error' in answer) throw new Error(answer.error);
  return sample(load.requests.length, answer.milliseconds, answer.waits);
}

async function ask({ port, connections, requests }: Load): Promise<Answered> {
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const texts = requests.map(({ path, token, body }) => spell(port, 'POST', path, token, body));
  const waits: number[] = [];
  let next = 0;
  const loop = async (connection: Connection): Promise<void> => {
    while (next < texts.length) {
      const text = texts[next++]!;
      const asked = performance.now();
      const answer = await connection.ask(text);
      waits.push(performance.now() - asked);
      if (!answer.startsWith('HTTP/1.1 200')) throw new Error(answer);
    }
    connection.close();
  };
  const started = performance.now();
  await Promise.all(open.map(loop));
  return { milliseconds: performance.now() - started, waits };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once('message', (load: Load) => {
    ask(load).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
}
