/** Where requests to other servers may go: not into private networks, whatever a server name resolves to. */
import { lookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Network } from '../config.ts';

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
  /** As `dns.lookup`, without the addresses that are not allowed; what it gives is what is connected to. */
  readonly lookup: LookupFunction;
}

export function createNetworks(allowed: readonly Network[]): Networks {
  const exceptions = blockListOf(...allowed.map(({ address, prefix }) => [address, prefix] as const));
  const allows = (address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return !RESERVED.check(address, family) || exceptions.check(address, family);
  };
  return {
    allows,
    lookup(hostname, options, callback) {
      lookup(hostname, { ...options, all: true }, (error, found: readonly LookupAddress[]) => {
        if (error !== null) return callback(error, []);
        const usable = found.filter(({ address }) => allows(address));
        const [first] = usable;
        if (first === undefined) return callback(forbiddenAddress(), []);
        return options.all === true ? callback(null, usable) : callback(null, first.address, first.family);
      });
    },
  };
}

export function forbiddenAddress(): NodeJS.ErrnoException {
  return Object.assign(new Error('Requests may not go to this address.'), { code: FORBIDDEN_ADDRESS });
}

function blockListOf(...networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return list;
}
