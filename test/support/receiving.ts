// Receiving from another server, on a real database: a room that lives elsewhere, ears for it, and what became of its events.
import { importRoom } from '../../src/commands/elsewhere/import-room.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { createReceiver, type ReceiveDeps, type Receiver } from '../../src/commands/receive/receive-pdu.ts';
import type { Received } from '../../src/commands/receive/receive-turn.ts';
import type { Remotes } from '../../src/commands/receive/remotes.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import type { VerifyReport } from '../../src/commands/verify/verify-report.ts';
import { eventById, type StoredEvent } from '../../src/log/read.ts';
import { serverOf } from '../../src/matrix/identifiers.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { openTestDatabase, type TestDatabase } from './database.ts';
import {
  checkSignatures,
  foreignRoom,
  HOST,
  publishKeys,
  remotesOf,
  toldRoom,
  type ForeignRoom,
  type SentEvent,
} from './foreign-room.ts';
import { openTestLog, SERVER_NAME, userId, type TestLog } from './history.ts';
import { server, user } from './rooms.ts';

export const THERE = serverOf(HOST);
export const kim = user('kim', 'there');
export const ada = userId('ada');

export interface Ears {
  readonly asked: readonly string[];
  readonly hear: (event: SentEvent | JsonObject | null, origin?: string) => Promise<Received>;
}

export interface World {
  readonly test: TestDatabase;
  readonly log: TestLog;
  /** A room that lives elsewhere, into which ada has just come; kim is there too. */
  joinedRoom(version?: RoomVersionId, joinRule?: string): Promise<ForeignRoom>;
  /** `remotes` answer instead of the room's own server. */
  earsFor(room: ForeignRoom, remotes?: Partial<Remotes>, more?: Partial<ReceiveDeps>): Ears;
  stored(room: ForeignRoom, event: SentEvent): Promise<StoredEvent | null>;
  verdictsOf(room: ForeignRoom, event: SentEvent): Promise<readonly string[]>;
  /** Why its own auth events refuse it; null: they do not; undefined: it is not stored. */
  evidenceOf(room: ForeignRoom, event: SentEvent): Promise<string | null | undefined>;
  /** Ids by type and state key. */
  currentState(room: ForeignRoom): Promise<ReadonlyMap<string, string>>;
  extremities(room: ForeignRoom): Promise<readonly string[]>;
  findings(): Promise<VerifyReport['findings']>;
  close(): Promise<void>;
}

/** Ids of the state after an event, by type and state key. */
export function idsAfter({ state }: SentEvent): ReadonlyMap<string, string> {
  return new Map([...state].map(([name, { eventId }]) => [name, eventId]));
}

export async function openWorld(): Promise<World> {
  const test = await openTestDatabase();
  const log = await openTestLog(test.database);
  const { db, pool } = test.database;
  await publishKeys(test.database, 'there', 'elsewhere');
  const deps = { db, lanes: log.deps.lanes, serverName: SERVER_NAME, checkSignatures };
  const rows = async <T extends object>(text: string, ...values: readonly unknown[]): Promise<readonly T[]> =>
    (await pool.query<T>(text, [...values])).rows;
  return {
    test,
    log,
    async joinedRoom(version = '12', joinRule = 'public') {
      const room = foreignRoom(version, joinRule);
      room.member(HOST, kim, 'invite');
      room.member(kim, kim, 'join');
      room.member(HOST, ada, 'invite');
      const join = room.member(ada, ada, 'join');
      await importRoom(deps, toldRoom(room, join, THERE));
      return room;
    },
    earsFor(room, answers = {}, more = {}) {
      const remotes = remotesOf(room, answers);
      const receiver: Receiver = createReceiver({ ...deps, judge: judgeReceived, now: Date.now, remotes, ...more });
      return {
        asked: remotes.asked,
        hear: (event, origin = 'there') =>
          receiver.receive({ origin: server(origin), value: valueOf(event), relay: false }),
      };
    },
    stored: (room, event) => eventById(db, event.eventId, room.roomId),
    async verdictsOf(room, event) {
      const found = await rows<{ verdict: string }>(
        `select v.verdict from verdicts v join events e on e.room_id = v.room_id and e.position = v.event
          where e.event_id = $1 and e.room_id = $2 order by v.room_position`,
        event.eventId,
        room.roomId,
      );
      return found.map((row) => row.verdict);
    },
    async evidenceOf(room, event) {
      const [found] = await rows<{ auth_rejection: string | null }>(
        'select auth_rejection from events where event_id = $1 and room_id = $2',
        event.eventId,
        room.roomId,
      );
      return found?.auth_rejection;
    },
    async currentState({ roomId }) {
      const found = await rows<{ type: string; state_key: string; event_id: string }>(
        `select s.type, s.state_key, e.event_id from room_state s
           join events e on e.room_id = s.room_id and e.position = s.event where s.room_id = $1`,
        roomId,
      );
      return new Map(found.map((row) => [`${row.type}\0${row.state_key}`, row.event_id]));
    },
    async extremities({ roomId }) {
      const found = await rows<{ event_id: string }>(
        `select e.event_id from extremities x join events e on e.room_id = x.room_id and e.position = x.event
          where x.room_id = $1 order by e.event_id`,
        roomId,
      );
      return found.map((row) => row.event_id);
    },
    async findings() {
      return (await verify({ pool, identity: log.identity })).findings;
    },
    async close() {
      await log.close();
      await test.close();
    },
  };
}

function valueOf(event: SentEvent | JsonObject | null): JsonObject | null {
  return event !== null && event['state'] instanceof Map ? (event as SentEvent).pdu : (event as JsonObject | null);
}
