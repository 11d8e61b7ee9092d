/** Rooms of another server that somebody here has joined, and events of them that were signed in advance. */
import { importRoom } from '../../src/commands/elsewhere/import-room.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { createReceiver, type Receiver } from '../../src/commands/receive/receive-pdu.ts';
import type { Database } from '../../src/database/database.ts';
import { fails } from '../../src/federation/answer.ts';
import { createCheckEventSignatures, type CheckEventSignatures } from '../../src/federation/event-signatures.ts';
import { createRemoteKeys } from '../../src/federation/remote-keys.ts';
import { wantedAuthKeys } from '../../src/matrix/auth-events.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { serverOf, type EventId, type UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { eventTemplate, type SignedPdu } from '../../src/matrix/pdu.ts';
import { signEvent } from '../../src/matrix/signatures.ts';
import {
  foreignRoom,
  HOST,
  identityFor,
  remotesOf,
  toldRoom,
  type ForeignRoom,
} from '../../test/support/foreign-room.ts';
import { SERVER_NAME, userId, type TestLog } from '../../test/support/history.ts';

/** Whose events they are. */
export const ORIGIN = serverOf(HOST);

/** An event that others can follow. */
export interface End {
  readonly eventId: EventId;
  readonly depth: number;
}

export interface Made extends End {
  readonly pdu: SignedPdu;
}

export interface Said {
  readonly type: string;
  readonly state_key?: string;
  /** Default: who made the room. */
  readonly sender?: UserId;
  readonly content: JsonObject;
}

/** A room of version 12 on which nobody here has an eye yet, open to everybody. */
export function roomElsewhere(): ForeignRoom {
  return foreignRoom('12');
}

/** Lets somebody of this server join, and takes the room over. */
export async function joinElsewhere(log: TestLog, database: Database, room: ForeignRoom): Promise<void> {
  const ada = userId('ada');
  const deps = { db: database.db, lanes: log.deps.lanes, serverName: SERVER_NAME };
  const join = room.member(ada, ada, 'join');
  await importRoom({ ...deps, checkSignatures: checkerOf(database) }, toldRoom(room, join, ORIGIN));
}

/** Makes an event that somebody sends after `ends`, by the room's rules as they were when it was joined. */
export function makeEvent(room: ForeignRoom, ends: readonly End[], said: Said): Made {
  const state = room.newest().state;
  const event = { sender: HOST, ...said };
  const cited = wantedAuthKeys(event, room.version).flatMap((key) => state.get(key.join('\0'))?.eventId ?? []);
  const depth = 1 + Math.max(...ends.map((end) => end.depth));
  const template = eventTemplate({
    ...event,
    room_id: room.roomId,
    origin_server_ts: 1_700_000_000_000 + depth,
    depth,
    auth_events: cited,
    prev_events: ends.map(({ eventId }) => eventId),
  });
  const pdu = signEvent(template, room.version, identityFor(serverOf(event.sender)));
  return { pdu, depth, eventId: eventIdOf(pdu, room.version) };
}

/** So many events, each after the one before. */
export function makeChain(room: ForeignRoom, count: number, said: (n: number) => Said): readonly Made[] {
  const chain: Made[] = [];
  const newest = room.newest();
  let end: End = { eventId: newest.eventId, depth: newest.pdu.depth };
  for (let n = 0; n < count; n += 1) {
    const made = makeEvent(room, [end], said(n));
    chain.push(made);
    end = made;
  }
  return chain;
}

export const messageOf = (n: number): Said => ({
  type: 'm.room.message',
  content: jsonObject({ msgtype: 'm.text', body: `What somebody elsewhere says for the time number ${n}.` }),
});

/** Checks signatures as the server does, by keys that are in the database; nobody is asked. */
export function checkerOf({ db }: Database): CheckEventSignatures {
  const send = () => Promise.resolve(fails({ kind: 'stopped' } as const));
  const keys = createRemoteKeys({ db, send, now: Date.now });
  return createCheckEventSignatures({ identity: identityFor(SERVER_NAME), keys });
}

/** As the server has it, with a room's own server to ask for what is missing. */
export function receiverOf(log: TestLog, database: Database, room: ForeignRoom): Receiver {
  return createReceiver({
    db: database.db,
    lanes: log.deps.lanes,
    serverName: SERVER_NAME,
    checkSignatures: checkerOf(database),
    judge: judgeReceived,
    now: Date.now,
    remotes: remotesOf(room),
  });
}

/** Rejects unless the event is taken. */
export async function receive(receiver: Receiver, { pdu }: Pick<Made, 'pdu'>): Promise<void> {
  const received = await receiver.receive({ origin: ORIGIN, value: pdu, relay: false });
  if (received.is !== 'accepted') throw new Error(`an event was not accepted: ${JSON.stringify(received)}`);
}
