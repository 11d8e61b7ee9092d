/** Who is believed to be another server: requests that are signed in every way, and in none. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/matrix/canonical-json.ts';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../src/matrix/signing-keys.ts';
import { authorizationOf } from '../../src/matrix/signed-request.ts';
import type { Client } from '../support/client.ts';
import { asking } from '../support/asking.ts';
import { createAuthority } from '../support/certificates.ts';
import { openTestDatabase } from '../support/database.ts';
import { keyObject, startHomeserver } from '../support/fake-homeserver.ts';
import { openFederation } from '../support/federation.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { expectError, rawRequest, type RawAnswer } from '../support/raw.ts';
import { freePort } from '../support/free-port.ts';
import { startServer, temporaryFolder } from '../support/server.ts';
import { SERVER_NAME } from '../support/story.ts';

const US = parseServerName(SERVER_NAME)!;
const HOUR_MS = 3_600_000;

let story: FederatedStory;
let other: OtherServer;
let kim: Client;
let target: string;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  [kim] = await story.people('kim');
  await kim.ok('PUT', `/profile/${kim.userId}/displayname`, { displayname: 'Kim' });
  target = `/_matrix/federation/v1/query/profile?user_id=${encodeURIComponent(kim.userId)}`;
});

afterAll(() => story.close());

/** Asks for kim's profile with these headers, as they are; Node's types know that name with one value alone. */
const askWith = (...authorization: readonly string[]): Promise<RawAnswer> =>
  rawRequest(story.server().port, { method: 'GET', path: target, headers: { Authorization: [...authorization] } });

const signed = (identity: ServerIdentity = other.identity, uri = target): string =>
  authorizationOf({ method: 'GET', uri, destination: US }, identity);

const parameters = (header: string): readonly (readonly [string, string])[] =>
  [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]);

const expectUnauthorized = (answer: RawAnswer, what = ''): void => expectError(answer, 401, 'M_UNAUTHORIZED', what);

describe('a signed request', () => {
  it('is answered, whatever of the specification its header makes use of', async () => {
    const fields = parameters(signed());
    const written = (
      write: (name: string, value: string) => string,
      between = ',',
      scheme = 'X-Matrix ',
      all = fields,
    ): string => `${scheme}${all.map(([name, value]) => write(name, value)).join(between)}`;
    const quoted = (name: string, value: string): string => `${name}="${value}"`;
    const headers = [
      signed(),
      written(quoted, ' ,\t'),
      written((name, value) => `${name.toUpperCase()} = "${value}"`, ', '),
      written(quoted, ',', 'x-matrix   '),
      written(quoted, ',', 'X-Matrix ', fields.toReversed()),
      `${written(quoted)},later="than this",,`,
      written((name, value) => `${name}="${value.replaceAll(/(?=[a-z])/g, '\\')}"`),
      written(
        quoted,
        ',',
        'X-Matrix ',
        fields.filter(([name]) => name !== 'destination'),
      ),
    ];
    for (const header of headers) expect((await askWith(header)).json, header).toEqual({ displayname: 'Kim' });
  });

  it('49: is believed with values that are not quoted, though they hold colons', async () => {
    const header = `X-Matrix ${parameters(signed())
      .map(([name, value]) => `${name}=${value}`)
      .join(',')}`;
    expect(header).toContain('origin=localhost:');
    expect((await askWith(header)).json).toEqual({ displayname: 'Kim' });
  });

  it('49: is believed for the target as it came: encoded or not, with its query in its order', async () => {
    const id = kim.userId;
    const targets = [
      `?user_id=${id}`,
      `?user_id=${encodeURIComponent(id)}`,
      `?user_id=${encodeURIComponent(id).toLowerCase()}`,
      `?z=1&a=%21&user_id=${id}&b=!`,
      `?a=%21&b=!&z=1&user_id=${id}`,
      `?field=displayname&user_id=${id}`,
    ].map((query) => `/_matrix/federation/v1/query/profile${query}`);
    for (const each of targets) expect((await other.ask('GET', each)).json, each).toEqual({ displayname: 'Kim' });
    const [plain = '', encoded = ''] = targets;
    const crossed = { method: 'GET', path: encoded, headers: { authorization: signed(other.identity, plain) } };
    expectUnauthorized(await rawRequest(story.server().port, crossed));
  });

  it('is believed when one of several signatures of the server holds', async () => {
    const stale = { ...other.identity, key: signingKeyFromSeed('fake', Buffer.alloc(32, 250)) };
    expect((await askWith(signed(stale), signed())).json).toEqual({ displayname: 'Kim' });
    expect((await askWith(signed(), signed(stale))).json).toEqual({ displayname: 'Kim' });
    expectUnauthorized(await askWith(signed(stale), signed(stale)));
    const third = await story.otherServer();
    expectUnauthorized(await askWith(signed(), signed(third.identity)));
    expectUnauthorized(await askWith(...Array.from({ length: 5 }, () => signed())), 'too many');
  });
});

describe('a listener that speaks TLS itself', () => {
  it('believes what is signed, and the port for clients does not answer it', async () => {
    const authority = await createAuthority();
    const [database, folder, port] = [await openTestDatabase(), await temporaryFolder(), await freePort()];
    const { cert, key } = await authority.certify();
    const files = { 'chain.pem': cert, 'key.pem': key, 'ca.pem': authority.ca };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const server = await startServer({
      databaseUrl: database.url,
      dataDir: folder,
      env: {
        SERVER_NAME: `localhost:${port}`,
        FEDERATION_LISTEN: `127.0.0.1:${port}`,
        FEDERATION_TLS_CERT: join(folder, 'chain.pem'),
        FEDERATION_TLS_KEY: join(folder, 'key.pem'),
        FEDERATION_CA_FILE: join(folder, 'ca.pem'),
        FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8',
      },
    });
    const remote = await startHomeserver(authority);
    const federation = openFederation(authority.ca, { identity: remote.identity });
    const destination = parseServerName(`localhost:${port}`)!;
    const content = jsonObject({ origin: remote.name, origin_server_ts: 1, pdus: [] });
    const at = '/_matrix/federation/v1/send/%21txn';
    const sent = await federation.send({ server: destination, method: 'PUT', target: at, content });
    expect(sent).toEqual({ ok: true, value: { pdus: {} } });
    const read = await federation.send({
      server: destination,
      method: 'GET',
      target: '/_matrix/federation/v1/event/%24x',
    });
    expect(read).toMatchObject({ ok: false, failure: { status: 404, errcode: 'M_NOT_FOUND' } });
    expect((await fetch(`${server.url}${at}`, { method: 'PUT', body: '{}' })).status).toBe(404);
    await federation.close();
    await remote.close();
    await server.stop();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });
});

describe('a request that nobody is believed for', () => {
  it('49: is one for another server', async () => {
    const elsewhere = parseServerName('localhost:1')!;
    expectUnauthorized(await asking(story.server().port, other.identity, elsewhere)('GET', target));
    // Signed for us, and yet it says that it is for somebody else.
    expectUnauthorized(await askWith(signed().replace(SERVER_NAME, elsewhere)));
  });

  it('is one without a good header', async () => {
    const good = signed();
    const bad = [
      'Bearer abc',
      'X-Matrix',
      'X-Matrix ',
      good.replace('X-Matrix', 'Y-Matrix'),
      good.replace('X-Matrix ', ''),
      good.replace(/origin="[^"]*"/, 'origin="not a name"'),
      good.replace(/origin="[^"]*",/, ''),
      good.replace(/key="[^"]*",/, ''),
      good.replace(/,sig="[^"]*"/, ''),
      good.replace('sig=', 'signature='),
      good.replace(/sig="./, 'sig="'),
      good.replace(/sig="[^"]*"/, 'sig="%"'),
      good.replace(/key="[^"]*"/, 'key="ed25519:other"'),
      `${good},origin="${other.name}"`,
      `${good} and more`,
      good.slice(0, -1),
      good.replace(/origin="[^"]*"/, `origin="${SERVER_NAME}"`),
    ];
    for (const header of bad) expectUnauthorized(await askWith(header), header);
    expectUnauthorized(await rawRequest(story.server().port, { method: 'GET', path: target }));
    expectUnauthorized(await rawRequest(story.server().port, { method: 'GET', path: target, token: kim.token }));
  });

  it('is one of a server whose keys cannot be had', async () => {
    const gone = await story.otherServer();
    await gone.close();
    expectUnauthorized(await gone.ask('GET', target));
  });

  it('51: is one that is signed with a key which is old, or valid no more', async () => {
    const old = signingKeyFromSeed('old', Buffer.alloc(32, 201));
    const server = await story.otherServer();
    const publishes = (more: JsonObject): void =>
      server.on('/_matrix/key/v2/server', () => keyObject(server.identity, more));
    publishes(
      jsonObject({ old_verify_keys: { [old.keyId]: { key: old.publicKeyBase64, expired_ts: Date.now() + HOUR_MS } } }),
    );
    const withOld = asking(story.server().port, { ...server.identity, key: old });
    expectUnauthorized(await withOld('GET', target));
    expect(await server.ask('GET', target)).toMatchObject({ status: 200 });
    const late = await story.otherServer();
    late.on('/_matrix/key/v2/server', () => keyObject(late.identity, { valid_until_ts: Date.now() - HOUR_MS }));
    expectUnauthorized(await late.ask('GET', target));
  });

  it('is not found to be one before its path is known', async () => {
    const answer = await rawRequest(story.server().port, { method: 'GET', path: '/_matrix/federation/v1/nothing' });
    expectError(answer, 404, 'M_UNRECOGNIZED');
  });
});

describe('a signed request, once it is believed', () => {
  it('is held to its query', async () => {
    const at = '/v1/query/profile';
    expectError(await other.ask('GET', at), 400, 'M_MISSING_PARAM');
    expectError(await other.ask('GET', `${at}?user_id=${other.identity.serverName}`), 400, 'M_INVALID_PARAM');
    expectError(await other.ask('GET', `${at}?user_id=%40x%3A${other.name}`), 400, 'M_INVALID_PARAM');
    expectError(await other.ask('GET', `${at}?user_id=@nobody:${SERVER_NAME}`), 404, 'M_NOT_FOUND');
    expect((await other.ask('GET', `${at}?user_id=${kim.userId}&field=avatar_url`)).json).toEqual({});
    expect(canonicalJson((await other.ask('GET', `${at}?user_id=${kim.userId}`)).json)).toBe('{"displayname":"Kim"}');
  });
});
