/** Whoever owns a name cannot lead requests into private networks, nor hold them up, by DNS, delegations or records. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { askServer, HERE, internet, WELL_KNOWN } from '../support/discovery.ts';
import type { Behaviour } from '../support/fake-homeserver.ts';
import type { TestFederation } from '../support/federation.ts';

const net = internet();
/** Stands for the private networks: all of loopback but one address. */
const PRIVATE = '127.0.0.2';
let seeker: TestFederation;
let inside: Server;
let insidePort: number;
const came: unknown[] = [];

beforeAll(async () => {
  seeker = net.seeker({ networks: [{ address: '127.0.0.1', prefix: 32 }] });
  inside = createServer((socket) => {
    came.push(socket.localAddress);
    socket.destroy();
  }).listen(0, '0.0.0.0');
  await once(inside, 'listening');
  insidePort = (inside.address() as AddressInfo).port;
  net.names.on('inside.test', { addresses: [PRIVATE] });
  net.names.on('mapped.test', { addresses: [`::ffff:${PRIVATE}`] });
});

afterEach(() => {
  if (came.length > 0) throw new Error(`Somebody came inside: ${came.splice(0).join()}`);
});

afterAll(() => inside.close());

let made = 0;
const newHost = (): string => `g${(made += 1)}.web.test`;
const forbidden = { ok: false, failure: { kind: 'forbidden_address' } };
const srv = (name: string, port: number, priority = 0) => ({ name, port, priority, weight: 0 });
const redirect =
  (to: string): Behaviour =>
  (_asked, response) => {
    response.writeHead(302, { location: to }).end();
    return undefined;
  };

/** Hosts that are, or lead to, a private address. */
const INSIDE = [PRIVATE, '10.1.2.3', 'inside.test', 'mapped.test', '[::1]', `[::ffff:${PRIVATE}]`] as const;
/** Other spellings of 127.0.0.2, which URLs understand. */
const DISGUISED = ['0x7f000002', '2130706434', '127.2', '0177.0.0.2', '0x7F.2'] as const;

describe('a name leads nowhere inside', () => {
  it.each(INSIDE)('by what it is: %s', async (host) => {
    expect(await askServer(seeker, `${host}:${insidePort}`)).toEqual(forbidden);
  });

  it.each(INSIDE)('by a delegation to %s', async (target) => {
    const host = newHost();
    net.delegate(host, () => ({ 'm.server': `${target}:${insidePort}` }));
    expect(await askServer(seeker, host)).toEqual(forbidden);
  });

  it.each(DISGUISED)('by a delegation to %s, which is none', async (target) => {
    const host = newHost();
    net.delegate(host, () => ({ 'm.server': `${target}:${insidePort}` }));
    net.names.on(`_matrix-fed._tcp.${host}`, { services: [srv('', 0)] });
    expect(await askServer(seeker, host)).toMatchObject({ failure: { code: 'UNRESOLVED' } });
  });

  it.each([...INSIDE.filter((host) => !host.startsWith('[')), ...DISGUISED])(
    'by an SRV record for %s',
    async (target) => {
      const host = newHost();
      net.names.on(`_matrix-fed._tcp.${host}`, { services: [srv(target, insidePort)] });
      expect(await askServer(seeker, host)).toEqual(forbidden);
    },
  );

  it('by any of several SRV records, and the one that is outside is asked', async () => {
    const host = newHost();
    const { port } = await net.homeserver(host);
    net.names.on('outside.test', HERE);
    net.names.on(`_matrix-fed._tcp.${host}`, {
      services: [srv('inside.test', insidePort, 1), srv(PRIVATE, insidePort, 2), srv('outside.test', port, 3)],
    });
    expect(await askServer(seeker, host)).toMatchObject({ ok: true });
  });

  it.each([...INSIDE, ...DISGUISED])('by a redirect of its delegation to %s', async (target) => {
    const host = newHost();
    net.delegate(host, redirect(`https://${target}:${insidePort}${WELL_KNOWN}`));
    net.names.on(`_matrix-fed._tcp.${host}`, { services: [srv('next-step.test', 5)] });
    expect(await seeker.resolve(parseServerName(host)!)).toMatchObject([{ host: 'next-step.test', port: 5 }]);
    expect(net.timesAsked(host)).toBe(1);
  });

  it('by being asked for its delegation', async () => {
    const own = net.seeker({ networks: [{ address: '127.0.0.1', prefix: 32 }], wellKnownPort: insidePort });
    expect(await askServer(own, 'inside.test')).toEqual(forbidden);
  });
});

describe('DNS that changes its answer', () => {
  it('is asked once for a connection, and leads nowhere but where it was checked', async () => {
    const host = newHost();
    const remote = await net.homeserver(host);
    const answers = [['127.0.0.1'], [PRIVATE]];
    const given = { A: 0 };
    net.names.on(host, () => ({ addresses: given.A++ < 2 ? answers[0]! : answers[1]! }));
    remote.on('/who', (_asked, response) => {
      response.writeHead(200, { connection: 'close' }).end('{}');
      return undefined;
    });
    const asked = (): number => net.names.asked.filter((each) => each.endsWith(` ${host}`)).length;
    expect(await askServer(seeker, `${host}:${remote.port}`)).toMatchObject({ ok: true });
    // One for each kind of address.
    expect(asked()).toBe(2);
    expect(await askServer(seeker, `${host}:${remote.port}`)).toEqual(forbidden);
    expect(asked()).toBe(4);
  });

  it('or has both kinds of addresses leads to those alone that may be gone to', async () => {
    const host = newHost();
    const remote = await net.homeserver(host);
    net.names.on(host, { addresses: [PRIVATE, '127.0.0.1', '::1', '10.0.0.1'] });
    for (let n = 0; n < 5; n += 1)
      expect(await askServer(seeker, `${host}:${remote.port}`)).toMatchObject({ ok: true });
    const nothing = newHost();
    net.names.on(nothing, { addresses: [PRIVATE, '::1', '10.0.0.1'] });
    expect(await askServer(seeker, `${nothing}:${insidePort}`)).toEqual(forbidden);
  });
});

describe('a name that holds up whoever looks for it', () => {
  const timeout = { ok: false, failure: { kind: 'timeout' } };
  const within = (name: string, totalMs: number, from = seeker) =>
    from.send({ server: parseServerName(name)!, method: 'GET', target: '/who', totalMs });

  it('by a name server that does not answer, is waited for as long as the whole may take', async () => {
    const host = newHost();
    net.names.on(host, { is: 'silent' });
    net.names.on(`_matrix-fed._tcp.${host}`, { is: 'silent' });
    expect(await within(`${host}:8448`, 200)).toEqual(timeout);
    expect(await within(host, 200)).toEqual(timeout);
  });

  it('by a delegation that never begins or never ends, is waited for no longer, also by those who come later', async () => {
    const [silent, dripping] = [newHost(), newHost()];
    net.delegate(silent, () => undefined);
    net.delegate(dripping, (_asked, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(drip));
      return undefined;
    });
    const asked = [silent, dripping, silent].map((host) => within(host, 200));
    expect(await Promise.all(asked)).toEqual([timeout, timeout, timeout]);
    expect(net.timesAsked(silent)).toBe(1);
  });

  it('by a delegation without end, is heard no further than 50 KiB', async () => {
    const host = newHost();
    const closed = Promise.withResolvers<void>();
    net.delegate(host, (_asked, response) => {
      response.writeHead(200);
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', pour).once('close', closed.resolve);
      pour();
      return undefined;
    });
    expect(await seeker.resolve(parseServerName(host)!)).toMatchObject([{ host, port: 8448 }]);
    await closed.promise;
  });

  it('is let go when this server ends', async () => {
    const host = newHost();
    const closed = Promise.withResolvers<void>();
    net.delegate(host, (_asked, response) => void response.once('close', closed.resolve));
    const own = net.seeker();
    const asked = askServer(own, host);
    await expect.poll(() => net.timesAsked(host)).toBe(1);
    own.shutDown();
    expect(await asked).toEqual({ ok: false, failure: { kind: 'stopped' } });
    await closed.promise;
  });
});
