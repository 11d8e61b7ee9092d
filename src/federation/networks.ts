/** Where requests to other servers may go: not into private networks, whatever a server name resolves to. */
import { callbackify } from 'node:util';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Network } from '../addresses.ts';
import type { LookUp } from './names.ts';

/** Not reachable over the public Internet, or not by its own address (IANA's special-purpose registries, and multicast). */
const RESERVED = blockListOf(
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  // Loopback, unspecified, and addresses that hold an IPv4 address for somebody else to translate.
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
);

/** The error of an address that requests may not go to. */
export const FORBIDDEN_ADDRESS = 'ERR_FORBIDDEN_ADDRESS';

export interface Networks {
  /** Whether a request may go to this address, written as an IP. */
  allows(address: string): boolean;
  /** As the names' look-up, without the addresses that are not allowed; what it gives is what is connected to. */
  readonly lookup: LookupFunction;
}

export function createNetworks(allowed: readonly Network[], lookUp: LookUp): Networks {
  const exceptions = blockListOf(...allowed.map(({ address, prefix }) => [address, prefix] as const));
  const allows = (address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return !RESERVED.check(address, family) || exceptions.check(address, family);
  };
  const find = callbackify(async (hostname: string, family: 0 | 4 | 6) => {
    const usable = (await lookUp(hostname, family)).filter(({ address }) => allows(address));
    if (usable.length === 0) throw forbiddenAddress();
    return usable;
  });
  return {
    allows,
    lookup(hostname, { family, all }, callback) {
      find(hostname, familyOf(family), (error, usable) => {
        if (error !== null) return callback(error, []);
        const first = usable[0]!;
        return all === true ? callback(null, usable) : callback(null, first.address, first.family);
      });
    },
  };
}

function familyOf(asked: number | 'IPv4' | 'IPv6' | undefined): 0 | 4 | 6 {
  if (asked === 4 || asked === 'IPv4') return 4;
  return asked === 6 || asked === 'IPv6' ? 6 : 0;
}

export function forbiddenAddress(): NodeJS.ErrnoException {
  return Object.assign(new Error('Requests may not go to this address.'), { code: FORBIDDEN_ADDRESS });
}

function blockListOf(...networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}
