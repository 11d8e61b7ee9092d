/** Where a server name leads (server-server API, Resolving server names). */
import { isIP } from 'node:net';
import type { ServerName } from '../matrix/identifiers.ts';
import type { Place } from './dial.ts';
import type { FindServices } from './services.ts';
import type { FindDelegate } from './well-known.ts';

export interface Destination extends Place {
  readonly hostHeader: string;
}

/**
 * Where a server can be, in the order in which to try; empty for a name that only looks like one, for a port that there is not,
 * and for a server that says of itself that it is nowhere. Never rejects for what others do.
 */
export type ResolveServer = (serverName: ServerName) => Promise<readonly Destination[]>;

export interface ResolveDeps {
  readonly findDelegate: FindDelegate;
  readonly findServices: FindServices;
}

const DEFAULT_PORT = 8448;
/** Hosts that URLs take for an IPv4 address in some other notation, and that would be connected to without a look-up. */
const DISGUISED_ADDRESS = /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i;

export function createResolveServer({ findDelegate, findServices }: ResolveDeps): ResolveServer {
  /** Steps 3.3 to 3.5, and 4 to 6: neither an address nor a port. */
  const byServices = async (host: string): Promise<readonly Destination[]> => {
    const targets = (await findServices(host)) ?? [{ host, port: DEFAULT_PORT }];
    return targets.map((target) => ({ ...target, hostHeader: host, certificateName: host }));
  };
  return async (serverName) => {
    const asked = read(serverName);
    if (asked === null) return [];
    if (asked.destination !== null) return [asked.destination];
    const delegate = await findDelegate(asked.host);
    const delegated = delegate === null ? null : read(delegate);
    // A delegation that leads nowhere is as good as none.
    if (delegated === null) return byServices(asked.host);
    return delegated.destination === null ? byServices(delegated.host) : [delegated.destination];
  };
}

interface Read {
  readonly host: string;
  /** Of a name that says itself where it is: an IP literal (step 1), or a host with a port (step 2). */
  readonly destination: Destination | null;
}

function read(serverName: ServerName): Read | null {
  const [, bracketed, plain, digits] = /^(?:\[(.*)\]|([^:[\]]*))(?::(\d+))?$/.exec(serverName) ?? [];
  const host = bracketed ?? plain ?? '';
  const isAddress = isIP(host) === (bracketed === undefined ? 4 : 6);
  if (!isAddress && (bracketed !== undefined || DISGUISED_ADDRESS.test(host))) return null;
  if (!isAddress && digits === undefined) return { host, destination: null };
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (port < 1 || port > 65_535) return null;
  return { host, destination: { host, port, hostHeader: serverName, certificateName: host } };
}
