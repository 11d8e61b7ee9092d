/** Server names are resolved as the specification has it, over real DNS and HTTPS (Resolving server names). */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { askServer, HERE, internet, WELL_KNOWN } from '../support/discovery.ts';
import type { Behaviour } from '../support/fake-homeserver.ts';
import type { TestFederation } from '../support/federation.ts';

const net = internet();
let seeker: TestFederation;

beforeAll(() => {
  seeker = net.seeker();
});

const srv = (name: string, port: number, priority = 0, weight = 0) => ({ name, port, priority, weight });
const resolve = (name: string, from = seeker) => from.resolve(parseServerName(name)!);
const at = (host: string, port: number, name: string, hostHeader = name) => ({
  host,
  port,
  hostHeader,
  certificateName: name,
});
const redirect =
  (to: string, status = 302): Behaviour =>
  (_asked, response) => {
    response.writeHead(status, { location: to }).end();
    return undefined;
  };

/** A host name that no test had before. */
let made = 0;
const newHost = (): string => `h${(made += 1)}.web.test`;

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  await new Promise((done) => closed.close(done));
  return port;
}

describe('a server name', () => {
  it('that is an address is where it says, and its certificate is for the address', async () => {
    const { port } = await net.homeserver('127.0.0.1');
    const value = { certified: ['127.0.0.1'], host: `127.0.0.1:${port}` };
    expect(await askServer(seeker, `127.0.0.1:${port}`)).toEqual({ ok: true, value });
    const { port: other } = await net.homeserver('elsewhere.test');
    expect(await askServer(seeker, `127.0.0.1:${other}`)).toMatchObject({
      failure: { kind: 'unreachable', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    expect(await resolve('127.0.0.1')).toEqual([at('127.0.0.1', 8448, '127.0.0.1')]);
  });

  it('with a port is looked up, and asked about nowhere else', async () => {
    const host = newHost();
    net.names.on(host, HERE);
    const { port } = await net.homeserver(host);
    const before = net.names.asked.length;
    const value = { certified: [host], host: `${host}:${port}` };
    expect(await askServer(seeker, `${host}:${port}`)).toEqual({ ok: true, value });
    expect(net.names.asked.slice(before).sort()).toEqual([`A ${host}`, `AAAA ${host}`]);
    expect(net.timesAsked(host)).toBe(0);
  });

  it('of which nobody has heard is at port 8448', async () => {
    const host = newHost();
    net.names.on(host, HERE);
    expect(await resolve(host)).toEqual([at(host, 8448, host)]);
    expect(net.names.asked).toEqual(
      expect.arrayContaining([`SRV _matrix-fed._tcp.${host}`, `SRV _matrix._tcp.${host}`]),
    );
    expect(net.timesAsked(host)).toBe(1);
  });

  it.each(['_matrix-fed._tcp', '_matrix._tcp'])(
    'without a delegation is where its %s records say, with a certificate for the name itself',
    async (service) => {
      const [host, target] = [newHost(), newHost()];
      const { port } = await net.homeserver(host);
      net.names.on(target, HERE);
      net.names.on(`${service}.${host}`, { services: [srv(target, port)] });
      expect(await askServer(seeker, host)).toEqual({ ok: true, value: { certified: [host], host } });
      const impostor = newHost();
      net.names.on(`${service}.${impostor}`, { services: [srv(target, port)] });
      expect(await askServer(seeker, impostor)).toMatchObject({
        failure: { kind: 'unreachable', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      });
    },
  );

  it('has its newer records before its older ones', async () => {
    const host = newHost();
    net.names.on(`_matrix-fed._tcp.${host}`, { services: [srv('new.test', 1)] });
    net.names.on(`_matrix._tcp.${host}`, { services: [srv('old.test', 2)] });
    expect(await resolve(host)).toEqual([at('new.test', 1, host)]);
  });

  it('is nowhere when its records say so', async () => {
    const host = newHost();
    net.names.on(`_matrix-fed._tcp.${host}`, { services: [srv('', 0)] });
    net.names.on(`_matrix._tcp.${host}`, { services: [srv('old.test', 2)] });
    expect(await resolve(host)).toEqual([]);
    expect(await askServer(seeker, host)).toEqual({ ok: false, failure: { kind: 'unreachable', code: 'UNRESOLVED' } });
  });

  it('is at port 8448 when the name server is broken', async () => {
    const host = newHost();
    net.names.on(`_matrix-fed._tcp.${host}`, { is: 'fails' });
    expect(await resolve(host)).toEqual([at(host, 8448, host)]);
  });
});

describe('a delegation', () => {
  it('to an address has a certificate for the address', async () => {
    const { port } = await net.homeserver('127.0.0.1');
    net.delegate('to-address.web.test', () => ({ 'm.server': `127.0.0.1:${port}` }));
    const value = { certified: ['127.0.0.1'], host: `127.0.0.1:${port}` };
    expect(await askServer(seeker, 'to-address.web.test')).toEqual({ ok: true, value });
    net.delegate('to-bare-address.web.test', () => ({ 'm.server': '[::1]' }));
    expect(await resolve('to-bare-address.web.test')).toEqual([at('::1', 8448, '::1', '[::1]')]);
  });

  it('to a name with a port has a certificate for that name, and is signed for the name that was meant', async () => {
    const host = newHost();
    net.names.on('target.test', HERE);
    const remote = await net.homeserver('target.test');
    net.delegate(host, () => ({ 'm.server': `target.test:${remote.port}` }));
    const value = { certified: ['target.test'], host: `target.test:${remote.port}` };
    expect(await askServer(seeker, host)).toEqual({ ok: true, value });
    expect(remote.asked.at(-1)!.headers.authorization).toContain(`destination="${host}"`);
    const { port } = await net.homeserver(host);
    const other = newHost();
    net.delegate(other, () => ({ 'm.server': `target.test:${port}` }));
    expect(await askServer(seeker, other)).toMatchObject({ failure: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
  });

  it.each(['_matrix-fed._tcp', '_matrix._tcp'])(
    'to a name leads where the %s records of that name say, with a certificate for it',
    async (service) => {
      const [host, delegated, target] = [newHost(), newHost(), newHost()];
      net.delegate(host, () => ({ 'm.server': delegated }));
      const { port } = await net.homeserver(delegated);
      net.names.on(target, HERE);
      net.names.on(`${service}.${delegated}`, { services: [srv(target, port)] });
      net.names.on(`_matrix-fed._tcp.${host}`, { services: [srv('not-asked.test', 9)] });
      expect(await askServer(seeker, host)).toEqual({ ok: true, value: { certified: [delegated], host: delegated } });
    },
  );

  it('to a name without records leads to its port 8448, and delegates no further', async () => {
    const [host, delegated] = [newHost(), newHost()];
    net.delegate(host, () => ({ 'm.server': delegated }));
    net.delegate(delegated, () => ({ 'm.server': 'further.test:443' }));
    expect(await resolve(host)).toEqual([at(delegated, 8448, delegated)]);
  });

  it('is read whatever type it is said to have, and whatever else it says', async () => {
    const host = newHost();
    net.delegate(host, (_asked, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('{"m.server": "target.test:443", "other": 1.5}');
      return undefined;
    });
    expect(await resolve(host)).toEqual([at('target.test', 443, 'target.test', 'target.test:443')]);
  });

  const plain =
    (text: string, status = 200): Behaviour =>
    (_asked, response) => {
      response.writeHead(status).end(text);
      return undefined;
    };
  it.each([
    ['no JSON', plain('m.server: target.test')],
    ['no object', plain('["target.test"]')],
    ['another key', plain('{"m.homeserver": "target.test"}')],
    ['no text', plain('{"m.server": ["target.test"]}')],
    ['a URL', plain('{"m.server": "https://target.test"}')],
    ['a path', plain('{"m.server": "target.test:443/matrix"}')],
    ['a port that there is not', plain('{"m.server": "target.test:99999"}')],
    ['an address in disguise', plain('{"m.server": "0x7f000001:443"}')],
    ['too much', plain(`{"m.server": "target.test", "more": "${'x'.repeat(51_200)}"}`)],
    ['404', plain('{"m.server": "target.test"}', 404)],
    ['500', plain('{"m.server": "target.test"}', 500)],
    ['204', plain('', 204)],
  ])('that answers %s is none', async (_what, behaviour) => {
    const host = newHost();
    net.delegate(host, behaviour);
    net.names.on(`_matrix-fed._tcp.${host}`, { services: [srv('srv.test', 7)] });
    expect(await resolve(host)).toEqual([at('srv.test', 7, host)]);
  });

  it('of just 50 KiB is one', async () => {
    const host = newHost();
    const text = '{"m.server": "target.test:443", "more": ""}';
    net.delegate(host, plain(text.replace('""', `"${'x'.repeat(51_200 - text.length)}"`)));
    expect(await resolve(host)).toEqual([at('target.test', 443, 'target.test', 'target.test:443')]);
  });
});

describe('redirects of a delegation', () => {
  const target = [at('target.test', 443, 'target.test', 'target.test:443')];
  /** Redirects from one path to the next, so many times. */
  function chain(host: string, length: number): void {
    const url = (n: number): string => `https://${host}:${net.webPort}/chain/${host}/${n}`;
    net.delegate(host, redirect(url(1)));
    net.web.on(`/chain/${host}/`, (asked, response) => {
      const n = Number(asked.target.split('/').at(-1));
      if (n >= length) return { 'm.server': 'target.test:443' };
      return redirect(url(n + 1))(asked, response);
    });
  }

  it.each([301, 302, 303, 307, 308])('with %d are followed', async (status) => {
    const [host, other] = [newHost(), newHost()];
    net.delegate(other, () => ({ 'm.server': 'target.test:443' }));
    net.delegate(host, redirect(`https://${other}:${net.webPort}${WELL_KNOWN}`, status));
    expect(await resolve(host)).toEqual(target);
  });

  it('may be relative', async () => {
    const host = newHost();
    net.web.on('/elsewhere', () => ({ 'm.server': 'target.test:443' }));
    net.delegate(host, redirect('../../elsewhere?a=b#c'));
    expect(await resolve(host)).toEqual(target);
  });

  it('are followed ten times and no more', async () => {
    const [ten, eleven] = [newHost(), newHost()];
    chain(ten, 10);
    chain(eleven, 11);
    expect(await resolve(ten)).toEqual(target);
    expect(await resolve(eleven)).toEqual([at(eleven, 8448, eleven)]);
    expect(net.web.asked.filter((asked) => asked.target.startsWith(`/chain/${eleven}/`))).toHaveLength(10);
  });

  it('that lead in a circle are given up where it closes', async () => {
    const host = newHost();
    const url = (n: number): string => `https://${host}:${net.webPort}/circle/${n}`;
    net.delegate(host, redirect(url(1)));
    net.web.on('/circle/', (asked, response) => redirect(url(asked.target.endsWith('1') ? 2 : 1))(asked, response));
    expect(await resolve(host)).toEqual([at(host, 8448, host)]);
    expect(net.web.asked.filter((asked) => asked.target.startsWith('/circle/'))).toHaveLength(2);
  });

  it.each(['http://target.test/', 'ftp://target.test/', 'https://', 'nothing at all:', ''])(
    'to %s are not followed',
    async (to) => {
      const host = newHost();
      net.delegate(host, redirect(to));
      expect(await resolve(host)).toEqual([at(host, 8448, host)]);
      expect(net.timesAsked(host)).toBe(1);
    },
  );
});

describe('what was heard of a delegation', () => {
  const HOUR = 3_600_000;
  const says =
    (headers: object): Behaviour =>
    (_asked, response) => {
      response.writeHead(200, { ...headers }).end('{"m.server": "target.test:443"}');
      return undefined;
    };
  const fails = (status: number) => (_asked: unknown, response: ServerResponse) => {
    response.writeHead(status).end();
    return undefined;
  };

  function clock(): { readonly now: () => number; readonly pass: (ms: number) => void } {
    let time = Date.now();
    return { now: () => time, pass: (ms) => void (time += ms) };
  }

  it.each([
    ['a day', {}, 24 * HOUR],
    ['as long as it says', { 'cache-control': 'public, max-age=7200' }, 2 * HOUR],
    ['as long as it says in Expires', { expires: '+3h' }, 3 * HOUR],
    ['as Cache-Control says rather than Expires', { expires: '+3h', 'cache-control': 'max-age=3600' }, HOUR],
    ['two days at most', { 'cache-control': 'max-age=31536000' }, 48 * HOUR],
    ['five minutes at least', { 'cache-control': 'max-age=0' }, HOUR / 12],
    ['five minutes when it is not to be kept', { 'cache-control': 'no-store, max-age=7200' }, HOUR / 12],
    ['five minutes when it expired at no date', { expires: '0' }, HOUR / 12],
    ['a day when what it says is nothing', { 'cache-control': 'max-age=soon' }, 24 * HOUR],
  ])('stands for %s', async (_what, headers, lifetime) => {
    const host = newHost();
    const { now, pass } = clock();
    // HTTP has dates in whole seconds.
    const later = new Date(Math.ceil(now() / 1_000) * 1_000 + 3 * HOUR).toUTCString();
    net.delegate(
      host,
      says('expires' in headers && headers.expires === '+3h' ? { ...headers, expires: later } : headers),
    );
    const own = net.seeker({ now });
    await resolve(host, own);
    pass(lifetime - 1);
    await resolve(host, own);
    expect(net.timesAsked(host)).toBe(1);
    pass(1_001);
    expect(await resolve(host, own)).toHaveLength(1);
    expect(net.timesAsked(host)).toBe(2);
  });

  it('is heard once for all who ask at a time', async () => {
    const host = newHost();
    net.delegate(host, async () => {
      await new Promise((done) => setTimeout(done, 50));
      return { 'm.server': 'target.test:443' };
    });
    const all = await Promise.all(Array.from({ length: 50 }, () => resolve(host)));
    expect(new Set(all.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(net.timesAsked(host)).toBe(1);
    await resolve(host.toUpperCase());
    expect(net.timesAsked(host)).toBe(1);
  });

  it('stands for an hour when it is that there is none', async () => {
    const host = newHost();
    const { now, pass } = clock();
    net.delegate(host, fails(404));
    const own = net.seeker({ now });
    await resolve(host, own);
    pass(HOUR - 1);
    await resolve(host, own);
    expect(net.timesAsked(host)).toBe(1);
    net.delegate(host, says({}));
    pass(1);
    expect(await resolve(host, own)).toEqual([at('target.test', 443, 'target.test', 'target.test:443')]);
  });

  it('is asked for ever more rarely while there is no answer, up to once an hour', async () => {
    const host = newHost();
    const { now, pass } = clock();
    net.delegate(host, fails(503));
    const own = net.seeker({ now });
    await resolve(host, own);
    const asked = [];
    for (let minute = 1; minute <= 600; minute += 1) {
      pass(60_000);
      const before = net.timesAsked(host);
      await resolve(host, own);
      if (net.timesAsked(host) > before) asked.push(minute);
    }
    expect(asked).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423, 483, 543]);
  });

  it('is kept for two days while its web server is down, and then no longer', async () => {
    const host = newHost();
    const { now, pass } = clock();
    net.delegate(host, says({ 'cache-control': 'max-age=3600' }));
    const own = net.seeker({ now });
    const delegated = await resolve(host, own);
    net.delegate(host, fails(502));
    pass(2 * HOUR);
    expect(await resolve(host, own)).toEqual(delegated);
    pass(45 * HOUR);
    expect(await resolve(host, own)).toEqual(delegated);
    pass(2 * HOUR);
    expect(await resolve(host, own)).toEqual([at(host, 8448, host)]);
    // But what says that there is none any more is believed.
    net.delegate(host, says({}));
    pass(2 * HOUR);
    expect(await resolve(host, own)).toEqual(delegated);
    net.delegate(host, fails(404));
    pass(25 * HOUR);
    expect(await resolve(host, own)).toEqual([at(host, 8448, host)]);
  });
});

describe('several targets', () => {
  it('are tried in their order until one can be connected to, and the one that could not comes last from then on', async () => {
    const host = newHost();
    const [first, second] = [await net.homeserver('elsewhere.test'), await net.homeserver(host)];
    const closed = await closedPort();
    net.names.on('target.test', HERE);
    net.names.on(`_matrix-fed._tcp.${host}`, {
      services: [
        srv('target.test', closed, 1),
        srv('target.test', first.port, 2),
        srv('nowhere.test', 8448, 3),
        srv('target.test', second.port, 4),
      ],
    });
    expect(await askServer(seeker, host)).toEqual({ ok: true, value: { certified: [host], host } });
    const lookups = (): number => net.names.asked.filter((each) => each === 'A nowhere.test').length;
    const before = lookups();
    expect(await askServer(seeker, host)).toMatchObject({ ok: true });
    expect(lookups()).toBe(before);
    expect(second.asked).toHaveLength(2);
  });

  it('end with what the last of them failed with', async () => {
    const host = newHost();
    const closed = await closedPort();
    net.names.on('target.test', HERE);
    net.names.on(`_matrix-fed._tcp.${host}`, {
      services: [srv('nowhere.test', 8448, 1), srv('target.test', closed, 2)],
    });
    expect(await askServer(seeker, host)).toEqual({
      ok: false,
      failure: { kind: 'unreachable', code: 'ECONNREFUSED' },
    });
  });

  it('are not tried when the first has seen the request', async () => {
    const host = newHost();
    const [first, second] = [await net.homeserver(host), await net.homeserver(host)];
    net.names.on('target.test', HERE);
    net.names.on(`_matrix-fed._tcp.${host}`, {
      services: [srv('target.test', first.port, 1), srv('target.test', second.port, 2)],
    });
    first.on('/who', (_asked, response) => void response.socket!.destroy());
    expect(await askServer(seeker, host)).toMatchObject({ ok: false, failure: { kind: 'unreachable' } });
    expect([first.asked.length, second.asked.length]).toEqual([1, 0]);
  });

  it('may be addresses of one name', async () => {
    const host = newHost();
    const { port } = await net.homeserver(host);
    net.names.on(host, { addresses: ['::1', '127.0.0.1'] });
    const both = net.seeker({
      networks: [
        { address: '127.0.0.0', prefix: 8 },
        { address: '::1', prefix: 128 },
      ],
    });
    expect(await askServer(both, `${host}:${port}`)).toMatchObject({ ok: true });
  });
});
