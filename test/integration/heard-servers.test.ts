/** A server that failed and then asks something of this one gets what waits for it at once. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { authorizationOf } from '../../src/matrix/signed-request.ts';
import { signInAs } from '../support/accounts.ts';
import { createAuthority } from '../support/certificates.ts';
import type { Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { publishKeys } from '../support/foreign-room.ts';
import { SERVER_NAME } from '../support/history.ts';
import { rawRequest } from '../support/raw.ts';
import { startReceivers, type Receivers } from '../support/receivers.ts';
import { identityOf } from '../support/rooms.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';
import { shareRoom } from '../support/shared-room.ts';

let folder: string;
let test: TestDatabase;
let receivers: Receivers;
let server: TestServer;
let boss: Client;
let roomId: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  test = await openTestDatabase();
  const authority = await createAuthority();
  receivers = await startReceivers(authority, 2);
  const shared = await shareRoom(test.database, folder, authority, receivers.all);
  roomId = shared.roomId;
  const env = { ...shared.env, DELIVERY_RETRY: '10h to 24h' };
  server = await startServer({ databaseUrl: test.url, dataDir: join(folder, 'data'), env });
  [boss] = (await signInAs(test.database, server.url, ['boss'], SERVER_NAME)) as [Client];
  await publishKeys(test.database, ...receivers.all.map(({ name }) => name));
});

afterAll(async () => {
  await server.stop();
  await receivers.close();
  await test.close();
  await rm(folder, { recursive: true, force: true });
});

const failing = async (): Promise<readonly string[]> =>
  (
    await test.database.pool.query<{ destination: string }>('select destination from destinations where failures > 0')
  ).rows
    .map(({ destination }) => destination)
    .sort();

it('a signed request of a server ends the time that it is left alone, and that of no other', async () => {
  const [back, away] = receivers.all;
  for (const receiver of receivers.all) receiver.react = () => ({ status: 502 });
  await boss.ok('PUT', `/rooms/${roomId}/send/m.room.message/one`, { msgtype: 'm.text', body: 'one' });
  while ((await failing()).length < 2) await sleep(20);
  for (const receiver of receivers.all) receiver.react = () => 'take';
  const target = `/_matrix/federation/v1/query/profile?user_id=${encodeURIComponent(boss.userId)}`;
  const ask = (signer: string) =>
    rawRequest(server.port, {
      method: 'GET',
      path: target,
      headers: {
        Authorization: authorizationOf(
          { method: 'GET', uri: target, destination: parseServerName(SERVER_NAME)! },
          { ...identityOf(signer), serverName: back!.name },
        ),
      },
    });
  // Whose signature does not hold is not heard.
  expect((await ask(away!.name)).status).toBe(401);
  await sleep(300);
  expect(await failing()).toEqual([back!.name, away!.name].sort());
  expect((await ask(back!.name)).status).toBe(200);
  while (back!.eventIds.length === 0) await sleep(20);
  expect(back!.complaints).toEqual([]);
  expect(await failing()).toEqual([away!.name]);
  expect(away!.eventIds).toEqual([]);
});
