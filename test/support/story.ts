/** What a story over HTTP stands on: a server of its own on a database of its own, its people, and a look into its log. */
import { rm } from 'node:fs/promises';
import { expect } from 'vitest';
import { register, type Answer, type Client } from './client.ts';
import { openTestDatabase } from './database.ts';
import { startServer, temporaryFolder, type TestServer } from './server.ts';

export const SERVER_NAME = 'localhost:8448';

export interface Story {
  readonly url: string;
  readonly databaseUrl: string;
  server(): TestServer;
  /** Registers users of these names. */
  people<const Names extends readonly string[]>(...names: Names): Promise<{ readonly [N in keyof Names]: Client }>;
  /** Rows of the database, as its owner sees them. */
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** How long the log is, table by table. */
  counts(): Promise<Counts>;
  /** Stops the server and starts another one on the same database and port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Counts {
  readonly events: number;
  readonly verdicts: number;
  readonly transitions: number;
  readonly actions: number;
}

export async function openStory(env: Readonly<Record<string, string>> = {}): Promise<Story> {
  const database = await openTestDatabase();
  const dataDir = await temporaryFolder();
  let server = await startServer({ databaseUrl: database.url, dataDir, env });
  const { url, port } = server;
  const rows: Story['rows'] = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await database.owner.pool.query<Row>(text, [...values])).rows;
  return {
    url,
    databaseUrl: database.url,
    server: () => server,
    people: async <const Names extends readonly string[]>(...names: Names) =>
      (await Promise.all(names.map((name) => register(url, name)))) as { readonly [N in keyof Names]: Client },
    rows,
    async counts() {
      const tables = ['events', 'verdicts', 'transitions', 'actions'];
      const columns = tables.map((table) => `(select count(*)::int4 from ${table}) as ${table}`);
      return (await rows<Counts>(`select ${columns.join(', ')}`))[0]!;
    },
    async restart() {
      await server.stop();
      server = await startServer({ databaseUrl: database.url, dataDir, port, env });
    },
    async close() {
      await server.stop();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A refusal in the protocol's words. */
export function expectRefusal(answer: Answer, status: number, errcode: string, what = ''): void {
  expect({ status: answer.status, errcode: answer.body?.errcode }, `${what} ${JSON.stringify(answer.body)}`).toEqual({
    status,
    errcode,
  });
  expect(typeof answer.body.error, what).toBe('string');
}

/** A user's membership as the room's members see it; undefined when there is no member event. */
export async function membershipIn(member: Client, roomId: string, userId: string): Promise<string | undefined> {
  const answer = await member.call('GET', `/rooms/${roomId}/state/m.room.member/${userId}`);
  if (answer.status === 404) return undefined;
  expect(answer, `${userId} in ${roomId}`).toMatchObject({ status: 200 });
  return answer.body.membership;
}

/** A user's transitions in a room, oldest first. */
export async function kindsOf(story: Story, roomId: string, userId: string): Promise<readonly string[]> {
  const text = 'select kind from transitions where room_id = $1 and user_id = $2 order by position';
  return (await story.rows<{ kind: string }>(text, [roomId, userId])).map((row) => row.kind);
}

/** The outcomes of a user's knocks on a room, oldest first. */
export async function episodesOf(story: Story, roomId: string, userId: string): Promise<readonly string[]> {
  const text = 'select status from knocks where room_id = $1 and user_id = $2 order by opened';
  return (await story.rows<{ status: string }>(text, [roomId, userId])).map((row) => row.status);
}
