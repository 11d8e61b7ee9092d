/** Another homeserver whose users knock, in a process of its own: signs what it asks, and tells what CPU that took. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '../../src/matrix/canonical-json.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { parseJsonObject, jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import type { ServerName } from '../../src/matrix/identifiers.ts';
import { eventTemplate, type PduFields } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { signEvent, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { authorizationOf } from '../../src/matrix/signed-request.ts';
import { createAuthority } from '../../test/support/certificates.ts';
import { startHomeserver } from '../../test/support/fake-homeserver.ts';
import { openConnection, type Connection } from './connection.ts';
import { sample, type Sample } from './measure.ts';

export interface FederatedLoad {
  /** Of the server that is knocked on; plain HTTP. */
  readonly port: number;
  readonly destination: string;
  readonly rooms: readonly string[];
  readonly version: RoomVersionId;
  readonly connections: number;
  readonly knocks: number;
  /** `fresh`: each knock asks for its template first; `one`: all of a room use the first one's, which makes forks. */
  readonly templates: 'fresh' | 'one';
  /** Begins the names of those who knock: nobody knocks twice. */
  readonly crowd: string;
}

export interface Homeserver {
  readonly name: string;
  /** PEM of the authority that its certificate is of. */
  readonly ca: string;
  /** Rejects with the first answer that is no 200. `loadCpu`: what this load cost its own process, in microseconds a knock. */
  knock(load: FederatedLoad): Promise<Sample & { readonly loadCpu: number }>;
  stop(): void;
}

interface Answered {
  readonly milliseconds: number;
  readonly waits: readonly number[];
  readonly cpu: number;
}

/** Starts it; it publishes its key over TLS. */
export async function startHomeserverProcess(): Promise<Homeserver> {
  const child = fork(fileURLToPath(import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { name, ca } = await answerOf<{ readonly name: string; readonly ca: string }>(child);
  return {
    name,
    ca,
    async knock(load) {
      child.send(load);
      const { milliseconds, waits, cpu } = await answerOf<Answered>(child);
      return { ...sample(load.knocks, milliseconds, waits), loadCpu: cpu / load.knocks };
    },
    stop: () => void child.kill(),
  };
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const [answer] = (await once(child, 'message')) as [T | { readonly error: string }];
  if (typeof answer === 'object' && answer !== null && 'error' in answer) throw new Error(answer.error);
  return answer;
}

type Template = JsonObject & Pick<PduFields, 'auth_events' | 'prev_events' | 'depth'>;

async function run(load: FederatedLoad, identity: ServerIdentity): Promise<Answered> {
  const { port, rooms, connections, knocks, templates, crowd } = load;
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const user = (n: number): string => `@${crowd}${n}:${identity.serverName}`;
  const shared = new Map<string, Template>();
  if (templates === 'one')
    for (const room of rooms) shared.set(room, await makeKnock(load, identity, open[0]!, room, user(knocks)));
  const waits: number[] = [];
  let next = 0;
  const loop = async (connection: Connection): Promise<void> => {
    while (next < knocks) {
      const n = next++;
      const room = rooms[n % rooms.length]!;
      const asked = performance.now();
      const template = shared.get(room) ?? (await makeKnock(load, identity, connection, room, user(n)));
      await sendKnock(load, identity, connection, room, user(n), template);
      waits.push(performance.now() - asked);
    }
    connection.close();
  };
  const before = process.cpuUsage();
  const started = performance.now();
  await Promise.all(open.map(loop));
  const milliseconds = performance.now() - started;
  const { user: own, system } = process.cpuUsage(before);
  return { milliseconds, waits, cpu: own + system };
}

async function makeKnock(
  load: FederatedLoad,
  identity: ServerIdentity,
  connection: Connection,
  room: string,
  user: string,
): Promise<Template> {
  const target = `/_matrix/federation/v1/make_knock/${encodeURIComponent(room)}/${encodeURIComponent(user)}?ver=${load.version}`;
  const answer = await ask(load, identity, connection, 'GET', target);
  return answer['event'] as Template;
}

async function sendKnock(
  load: FederatedLoad,
  identity: ServerIdentity,
  connection: Connection,
  room: string,
  user: string,
  template: Template,
): Promise<void> {
  const version = ROOM_VERSIONS[load.version];
  const content = jsonObject({ membership: 'knock', reason: 'let me in' });
  const event = signEvent(
    eventTemplate({
      ...template,
      type: 'm.room.member',
      room_id: room,
      sender: user,
      state_key: user,
      content,
      origin_server_ts: Date.now(),
    } as never),
    version,
    identity,
  );
  const target = `/_matrix/federation/v1/send_knock/${encodeURIComponent(room)}/${encodeURIComponent(eventIdOf(event, version))}`;
  await ask(load, identity, connection, 'PUT', target, event);
}

async function ask(
  { port, destination }: FederatedLoad,
  identity: ServerIdentity,
  connection: Connection,
  method: string,
  target: string,
  content?: JsonObject,
): Promise<JsonObject> {
  const toSign = { method, uri: target, destination: destination as ServerName, content };
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: ${authorizationOf(toSign, identity)}`,
  ];
  const body = content === undefined ? '' : canonicalJson(content);
  if (content !== undefined) head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  const answer = await connection.ask(`${head.join('\r\n')}\r\n\r\n${body}`);
  if (!answer.startsWith('HTTP/1.1 200')) throw new Error(answer);
  const text = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  return method === 'GET' ? parseJsonObject(unchunked(answer, text)) : {};
}

/** A short answer in chunks, put together. */
function unchunked(answer: string, text: string): string {
  if (!/\r\ntransfer-encoding: chunked/i.test(answer)) return text;
  let whole = '';
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return whole;
    whole += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const authority = await createAuthority();
  const { name, identity } = await startHomeserver(authority);
  process.on('message', (load: FederatedLoad) => {
    run(load, identity).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  process.send?.({ name, ca: authority.ca });
}
