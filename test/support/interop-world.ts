/** This server and real Synapses beside it, which find and trust each other; and what their people see. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { createAuthority, type Authority } from './certificates.ts';
import { register, type Client } from './client.ts';
import { openTestDatabase } from './database.ts';
import { freePort } from './free-port.ts';
import { startServer, temporaryFolder, type TestServer } from './server.ts';
import { startSynapse, type Synapse } from './synapse.ts';

/** This server, a process of its own under a name that others find it by. */
export interface Vestibule {
  readonly name: string;
  server(): TestServer;
  /** Registers a user here. */
  person(name: string): Promise<Client>;
  /** Rows of the database, as its owner sees them. */
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface InteropWorld extends Vestibule {
  /** More of this server, each with a database of its own. */
  readonly others: readonly Vestibule[];
  readonly synapses: readonly Synapse[];
}

/** Starts this server, with TLS for other servers, `others` more of it, and as many Synapses (`python` runs them). */
export async function openInterop(python: string, synapses: number, others = 0): Promise<InteropWorld> {
  const authority = await createAuthority();
  const [[first, ...more], running] = await Promise.all([
    Promise.all(Array.from({ length: 1 + others }, () => startVestibule(authority))),
    Promise.all(Array.from({ length: synapses }, () => startSynapse(python, authority))),
  ]);
  return {
    ...first!,
    others: more,
    synapses: running,
    async close() {
      await Promise.all([first!.close(), ...more.map((one) => one.close()), ...running.map((one) => one.stop())]);
    },
  };
}

/** Starts this server on a database of its own. It trusts the authority, and may speak with this machine. */
export async function startVestibule(
  authority: Authority,
  env: Readonly<Record<string, string>> = {},
): Promise<Vestibule> {
  const database = await openTestDatabase();
  const dataDir = await temporaryFolder();
  const [port, clientPort] = [await freePort(), await freePort()];
  const { cert, key } = await authority.certify();
  await writeFile(join(dataDir, 'chain.pem'), cert);
  await writeFile(join(dataDir, 'key.pem'), key);
  await writeFile(join(dataDir, 'ca.pem'), authority.ca);
  const name = `localhost:${port}`;
  const start = (): Promise<TestServer> =>
    startServer({
      databaseUrl: database.url,
      dataDir,
      port: clientPort,
      env: {
        SERVER_NAME: name,
        FEDERATION_LISTEN: `127.0.0.1:${port}`,
        FEDERATION_TLS_CERT: join(dataDir, 'chain.pem'),
        FEDERATION_TLS_KEY: join(dataDir, 'key.pem'),
        FEDERATION_CA_FILE: join(dataDir, 'ca.pem'),
        FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8,::1/128',
        ...env,
      },
    });
  let server = await start();
  return {
    name,
    server: () => server,
    person: (localpart) => register(server.url, localpart),
    rows: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await database.owner.pool.query<Row>(text, [...values])).rows,
    async restart() {
      await server.stop();
      server = await start();
    },
    async close() {
      await server.stop();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const PATIENCE_MS = 15_000;

/** What is so after a while: Synapse answers first and looks later. */
export async function expectSoon<T>(look: () => Promise<T>, expected: unknown): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    try {
      expect(seen).toEqual(expected);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await sleep(100);
  }
}

let filters = 0;

/** In which section of a first sync the room stands, with the membership events in it; null: in none. */
export async function sectionOf(client: Client, roomId: string): Promise<{ section: string; room: Section } | null> {
  // Synapse remembers first syncs for two minutes, by their filter.
  const filter = { room: { include_leave: true, timeline: { limit: (filters += 1) + 10 } } };
  const { rooms = {} } = await client.ok('GET', `/sync?filter=${encodeURIComponent(JSON.stringify(filter))}`);
  for (const section of ['join', 'invite', 'knock', 'leave']) {
    const room = rooms[section]?.[roomId];
    if (room !== undefined) return { section, room };
  }
  return null;
}

type Section = Readonly<Record<string, { readonly events?: readonly Stripped[] } | undefined>>;

export interface Stripped {
  readonly type: string;
  readonly state_key: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** The same, its name alone. */
export async function standsIn(client: Client, roomId: string): Promise<string | null> {
  return (await sectionOf(client, roomId))?.section ?? null;
}

/** A user's member event as somebody in the room has it: its membership, and the reason. Null: none. */
export async function memberSeen(
  client: Client,
  roomId: string,
  userId: string,
): Promise<{ membership: string; reason: string | null } | null> {
  const path = `/rooms/${encodeURIComponent(roomId)}/state/m.room.member/${encodeURIComponent(userId)}`;
  const { status, body } = await client.call('GET', path);
  return status === 200 ? { membership: body.membership, reason: body.reason ?? null } : null;
}

/** A knock, as GraphQL tells of it. */
export interface ToldKnock {
  readonly status: string;
  readonly reason: string | null;
  readonly decidedBy: { readonly userId: string } | null;
}

/** What became of it, why it was made, and who decided. */
export function outcomeOf({ status, reason, decidedBy }: ToldKnock): object {
  return { status, reason, by: decidedBy?.userId ?? null };
}

/** The texts of the newest messages, newest first. */
export async function bodiesIn(client: Client, roomId: string): Promise<readonly string[]> {
  const { chunk } = await client.ok('GET', `/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=20`);
  return chunk.flatMap(({ content }: { content: { body?: string } }) => content.body ?? []);
}
