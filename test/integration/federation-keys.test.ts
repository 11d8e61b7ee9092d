/** The keys of other servers: fetched once, kept, believed as far as they say themselves; and the events signed with them. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { storeServerKeys } from '../../src/federation/server-keys-table.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import {
  parseEventId,
  parseRoomId,
  parseServerName,
  parseUserId,
  type EventId,
  type ServerName,
} from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import { eventTemplate, type Pdu, type PduFields } from '../../src/matrix/pdu.ts';
import { isRejection } from '../../src/matrix/rejection.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import { readPublishedKeys } from '../../src/matrix/server-keys.ts';
import { countersignEvent, signEvent, signJson, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed, type SigningKey } from '../../src/matrix/signing-keys.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { keyObject, startHomeserver, type FakeHomeserver } from '../support/fake-homeserver.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { eventsWithVersions, readExchanges, readServerKeys } from '../support/traces.ts';

const version = ROOM_VERSIONS['11'];
const KEYS = '/_matrix/key/v2/server';
const DAY_MS = 86_400_000;

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
  await Promise.all(open.splice(0).map((remote) => remote.close()));
});

afterAll(async () => {
  await federation.close();
  await database.close();
});

async function homeserver(): Promise<FakeHomeserver> {
  const remote = await startHomeserver(authority);
  open.push(remote);
  return remote;
}

/** A clock that stands until it is told. */
function clock(): { now: () => number; pass: (ms: number) => void } {
  let at = Date.now();
  return { now: () => at, pass: (ms) => void (at += ms) };
}

const fetches = (remote: FakeHomeserver): number => remote.asked.filter(({ target }) => target === KEYS).length;

function fieldsOf(server: ServerName, more: Partial<PduFields> = {}): PduFields {
  return {
    type: 'm.room.message',
    sender: parseUserId(`@someone:${server}`)!,
    room_id: parseRoomId('!room:somewhere.test')!,
    content: { body: 'hello' },
    origin_server_ts: Date.now(),
    depth: 7,
    auth_events: [],
    prev_events: [parseEventId('$before')!],
    ...more,
  };
}

function signedBy(identity: ServerIdentity, more: Partial<PduFields> = {}): Pdu {
  return signEvent(eventTemplate(fieldsOf(identity.serverName, more)), version, identity);
}

const withKey = (identity: ServerIdentity, key: SigningKey): ServerIdentity => ({ ...identity, key });
const keyOf = (name: string, byte: number): SigningKey => signingKeyFromSeed(name, Buffer.alloc(32, byte));

type Checking = ReturnType<TestFederation['signatures']>;

/** `ok`, or the rule that refused, for each event. */
async function verdicts({ check }: Checking, ...pdus: readonly Pdu[]): Promise<readonly string[]> {
  const found = await check(pdus.map((pdu) => ({ pdu, version })));
  return found.map((each, at) => (isRejection(each) ? each.rule : each === pdus[at] ? 'ok' : 'another event'));
}

describe('the keys of another server', () => {
  it('are fetched once for all who want them at a time, and kept in the database', async () => {
    const remote = await homeserver();
    const checking = federation.signatures(database.database.db);
    const pdus = Array.from({ length: 40 }, (_, n) => signedBy(remote.identity, { depth: n }));
    const all = await Promise.all([
      verdicts(checking, ...pdus),
      verdicts(checking, ...pdus),
      verdicts(checking, pdus[0]!),
    ]);
    expect(new Set(all.flat())).toEqual(new Set(['ok']));
    expect(fetches(remote)).toBe(1);
    await remote.close();
    expect(await verdicts(federation.signatures(database.database.db), pdus[0]!)).toEqual(['ok']);
  });

  it('are asked for without saying who asks', async () => {
    const remote = await homeserver();
    await verdicts(federation.signatures(database.database.db), signedBy(remote.identity));
    expect(remote.asked[0]!.headers).not.toHaveProperty('authorization');
  });

  const broken: Record<string, (identity: ServerIdentity) => JsonObject | string> = {
    'are those of another server': ({ key }) => keyObject({ serverName: 'other.test' as ServerName, key, oldKeys: [] }),
    'are signed by none of them': (identity) => ({ ...keyObject(identity), valid_until_ts: Date.now() + 1 }),
    'are signed by another key alone': (identity) =>
      signJson({ ...keyObject(identity), signatures: {} }, identity.serverName, keyOf('x', 1)),
    'have no time until which they are valid': (identity) => keyObject(identity, { valid_until_ts: null }),
    'are valid until a time that is no integer': (identity) => keyObject(identity, { valid_until_ts: '1' }),
    'are a list': (identity) => keyObject(identity, { verify_keys: [] }),
    'are no keys': (identity) => keyObject(identity, { verify_keys: { [identity.key.keyId]: { key: 'AAAA' } } }),
    'are of an unknown kind': ({ serverName, key }) =>
      keyObject({ serverName, key: { ...key, keyId: 'rsa:1' }, oldKeys: [] }),
    'are too many': (identity) =>
      keyObject(identity, {
        verify_keys: Object.fromEntries(
          Array.from({ length: 21 }, (_, n) => [
            n === 0 ? identity.key.keyId : `ed25519:${n}`,
            { key: identity.key.publicKeyBase64 },
          ]),
        ),
      }),
    'come with more than anybody has': (identity) => keyObject(identity, { more: 'x'.repeat(70_000) }),
    'are no JSON': () => 'nothing',
  };
  it.each(Object.keys(broken))('are not believed when they %s', async (what) => {
    const remote = await homeserver();
    remote.on(KEYS, () => broken[what]!(remote.identity));
    expect(await verdicts(federation.signatures(database.database.db), signedBy(remote.identity))).toEqual([
      'signature.no_keys',
    ]);
    expect(fetches(remote)).toBe(1);
    const { rows } = await database.database.pool.query('select from server_keys where server_name = $1', [
      remote.name,
    ]);
    expect(rows).toEqual([]);
  });

  it('count one by one: those that did not sign are passed over', async () => {
    const remote = await homeserver();
    const silent = keyOf('silent', 3);
    const verify_keys = {
      [remote.identity.key.keyId]: { key: remote.identity.key.publicKeyBase64 },
      [silent.keyId]: { key: silent.publicKeyBase64 },
    };
    remote.on(KEYS, () => keyObject(remote.identity, { verify_keys }));
    const checking = federation.signatures(database.database.db);
    expect(await verdicts(checking, signedBy(remote.identity), signedBy(withKey(remote.identity, silent)))).toEqual([
      'ok',
      'signature.missing',
    ]);
  });

  it('that could not be fetched are not asked for again within a minute', async () => {
    const remote = await homeserver();
    let well = false;
    remote.on(KEYS, (_asked, response) => {
      if (well) return keyObject(remote.identity);
      response.writeHead(500).end();
      return undefined;
    });
    const time = clock();
    const checking = federation.signatures(database.database.db, time.now);
    const pdu = signedBy(remote.identity);
    expect(await verdicts(checking, pdu)).toEqual(['signature.no_keys']);
    well = true;
    time.pass(59_000);
    expect(await verdicts(checking, pdu)).toEqual(['signature.no_keys']);
    expect(fetches(remote)).toBe(1);
    time.pass(2_000);
    expect(await verdicts(checking, pdu)).toEqual(['ok']);
    expect(fetches(remote)).toBe(2);
  });

  it('that changed are fetched again, but not for every event with a key that nobody has', async () => {
    const remote = await homeserver();
    const time = clock();
    const checking = federation.signatures(database.database.db, time.now);
    expect(await verdicts(checking, signedBy(remote.identity))).toEqual(['ok']);
    const next = withKey(remote.identity, keyOf('next', 5));
    const old_verify_keys = {
      [remote.identity.key.keyId]: { key: remote.identity.key.publicKeyBase64, expired_ts: time.now() },
    };
    remote.on(KEYS, () => keyObject(next, { old_verify_keys }));
    time.pass(11_000);
    const nobody = withKey(remote.identity, keyOf('nobody', 6));
    const pdus = [signedBy(next), signedBy(nobody), signedBy(nobody, { depth: 8 })];
    expect(await verdicts(checking, ...pdus)).toEqual(['ok', 'signature.missing', 'signature.missing']);
    expect(await verdicts(checking, ...pdus)).toEqual(['ok', 'signature.missing', 'signature.missing']);
    expect(fetches(remote)).toBe(2);
  });

  it('that a server no longer tells of go on counting for what they signed', async () => {
    const remote = await homeserver();
    const time = clock();
    const checking = federation.signatures(database.database.db, time.now);
    const before = signedBy(remote.identity);
    expect(await verdicts(checking, before)).toEqual(['ok']);
    const next = withKey(remote.identity, keyOf('next', 5));
    remote.on(KEYS, () => keyObject(next));
    time.pass(11_000);
    expect(await verdicts(checking, signedBy(next), before)).toEqual(['ok', 'ok']);
    expect(await verdicts(federation.signatures(database.database.db), before)).toEqual(['ok']);
  });

  it('are asked of two hundred servers at once, while two thousand wait, and of no more', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '0.0.0.0');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const own = openFederation(authority.ca);
    const { keys } = own.signatures(database.database.db);
    const names = Array.from({ length: 2_300 }, (_, n) => parseServerName(`127.2.${n >> 8}.${n & 255}:${port}`)!);
    let answered = 0;
    const asked = names.map(async (name) => {
      const ring = await keys.refreshed(name);
      answered += 1;
      return ring;
    });
    expect(await Promise.all(asked.slice(2_200))).toEqual(Array.from({ length: 100 }, () => null));
    expect(answered).toBe(100);
    own.shutDown();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([null]));
    await own.close();
    silent.close();
  });

  it('are not waited for when nobody wants the events any more', async () => {
    const remote = await homeserver();
    remote.on(KEYS, () => undefined);
    const gone = new AbortController();
    const asked = federation
      .signatures(database.database.db)
      .check([{ pdu: signedBy(remote.identity), version }], gone.signal);
    setTimeout(() => gone.abort(), 100);
    expect(await asked).toMatchObject([{ rule: 'signature.no_keys' }]);
  });
});

describe('51: a key counts as long as its server says, and seven days from when that was told', () => {
  const told = async (
    more: JsonObject,
    ...pdus: readonly ((identity: ServerIdentity) => Pdu)[]
  ): Promise<readonly string[]> => {
    const remote = await homeserver();
    remote.on(KEYS, () => keyObject(remote.identity, more));
    const found = await verdicts(
      federation.signatures(database.database.db),
      ...pdus.map((make) => make(remote.identity)),
    );
    // Those that do not count are not asked for a second time.
    expect(fetches(remote)).toBe(1);
    return found;
  };
  const at = (origin_server_ts: number) => (identity: ServerIdentity) => signedBy(identity, { origin_server_ts });

  it('not for events from after its end', async () => {
    const end = Date.now() - DAY_MS;
    expect(await told({ valid_until_ts: end }, at(end), at(end + 1))).toEqual(['ok', 'signature.missing']);
  });

  it('not beyond seven days, however long its server says', async () => {
    const now = Date.now();
    const tenYears = { valid_until_ts: now + 3_650 * DAY_MS };
    expect(await told(tenYears, at(now + 6 * DAY_MS), at(now + 8 * DAY_MS), at(0))).toEqual([
      'ok',
      'signature.missing',
      'ok',
    ]);
  });

  it('as an old key, for events from before it was replaced', async () => {
    const old = keyOf('old', 8);
    const replaced = Date.now() - 30 * DAY_MS;
    const by = (origin_server_ts: number) => (identity: ServerIdentity) =>
      signedBy(withKey(identity, old), { origin_server_ts });
    const more = { old_verify_keys: { [old.keyId]: { key: old.publicKeyBase64, expired_ts: replaced } } };
    expect(await told(more, by(replaced), by(replaced + 1))).toEqual(['ok', 'signature.missing']);
  });
});

describe('the signatures of an event', () => {
  it('with keys that are unknown are passed over while there is a good one', async () => {
    const remote = await homeserver();
    const pdu = signedBy(remote.identity);
    const strange = countersignEvent(pdu, version, withKey(remote.identity, keyOf('strange', 9)));
    expect(await verdicts(federation.signatures(database.database.db), strange)).toEqual(['ok']);
  });

  it('have to match the event, and to be by its sender’s server', async () => {
    const [one, other] = await Promise.all([homeserver(), homeserver()]);
    const pdu = signedBy(one.identity);
    const checking = federation.signatures(database.database.db);
    const forged = { ...pdu, depth: 8 };
    const stolen = { ...signedBy(other.identity), sender: pdu.sender };
    const unsigned = { ...pdu, signatures: {} };
    expect(await verdicts(checking, forged, stolen, unsigned, pdu)).toEqual([
      'signature.invalid',
      'signature.missing',
      'signature.missing',
      'ok',
    ]);
    // Whoever did not sign need not be asked.
    expect([fetches(one), fetches(other)]).toEqual([1, 0]);
  });

  it('of a restricted join are two, and of an invite that follows a third-party invite none', async () => {
    const [joiner, voucher] = await Promise.all([homeserver(), homeserver()]);
    const sender = parseUserId(`@someone:${joiner.name}`)!;
    const join = signedBy(joiner.identity, {
      type: 'm.room.member',
      state_key: sender,
      content: { membership: 'join', join_authorised_via_users_server: `@mod:${voucher.name}` },
    });
    const vouched = countersignEvent(join, version, voucher.identity);
    const invite = {
      ...signedBy(voucher.identity, {
        type: 'm.room.member',
        state_key: '@guest:here.test',
        content: { membership: 'invite', third_party_invite: { signed: {} } },
      }),
      signatures: {},
    };
    const checking = federation.signatures(database.database.db);
    expect(await verdicts(checking, join, vouched, invite)).toEqual(['signature.missing', 'ok', 'ok']);
    expect(eventIdOf(vouched, version)).toBe(eventIdOf(join, version) satisfies EventId);
  });

  it('by this server are checked with its own keys, and nobody is asked', async () => {
    const checking = federation.signatures(database.database.db);
    const ours = signedBy(federation.identity);
    expect(await verdicts(checking, ours, { ...ours, depth: 9 })).toEqual(['ok', 'signature.invalid']);
    const { rows } = await database.database.pool.query('select from server_keys where server_name = $1', [
      federation.identity.serverName,
    ]);
    expect(rows).toEqual([]);
  });
});

describe('more than a thousand recorded events of four servers', () => {
  it('are signed as they must be, by the keys that were recorded', async () => {
    for (const [server, object] of readServerKeys()) {
      const keys = readPublishedKeys(object, server, Number(object['valid_until_ts']) - DAY_MS);
      if (typeof keys === 'string') expect.fail(keys);
      else await storeServerKeys(database.database.db, server, keys);
    }
    const recorded = eventsWithVersions(readExchanges()).map((each) => ({ ...each, pdu: each.event as Pdu }));
    const found = await federation.signatures(database.database.db).check(recorded);
    const refused = found.flatMap((each, at) =>
      isRejection(each) ? [{ rule: each.rule, pdu: recorded[at]!.pdu }] : [],
    );
    expect(recorded.length).toBeGreaterThan(1_150);
    // Restricted joins on their way to the server that is to vouch for them.
    expect(refused).toHaveLength(3);
    for (const { pdu } of refused) expect(pdu.content).toHaveProperty('join_authorised_via_users_server');
  });
});
