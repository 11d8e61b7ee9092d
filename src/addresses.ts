/** Network addresses as people write them: where to listen, which networks, which name servers. */
import { isIP } from 'node:net';

/** The addresses that begin with the first `prefix` bits of this one. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** `HOST:PORT`, or null. */
export function parseListen(text: string): Listen | null {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([^\s:/]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  return port <= 65_535 ? { host: match[1] ?? match[2]!, port } : null;
}

/** Networks such as 10.0.0.0/8, with commas or blanks between them, or null. */
export function parseNetworks(text: string): readonly Network[] | null {
  const networks = text.split(/[\s,]+/).map((each) => {
    const [, address = '', bits] = /^([\da-fA-F:.]+)\/(\d{1,3})$/.exec(each) ?? [];
    const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    return Number(bits) <= longest ? { address, prefix: Number(bits) } : null;
  });
  return networks.every((network) => network !== null) ? networks : null;
}

/** Addresses with or without a port, with commas or blanks between them, or null. */
export function parseNameServers(text: string): readonly string[] | null {
  const servers = text.split(/[\s,]+/);
  const isServer = (each: string): boolean => {
    const [, bracketed, plain = '', digits] = /^(?:\[([^\]]*)\]|([^\]]+?))(?::(\d{1,5}))?$/.exec(each) ?? [];
    const port = Number(digits ?? 53);
    // An address of version 6 without brackets has no port.
    const isAddress = bracketed === undefined ? isIP(plain) === 4 : isIP(bracketed) === 6;
    return port > 0 && port <= 65_535 && (isAddress || isIP(each) === 6);
  };
  return servers.every(isServer) ? servers : null;
}
