/** Requests that are wrong before their body is: routes, methods, tokens, paths, and what is no HTTP at all (PROTOCOL §7, §8). */
import { METHODS } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servedEndpoints } from '../../src/http/served-endpoints.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { exchange, expectError, rawRequest, type RawAnswer, type RawRequest } from '../support/raw.ts';
import { openStory, type Story } from '../support/story.ts';

const C = '/_matrix/client/v3';

let story: Story;
let owner: Client;
let room: string;
let port: number;

beforeAll(async () => {
  story = await openStory();
  [owner] = await story.people('owner');
  // Up to version 11 an id has characters that a path escapes.
  room = await knockRoom(owner, { room_version: '11' });
  port = story.server().port;
});

afterAll(() => story.close());

const send = (asked: RawRequest): Promise<RawAnswer> => rawRequest(port, asked);
const get = (path: string, token?: string): Promise<RawAnswer> => send({ method: 'GET', path, token });

/** A declared path with something in place of its parameters. */
function pathOf(declared: string): string {
  return declared
    .replace(/:roomId(OrAlias)?\b/g, room)
    .replace(/:userId\b/g, owner.userId)
    .replace(/:\w+/g, 'x');
}

/** Every served path with its methods; one path may answer several. */
const SERVED = new Map<string, Set<string>>();
for (const { method, paths } of servedEndpoints)
  for (const path of paths) SERVED.set(path, new Set([...(SERVED.get(path) ?? []), method]));

describe('59: an unknown route', () => {
  it.each([
    ...[
      '/_matrix',
      '/_matrix/',
      '/_matrix/client',
      '/_matrix/client/v3',
      '/_matrix/client/v3/',
      '/_matrix/client/v3/nothing',
    ],
    ...['/_matrix/client/v2/sync', '/_matrix/client/v3/sync/', '/_matrix/client/v3/rooms', '/_matrix/client/V3/sync'],
    ...['/_matrix/client/unstable/org.example/x', '/_matrix/federation/v1/nothing', '/_matrix/federation/v9/send/1'],
    ...[
      '/_matrix/key/v2/nothing',
      '/_matrix/key/v1/server',
      '/_synapse/admin/v2/users',
      '/nothing',
      '//',
      '/graphql/nothing',
    ],
  ])('%s is not recognized, with a token or without, by any method', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])
      for (const token of [undefined, owner.token, 'made-up']) {
        const body = method === 'GET' ? undefined : 'no { json';
        expectError(await send({ method, path, token, body }), 404, 'M_UNRECOGNIZED', `${method} ${path}`);
      }
  });
});

describe('59: an unknown method', () => {
  it('is not recognized on any route, before anybody’s token or body is looked at', async () => {
    // CONNECT asks for a tunnel and is answered by closing; OPTIONS is answered everywhere.
    const methods = METHODS.filter((method) => method !== 'CONNECT' && method !== 'OPTIONS');
    for (const [path, served] of SERVED) {
      for (const method of methods.filter((name) => !served.has(name))) {
        const answer = await send({
          method,
          path: pathOf(path),
          token: 'made-up',
          body: method === 'HEAD' ? undefined : '{',
        });
        if (method === 'HEAD') expect(answer.status, path).toBe(405);
        else expectError(answer, 405, 'M_UNRECOGNIZED', `${method} ${path}`);
      }
    }
  });

  it('but for OPTIONS, which any page may ask', async () => {
    for (const path of [...SERVED.keys(), '/_matrix/client/v3/nothing']) {
      const answer = await send({ method: 'OPTIONS', path: pathOf(path) });
      expect([200, 204], path).toContain(answer.status);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect(answer.headers['access-control-allow-methods']).toBe('GET, POST, PUT, DELETE, OPTIONS');
      expect(answer.headers['access-control-allow-headers']).toBe('X-Requested-With, Content-Type, Authorization');
    }
  });
});

describe('a bad token', () => {
  const guarded = servedEndpoints
    .filter(({ auth }) => auth === 'user' || auth === 'admin')
    .flatMap(({ method, paths }) => paths.map((path) => ({ method, path })));

  it('is told on every route that asks for one, before the body is looked at', async () => {
    expect(guarded.length).toBeGreaterThan(30);
    for (const { method, path } of guarded) {
      const body = method === 'GET' ? undefined : 'no { json';
      const asked = { method, path: pathOf(path), body };
      expectError(await send(asked), 401, 'M_MISSING_TOKEN', path);
      expectError(
        await send({ ...asked, path: `${asked.path}?access_token=${owner.token}` }),
        401,
        'M_MISSING_TOKEN',
        path,
      );
      const unknown = await send({ ...asked, token: 'made-up' });
      expectError(unknown, 401, 'M_UNKNOWN_TOKEN', path);
      expect(unknown.json.soft_logout).toBe(false);
    }
  });

  it('is told of whatever shape it has', async () => {
    const tokens = [
      '',
      ' ',
      'x'.repeat(513),
      'x'.repeat(8_000),
      'a b',
      '\t',
      `${owner.token}\u00ff`,
      `"${owner.token}"`,
      `${owner.token},`,
    ];
    for (const token of tokens) {
      const answer = await send({
        method: 'GET',
        path: `${C}/account/whoami`,
        headers: { authorization: `Bearer ${token}` },
      });
      expect(answer.status, JSON.stringify(token)).toBe(401);
      expect(['M_MISSING_TOKEN', 'M_UNKNOWN_TOKEN']).toContain(answer.json.errcode);
    }
  });
});

describe('a path', () => {
  it('is decoded once, part by part', async () => {
    const encoded = encodeURIComponent(room);
    expect((await get(`${C}/rooms/${encoded}/state/m.room.name`, owner.token)).json).toEqual({ name: 'The door' });
    expect((await get(`${C}/rooms/${room}/state/m%2Eroom%2Ename`, owner.token)).json).toEqual({ name: 'The door' });
    expectError(await get(`${C}/rooms/${encodeURIComponent(encoded)}/state`, owner.token), 400, 'M_INVALID_PARAM');
    expectError(await get(`${C}/rooms/${encoded}%2Fstate`, owner.token), 404, 'M_UNRECOGNIZED');
  });

  it.each(['%', '%zz', '%c3', '%ff', '%ed%a0%80', '!x%00y:z', '%00'])('with %s in it is refused', async (part) => {
    const answer = await get(`${C}/rooms/${part}/state`, owner.token);
    expect(answer.status, answer.text).toBe(400);
    expect(['M_INVALID_PARAM', 'M_BAD_JSON']).toContain(answer.json.errcode);
    const put = await send({
      method: 'PUT',
      path: `${C}/rooms/${room}/state/io.vestibule.x/${part}`,
      token: owner.token,
      body: '{}',
    });
    if (part.includes('%')) expect(put.status, put.text).toBe(400);
    expect(put.headers['access-control-allow-origin']).toBe('*');
  });

  it.each(['', '!', '!x', 'x', '#a:b', '@a:b', '!x:', '!x:y z', `!${'x'.repeat(300)}:y`, '$x', '!x:y/'])(
    'that names no room by %j is refused',
    async (id) => {
      const answer = await get(`${C}/rooms/${encodeURIComponent(id)}/state`, owner.token);
      expect([400, 404], answer.text).toContain(answer.status);
      expect(['M_INVALID_PARAM', 'M_UNRECOGNIZED']).toContain(answer.json.errcode);
    },
  );

  it('of any length is answered', async () => {
    for (const length of [1_025, 4_000, 12_000]) {
      const answer = await get(`${C}/rooms/${'x'.repeat(length)}/state`, owner.token);
      expect(answer.status, String(length)).toBeGreaterThanOrEqual(400);
      expect(answer.status, String(length)).toBeLessThan(500);
      expect(typeof answer.json.errcode).toBe('string');
    }
  });

  it('with a parameter twice, or a NUL in one, is refused', async () => {
    for (const query of ['format=event&format=content', 'format=%00'])
      expectError(
        await get(`${C}/rooms/${room}/state/m.room.name?${query}`, owner.token),
        400,
        'M_INVALID_PARAM',
        query,
      );
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['words', 'let me in\r\n\r\n'],
    ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['a header without its colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a chunk of no length', `PUT ${C}/profile/x/y HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`],
  ])('%s: is refused in the same words, and the connection ends', async (_what, bytes) => {
    const text = await exchange(port, Buffer.from(bytes, 'latin1'));
    const [head, body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(head!.toLowerCase()).toContain('access-control-allow-origin: *');
    expect(JSON.parse(body)).toMatchObject({ errcode: expect.stringMatching(/^M_/), error: expect.any(String) });
  });

  it('a head that does not end is refused as too large', async () => {
    const text = await exchange(port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}`);
    expect(text).toMatch(/^HTTP\/1\.1 431 /);
    expect(text).toContain('M_TOO_LARGE');
  });

  it('leaves the server as it was', async () => {
    expect((await get('/_matrix/client/versions')).status).toBe(200);
  });
});
