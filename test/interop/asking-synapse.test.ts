/** A Synapse and this server: it verifies our requests by the key that we publish, and we verify its events by its own. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRoomJoiner } from '../../src/commands/elsewhere/join-elsewhere.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { leaveRoom } from '../../src/commands/leave.ts';
import { createReceiver } from '../../src/commands/receive/receive-pdu.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { createCalls, type Calls } from '../../src/federation/calls.ts';
import type { JoinedRoom } from '../../src/federation/calls-membership.ts';
import type { Answer } from '../../src/federation/answer.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import {
  parseEventId,
  parseRoomId,
  parseServerName,
  parseUserId,
  type EventId,
  type RoomId,
} from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { checkPduFormat } from '../../src/matrix/pdu-format.ts';
import { eventTemplate, type Pdu } from '../../src/matrix/pdu.ts';
import { isRejection } from '../../src/matrix/rejection.ts';
import { ROOM_VERSIONS, type RoomVersion, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { signEvent, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { parseSigningKeyFile } from '../../src/matrix/signing-keys.ts';
import { createAuthority } from '../support/certificates.ts';
import type { Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openTestLog } from '../support/history.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { freePort } from '../support/free-port.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';
import { membershipIn } from '../support/story.ts';
import { startSynapse, type Synapse } from '../support/synapse.ts';

const python = inject('synapsePython');

let database: TestDatabase;
let dataDir: string;
let server: TestServer;
let synapse: Synapse;
let identity: ServerIdentity;
let federation: TestFederation;
let calls: Calls;
let owner: Client;

/** The server under its name, which answers Synapse; and beside it what it asks with, on its key. */
beforeAll(async () => {
  if (python === null) return;
  const authority = await createAuthority();
  database = await openTestDatabase();
  dataDir = await temporaryFolder();
  const port = await freePort();
  const { cert, key } = await authority.certify();
  await writeFile(join(dataDir, 'chain.pem'), cert);
  await writeFile(join(dataDir, 'key.pem'), key);
  const name = parseServerName(`localhost:${port}`)!;
  server = await startServer({
    databaseUrl: database.url,
    dataDir,
    env: {
      SERVER_NAME: name,
      FEDERATION_LISTEN: `127.0.0.1:${port}`,
      FEDERATION_TLS_CERT: join(dataDir, 'chain.pem'),
      FEDERATION_TLS_KEY: join(dataDir, 'key.pem'),
    },
  });
  const [signingKey] = parseSigningKeyFile(await readFile(join(dataDir, 'signing.key'), 'utf8'));
  identity = { serverName: name, key: signingKey, oldKeys: [] };
  federation = openFederation(authority.ca, { identity });
  calls = createCalls(federation.send);
  synapse = await startSynapse(python, authority);
  owner = await synapse.person('owner');
});

afterAll(async () => {
  if (python === null) return;
  await synapse.stop();
  await federation.close();
  await server.stop();
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

function value<T>(answer: Answer<T>): T {
  return answer.ok ? answer.value : expect.fail(JSON.stringify(answer.failure));
}

interface Joined extends JoinedRoom {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
  readonly joinId: EventId;
}

/** Joins a user of ours to a new room on the Synapse, as this server would. */
async function joinRoom(id: RoomVersionId): Promise<Joined> {
  const { room_id } = await owner.ok('POST', '/createRoom', { preset: 'public_chat', room_version: id, name: 'Lab' });
  const roomId = parseRoomId(room_id)!;
  const userId = parseUserId(`@visitor:${identity.serverName}`)!;
  const { version, ...template } = value(
    await calls.makeJoin(synapse.name, { roomId, userId, versions: Object.keys(ROOM_VERSIONS) as RoomVersionId[] }),
  );
  expect(version.id).toBe(id);
  const event = signEvent(eventTemplate({ ...template, origin_server_ts: Date.now() }), version, identity);
  const joinId = eventIdOf(event, version);
  const joined = value(await calls.sendJoin(synapse.name, { roomId, eventId: joinId, event }));
  return { ...joined, roomId, version, joinId };
}

/** Events of the right shape and well signed, by their ids. */
async function sound(events: readonly JsonObject[], version: RoomVersion): Promise<ReadonlyMap<EventId, Pdu>> {
  const pdus = events.map((each) => {
    const pdu = checkPduFormat(each, version);
    return isRejection(pdu) ? expect.fail(pdu.message) : pdu;
  });
  const { check } = federation.signatures(database.database.db);
  const verdicts = await check(pdus.map((pdu) => ({ pdu, version })));
  expect(verdicts.filter(isRejection)).toEqual([]);
  return new Map(pdus.map((pdu) => [eventIdOf(pdu, version), pdu]));
}

describe.skipIf(python === null).each(Object.keys(ROOM_VERSIONS) as RoomVersionId[])(
  'a room of version %s on a Synapse',
  (id) => {
    it('is joined by our request, which it verifies, and given in events that we verify', async () => {
      const { state, authChain, event, roomId, version, joinId } = await joinRoom(id);
      expect(eventIdOf(event as Pdu, version)).toBe(joinId);
      const known = await sound([...state, ...authChain], version);
      const types = state.map(({ type }) => type);
      for (const type of ['m.room.create', 'm.room.power_levels', 'm.room.join_rules', 'm.room.name', 'm.room.member'])
        expect(types).toContain(type);
      expect(await membershipIn(owner, roomId, `@visitor:${identity.serverName}`)).toBe('join');

      const ids = value(await calls.stateIds(synapse.name, { roomId, eventId: joinId }));
      expect([...ids.state].sort()).toEqual(state.map((each) => eventIdOf(each as Pdu, version)).sort());
      expect(ids.authChain.filter((each) => !known.has(each))).toEqual([]);
      const chain = await sound(value(await calls.eventAuth(synapse.name, { roomId, eventId: joinId })), version);
      expect(chain.has(joinId)).toBe(false);
      expect([...chain.keys()].filter((each) => !known.has(each))).toEqual([]);
    });

    it('tells what was said since, by its id, before other events, and in the gap between two', async () => {
      const { roomId, version, joinId } = await joinRoom(id);
      const said: EventId[] = [];
      for (const body of ['one', 'two', 'three']) {
        const sent = await owner.ok('PUT', `/rooms/${roomId}/send/m.room.message/${body}`, { msgtype: 'm.text', body });
        said.push(parseEventId(sent.event_id)!);
      }
      const [first, second, third] = said as [EventId, EventId, EventId];
      const one = value(await calls.event(synapse.name, { roomId, eventId: second }));
      expect([...(await sound([one], version)).keys()]).toEqual([second]);
      const before = value(await calls.backfill(synapse.name, { roomId, from: [second], limit: 3 }));
      expect([...(await sound(before, version)).keys()].sort()).toEqual([joinId, first, second].sort());
      const gap = { roomId, earliest: [joinId], latest: [third], limit: 10, minDepth: 0 };
      const missing = value(await calls.getMissingEvents(synapse.name, gap));
      expect([...(await sound(missing, version)).keys()]).toEqual([first, second]);
    });
  },
);

describe.skipIf(python === null).each(['10', '12'] as const)('a room of version %s that lives on a Synapse', (id) => {
  it('is taken over, followed through gaps, and taken over again after it lived on without us', async () => {
    const test = await openTestDatabase();
    const log = await openTestLog(test.database, undefined, identity);
    try {
      const { db } = test.database;
      const checkSignatures = federation.signatures(db).check;
      const deps = { db, lanes: log.deps.lanes, serverName: identity.serverName, checkSignatures, now: Date.now };
      const receiver = createReceiver({ ...deps, judge: judgeReceived, remotes: calls });
      const joiner = createRoomJoiner({ ...deps, identity, calls, receiver });
      const guest = await synapse.person(`guest${id}`);
      const { room_id } = await owner.ok('POST', '/createRoom', {
        preset: 'public_chat',
        room_version: id,
        name: 'Lab',
      });
      const roomId = parseRoomId(room_id)!;
      const userId = parseUserId(`@visitor:${identity.serverName}`)!;
      const join = () => joiner.join({ roomId, userId, candidates: [synapse.name], content: jsonObject({}) });
      const sameState = async (): Promise<void> => {
        const theirs = await owner.ok('GET', `/rooms/${roomId}/state`);
        const ours = await test.database.pool.query<{ event_id: string }>(
          'select e.event_id from room_state s join events e on e.room_id = s.room_id and e.position = s.event where s.room_id = $1',
          [roomId],
        );
        const ids = (theirs as unknown as readonly { event_id: string }[]).map((event) => event.event_id);
        expect(ours.rows.map((row) => row.event_id).toSorted()).toEqual(ids.toSorted());
      };
      const say = async (body: string): Promise<EventId> => {
        const sent = await owner.ok('PUT', `/rooms/${roomId}/send/m.room.message/${body}`, { msgtype: 'm.text', body });
        return parseEventId(sent.event_id)!;
      };
      const hear = async (eventId: EventId): Promise<void> => {
        const pdu = value(await calls.event(synapse.name, { roomId, eventId }));
        const received = await receiver.receive({ origin: synapse.name, value: pdu, relay: false });
        expect(received).toMatchObject({ is: 'accepted', eventId });
      };
      await join();
      await sameState();
      await guest.ok('POST', `/join/${roomId}`, {});
      await owner.ok('PUT', `/rooms/${roomId}/state/m.room.topic/`, { topic: 'Experiments' });
      await say('one');
      await hear(await say('two'));
      await sameState();

      await leaveRoom(log.deps, { userId, token: null, admin: false, onBehalfOf: null, grant: null }, { roomId });
      await guest.ok('POST', `/rooms/${roomId}/leave`, {});
      await owner.ok('PUT', `/rooms/${roomId}/state/m.room.name/`, { name: 'Laboratory' });
      for (let n = 0; n < 5; n += 1) await say(`alone${n}`);
      await join();
      await sameState();
      await guest.ok('POST', `/join/${roomId}`, {});
      await hear(await say('together'));
      await sameState();
      const report = await verify({ pool: test.database.pool, identity });
      expect(report.findings).toEqual([]);
    } finally {
      await log.close();
      await test.close();
    }
  });
});

describe.skipIf(python === null)('what a Synapse refuses', () => {
  it('is told in its words', async () => {
    const roomId = parseRoomId('!nowhere:localhost')!;
    const userId = parseUserId(`@visitor:${identity.serverName}`)!;
    const unknown = await calls.makeJoin(synapse.name, { roomId, userId, versions: ['12'] });
    expect(unknown).toMatchObject({ ok: false, failure: { kind: 'refused', status: 404 } });
    const { room_id } = await owner.ok('POST', '/createRoom', { preset: 'public_chat', room_version: '11' });
    const old = await calls.makeJoin(synapse.name, { roomId: parseRoomId(room_id)!, userId, versions: ['12'] });
    expect(old).toMatchObject({
      ok: false,
      failure: { kind: 'refused', status: 400, errcode: 'M_INCOMPATIBLE_ROOM_VERSION', roomVersion: '11' },
    });
    const closed = await owner.ok('POST', '/createRoom', { preset: 'private_chat' });
    const forbidden = await calls.makeJoin(synapse.name, {
      roomId: parseRoomId(closed.room_id)!,
      userId,
      versions: ['7', '12', '11', '10'],
    });
    expect(forbidden).toMatchObject({ ok: false, failure: { kind: 'refused', status: 403, errcode: 'M_FORBIDDEN' } });
  });
});
