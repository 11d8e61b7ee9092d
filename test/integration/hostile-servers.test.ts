/** What the worst of servers may answer to whatever they are asked: it ends, it says what it was, and it leaves nothing behind. */
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createRawTlsServer } from 'node:tls';
import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCalls, type Calls } from '../../src/federation/calls.ts';
import {
  parseEventId,
  parseRoomAlias,
  parseRoomId,
  parseServerName,
  parseUserId,
} from '../../src/matrix/identifiers.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { startHomeserver, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';

let authority: Authority;
let federation: TestFederation;
let calls: Calls;
let remote: FakeHomeserver;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  federation = openFederation(authority.ca);
  calls = createCalls(federation.send);
  remote = await startHomeserver(authority);
});

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

afterAll(async () => {
  await federation.close();
  await remote.close();
});

const F = '/_matrix/';
const roomId = parseRoomId('!room:there.test')!;
const eventId = parseEventId('$event')!;
const userId = parseUserId('@ada:vestibule.test')!;
const origin = parseServerName('vestibule.test')!;
const event = { type: 'm.room.member', room_id: roomId, content: {} };
const versions = ['12'] as const;

const ALL: { readonly [name in keyof Calls]: (from: Calls) => ReturnType<Calls[name]> } = {
  event: (from) => from.event(remote.name, { roomId, eventId }),
  eventAuth: (from) => from.eventAuth(remote.name, { roomId, eventId }),
  stateIds: (from) => from.stateIds(remote.name, { roomId, eventId }),
  getMissingEvents: (from) =>
    from.getMissingEvents(remote.name, { roomId, earliest: [], latest: [eventId], limit: 10, minDepth: 0 }),
  backfill: (from) => from.backfill(remote.name, { roomId, from: [eventId], limit: 10 }),
  sendTransaction: (from) => from.sendTransaction(remote.name, { txnId: '1', origin, originServerTs: 1, pdus: [] }),
  makeJoin: (from) => from.makeJoin(remote.name, { roomId, userId, versions }),
  sendJoin: (from) => from.sendJoin(remote.name, { roomId, eventId, event }),
  makeKnock: (from) => from.makeKnock(remote.name, { roomId, userId, versions }),
  sendKnock: (from) => from.sendKnock(remote.name, { roomId, eventId, event }),
  makeLeave: (from) => from.makeLeave(remote.name, { roomId, userId }),
  sendLeave: (from) => from.sendLeave(remote.name, { roomId, eventId, event }),
  sendInvite: (from) => from.sendInvite(remote.name, { roomId, eventId, event, version: '12', inviteRoomState: [] }),
  queryProfile: (from) => from.queryProfile(remote.name, { userId }),
  queryDirectory: (from) => from.queryDirectory(remote.name, parseRoomAlias('#a:there.test')!),
  publicRooms: (from) => from.publicRooms(remote.name, {}),
  hierarchy: (from) => from.hierarchy(remote.name, roomId),
};
const names = Object.keys(ALL) as (keyof Calls)[];

/** Writes as long as anybody reads. */
function pour(response: ServerResponse, begin: string, more: string): undefined {
  response.writeHead(200, { 'content-type': 'application/json' }).write(begin);
  const chunk = more.repeat(Math.ceil(65_536 / more.length));
  const goOn = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', goOn);
  goOn();
}

describe.each(names)('%s', (name) => {
  it('is not told without end', async () => {
    remote.on(F, (_asked, response) => pour(response, '{"pdus": [', '1, '));
    expect(await ALL[name](calls)).toEqual({ ok: false, failure: { kind: 'too_large' } });
  });

  it.each([
    ['a list in a list in a list …', '['.repeat(100_000)],
    ['a key twice', '{"event": {}, "event": {}}'],
    ['the name of the prototype', '{"__proto__": {"event": 1, "pdus": 1, "room": 1}}'],
    ['a number that is none', '{"event": NaN}'],
    ['no UTF-8', Buffer.from('{"event": "\xff"}', 'latin1')],
    ['nothing', ''],
    ['null', 'null'],
    ['something compressed', gzipSync('{}')],
    ['half of it', '{"event": {"type": "m.ro'],
  ])('makes no sense as %s', async (what, bytes) => {
    remote.on(F, (_asked, response) => {
      response.writeHead(200).end(bytes);
      return undefined;
    });
    const answer = await ALL[name](calls);
    // A profile may have any keys, and to a leave there is nothing to answer.
    const mayBeAnything = name === 'queryProfile' || name === 'sendLeave';
    if (mayBeAnything && what === 'the name of the prototype') expect(answer.ok).toBe(true);
    else expect(answer).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
  });
});

describe('a server that does not let go', () => {
  const ask = (server: string, more: object = {}) =>
    federation.send({ server: parseServerName(server)!, method: 'GET', target: '/x', totalMs: 300, ...more });
  const timeout = { ok: false, failure: { kind: 'timeout' } };

  async function listen(server: Server): Promise<string> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(server);
    return `localhost:${(server.address() as AddressInfo).port}`;
  }

  /** Speaks TLS, and then says this to whoever asks. */
  async function speaker(say: (socket: Socket) => void): Promise<string> {
    const server = createRawTlsServer(await authority.certify(), (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => say(socket));
    });
    return listen(server);
  }

  function repeated(socket: Socket, text: string, everyMs: number): void {
    const timer = setInterval(() => socket.write(text), everyMs);
    socket.once('close', () => clearInterval(timer));
  }

  it('by never shaking hands is let go', async () => {
    const sockets: Socket[] = [];
    const name = await listen(createServer((socket) => sockets.push(socket.on('error', () => undefined))));
    expect(await ask(name)).toEqual(timeout);
    sockets.forEach((socket) => socket.destroy());
  });

  it.each([
    ['for ever announcing that it will answer', 'HTTP/1.1 103 Early Hints\r\n\r\n', ''],
    ['sending one header after the other', 'x: y\r\n', 'HTTP/1.1 200 OK\r\n'],
    ['sending a header letter by letter', 'x', 'HTTP/1.1 200 OK\r\nx: '],
    ['sending chunk after chunk', '1\r\n \r\n', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['promising bytes that do not come', '', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'],
  ])('by %s is let go', async (_how, text, begin) => {
    const name = await speaker((socket) => {
      socket.write(begin);
      repeated(socket, text, 10);
    });
    expect(await ask(name)).toEqual(timeout);
  });

  it.each([
    ['more than it promised', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}{"more": 1}', { ok: true, value: {} }],
    [
      'less than it promised',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{}',
      { ok: false, failure: { kind: 'malformed' } },
    ],
    [
      'two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ',
      { ok: false, failure: { kind: 'malformed' } },
    ],
    [
      'a length that is none',
      'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}',
      { ok: false, failure: { kind: 'malformed' } },
    ],
  ])('and says %s is heard as far as it makes sense', async (_what, text, answer) => {
    const name = await speaker((socket) => socket.end(text));
    expect(await ask(name)).toMatchObject(answer);
    expect(await ask(name)).toMatchObject(answer);
  });

  it('after an answer says something that nobody asked for is not believed the next time', async () => {
    let first = true;
    const name = await speaker((socket) => {
      const wasFirst = first;
      first = false;
      const said = wasFirst ? '{"n": 1}' : '{"n": 2}';
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n${said}`);
      if (wasFirst) setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{"n": 9}'), 20);
    });
    expect(await ask(name)).toEqual({ ok: true, value: { n: 1 } });
    await new Promise((done) => setTimeout(done, 100));
    expect(await ask(name)).toEqual({ ok: true, value: { n: 2 } });
  });
});

describe('a flood of servers that never shake hands', () => {
  it('has a thousand connections at most, and leaves others their turn when it is over', async () => {
    let [connected, most] = [0, 0];
    const silent = createServer((socket) => {
      most = Math.max(most, (connected += 1));
      socket.on('error', () => undefined).once('close', () => (connected -= 1));
    });
    silent.listen(0, '0.0.0.0');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const own = openFederation(authority.ca);
    const names = Array.from({ length: 1_200 }, (_, n) => parseServerName(`127.1.${n >> 8}.${n & 255}:${port}`)!);
    const asked = names.map((server) => own.send({ server, method: 'GET', target: '/x', totalMs: 3_000 }));
    const answers = await Promise.all(asked);
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(['{"ok":false,"failure":{"kind":"timeout"}}']),
    );
    expect(most).toBeLessThanOrEqual(1_000);
    remote.on('/_matrix/x', () => ({}));
    // A connection that is being made is given up after ten seconds.
    expect(await own.send({ server: remote.name, method: 'GET', target: '/_matrix/x' })).toMatchObject({ ok: true });
    await own.close();
    silent.close();
  });
});

describe('a certificate', () => {
  it.each(['expired', 'notYet', 'selfSigned'] as const)('that is no good is not accepted: %s', async (kind) => {
    const { cert, key } = await authority.certify(undefined, kind);
    const server = createTlsServer({ cert, key }, (_request, response) => void response.end('{}'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // The server is there, for those who look at nothing.
    const careless = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(careless, 'secureConnect');
    careless.destroy();
    const answer = await federation.send({ server: parseServerName(`localhost:${port}`)!, method: 'GET', target: '/' });
    const code = {
      expired: 'CERT_HAS_EXPIRED',
      notYet: 'CERT_NOT_YET_VALID',
      selfSigned: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    }[kind];
    expect(answer).toEqual({ ok: false, failure: { kind: 'unreachable', code } });
    server.close();
  });
});

describe('memory', () => {
  it('does not keep what was cut off', async () => {
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const held = (): number => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    remote.on(F, (_asked, response) => pour(response, '{"events": [', `"${'x'.repeat(1_000)}", `));
    const round = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 8 }, () => ALL.getMissingEvents(calls)));
    };
    const before = held();
    for (let n = 0; n < 5; n += 1) await round();
    // 400 MB were sent.
    await expect.poll(held, { timeout: 10_000 }).toBeLessThan(before + 20_000_000);
  });
});
