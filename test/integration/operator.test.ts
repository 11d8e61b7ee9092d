/** What the operator's terminal and hands are kept from: other people's words, links that should be dead. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

let database: TestDatabase;
let dataDir: string;
let server: TestServer;

// An id that other servers may use: it would clear the screen, write a line of its own, and turn the rest round.
const HOSTILE = '@\u001b[2J\u009b1A\r\u202eroot:elsewhere.example';

beforeAll(async () => {
  database = await openTestDatabase();
  dataDir = await temporaryFolder();
  const entry = { kind: 'user', subject: HOSTILE, byUser: null, at: '2026-01-01T00:00:00.000Z' };
  await writeFile(join(dataDir, 'erasures.jsonl'), `${JSON.stringify(entry)}\n`);
  server = await startServer({ dataDir, databaseUrl: database.url });
});

afterAll(async () => {
  await server.stop();
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe("the operator's terminal", () => {
  it('is not moved by an id that holds control characters: they are spelt out', () => {
    const { out } = server.output();
    expect(out).toContain('Erased @\\u001b[2J\\u009b1A\\u000d\\u202eroot:elsewhere.example again');
    expect(out).not.toMatch(/[^\P{C}\n\t]/u);
  });
});

describe('the one-time link that makes an admin', () => {
  it('is no longer good once there is an admin, whoever made them', async () => {
    const link = /http:\S+\/_vestibule\/admin-link\/\S+/.exec(server.output().out)?.[0] ?? '';
    expect((await fetch(link)).status).toBe(200);
    const env = { DATABASE_URL: database.url, DATA_DIR: dataDir };
    expect(await runRole(['create-user', 'boss', '--admin'], env, 'a long password\n')).toMatchObject({ code: 0 });
    expect((await fetch(link)).status).toBe(404);
    const late = await fetch(link, { method: 'POST', body: new URLSearchParams({ username: 'late', password: 'x' }) });
    expect(late.status).toBe(404);
  });
});
