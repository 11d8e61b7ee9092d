/** Asks a server over many kept-open connections, from a process of its own; the parent sends the requests. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
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
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const texts = requests.map((request) => spell(request, port));
  const waits: number[] = [];
  let next = 0;
  const loop = async (socket: Socket): Promise<void> => {
    const read = reader(socket);
    while (next < texts.length) {
      const text = texts[next++]!;
      const asked = performance.now();
      socket.write(text);
      const answer = await read();
      waits.push(performance.now() - asked);
      if (!answer.startsWith('HTTP/1.1 200')) throw new Error(answer);
    }
    socket.destroy();
  };
  const started = performance.now();
  await Promise.all(sockets.map(loop));
  return { milliseconds: performance.now() - started, waits };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

function spell({ path, token, body }: Request, port: number): string {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** Reads one whole answer at a time. */
function reader(socket: Socket): () => Promise<string> {
  let text = '';
  let told: { resolve(answer: string): void; reject(error: Error): void } | null = null;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (text.length < end + 4 + length) return;
    told?.resolve(text);
    text = '';
  });
  socket.on('error', (error) => told?.reject(error));
  socket.on('close', () => told?.reject(new Error('the server closed a connection')));
  return () => new Promise((resolve, reject) => (told = { resolve, reject }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.once('message', (load: Load) => {
    ask(load).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
}
