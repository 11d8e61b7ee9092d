/** Where a server name leads (server-server API, Resolving server names). */
import { isIP } from 'node:net';
import type { ServerName } from '../matrix/identifiers.ts';

export interface Destination {
  /** An IP address, or a name to be looked up. */
  readonly host: string;
  readonly port: number;
  readonly hostHeader: string;
  /** What its certificate has to be for. */
  readonly certificateName: string;
}

const DEFAULT_PORT = 8448;
/** Hosts that URLs take for an IPv4 address in some other notation, and that would be connected to without a look-up. */
const DISGUISED_ADDRESS = /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i;

/**
 * The destination of a name that says itself where it is: an IP literal (step 1), or a host with a port (step 2). Null for
 * a name that has to be asked about, for one that only looks like a name, and for a port that there is not.
 */
export function resolve(serverName: ServerName): Destination | null {
  const [, bracketed, plain, digits] = /^(?:\[(.*)\]|([^:[\]]*))(?::(\d+))?$/.exec(serverName) ?? [];
  const host = bracketed ?? plain ?? '';
  const isAddress = isIP(host) === (bracketed === undefined ? 4 : 6);
  if (!isAddress && (bracketed !== undefined || digits === undefined || DISGUISED_ADDRESS.test(host))) return null;
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (port < 1 || port > 65_535) return null;
  return { host, port, hostHeader: serverName, certificateName: host };
}
