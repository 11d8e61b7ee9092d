/** What the log must never say: tokens, passwords, reasons. At its most talkative, through everything that can go wrong. */
import { createHmac } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knockRoom, register, request, type Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { exchange, rawRequest } from '../support/raw.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const SHARED_SECRET = 'shared-secret-of-the-admin-call';
const PASSWORD = 'password-that-nobody-logs';
const WRONG_PASSWORD = 'wrong-password-that-nobody-logs';
const REASON = 'reason-that-nobody-logs';
const NAME = 'displayname-that-nobody-logs';
const FOREIGN_TOKEN = 'token-of-elsewhere-that-nobody-logs';

let test: TestDatabase;
let dataDir: string;
let server: TestServer;
const secrets: string[] = [SHARED_SECRET, PASSWORD, WRONG_PASSWORD, REASON, NAME, FOREIGN_TOKEN];

beforeAll(async () => {
  test = await openTestDatabase();
  dataDir = await temporaryFolder();
  const env = { LOG_LEVEL: 'debug', REGISTRATION_SHARED_SECRET: SHARED_SECRET };
  server = await startServer({ databaseUrl: test.url, dataDir, env });
});

afterAll(async () => {
  await rm(dataDir, { recursive: true, force: true });
  await test.close();
});

function printed(): string {
  const { out, log } = server.output();
  return `${out}\n${log}`;
}

function expectSilence(): void {
  const text = printed();
  // A base64 or percent-encoded secret is one too.
  const forms = secrets.flatMap((s) => [s, encodeURIComponent(s), Buffer.from(s).toString('base64url').slice(0, -2)]);
  // The admin link is told on purpose, to whoever started the server.
  for (const secret of forms) expect(text.includes(secret), secret.slice(0, 12)).toBe(false);
}

async function person(name: string): Promise<Client> {
  const client = await register(server.url, name, `${PASSWORD}-${name}`);
  secrets.push(client.token);
  return client;
}

const login = (user: string, password: string) =>
  request(server.url, 'POST', '/login', {
    body: { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password },
  });

describe('the log of a server at its most talkative', () => {
  it('holds no secret after accounts were made, used and mistyped', async () => {
    const ann = await person('ann');
    const again = await login('ann', `${PASSWORD}-ann`);
    secrets.push(again.body.access_token);
    expect((await login('ann', WRONG_PASSWORD)).status).toBe(403);
    expect((await login('nobody', WRONG_PASSWORD)).status).toBe(403);
    const path = '/_synapse/admin/v1/register';
    const { nonce } = (await request(server.url, 'GET', path)).body;
    const mac = createHmac('sha1', SHARED_SECRET).update(`${nonce}\0bea\0${PASSWORD}\0notadmin`).digest('hex');
    const made = await request(server.url, 'POST', path, { body: { nonce, username: 'bea', password: PASSWORD, mac } });
    expect(made.status).toBe(200);
    secrets.push(made.body.access_token, mac, nonce);
    const forged = { nonce, username: 'bea', password: PASSWORD, mac: mac.replace(/^./, 'x') };
    expect((await request(server.url, 'POST', path, { body: forged })).status).toBe(403);
    await ann.ok('PUT', `/profile/${ann.userId}/displayname`, { displayname: NAME });
    await ann.ok('POST', '/logout', {});
    expect((await ann.call('GET', '/account/whoami')).status).toBe(401);
    expectSilence();
  });

  it('holds no word of those who knock, ask through GraphQL, or are refused', async () => {
    const [owner, kim] = [await person('owner'), await person('kim')];
    const roomId = await knockRoom(owner, { name: NAME });
    await kim.ok('POST', `/knock/${roomId}`, { reason: REASON });
    expect((await kim.call('POST', `/rooms/${roomId}/ban`, { user_id: owner.userId, reason: REASON })).status).toBe(
      403,
    );
    const query = 'mutation($input: KnockInput!) { knock(input: $input) { knock { id } } }';
    await kim.graphql(query, { input: { roomId, reason: `${REASON} again` } });
    await kim.graphql(`{ rooms(where: { "${REASON}" }) }`);
    await kim.graphql(`mutation { knock(input: { roomId: "!no:where", reason: "${REASON}" }) { nothing } }`);
    await kim.graphql('query($n: Int) { knocks(first: $n) { totalCount } }', { n: REASON });
    expectSilence();
  });

  it('holds no token that was put where none belongs', async () => {
    const { port } = server;
    const token = secrets.at(-1)!;
    for (const each of [FOREIGN_TOKEN, token]) {
      await rawRequest(port, { method: 'GET', path: `/_matrix/client/v3/account/whoami?access_token=${each}` });
      await rawRequest(port, { method: 'GET', path: `/_matrix/client/v3/${each}/sync` });
      await rawRequest(port, { method: 'GET', path: `/_matrix/client/v3/rooms/${each}/members` });
      await rawRequest(port, { method: 'GET', path: `/_vestibule/admin-link/${each}` });
      await rawRequest(port, { method: 'POST', path: `/graphql?token=${each}`, body: `{"query":"{ ${each} }"}` });
      await rawRequest(port, { method: 'GET', path: '/_matrix/client/v3/sync', headers: { authorization: each } });
      await rawRequest(port, { method: 'POST', path: '/_matrix/client/v3/login', body: `{"token": "${each}"` });
      await rawRequest(port, { method: 'GET', path: `/_matrix/client/v3/%ff${each}` });
      await exchange(port, `GARBAGE ${each} HTTP/9\r\n\r\n`, 200);
      await exchange(port, `GET / HTTP/1.1\r\nHost: x\r\nBad Header ${each}\r\n\r\n`, 200);
    }
    expectSilence();
  });

  it('holds no row of the database, whatever the database complains about', async () => {
    const [owner, lou] = [await person('second-owner'), await person('lou')];
    const roomId = await knockRoom(owner);
    await test.owner.pool.query(
      "alter table knocks add constraint no_reason check (reason not like '%nobody-logs%') not valid",
    );
    const refused = await lou.call('POST', `/knock/${roomId}`, { reason: REASON });
    expect(refused).toMatchObject({ status: 500, body: { errcode: 'M_UNKNOWN' } });
    expect(JSON.stringify(refused.body)).not.toContain(REASON);
    const query = 'mutation($input: KnockInput!) { knock(input: $input) { knock { id } } }';
    const alsoRefused = await lou.graphql(query, { input: { roomId, reason: REASON } });
    expect(alsoRefused.errors).toMatchObject([{ extensions: { code: 'M_UNKNOWN' } }]);
    expect(JSON.stringify(alsoRefused)).not.toContain(REASON);
    await test.owner.pool.query('alter table knocks drop constraint no_reason');
    // An error whose very message holds what was given.
    await test.owner.pool.query(`
      create function number() returns trigger language plpgsql as 'begin perform new.reason::int; return new; end';
      create trigger number before insert on knocks for each row execute function number()`);
    expect((await lou.call('POST', `/knock/${roomId}`, { reason: REASON })).status).toBe(500);
    await test.owner.pool.query('drop trigger number on knocks');
    await test.owner.pool.query('alter table profiles rename to profiles_gone');
    expect((await lou.call('PUT', `/profile/${lou.userId}/displayname`, { displayname: NAME })).status).toBe(500);
    await test.owner.pool.query('alter table profiles_gone rename to profiles');
    // It did say that something went wrong.
    expect(server.output().log).toContain('unit refused');
    expect(server.output().log).toContain('request failed');
    expectSilence();
  });

  it('cannot be made to hold a line that somebody else wrote', async () => {
    const line = '{"level":60,"msg":"all is lost"}';
    const mallory = await person('mallory');
    const evil = `x\n${line}\n\u001b[31mred\u001b[0m\r\u2028${line}`;
    await mallory.call('PUT', `/profile/${mallory.userId}/displayname`, { displayname: evil });
    await mallory.call('POST', `/knock/${encodeURIComponent(evil)}`, { reason: evil });
    await mallory.call('GET', `/rooms/${encodeURIComponent(evil)}/members`);
    await mallory.call('POST', '/createRoom', { name: evil, room_version: evil });
    await mallory.graphql(`{ room(roomId: "${encodeURIComponent(evil)}") { id } }`, { [evil]: evil });
    await request(server.url, 'POST', '/register', { body: { username: evil, password: PASSWORD } });
    await login(evil, PASSWORD);
    await rawRequest(server.port, {
      method: 'GET',
      path: '/x%0a%7b%22level%22%3a60%7d%1b[31m',
      headers: { 'x-e': 'a\tb' },
    });
    expect(await server.stop()).toBe(0);
    const { log, out } = server.output();
    const lines = log.split('\n').filter((each) => each !== '');
    for (const each of lines) expect(() => JSON.parse(each), each).not.toThrow();
    expect(lines.map((each) => JSON.parse(each).level)).not.toContain(60);
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(`${log}${out}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028]/);
    expectSilence();
  });
});
