/** Another homeserver, as good or as bad as a test wants it: real HTTPS on this machine, with keys of its own. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseServerName, type ServerName } from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import { signJson, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../src/matrix/signing-keys.ts';
import type { Authority } from './certificates.ts';

export interface Asked {
  readonly method: string;
  /** As it came. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers by itself, or returns what is to be sent as JSON with 200. */
export type Behaviour = (asked: Asked, response: ServerResponse) => Said | Promise<Said>;

type Said = object | string | undefined;

export interface FakeHomeserver {
  readonly name: ServerName;
  readonly identity: ServerIdentity;
  /** What it was asked, oldest first. */
  readonly asked: readonly Asked[];
  /** How it answers targets that begin so, from now on. */
  on(target: string, behaviour: Behaviour): void;
  close(): Promise<void>;
}

const KEYS = '/_matrix/key/v2/server';

/** A server that publishes its key, and answers 404 to all else. `host` stands in its name. */
export async function startHomeserver(authority: Authority, host = 'localhost'): Promise<FakeHomeserver> {
  const { cert, key } = await authority.certify();
  const asked: Asked[] = [];
  const behaviours = new Map<string, Behaviour>();
  const server = createServer({ cert, key }, (request, response) => {
    void answer(request, response, asked, behaviours);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const name = parseServerName(`${host}:${port}`)!;
  const identity = { serverName: name, key: signingKeyFromSeed('fake', Buffer.alloc(32, String(port))), oldKeys: [] };
  behaviours.set(KEYS, () => keyObject(identity));
  return {
    name,
    identity,
    asked,
    on: (target, behaviour) => void behaviours.set(target, behaviour),
    close: () => closed(server),
  };
}

/** What a server publishes about its keys, signed by the current one. */
export function keyObject({ serverName, key }: ServerIdentity, more: JsonObject = {}): JsonObject {
  const object = {
    server_name: serverName,
    verify_keys: { [key.keyId]: { key: key.publicKeyBase64 } },
    old_verify_keys: {},
    valid_until_ts: Date.now() + 86_400_000,
    ...more,
  };
  return signJson(object, serverName, key);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  asked: Asked[],
  behaviours: ReadonlyMap<string, Behaviour>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = '', url = '', headers } = request;
  const one = { method, target: url, headers, body: Buffer.concat(chunks).toString() };
  asked.push(one);
  const found = [...behaviours].findLast(([target]) => url.startsWith(target));
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errcode: 'M_UNRECOGNIZED', error: 'Unknown here.' }));
    return;
  }
  const answered = await found[1](one, response);
  if (answered === undefined) return;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(typeof answered === 'string' ? answered : JSON.stringify(answered));
}

async function closed(server: Server): Promise<void> {
  const over = once(server, 'close');
  server.close();
  // Also what is only just being connected.
  const cut = setInterval(() => server.closeAllConnections(), 10);
  server.closeAllConnections();
  await over;
  clearInterval(cut);
}
