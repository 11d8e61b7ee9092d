/** Names of hosts and services, asked of the system or of name servers that the configuration has. */
import { promises, type LookupAddress, type SrvRecord } from 'node:dns';

/** A host's addresses of the family asked for; 0 stands for both. Rejects where there are none. */
export type LookUp = (hostname: string, family: 0 | 4 | 6) => Promise<readonly LookupAddress[]>;

export interface Names {
  readonly lookUp: LookUp;
  /** The SRV records of a name; none is no error. Rejects when nobody can be asked. */
  services(name: string): Promise<readonly SrvRecord[]>;
  /** Lets go whoever waits. */
  close(): void;
}

/** Waited for once, and then twice as long. */
const TIMEOUT_MS = 3_000;
const TRIES = 2;
/** That there is no such name, or nothing of the kind under it. */
const NOTHING: readonly unknown[] = ['ENOTFOUND', 'ENODATA'];

/** `servers` are addresses, with a port where it is not 53; null: the system's, and for hosts whatever else the system knows. */
export function createNames(servers: readonly string[] | null): Names {
  const resolver = new promises.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers !== null) resolver.setServers(servers);
  return {
    lookUp: servers === null ? systemLookUp : async (hostname, family) => lookUpWith(resolver, hostname, family),
    async services(name) {
      return resolver.resolveSrv(name).catch(orNothing);
    },
    close: () => resolver.cancel(),
  };
}

const systemLookUp: LookUp = async (hostname, family) => promises.lookup(hostname, { family, all: true });

async function lookUpWith(resolver: promises.Resolver, hostname: string, family: 0 | 4 | 6): ReturnType<LookUp> {
  // Which no name server is to be asked about (RFC 6761).
  if (/^(?:.*\.)?localhost\.?$/i.test(hostname)) return systemLookUp(hostname, family);
  const [v6, v4] = await Promise.all([
    family === 4 ? [] : resolver.resolve6(hostname).catch(orNothing),
    family === 6 ? [] : resolver.resolve4(hostname).catch(orNothing),
  ]);
  const found = [...addressesOf(v6, 6), ...addressesOf(v4, 4)];
  if (found.length === 0) throw notFound(hostname);
  return found;
}

function addressesOf(addresses: readonly string[], family: 4 | 6): readonly LookupAddress[] {
  return addresses.map((address) => ({ address, family }));
}

function orNothing(error: NodeJS.ErrnoException): [] {
  if (NOTHING.includes(error.code)) return [];
  throw error;
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`There is no address of ${hostname}.`), { code: 'ENOTFOUND' });
}
