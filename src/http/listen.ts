/** Taking the address that a variable names. */
import type { FastifyInstance } from 'fastify';

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
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = REASONS[code ?? ''] ?? message;
    throw new Error(`Cannot listen at ${host}:${port}, which ${variable} names: ${reason}.`, { cause: error });
  }
}
