/**
 * Many homeservers on this machine, each at an address of its own: they take transactions over TLS, and hold this server to
 * what it owes them.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import type { EventId, ServerName } from '../../src/matrix/identifiers.ts';
import { isJsonArray, parseJsonObject, type JsonObject } from '../../src/matrix/json.ts';
import type { PduFields, SignedPdu } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import type { Authority } from './certificates.ts';
import { server as serverNamed } from './rooms.ts';

export interface TakenTransaction {
  readonly txnId: string;
  readonly body: string;
  readonly pdus: readonly PduFields[];
  readonly eventIds: readonly EventId[];
}

/** What a receiver does with a transaction: takes it, says so event by event, answers with a status, hangs, or hangs up. */
export type Reaction =
  | 'take'
  | 'hang'
  | 'cut'
  /** Takes it and tells nobody. */
  | 'take and cut'
  | { readonly results: Readonly<Record<string, { readonly error?: string }>> }
  | { readonly status: number; readonly body?: object };

export interface Receiver {
  readonly name: ServerName;
  /** Every request, oldest first, whatever became of it. */
  readonly asked: readonly TakenTransaction[];
  /** Those that were taken, without repetitions. */
  readonly taken: readonly TakenTransaction[];
  /** Events in the order in which they were first taken. */
  readonly eventIds: readonly EventId[];
  /** What it did not expect of a homeserver: two transactions at a time, one that changed under its id, events twice. */
  readonly complaints: readonly string[];
  react: (transaction: TakenTransaction) => Reaction;
}

export interface Receivers {
  readonly all: readonly Receiver[];
  readonly port: number;
  /** Nobody answers any more; what was taken stays. */
  down(): Promise<void>;
  /** At the same addresses. */
  up(): Promise<void>;
  close(): Promise<void>;
}

type Open = { -readonly [K in keyof Receiver]: Receiver[K] } & {
  asked: TakenTransaction[];
  taken: TakenTransaction[];
  eventIds: EventId[];
  complaints: string[];
  open: number;
};

const SEND = '/_matrix/federation/v1/send/';

/** Names in one certificate: one with a thousand would be most of what a connection takes. */
const NAMES_TOGETHER = 20;

/** Events are of rooms of version 12. Unless it `keeps` them, what events say is forgotten, and what was asked. */
export async function startReceivers(authority: Authority, count: number, keeps = true): Promise<Receivers> {
  const addresses = Array.from({ length: count }, (_, n) => `127.1.${Math.floor(n / 200)}.${1 + (n % 200)}`);
  const groups = Array.from({ length: Math.ceil(count / NAMES_TOGETHER) }, (_, n) =>
    addresses.slice(n * NAMES_TOGETHER, (n + 1) * NAMES_TOGETHER),
  );
  const certificates = await Promise.all(groups.map((names) => authority.certify(names)));
  const byAddress = new Map<string, Open>();
  const listen = async (address: string, n: number, port: number): Promise<Server> => {
    const { cert, key } = certificates[Math.floor(n / NAMES_TOGETHER)]!;
    const https = createServer({ cert, key }, (request, response) => {
      void answer(byAddress.get(address)!, request, response, keeps);
    });
    https.listen(port, address);
    await once(https, 'listening');
    return https;
  };
  const start = async (port: number): Promise<Server[]> => {
    const [first, ...others] = addresses;
    if (first === undefined) return [];
    const one = await listen(first, 0, port);
    const chosen = (one.address() as AddressInfo).port;
    return [one, ...(await Promise.all(others.map((address, n) => listen(address, n + 1, chosen))))];
  };
  let servers = await start(0);
  const port = (servers[0]?.address() as AddressInfo | undefined)?.port ?? 0;
  for (const address of addresses) {
    const name = serverNamed(`${address}:${port}`);
    byAddress.set(address, {
      ...{ name, asked: [], taken: [], eventIds: [], complaints: [], open: 0 },
      react: () => 'take',
    });
  }
  const down = async (): Promise<void> => {
    const over = servers.map((https) => once(https, 'close'));
    for (const https of servers) {
      https.close();
      https.closeAllConnections();
    }
    await Promise.all(over);
    for (const receiver of byAddress.values()) receiver.open = 0;
  };
  return {
    all: [...byAddress.values()],
    port,
    down,
    async up() {
      servers = await start(port);
    },
    close: down,
  };
}

async function answer(
  receiver: Open,
  request: IncomingMessage,
  response: ServerResponse,
  keeps: boolean,
): Promise<void> {
  const chunks: Buffer[] = [];
  request.on('error', () => undefined);
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const target = request.url ?? '';
  if (request.method !== 'PUT' || !target.startsWith(SEND)) {
    response.writeHead(404).end('{"errcode":"M_UNRECOGNIZED"}');
    return;
  }
  const body = Buffer.concat(chunks).toString();
  const transaction = read(decodeURIComponent(target.slice(SEND.length)), body);
  if (keeps) receiver.asked.push(transaction);
  receiver.open += 1;
  if (receiver.open > 1) receiver.complaints.push(`two transactions at a time: ${transaction.txnId}`);
  response.once('close', () => (receiver.open -= 1));
  if (request.headers.authorization?.startsWith('X-Matrix ') !== true) receiver.complaints.push('not signed');
  const reaction = receiver.react(transaction);
  if (reaction === 'hang') return;
  if (reaction === 'cut') return void request.socket.destroy();
  if (typeof reaction === 'object' && 'status' in reaction) {
    response.writeHead(reaction.status, { 'content-type': 'application/json' });
    return void response.end(JSON.stringify(reaction.body ?? { errcode: 'M_UNKNOWN', error: 'No.' }));
  }
  const results = typeof reaction === 'object' ? reaction.results : {};
  take(receiver, keeps ? transaction : { ...transaction, body: '', pdus: [] }, results);
  if (reaction === 'take and cut') return void request.socket.destroy();
  const pdus = Object.fromEntries(transaction.eventIds.map((id) => [id, results[id] ?? {}]));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ pdus }));
}

function take(receiver: Open, transaction: TakenTransaction, results: Readonly<Record<string, object>>): void {
  const before = receiver.taken.find(({ txnId }) => txnId === transaction.txnId);
  if (before !== undefined) {
    if (before.body !== transaction.body) receiver.complaints.push(`${transaction.txnId} changed`);
    return;
  }
  receiver.taken.push(transaction);
  for (const id of transaction.eventIds) {
    if (results[id] !== undefined) continue;
    if (receiver.eventIds.includes(id)) receiver.complaints.push(`${id} came twice`);
    else receiver.eventIds.push(id);
  }
}

function read(txnId: string, body: string): TakenTransaction {
  const { pdus = [] } = parseJsonObject(Buffer.from(body));
  const events = (isJsonArray(pdus) ? pdus : []) as unknown as readonly (JsonObject & SignedPdu)[];
  return { txnId, body, pdus: events, eventIds: events.map((pdu) => eventIdOf(pdu, ROOM_VERSIONS['12'])) };
}
