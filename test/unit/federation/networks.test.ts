/** Where requests to other servers may go, and where a server name leads. */
import { describe, expect, it } from 'vitest';
import { createNetworks, FORBIDDEN_ADDRESS } from '../../../src/federation/networks.ts';
import { createNames } from '../../../src/federation/names.ts';
import { createResolveServer } from '../../../src/federation/resolve.ts';
import { parseServerName } from '../../../src/matrix/identifiers.ts';

const { lookUp } = createNames(null);
const everywhere = createNetworks([], lookUp);

describe('requests to other servers', () => {
  it.each([
    ...['127.0.0.1', '127.255.255.255', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
    ...['0.0.0.0', '100.64.0.1', '192.0.0.1', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:a00:1', '64:ff9b::7f00:1', '2002:7f00:1::'],
    ...['fc00::1', 'fd12::1', 'fe80::1', 'fec0::1', 'ff02::1', '2001:db8::1'],
  ])('do not go to %s', (address) => {
    expect(everywhere.allows(address)).toBe(false);
  });

  it.each(['1.1.1.1', '172.32.0.1', '192.167.0.1', '100.128.0.1', '::ffff:1.1.1.1', '2606:4700::1111', '2a01::1'])(
    'go to %s',
    (address) => {
      expect(everywhere.allows(address)).toBe(true);
    },
  );

  it('go to the private networks that are allowed, and to no other', () => {
    const some = createNetworks(
      [
        { address: '10.1.0.0', prefix: 16 },
        { address: 'fd00::', prefix: 8 },
      ],
      lookUp,
    );
    const asked = ['10.1.255.1', '10.2.0.1', '::ffff:10.1.2.3', 'fd12::1', 'fc00::1', '127.0.0.1'];
    expect(asked.filter((address) => some.allows(address))).toEqual(['10.1.255.1', '::ffff:10.1.2.3', 'fd12::1']);
  });

  it('do not go where a name leads to a private network', async () => {
    const look = (networks: typeof everywhere, name: string): Promise<unknown> =>
      new Promise((done) => networks.lookup(name, { all: true }, (error, found) => done(error?.code ?? found)));
    expect(await look(everywhere, 'localhost')).toBe(FORBIDDEN_ADDRESS);
    // Spellings of 127.0.0.1 that are no address to Node, but to the system.
    for (const name of ['127.1', '0x7f.1', '2130706433'])
      expect(await look(everywhere, name), name).toBeTypeOf('string');
    const local = createNetworks([{ address: '127.0.0.0', prefix: 8 }], lookUp);
    expect(await look(local, 'localhost')).toContainEqual({ address: '127.0.0.1', family: 4 });
  });
});

describe('a server name', () => {
  const nobody = (): never => expect.fail('somebody was asked');
  const resolve = createResolveServer({ findDelegate: nobody, findServices: nobody });

  it.each([
    ['1.2.3.4', '1.2.3.4', 8448],
    ['1.2.3.4:443', '1.2.3.4', 443],
    ['[2001:db8::1]', '2001:db8::1', 8448],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['example.org:8448', 'example.org', 8448],
  ])('%s says itself where it is', async (name, host, port) => {
    const destination = { host, port, hostHeader: name, certificateName: host };
    expect(await resolve(parseServerName(name)!)).toEqual([destination]);
  });

  it.each([
    '1.2.3',
    '0x7f.1',
    '2130706433:8448',
    '[::1::2]',
    '[1.2.3.4]',
    'example.org:0',
    'example.org:65536',
    '1.2.3.4:99999',
  ])('%s leads nowhere', async (name) => {
    expect(await resolve(parseServerName(name)!)).toEqual([]);
  });
});
