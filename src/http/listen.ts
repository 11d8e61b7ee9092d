/** Taking the address that a variable names. */
import type { FastifyInstance } from 'fastify';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this account may not listen there',
  EPERM: 'this account may not listen there',
  ENOTFOUND: 'no such host is known',
};

/** Resolves to the URL. Rejects with an Error that names the variable: the system's own words mean little to whoever set it. */
export async function listenOn(
  app: FastifyInstance,
  variable: 'CLIENT_LISTEN' | 'FEDERATION_LISTEN',
  address: Address,
): Promise<string> {
  try {
    return await app.listen({ ...address });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = REASONS[code ?? ''] ?? message;
    throw new Error(`Cannot listen at ${addressText(address)}, which ${variable} names: ${reason}.`, { cause: error });
  }
}

/** As variables and URLs have it: an IPv6 address in brackets. */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
