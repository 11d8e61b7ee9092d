/** A log with rooms in which other servers are, receivers that stand for those servers, and this server's ways of delivering to them. */
import { createCalls } from '../../src/federation/calls.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { createRoom } from '../../src/commands/create-room.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import type { EventId, RoomId, ServerName } from '../../src/matrix/identifiers.ts';
import { drain, type DrainDeps } from '../../src/worker/drain.ts';
import { expand } from '../../src/worker/expand.ts';
import { createAuthority } from './certificates.ts';
import { openTestDatabase, type TestDatabase } from './database.ts';
import { openFederation } from './federation.ts';
import { guestsOf, type Guests } from './guests.ts';
import { actor, openTestLog, SERVER_NAME, type TestLog } from './history.ts';
import { startReceivers, type Receiver, type Receivers } from './receivers.ts';
import { user } from './rooms.ts';

export interface DeliveryRow {
  readonly destination: string;
  readonly eventId: EventId;
  readonly state: string;
  readonly error: string | null;
  readonly txnId: string | null;
}

export interface Delivering {
  readonly test: TestDatabase;
  readonly log: TestLog;
  readonly guests: Guests;
  readonly receivers: Receivers;
  /** A public room of `@boss` in which a user `guest` of each receiver is. What made it so has been delivered. */
  room(...receivers: readonly Receiver[]): Promise<RoomId>;
  message(roomId: RoomId, body: string): Promise<EventId>;
  /** Resolves to the servers that came to be owed something. */
  expand(): Promise<readonly ServerName[]>;
  drain(receiver: Receiver, deps?: Partial<DrainDeps>, signal?: AbortSignal): Promise<void>;
  rows(receiver?: Receiver): Promise<readonly DeliveryRow[]>;
  states(receiver: Receiver): Promise<readonly string[]>;
  destination(receiver: Receiver): Promise<Record<string, unknown>>;
  /** As if all that time had passed. */
  letPass(receiver: Receiver): Promise<void>;
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export const guestOf = (receiver: { readonly name: ServerName }, name = 'guest') => user(name, receiver.name);

export async function openDelivering(count: number): Promise<Delivering> {
  const test = await openTestDatabase();
  const log = await openTestLog(test.database);
  const guests = guestsOf(log);
  const authority = await createAuthority();
  const receivers = await startReceivers(authority, count);
  const federation = openFederation(authority.ca);
  const calls = createCalls(federation.send);
  const { db, pool } = test.database;
  let messages = 0;
  const base: DrainDeps = {
    db,
    pool,
    self: SERVER_NAME,
    owner: 'a-worker',
    sendTransaction: (server, sent, signal) => calls.sendTransaction(server, sent, signal),
    answerMs: 5_000,
    backoff: { leastMs: 600_000, mostMs: 86_400_000 },
    now: Date.now,
    random: () => 0.5,
  };
  const expandAll = async (): Promise<readonly ServerName[]> => {
    const owed: ServerName[] = [];
    await expand({ db, self: SERVER_NAME, onOwed: (destinations) => void owed.push(...destinations) });
    return owed;
  };
  const sql: Delivering['sql'] = async (text, values = []) =>
    (await pool.query<Record<string, unknown>>(text, [...values])).rows;
  return {
    test,
    log,
    guests,
    receivers,
    async room(...members) {
      const input = jsonObject({ preset: 'public_chat', name: 'A room of many servers' });
      const { roomId } = await createRoom(log.deps, actor('boss'), input);
      for (const receiver of members) await guests.member(roomId, guestOf(receiver), 'join');
      await expandAll();
      await sql(
        `update deliveries set state = 'acknowledged', settled_at = now() where settled_at is null and room_id = $1`,
        [roomId],
      );
      await sql('update destinations set owed = false');
      return roomId;
    },
    async message(roomId, body) {
      const content = jsonObject({ msgtype: 'm.text', body });
      const request = { deviceId: 'DEVICE', transactionId: `m${(messages += 1)}` };
      return (await sendMessage(log.deps, actor('boss'), { roomId, type: 'm.room.message', content, request })).eventId;
    },
    expand: expandAll,
    drain: (receiver, deps = {}, signal = new AbortController().signal) =>
      drain({ ...base, ...deps }, receiver.name, { signal, onSlow: () => undefined }),
    async rows(receiver) {
      const found = await pool.query<DeliveryRow>(
        `select d.destination, e.event_id as "eventId", d.state, d.error, d.txn_id as "txnId"
           from deliveries d join events e on e.room_id = d.room_id and e.position = d.event
          where $1::text is null or d.destination = $1 order by d.destination, d.position`,
        [receiver?.name ?? null],
      );
      return found.rows;
    },
    async states(receiver) {
      const found = await sql('select state from deliveries where destination = $1 order by position', [receiver.name]);
      return found.map(({ state }) => String(state));
    },
    async destination(receiver) {
      const [row] = await sql('select * from destinations where destination = $1', [receiver.name]);
      return row ?? {};
    },
    async letPass(receiver) {
      await sql('update destinations set retry_at = now() where destination = $1', [receiver.name]);
    },
    sql,
    async close() {
      await federation.close();
      await receivers.close();
      await log.close();
      await test.close();
    },
  };
}
