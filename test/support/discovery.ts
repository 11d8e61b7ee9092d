/** A small Internet on this machine: name server, web servers with delegations, homeservers, and one who looks for them. */
import { afterAll, beforeAll } from 'vitest';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import type { Answer } from '../../src/federation/answer.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import { createAuthority, type Authority } from './certificates.ts';
import { startHomeserver, type Behaviour, type FakeHomeserver } from './fake-homeserver.ts';
import { openFederation, type FederationOptions, type TestFederation } from './federation.ts';
import { startNameServer, type NameServer } from './name-server.ts';

export const WELL_KNOWN = '/.well-known/matrix/server';
export const HERE = { addresses: ['127.0.0.1'] };

export interface Internet {
  readonly authority: Authority;
  readonly names: NameServer;
  /** Every host's web server at once, with a certificate for every name under `web.test`. */
  readonly web: FakeHomeserver;
  readonly webPort: number;
  /** A homeserver with a certificate for these names, which says in its answer who it is. */
  homeserver(...names: readonly string[]): Promise<FakeHomeserver & { readonly port: number }>;
  /** What a host of the web answers when it is asked for its delegation. */
  delegate(host: string, behaviour: Behaviour): void;
  /** How often a host was asked for its delegation. */
  timesAsked(host: string): number;
  /** Who looks for servers, closed after the test file. */
  seeker(options?: FederationOptions): TestFederation;
}

const WEB_HOSTS = ['*.web.test', '127.0.0.1'];

/** Asks the server for something, and gives its answer. */
export async function askServer(federation: TestFederation, name: string): Promise<Answer<JsonObject>> {
  return federation.send({ server: parseServerName(name)!, method: 'GET', target: '/who' });
}

/** An Internet for the tests of a file. */
export function internet(): Internet {
  let authority: Authority;
  let names: NameServer;
  let web: FakeHomeserver;
  const open: { close(): Promise<void> }[] = [];
  const hosts = new Map<string, Behaviour>();
  const hostOf = (asked: { readonly headers: { readonly host?: string | undefined } }): string =>
    asked.headers.host?.replace(/:\d+$/, '') ?? '';
  beforeAll(async () => {
    authority = await createAuthority();
    names = await startNameServer();
    web = await startHomeserver({ ...authority, certify: () => authority.certify(WEB_HOSTS) });
    web.on(WELL_KNOWN, async (asked, response) => {
      const behaviour = hosts.get(hostOf(asked));
      if (behaviour !== undefined) return behaviour(asked, response);
      response.writeHead(404).end();
      return undefined;
    });
  });
  afterAll(async () => {
    await Promise.all(open.map((one) => one.close()));
    await web.close();
    await names.close();
  });
  const portOf = (remote: FakeHomeserver): number => Number(new URL(`https://${remote.name}`).port);
  return {
    get authority() {
      return authority;
    },
    get names() {
      return names;
    },
    get web() {
      return web;
    },
    get webPort() {
      return portOf(web);
    },
    async homeserver(...certified) {
      const remote = await startHomeserver({ ...authority, certify: () => authority.certify(certified) });
      remote.on('/who', ({ headers }) => ({ certified, host: headers.host }));
      open.push(remote);
      return { ...remote, port: portOf(remote) };
    },
    delegate(host, behaviour) {
      names.on(host, HERE);
      hosts.set(host, behaviour);
    },
    timesAsked: (host) => web.asked.filter((each) => each.target === WELL_KNOWN && hostOf(each) === host).length,
    seeker(options = {}) {
      const federation = openFederation(authority.ca, {
        dnsServers: [names.address],
        wellKnownPort: portOf(web),
        ...options,
      });
      open.push(federation);
      return federation;
    },
  };
}
