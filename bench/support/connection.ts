/** A kept-open HTTP/1.1 connection that asks one request at a time, with little CPU of its own. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Connection {
  /** Writes a request that `spell` made, and resolves to the whole answer, its head included. */
  ask(request: string): Promise<string>;
  close(): void;
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await once(socket, 'connect');
  let parts: Buffer[] = [];
  let [length, wanted] = [0, 0];
  let told: { resolve(answer: string): void; reject(error: Error): void } | null = null;
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk);
    length += chunk.length;
    if (wanted === 0) wanted = lengthOf(Buffer.concat(parts));
    if (wanted === 0 || length < wanted) return;
    const answer = Buffer.concat(parts).toString('latin1');
    parts = [];
    length = wanted = 0;
    told?.resolve(answer);
  });
  socket.on('error', (error) => told?.reject(error));
  socket.on('close', () => told?.reject(new Error('the server closed a connection')));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        told = { resolve, reject };
        socket.write(request);
      }),
    close: () => {
      told = null;
      socket.destroy();
    },
  };
}

/** The bytes of the whole answer; 0 as long as that cannot be told: its head, or a chunk of it, is not whole. */
function lengthOf(bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return 0;
  const head = bytes.toString('latin1', 0, end);
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return endOfChunks(bytes, end + 4);
  return end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
}

function endOfChunks(bytes: Buffer, from: number): number {
  for (let at = from; ;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return 0;
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    at = line + 2 + size + 2;
    if (at > bytes.length) return 0;
    if (size === 0) return at;
  }
}

export function spell(port: number, method: string, path: string, token: string, body?: string): string {
  const head = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`];
  if (body !== undefined) head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  return `${head.join('\r\n')}\r\n\r\n${body ?? ''}`;
}
