/** Requests to other servers: signed as they go, within their limits whatever comes back, and to nowhere they may not go. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/matrix/canonical-json.ts';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { jsonObject, parseJsonObject } from '../../src/matrix/json.ts';
import { verifyJson } from '../../src/matrix/signatures.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { startHomeserver, type Behaviour, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';

let authority: Authority;
let remote: FakeHomeserver;
let federation: TestFederation;

beforeAll(async () => {
  authority = await createAuthority();
  remote = await startHomeserver(authority);
  federation = openFederation(authority.ca);
});

afterAll(async () => {
  await federation.close();
  await remote.close();
});

const get = (target: string, more: { totalMs?: number; maxBytes?: number; signal?: AbortSignal } = {}) =>
  federation.send({ server: remote.name, method: 'GET', target, ...more });

/** What is made of an answer with these bytes. */
async function made(text: string): Promise<unknown> {
  remote.on('/made', () => text);
  return get('/made');
}

describe('a request to another server', () => {
  it('is signed over its raw target, both names and its body, and sent as it was signed', async () => {
    const target = '/_matrix/federation/v1/send_x/%21room%3Ahost/%24event?ver=1&ver=2&x=%2F+a';
    remote.on('/_matrix/federation/v1/send_x', () => ({ done: true }));
    const content = jsonObject({ b: 'ü', a: [1, { z: null, y: false }] });
    const answer = await federation.send({ server: remote.name, method: 'PUT', target, content });
    expect(answer).toEqual({ ok: true, value: { done: true } });
    const asked = remote.asked.at(-1)!;
    expect(asked).toMatchObject({ method: 'PUT', target, body: canonicalJson(content) });
    expect(asked.headers).toMatchObject({ host: remote.name, 'content-type': 'application/json' });
    const { serverName, key } = federation.identity;
    const [, signature] =
      /^X-Matrix origin="vestibule\.test",destination="localhost:\d+",key="ed25519:a_test",sig="([^"]+)"$/.exec(
        asked.headers.authorization ?? '',
      ) ?? [];
    const signed = jsonObject({
      method: 'PUT',
      uri: asked.target,
      origin: serverName,
      destination: remote.name,
      content: parseJsonObject(asked.body),
      signatures: { [serverName]: { [key.keyId]: signature ?? '' } },
    });
    expect(verifyJson(signed, serverName, key.keyId, key.publicKey)).toBe(true);
  });

  it('without a body is signed without content', async () => {
    remote.on('/empty', () => ({}));
    await get('/empty?a=b');
    const { headers, target } = remote.asked.at(-1)!;
    const { serverName, key } = federation.identity;
    const signature = /sig="([^"]+)"/.exec(headers.authorization ?? '')?.[1] ?? '';
    const signatures = { [serverName]: { [key.keyId]: signature } };
    const signed = jsonObject({ method: 'GET', uri: target, origin: serverName, destination: remote.name, signatures });
    expect(verifyJson(signed, serverName, key.keyId, key.publicKey)).toBe(true);
    expect(headers).not.toHaveProperty('content-type');
    expect(headers).not.toHaveProperty('transfer-encoding');
  });

  it('that is not signed says nothing of who asks', async () => {
    remote.on('/open', () => ({}));
    await federation.send({ server: remote.name, method: 'GET', target: '/open', signed: false });
    expect(remote.asked.at(-1)!.headers).not.toHaveProperty('authorization');
  });

  it('uses a connection again', async () => {
    const ports = new Set<number | undefined>();
    remote.on('/again', (_asked, response) => {
      ports.add(response.socket?.remotePort);
      return {};
    });
    for (let times = 0; times < 5; times += 1) await get('/again');
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('of many at once takes a few connections and is answered all the same', async () => {
    const ports = new Set<number | undefined>();
    remote.on('/many', (asked, response) => {
      ports.add(response.socket?.remotePort);
      return { target: asked.target };
    });
    const targets = Array.from({ length: 60 }, (_, n) => `/many/${n}`);
    const answers = await Promise.all(targets.map((target) => get(target)));
    expect(answers).toEqual(targets.map((target) => ({ ok: true, value: { target } })));
    expect(ports.size).toBeLessThanOrEqual(8);
  });
});

describe('what another server refuses', () => {
  const refusing =
    (status: number, body: string): Behaviour =>
    (_asked, response) => {
      response.writeHead(status).end(body);
      return undefined;
    };

  it('is told with its status and its words', async () => {
    remote.on('/no', refusing(403, '{"errcode": "M_FORBIDDEN", "error": "Go away."}'));
    const failure = { kind: 'refused', status: 403, errcode: 'M_FORBIDDEN', error: 'Go away.', roomVersion: null };
    expect(await get('/no')).toEqual({ ok: false, failure });
    remote.on('/no', refusing(400, '{"errcode": "M_INCOMPATIBLE_ROOM_VERSION", "error": "", "room_version": "99"}'));
    expect(await get('/no')).toMatchObject({ failure: { errcode: 'M_INCOMPATIBLE_ROOM_VERSION', roomVersion: '99' } });
  });

  it.each([
    ['<html>no</html>', null, null],
    ['{"errcode": 7, "error": {}}', null, null],
    ['{"errcode": "M X\\r\\nInjected: yes", "error": "x"}', null, 'x'],
    [`{"errcode": "M_X", "error": "${'x'.repeat(5_000)}"}`, 'M_X', 'x'.repeat(1_000)],
    [`{"errcode": "M_X", "error": "${'x'.repeat(100_000)}"}`, null, null],
  ])('is bounded, and nothing of it believed (%#)', async (body, errcode, error) => {
    remote.on('/no', refusing(500, body));
    expect(await get('/no')).toMatchObject({ ok: false, failure: { kind: 'refused', status: 500, errcode, error } });
  });

  it('is not followed elsewhere: a redirect into a private network is an answer like any other', async () => {
    remote.on('/inside', () => ({ secret: true }));
    remote.on('/moved', (_asked, response) => {
      response.writeHead(302, { location: `https://${remote.name}/inside` }).end();
      return undefined;
    });
    expect(await get('/moved')).toMatchObject({ ok: false, failure: { kind: 'refused', status: 302, errcode: null } });
    expect(remote.asked.at(-1)!.target).toBe('/moved');
  });
});

describe('an answer that makes no sense', () => {
  it.each([
    '',
    'null',
    '[]',
    '"text"',
    '{"a": 1',
    '{"a": 1.5}',
    '{"a": 1, "a": 2}',
    '{"a": "\\ud800"}',
    '\ufeff{}',
    `{"a": ${'['.repeat(200)}${']'.repeat(200)}}`,
  ])('is malformed: %j', async (text) => {
    // The elements of a list stand for themselves.
    const expected = text.includes('[[') ? { ok: true, value: { a: [null] } } : { failure: { kind: 'malformed' } };
    expect(await made(text)).toMatchObject(expected);
  });

  it('is no HTTP at all', async () => {
    const certificate = await authority.certify();
    const server = createTlsServer(certificate, (socket) => {
      socket.on('error', () => undefined);
      socket.end('220 mail.example.org ESMTP\r\n\r\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const name = parseServerName(`localhost:${(server.address() as AddressInfo).port}`)!;
    const answer = await federation.send({ server: name, method: 'GET', target: '/' });
    expect(answer).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
    server.close();
  });
});

describe('an answer that is too large', () => {
  const parts = (response: ServerResponse, part: string): void => {
    const more = (): void => {
      while (!response.destroyed && response.write(part));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };

  it('is not begun when its length says so', async () => {
    remote.on('/large', (_asked, response) => {
      response.writeHead(200, { 'content-length': 1_001 });
      response.write('x'.repeat(100));
      return undefined;
    });
    expect(await get('/large', { maxBytes: 1_000 })).toEqual({ ok: false, failure: { kind: 'too_large' } });
  });

  it('and never ends is cut off at the limit', async () => {
    let cut: Promise<void> | undefined;
    remote.on('/endless', (_asked, response) => {
      cut = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200);
      parts(response, 'x'.repeat(65_536));
      return undefined;
    });
    expect(await get('/endless')).toEqual({ ok: false, failure: { kind: 'too_large' } });
    await cut;
  });

  it('in its headers is too large as well', async () => {
    remote.on('/headers', (_asked, response) => {
      response.writeHead(200, { 'x-long': 'x'.repeat(30_000) }).end('{}');
      return undefined;
    });
    expect(await get('/headers')).toEqual({ ok: false, failure: { kind: 'too_large' } });
  });
});

describe('an answer that does not come', () => {
  it('or drips for ever, is waited for as long as the whole may take', async () => {
    const cut: Promise<void>[] = [];
    const closing = (response: ServerResponse): Promise<void> => new Promise((done) => response.once('close', done));
    remote.on('/silent', (_asked, response) => void cut.push(closing(response)));
    remote.on('/drip', (_asked, response) => {
      cut.push(closing(response));
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(drip));
      return undefined;
    });
    const timeout = { ok: false, failure: { kind: 'timeout' } };
    expect(await Promise.all(['/silent', '/drip'].map((target) => get(target, { totalMs: 300 })))).toEqual([
      timeout,
      timeout,
    ]);
    await Promise.all(cut);
    expect(cut).toHaveLength(2);
  });

  it('is not waited for when nobody wants it any more, nor asked for', async () => {
    remote.on('/silent', () => undefined);
    const gone = new AbortController();
    const asked = get('/silent', { signal: gone.signal });
    setTimeout(() => gone.abort(), 100);
    expect(await asked).toEqual({ ok: false, failure: { kind: 'stopped' } });
    const before = remote.asked.length;
    expect(await get('/silent', { signal: gone.signal })).toEqual({ ok: false, failure: { kind: 'stopped' } });
    expect(remote.asked).toHaveLength(before);
  });

  it('is not waited for when this server ends', async () => {
    const ending = openFederation(authority.ca);
    const asked = ending.send({ server: remote.name, method: 'GET', target: '/silent' });
    setTimeout(() => ending.shutDown(), 100);
    const stopped = { ok: false, failure: { kind: 'stopped' } };
    expect(await asked).toEqual(stopped);
    expect(await ending.send({ server: remote.name, method: 'GET', target: '/silent' })).toEqual(stopped);
    await ending.close();
  });
});

describe('a server that cannot be asked', () => {
  const ask = (name: string, from = federation) =>
    from.send({ server: parseServerName(name)!, method: 'GET', target: '/' });

  it('is one where nothing listens, or whose name leads nowhere', async () => {
    const closed = createServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const unreachable = (code: string) => ({ ok: false, failure: { kind: 'unreachable', code } });
    expect(await ask(`127.0.0.1:${port}`)).toEqual(unreachable('ECONNREFUSED'));
    expect(await ask('example.org:0')).toEqual(unreachable('UNRESOLVED'));
  });

  it('is one whose certificate is for another name, or by an authority that nobody trusts', async () => {
    const { port } = new URL(`https://${remote.name}`);
    const elsewhere = await startHomeserver({ ...authority, certify: () => authority.certify(['elsewhere.test']) });
    expect(await ask(elsewhere.name)).toMatchObject({
      failure: { kind: 'unreachable', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    const distrustful = openFederation(null);
    expect(await ask(remote.name, distrustful)).toMatchObject({ failure: { kind: 'unreachable' } });
    // The certificate has the address as well.
    expect(await ask(`127.0.0.1:${port}`)).toMatchObject({ failure: { kind: 'refused', status: 404 } });
    await Promise.all([elsewhere.close(), distrustful.close()]);
  });

  it('is one in a private network, by its address and by its name', async () => {
    const outside = openFederation(authority.ca, { networks: [] });
    const { port } = new URL(`https://${remote.name}`);
    const before = remote.asked.length;
    for (const name of [remote.name, `127.0.0.1:${port}`, `[::1]:${port}`, `[::ffff:127.0.0.1]:${port}`])
      expect(await ask(name, outside), name).toEqual({ ok: false, failure: { kind: 'forbidden_address' } });
    expect(remote.asked).toHaveLength(before);
    await outside.close();
  });

  it('is none that is an address in disguise: such a name is looked up by nobody', async () => {
    const outside = openFederation(authority.ca, { networks: [] });
    const came: unknown[] = [];
    const listener = createServer((socket) => came.push(socket.destroy())).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    for (const host of [
      '2130706433',
      '0x7f000001',
      '127.1',
      '0177.0.0.1',
      '0X7F.1',
      '127.0.0.1.',
      '0',
      '0x',
      '1.2.3.456',
    ])
      expect(await ask(`${host}:${port}`, outside), host).toMatchObject({ failure: { kind: 'unreachable' } });
    expect(came).toEqual([]);
    listener.close();
    await outside.close();
  });

  it('leaves nothing open behind', async () => {
    const one = openFederation(authority.ca);
    remote.on('/open', () => ({}));
    await one.send({ server: remote.name, method: 'GET', target: '/open' });
    await one.close();
    expect(await one.send({ server: remote.name, method: 'GET', target: '/open' })).toMatchObject({ ok: false });
  });
});
