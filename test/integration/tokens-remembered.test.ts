/** Two server processes that remember tokens: whatever ends one is heard by both, and what is not heard of for certain is not remembered. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientWith, register, request, type Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { ask } from '../support/graphql.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';
import { makeToken } from '../support/service-tokens.ts';

let test: TestDatabase;
let dataDir: string;
let writer: TestServer;
let reader: TestServer;
let number = 0;

beforeAll(async () => {
  test = await openTestDatabase();
  dataDir = await temporaryFolder();
  writer = await startServer({ databaseUrl: test.url, dataDir });
  reader = await startServer({ databaseUrl: test.url, dataDir, args: ['--read'] });
});

afterAll(async () => {
  await Promise.all([writer.stop(), reader.stop()]);
  await test.close();
  await rm(dataDir, { recursive: true, force: true });
});

const somebody = (): Promise<Client> => register(writer.url, `somebody${(number += 1)}`);

async function isKnown(url: string, token: string): Promise<boolean> {
  const { status, body } = await request(url, 'GET', '/account/whoami', { token });
  if (status !== 200) expect({ status, body }).toMatchObject({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } });
  return status === 200;
}

/** Deletes an access token so that nothing is announced: as if every announcement were lost. */
async function endInSilence(userId: string): Promise<void> {
  const client = await test.owner.pool.connect();
  await client.query('begin; alter table access_tokens disable trigger tell_end');
  await client.query('delete from access_tokens where user_id = $1', [userId]);
  await client.query('alter table access_tokens enable always trigger tell_end; commit');
  client.release();
}

/** The servers' connections that listen: what they say to themselves was the last on them. */
async function cutEars(): Promise<number> {
  const { rowCount } = await test.owner.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and (query like 'notify "vestibule_ear_%' or query like 'listen %')`,
  );
  return rowCount ?? 0;
}

it('a token is looked up once, not with each request', async () => {
  const { token } = await somebody();
  const lookUps = async (): Promise<number> => {
    // What sessions count is told by them a second later at the latest.
    await sleep(1_500);
    const { rows } = await test.owner.pool.query<{ scans: number }>(
      `select idx_scan::int4 as scans from pg_stat_user_indexes where indexrelname = 'access_tokens_hash_key'`,
    );
    return rows[0]!.scans;
  };
  const before = await lookUps();
  for (let n = 0; n < 100; n += 1) expect(await isKnown(writer.url, token)).toBe(true);
  expect((await lookUps()) - before).toBeLessThan(20);
});

it('a logout ends the token here at once, and elsewhere as soon as it is heard', async () => {
  const { token } = await somebody();
  for (const url of [writer.url, reader.url]) expect(await isKnown(url, token)).toBe(true);
  await request(writer.url, 'POST', '/logout', { token });
  expect(await isKnown(writer.url, token)).toBe(false);
  await expect.poll(() => isKnown(reader.url, token)).toBe(false);
});

it('tokens that are deleted by hand, and the end of an account, are heard of too', async () => {
  const [one, other] = [await somebody(), await somebody()];
  for (const { token } of [one, other])
    for (const url of [writer.url, reader.url]) expect(await isKnown(url, token)).toBe(true);
  await test.owner.pool.query('delete from access_tokens where user_id = $1', [one.userId]);
  await test.owner.pool.query('update users set deactivated_at = now() where user_id = $1', [other.userId]);
  for (const { token } of [one, other])
    for (const url of [writer.url, reader.url]) await expect.poll(() => isKnown(url, token)).toBe(false);
});

it.each([
  'truncate access_tokens, refresh_tokens',
  'set session_replication_role = replica; delete from access_tokens',
])('all tokens that end at once are heard of: %s', async (statement) => {
  const { token } = await somebody();
  for (const url of [writer.url, reader.url]) expect(await isKnown(url, token)).toBe(true);
  const client = await test.owner.pool.connect();
  await client.query(statement);
  client.release(true);
  for (const url of [writer.url, reader.url]) await expect.poll(() => isKnown(url, token)).toBe(false);
});

it('a process that may have missed something remembers nothing', async () => {
  const { token, userId } = await somebody();
  expect(await isKnown(writer.url, token)).toBe(true);
  await endInSilence(userId);
  expect(await isKnown(writer.url, token)).toBe(true);
  expect(await cutEars()).toBeGreaterThan(0);
  await expect.poll(() => isKnown(writer.url, token)).toBe(false);
});

it('a service token that is revoked or rotated is refused at once, and was never good for the client API', async () => {
  await runRole(['create-user', 'admin', '--admin'], { DATABASE_URL: test.url, DATA_DIR: dataDir }, 'pass-words-9\n');
  const { body } = await request(writer.url, 'POST', '/login', {
    body: { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'admin' }, password: 'pass-words-9' },
  });
  const admin = clientWith(writer.url, body.access_token, body.user_id);
  const desk = { server: writer } as Parameters<typeof makeToken>[0];
  const made = await makeToken(desk, admin, admin, { name: 'remembered', scopes: ['KNOCKS_READ'] });
  const codeFor = async (secret: string): Promise<unknown> =>
    (await clientWith(writer.url, secret, admin.userId).graphql('{ knocks { nodes { id } } }')).errors?.[0].extensions
      .code;
  await ask(made.client, '{ knocks { nodes { id } } }');
  await ask(made.client, '{ knocks { nodes { id } } }');
  expect(await isKnown(writer.url, made.secret)).toBe(false);
  const rotate =
    'mutation ($id: ID!) { rotateServiceToken(input: {id: $id, graceSeconds: 0}) { secret serviceToken { id } } }';
  const { rotateServiceToken } = await ask(admin, rotate, { id: made.token['id'] });
  expect(await codeFor(made.secret)).toBe('M_UNKNOWN_TOKEN');
  expect(await codeFor(rotateServiceToken.secret)).toBeUndefined();
  const revoke = 'mutation ($id: ID!) { revokeServiceToken(input: {id: $id}) { serviceToken { id } } }';
  await ask(admin, revoke, { id: made.token['id'] });
  expect(await codeFor(rotateServiceToken.secret)).toBe('M_UNKNOWN_TOKEN');
});
