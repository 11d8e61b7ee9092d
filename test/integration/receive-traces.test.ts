/** Rooms of real Synapses, as one of their servers saw them: taken over by its joins, then event by event as they were sent. */
import { describe, expect, it } from 'vitest';
import { importRoom } from '../../src/commands/elsewhere/import-room.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { createReceiver } from '../../src/commands/receive/receive-pdu.ts';
import type { Remotes } from '../../src/commands/receive/remotes.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { fails } from '../../src/federation/answer.ts';
import { stateAt } from '../../src/log/state-lines.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { parseEventId, parseRoomId, type EventId, type RoomId, type ServerName } from '../../src/matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../src/matrix/json.ts';
import { objectIn, stringIn, type Pdu } from '../../src/matrix/pdu.ts';
import { roomVersion, type RoomVersion } from '../../src/matrix/room-versions.ts';
import { verifyEvent, type ServerIdentity } from '../../src/matrix/signatures.ts';
import { publicKeyFromBase64 } from '../../src/matrix/signing-keys.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openTestLog, testIdentity, type TestLog } from '../support/history.ts';
import { server } from '../support/rooms.ts';
import { eventsIn, keyLookup, readExchanges, readServerKeys, type Exchange } from '../support/traces.ts';

const published = readServerKeys();
const keys = keyLookup(published);
const files = Map.groupBy(readExchanges(), ({ file }) => file);

interface Step {
  readonly exchange: Exchange;
  readonly call: string;
  readonly from: ServerName;
  readonly roomId: RoomId | null;
}

function stepsOf(exchanges: readonly Exchange[]): readonly Step[] {
  return exchanges.flatMap((exchange) => {
    if (exchange.entry['status'] !== 200) return [];
    const [call = '', room = ''] = exchange.path.split('/').slice(4);
    const from = server(stringIn(exchange.entry, 'from') ?? '');
    return [{ exchange, call, from, roomId: parseRoomId(decodeURIComponent(room)) }];
  });
}

/** Which servers joined a room of the trace through another one. */
function joiners(steps: readonly Step[]): readonly ServerName[] {
  return [...new Set(steps.filter(({ call }) => call === 'send_join').map(({ from }) => from))];
}

function events(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter((each) => isJsonObject(each)) : [];
}

/** Events of the room that a step brings to those who are in it. */
function broughtBy({ call, exchange }: Step): readonly JsonObject[] {
  const { request, response } = exchange;
  if (!isJsonObject(request)) return [];
  if (call === 'send') return events(request['pdus']);
  if (call === 'send_knock' || call === 'send_leave') return [request];
  const event = isJsonObject(response) ? response['event'] : undefined;
  if (call === 'send_join') return [isJsonObject(event) ? event : request];
  return call === 'invite' && isJsonObject(event) ? [event] : [];
}

interface Seat {
  readonly test: TestDatabase;
  readonly log: TestLog;
}

/** All of a room's events in the trace, by id. */
function poolOf(steps: readonly Step[], versions: ReadonlyMap<RoomId, RoomVersion>): ReadonlyMap<EventId, JsonObject> {
  const pool = new Map<EventId, JsonObject>();
  for (const { exchange } of steps) {
    for (const { event } of eventsIn(exchange)) {
      const named = parseRoomId(stringIn(event, 'room_id') ?? '');
      for (const version of named === null ? versions.values() : [versions.get(named)]) {
        if (version !== undefined) pool.set(eventIdOf(event as Pdu, version), event);
      }
    }
  }
  return pool;
}

function versionsOf(steps: readonly Step[]): ReadonlyMap<RoomId, RoomVersion> {
  return new Map(
    steps.flatMap(({ call, roomId, exchange }) => {
      const version = roomVersion(stringIn((exchange.response ?? {}) as JsonObject, 'room_version') ?? '');
      return call === 'make_join' && roomId !== null && version !== null ? [[roomId, version] as const] : [];
    }),
  );
}

/** What the trace tells of states: ids before an event, by its id, all of them. */
function statesTold(steps: readonly Step[]): ReadonlyMap<EventId, readonly EventId[]> {
  return new Map(
    steps.flatMap(({ call, exchange }) => {
      if (call !== 'state_ids' || !isJsonObject(exchange.response)) return [];
      const query = new URLSearchParams(stringIn(exchange.entry, 'query') ?? '');
      const eventId = parseEventId(query.get('event_id') ?? '');
      const ids = exchange.response['pdu_ids'];
      return eventId !== null && isJsonArray(ids) ? [[eventId, ids as unknown as readonly EventId[]] as const] : [];
    }),
  );
}

/** Replays what a server of the trace went through; counts what was heard and which of the trace's states were compared. */
async function replay(
  { test, log }: Seat,
  me: ServerName,
  steps: readonly Step[],
): Promise<{ readonly imports: number; readonly heard: number; readonly states: number }> {
  const { db } = test.database;
  const checkSignatures = (asked: readonly { pdu: Pdu; version: RoomVersion }[]) =>
    Promise.resolve(asked.map(({ pdu, version }) => verifyEvent(pdu, version, keys)));
  const deps = { db, lanes: log.deps.lanes, serverName: me, checkSignatures };
  const versions = versionsOf(steps);
  const pool = poolOf(steps, versions);
  const told = statesTold(steps);
  const away = () => Promise.resolve(fails({ kind: 'timeout' }));
  const remotes: Remotes = { event: away, eventAuth: away, getMissingEvents: away, stateIds: away };
  const receiver = createReceiver({ ...deps, judge: judgeReceived, now: Date.now, remotes });
  const counts = { imports: 0, heard: 0, states: 0 };
  const compare = async (roomId: RoomId, eventId: EventId): Promise<void> => {
    const ids = told.get(eventId);
    if (ids === undefined) return;
    expect(await stateBefore(test, roomId, eventId)).toEqual(ids.toSorted());
    counts.states += 1;
  };
  for (const step of steps) {
    const { call, exchange, from } = step;
    for (const value of broughtBy(step)) {
      const roomId = parseRoomId(stringIn(value, 'room_id') ?? '');
      const version = roomId === null ? undefined : versions.get(roomId);
      if (roomId === null || version === undefined) continue;
      const eventId = eventIdOf(value as Pdu, version);
      const room = await db.selectFrom('rooms').select('resident').where('room_id', '=', roomId).executeTakeFirst();
      if (room?.resident === true) {
        const received = await receiver.receive({ origin: from, value, relay: false });
        expect([exchange.file, exchange.line, received]).toMatchObject([
          exchange.file,
          exchange.line,
          { is: 'accepted' },
        ]);
        counts.heard += 1;
        await compare(roomId, eventId);
      } else if (call === 'send_join' && from === me) {
        // Synapse asked for less than all of the state, and for its ids afterwards.
        const [prev] = (value as Pdu).prev_events;
        const ids = told.get(prev!);
        if (ids === undefined) continue;
        const state = ids.map((id) => pool.get(id)!);
        const last = pool.get(prev!)!;
        if (last['state_key'] !== undefined) {
          const same = (event: JsonObject): boolean =>
            event['type'] === last['type'] && event['state_key'] === last['state_key'];
          state.splice(0, state.length, ...state.filter((event) => !same(event)), last);
        }
        const authChain = events((exchange.response as JsonObject)['auth_chain']);
        const origin = server(stringIn(exchange.entry, 'to') ?? '');
        await importRoom(deps, { roomId, version, origin, join: value, state, authChain });
        expect(await stateBefore(test, roomId, eventId)).toEqual(idsOf(state, version));
        counts.imports += 1;
      }
    }
  }
  return counts;
}

function idsOf(state: readonly JsonObject[], version: RoomVersion): readonly string[] {
  return state.map((event) => eventIdOf(event as Pdu, version)).toSorted();
}

async function stateBefore({ database }: TestDatabase, roomId: RoomId, eventId: EventId): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ line: number; at: number }>(
    `select v.before_line as line, v.before_at as at from verdicts v
       join events e on e.room_id = v.room_id and e.position = v.event
      where e.event_id = $1 and e.room_id = $2 and v.verdict = 'accepted'`,
    [eventId, roomId],
  );
  const state = await stateAt(database.db, roomId, rows[0]!);
  const ids = await database.db
    .selectFrom('events')
    .select('event_id')
    .where('room_id', '=', roomId)
    .where(
      'position',
      'in',
      state.map(({ event }) => event),
    )
    .execute();
  return ids.map((row) => row.event_id).toSorted();
}

/** What a server signed in the trace was signed with a key that is not ours any more. */
function oldKeysOf(me: ServerName): ServerIdentity['oldKeys'] {
  return keysOf(me).map(({ keyId, base64 }) => ({
    keyId,
    publicKey: publicKeyFromBase64(base64),
    publicKeyBase64: base64,
    expiredTs: Date.now(),
  }));
}

function keysOf(name: ServerName): readonly { readonly keyId: string; readonly base64: string }[] {
  const verifyKeys = objectIn(published.get(name)!, 'verify_keys')!;
  return Object.keys(verifyKeys).map((keyId) => ({ keyId, base64: stringIn(objectIn(verifyKeys, keyId)!, 'key')! }));
}

async function tellKey({ database }: TestDatabase, name: ServerName): Promise<void> {
  for (const { keyId, base64 } of keysOf(name)) {
    await database.pool.query(
      'insert into server_keys (server_name, key_id, key, valid_until_ts, fetched_at) values ($1, $2, $3, $4, now())',
      [name, keyId, Buffer.from(base64, 'base64'), 4_000_000_000_000],
    );
  }
}

const seats = [...new Set([...files.values()].flatMap((exchanges) => joiners(stepsOf(exchanges))))];

describe.each(seats.filter((name) => published.has(name)))('as %s', (me) => {
  it('takes every room over and accepts every event of it, with the states that Synapse told', async () => {
    const test = await openTestDatabase();
    const identity = { ...testIdentity(), serverName: me, oldKeys: oldKeysOf(me) };
    const log = await openTestLog(test.database, undefined, identity);
    const totals = { imports: 0, heard: 0, states: 0 };
    try {
      for (const exchanges of files.values()) {
        const replayed = await replay({ test, log }, me, stepsOf(exchanges));
        for (const key of ['imports', 'heard', 'states'] as const) totals[key] += replayed[key];
      }
      expect(totals.imports).toBeGreaterThan(2);
      expect(totals.heard).toBeGreaterThan(50);
      if (me === 'localhost:38448') expect(totals.states).toBeGreaterThan(5);
      for (const name of published.keys()) await tellKey(test, name);
      expect((await verify({ pool: test.database.pool, identity })).findings).toEqual([]);
    } finally {
      await log.close();
      await test.close();
    }
  });
});
