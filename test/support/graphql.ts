/** GraphQL as an integration speaks it: a started server, documents, and what acts answer. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { formatSigningKeyFile } from '../../src/matrix/signing-keys.ts';
import { clientWith, register, request, type Client } from './client.ts';
import { openTestDatabase, type TestDatabase } from './database.ts';
import { openTestLog, type TestLog } from './history.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from './server.ts';

export interface Desk {
  readonly server: TestServer;
  readonly test: TestDatabase;
  /** Registers a user. */
  join(name: string): Promise<Client>;
  /** Makes an admin of the server. */
  admin(name: string): Promise<Client>;
  close(): Promise<void>;
}

/** A server process on a database of its own; `history` writes what happened before it started. */
export async function openDesk(
  history: ((log: TestLog) => Promise<void>) | null = null,
  env: Readonly<Record<string, string>> = {},
): Promise<Desk> {
  const test = await openTestDatabase();
  const dataDir = await temporaryFolder();
  const named = history === null ? {} : await writeHistory(test, dataDir, history);
  const server = await startServer({ databaseUrl: test.url, dataDir, env: { ...named, ...env } });
  return {
    server,
    test,
    join: (name) => register(server.url, name),
    async admin(name) {
      const there = { DATABASE_URL: test.url, DATA_DIR: server.dataDir };
      const made = await runRole(['create-user', name, '--admin'], there, 'a long password\n');
      expect(made, made.log).toMatchObject({ code: 0 });
      return signIn(server.url, name, 'a long password');
    },
    async close() {
      await server.stop();
      await test.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function writeHistory(test: TestDatabase, dataDir: string, history: (log: TestLog) => Promise<void>) {
  const log = await openTestLog(test.database);
  await history(log);
  await log.close();
  await writeFile(join(dataDir, 'signing.key'), formatSigningKeyFile([log.identity.key]));
  return { SERVER_NAME: log.identity.serverName, REGISTRATION: 'open' };
}

async function signIn(url: string, name: string, password: string): Promise<Client> {
  const body = { type: 'm.login.password', identifier: { type: 'm.id.user', user: name }, password };
  const answer = await request(url, 'POST', '/login', { body });
  expect(answer, name).toMatchObject({ status: 200 });
  return clientWith(url, answer.body.access_token, answer.body.user_id);
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a server answers is looked at field by field
export type Data = any;

/** Asks, and expects an answer without errors. */
export async function ask(client: Client, query: string, variables: object = {}): Promise<Data> {
  const { data, errors } = await client.graphql(query, variables);
  expect(errors, query).toBeUndefined();
  return data;
}

export interface Refusal {
  readonly message: string;
  readonly extensions: { readonly code: string } & Readonly<Record<string, unknown>>;
  readonly path?: readonly (string | number)[];
}

/** Asks, and expects exactly one error. */
export async function refusal(client: Client, query: string, variables: object = {}): Promise<Refusal> {
  const { data, errors } = await client.graphql(query, variables);
  expect(errors, `${query} answered ${JSON.stringify(data)}`).toHaveLength(1);
  return errors[0];
}

const KNOCK = `id status reason knockedAt decidedAt decidedBy { userId } decisionReason secondsToDecision
  room { roomId } user { userId } event { eventId }`;
export const TRANSITION = `id position kind from to cause reason outOfBand onBehalfOf occurredAt recordedAt
  actor { userId } user { userId } room { roomId }
  event { eventId sender { userId } } previous { eventId } trigger { eventId } supersedes { id } knock { id status }`;
const SHARED = `room { id roomId name } member { id membership since user { userId } }
  transition { ${TRANSITION} } event { eventId type stateKey sender { userId } content verdict erased }`;

/** Acts on a membership, and whether their payload tells of a knock. */
export const MEMBERSHIP_ACTS = {
  knock: true,
  retractKnock: true,
  acceptKnock: true,
  rejectKnock: true,
  inviteUser: true,
  revokeInvite: false,
  joinRoom: true,
  leaveRoom: true,
  kickUser: true,
  banUser: true,
  unbanUser: false,
} as const;

export type MembershipAct = keyof typeof MEMBERSHIP_ACTS;

/** The document of an act that asks for everything its payload has. */
export function actDocument(name: MembershipAct): string {
  const input = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const knock = MEMBERSHIP_ACTS[name] ? `knock { ${KNOCK} }` : '';
  return `mutation Act($input: ${input}!) { payload: ${name}(input: $input) { ${SHARED} ${knock} } }`;
}

/** Acts, and expects it to be done; the payload. */
export async function act(client: Client, name: MembershipAct, input: object): Promise<Data> {
  return (await ask(client, actDocument(name), { input })).payload;
}

/** Acts, and expects it to be refused. */
export function refusedAct(client: Client, name: MembershipAct, input: object): Promise<Refusal> {
  return refusal(client, actDocument(name), { input });
}

/** Reveals to somebody what knockers wrote, of all knocks that they see or of some. */
export async function revealReasons(client: Client, where: object = {}): Promise<void> {
  const query = 'query ($where: KnockFilter) { knocks(where: $where, first: 100) { nodes { id } } }';
  const { knocks } = await ask(client, query, { where });
  const mutation = 'mutation ($id: ID!) { revealReason(input: { knockId: $id }) { knock { reasonIsHidden } } }';
  for (const { id } of knocks.nodes) {
    expect(await ask(client, mutation, { id })).toEqual({ revealReason: { knock: { reasonIsHidden: false } } });
  }
}

/** Makes a room through GraphQL; its Matrix id. */
export async function makeRoom(owner: Client, input: object = {}): Promise<string> {
  const document = 'mutation ($input: CreateRoomInput!) { createRoom(input: $input) { room { roomId } } }';
  const { createRoom } = await ask(owner, document, { input: { name: 'The door', joinRule: 'KNOCK', ...input } });
  return createRoom.room.roomId;
}
