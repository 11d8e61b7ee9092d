/** Requests that no well-meaning client would send: nothing is normalized, encoded or added on the way. */
import { Agent, request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'vitest';
import { undeclared } from './declared.ts';

export interface RawRequest {
  readonly method: string;
  /** As it goes on the wire. */
  readonly path: string;
  readonly token?: string | undefined;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
  readonly timeoutMs?: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a server answers is looked at field by field
  readonly json: any;
  /** Milliseconds until the last byte. */
  readonly took: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** Rejects when the answer takes longer than `timeoutMs` (default 10 s), or when there is none. */
export async function rawRequest(port: number, asked: RawRequest): Promise<RawAnswer> {
  const { method, path, token, headers = {}, body, timeoutMs = 10_000 } = asked;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const all = { ...bearer, ...length, ...headers };
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers: all, agent, signal }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = answer.headers['content-type']?.includes('json') === true && text !== '';
        const json = isJson ? JSON.parse(text) : undefined;
        const took = performance.now() - started;
        const status = answer.statusCode ?? 0;
        const problem = json === undefined ? null : undeclared(method, path, status, json);
        if (problem === null) resolve({ status, headers: answer.headers, text, json, took });
        else reject(new Error(problem));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends bytes down a connection of their own and gives back what came until it was closed, or until `timeoutMs` passed. */
export async function exchange(port: number, bytes: string | Uint8Array, timeoutMs = 2_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(timeoutMs, done);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', done);
    // A server may cut off whoever goes on sending after it refused; what it said before counts.
    socket.on('error', () =>
      chunks.length > 0 ? done() : reject(new Error('the connection broke without an answer')),
    );
  });
}

/** An error as the protocol wants it: the status, the errcode, a sentence, and readable from any origin. */
export function expectError(answer: RawAnswer, status: number, errcode: string, what = ''): void {
  expect({ status: answer.status, errcode: answer.json?.errcode }, `${what} ${answer.text.slice(0, 200)}`).toEqual({
    status,
    errcode,
  });
  expect(typeof answer.json.error, what).toBe('string');
  expect(answer.headers['access-control-allow-origin'], what).toBe('*');
}
