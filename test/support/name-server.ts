/** A name server on this machine, over UDP, for the names that a test makes up. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import type { SrvRecord } from 'node:dns';
import { AUTHORITATIVE_ANSWER, decode, encode, type Answer, type Question } from 'dns-packet';

/** Where nothing listens: names other than localhost are found by no test by accident. */
export const NO_NAME_SERVER = '127.0.0.1:1';

/** What a name has. `fails` stands for a name server that is broken, `silent` for one that does not answer. */
export interface Records {
  /** Addresses of version 4 and 6. */
  readonly addresses?: readonly string[];
  readonly services?: readonly SrvRecord[];
  readonly is?: 'fails' | 'silent';
}

export interface NameServer {
  /** For the configuration. */
  readonly address: string;
  /** Types and names that it was asked about, oldest first: `A example.test`. */
  readonly asked: readonly string[];
  /** What it answers from now on; a function is asked each time anew. */
  on(name: string, records: Records | (() => Records)): void;
  close(): Promise<void>;
}

const NO_SUCH_NAME = 3;
const BROKEN = 2;

export async function startNameServer(): Promise<NameServer> {
  const asked: string[] = [];
  const zone = new Map<string, () => Records>();
  const socket = createSocket('udp4', (message: Buffer, from: RemoteInfo) => {
    const { id, questions = [] } = decode(message);
    const [question] = questions;
    if (question === undefined) return;
    asked.push(`${question.type} ${question.name}`);
    const records = zone.get(question.name.toLowerCase())?.();
    if (records?.is === 'silent') return;
    const code = records === undefined ? NO_SUCH_NAME : records.is === 'fails' ? BROKEN : 0;
    const flags = AUTHORITATIVE_ANSWER | code;
    const answers = answersTo(question, records ?? {});
    socket.send(encode({ type: 'response', id: id ?? 0, flags, questions, answers }), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    on: (name, records) => void zone.set(name, typeof records === 'function' ? records : () => records),
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

function answersTo({ name, type }: Question, { addresses = [], services = [] }: Records): Answer[] {
  if (type === 'SRV')
    return services.map(({ name: target, ...rest }) => ({ type, name, ttl: 60, data: { ...rest, target } }));
  if (type !== 'A' && type !== 'AAAA') return [];
  const isWanted = (address: string): boolean => address.includes(':') === (type === 'AAAA');
  return addresses.filter(isWanted).map((data) => ({ type, name, ttl: 60, data }));
}
