/** Keys of servers that are gone, as servers tell them that are trusted with that; and of very many servers at once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { importRoom } from '../../src/commands/elsewhere/import-room.ts';
import { fails } from '../../src/federation/answer.ts';
import { createCheckEventSignatures } from '../../src/federation/event-signatures.ts';
import { createRemoteKeys } from '../../src/federation/remote-keys.ts';
import type { SendRequest } from '../../src/federation/request.ts';
import { parseRoomId, parseUserId, serverOf } from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import { eventTemplate, type Pdu } from '../../src/matrix/pdu.ts';
import { isRejection } from '../../src/matrix/rejection.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import { signEvent, signJson, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../src/matrix/signing-keys.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { keyObject, startHomeserver, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { foreignRoom, HOST, publishKeys, toldRoom } from '../support/foreign-room.ts';
import { openTestLog, SERVER_NAME, testIdentity, userId } from '../support/history.ts';
import { user } from '../support/rooms.ts';

const version = ROOM_VERSIONS['11'];
const QUERY = '/_matrix/key/v2/query/';

let authority: Authority;
let database: TestDatabase;
let federation: TestFederation;
const open: FakeHomeserver[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  database = await openTestDatabase();
  federation = openFederation(authority.ca);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

afterAll(async () => {
  await federation.close();
  await database.close();
});

async function homeserver(): Promise<FakeHomeserver> {
  const server = await startHomeserver(authority);
  open.push(server);
  return server;
}

/** One that nobody reaches any more. */
async function gone(): Promise<ServerIdentity> {
  const server = await startHomeserver(authority);
  await server.close();
  return server.identity;
}

function signedBy(identity: ServerIdentity): Pdu {
  const fields = {
    ...{ type: 'm.room.message', sender: parseUserId(`@someone:${identity.serverName}`)!, content: { body: 'hello' } },
    ...{ room_id: parseRoomId('!room:somewhere.test')!, origin_server_ts: Date.now(), depth: 7 },
    ...{ auth_events: [], prev_events: [] },
  };
  return signEvent(eventTemplate(fields), version, identity);
}

async function verdictOf(pdu: Pdu, notaries: readonly FakeHomeserver[]): Promise<string> {
  const names = notaries.map(({ name }) => name);
  const { check } = federation.signatures(database.database.db, Date.now, names);
  const [verdict] = await check([{ pdu, version }]);
  return verdict !== undefined && isRejection(verdict) ? verdict.rule : 'ok';
}

/** Tells these, as it remembers them. */
function remembers(notary: FakeHomeserver, ...objects: readonly JsonObject[]): void {
  notary.on(QUERY, () => ({ server_keys: objects }));
}

const vouched = (object: JsonObject, { identity }: FakeHomeserver): JsonObject =>
  signJson(object, identity.serverName, identity.key);

describe('the keys of a server that is gone', () => {
  it('are those that a trusted server remembers, who is told until when they have to be valid', async () => {
    const [identity, notary] = [await gone(), await homeserver()];
    remembers(notary, vouched(keyObject(identity), notary));
    expect(await verdictOf(signedBy(identity), [])).toBe('signature.no_keys');
    expect(await verdictOf(signedBy(identity), [notary])).toBe('ok');
    const asked = notary.asked.filter(({ target }) => target.startsWith(QUERY));
    expect(asked).toHaveLength(1);
    const [, name, until] = /query\/(.*)\?minimum_valid_until_ts=(\d+)$/.exec(asked[0]!.target)!;
    expect(decodeURIComponent(name!)).toBe(identity.serverName);
    expect(Math.abs(Number(until) - Date.now())).toBeLessThan(60_000);
  });

  it('are asked of the next one where the first knows nothing or is gone, too', async () => {
    const [identity, silent, empty, notary] = [
      await gone(),
      await homeserver(),
      await homeserver(),
      await homeserver(),
    ];
    await silent.close();
    remembers(empty);
    remembers(notary, vouched(keyObject(identity), notary));
    expect(await verdictOf(signedBy(identity), [silent, empty, notary])).toBe('ok');
  });

  const lies: Record<string, (gone: ServerIdentity, notary: FakeHomeserver) => readonly JsonObject[]> = {
    'the trusted server did not sign': (identity) => [keyObject(identity)],
    'another signed in its name': (identity, notary) => [
      signJson(
        keyObject(identity),
        notary.name,
        signingKeyFromSeed(notary.identity.key.keyId.slice(8), Buffer.alloc(32, 9)),
      ),
    ],
    'the server itself did not sign': (identity, notary) => [
      vouched({ ...keyObject(identity), valid_until_ts: Date.now() + 12_345 }, notary),
    ],
    'are those of another server': (_gone, notary) => [vouched(keyObject(notary.identity), notary)],
    'are no objects': () => ['keys', null, 7] as unknown as readonly JsonObject[],
  };
  it.each(Object.keys(lies))('are not believed that %s', async (what) => {
    const [identity, notary] = [await gone(), await homeserver()];
    remembers(notary, ...lies[what]!(identity, notary));
    expect(await verdictOf(signedBy(identity), [notary])).toBe('signature.no_keys');
  });

  it('are not asked of others while the server answers', async () => {
    const [remote, notary] = [await homeserver(), await homeserver()];
    remembers(notary);
    expect(await verdictOf(signedBy(remote.identity), [notary])).toBe('ok');
    expect(notary.asked).toEqual([]);
  });

  it('are not known where it is trusted itself, and nobody waits for the other', async () => {
    const [one, two] = [await homeserver(), await homeserver()];
    await Promise.all([one.close(), two.close()]);
    expect(await verdictOf(signedBy(one.identity), [one, two])).toBe('signature.no_keys');
  });
});

it('the servers of a room that is taken over are all asked at once, and what those signed that are gone is left out', async () => {
  const servers = 60;
  const room = foreignRoom('11');
  for (let n = 0; n < servers; n += 1)
    room.member(user(`u${n}`, `gone${n}.test`), user(`u${n}`, `gone${n}.test`), 'join');
  const ada = userId('ada');
  const join = room.member(ada, ada, 'join');
  await publishKeys(database.database, serverOf(HOST));
  const asked = new Set<string>();
  const { promise: all, resolve } = Promise.withResolvers<void>();
  // None is told that it is in vain before all are asked: one after the other nobody would get any further.
  const send: SendRequest = async ({ server }) => {
    asked.add(server);
    if (asked.size === servers) resolve();
    await all;
    return fails({ kind: 'timeout' });
  };
  const keys = createRemoteKeys({ db: database.database.db, send, now: Date.now });
  const checkSignatures = createCheckEventSignatures({ identity: testIdentity(), keys });
  const log = await openTestLog(database.database);
  const deps = { db: database.database.db, lanes: log.deps.lanes, serverName: SERVER_NAME, checkSignatures };
  expect(await importRoom(deps, toldRoom(room, join, serverOf(HOST)))).toBe(true);
  const { rows } = await database.database.pool.query(
    "select state_key from room_state where room_id = $1 and type = 'm.room.member' order by state_key",
    [room.roomId],
  );
  expect(rows.map(({ state_key }) => state_key)).toEqual([ada, HOST].toSorted());
  await log.close();
});
