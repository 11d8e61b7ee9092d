/** What is owed is delivered, over real TLS: in order, once, and visibly when it is not. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eraseUser } from '../../src/commands/erase.ts';
import { kickUser } from '../../src/commands/leave.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import type { EventId, RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { dueDestinations, holdLease, takeLease } from '../../src/outbox/leases.ts';
import { clearBackoff } from '../../src/outbox/ledger.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import { openDelivering, guestOf, type Delivering } from '../support/delivering.ts';
import { actor } from '../support/history.ts';
import type { Reaction, Receiver, TakenTransaction } from '../support/receivers.ts';
import { temporaryFolder } from '../support/server.ts';

let world: Delivering;
let next = 0;
let receiver: Receiver;
let roomId: RoomId;

beforeAll(async () => {
  world = await openDelivering(40);
});
afterAll(() => world.close());

beforeEach(async () => {
  receiver = world.receivers.all[(next += 1)]!;
  roomId = await world.room(receiver);
});

afterEach(() => {
  if (receiver.complaints.length > 0) throw new Error(receiver.complaints.join('\n'));
});

async function owe(count: number, to = roomId): Promise<readonly EventId[]> {
  const ids: EventId[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await world.message(to, `message ${n}`));
  await world.expand();
  return ids;
}

/** Its state now, without what made the room. */
async function ledger(): Promise<Record<string, number>> {
  const rows = await world.sql(
    `select d.state, count(*)::int4 as n from deliveries d join events e on e.room_id = d.room_id and e.position = d.event
      where d.destination = $1 and e.type = 'm.room.message' group by 1`,
    [receiver.name],
  );
  return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]));
}

const answers = (...statuses: readonly (number | Reaction)[]): ((transaction: TakenTransaction) => Reaction) => {
  const left = [...statuses];
  return () => {
    const status = left.shift();
    return typeof status === 'number' ? { status } : (status ?? 'take');
  };
};

describe('events for a server', () => {
  it('go in order, at most fifty in a transaction, and each is acknowledged', async () => {
    const ids = await owe(120);
    await world.drain(receiver);
    expect(receiver.eventIds).toEqual(ids);
    expect(receiver.taken.map(({ eventIds }) => eventIds.length)).toEqual([50, 50, 20]);
    expect(new Set(receiver.taken.map(({ txnId }) => txnId)).size).toBe(3);
    expect(await ledger()).toEqual({ acknowledged: 120 });
    expect(await world.destination(receiver)).toMatchObject({ owed: false, failures: 0, lease_owner: null });
    await world.drain(receiver);
    expect(receiver.asked).toHaveLength(3);
  });

  it('go as they were signed, in a transaction that says whose it is', async () => {
    const [id] = await owe(1);
    await world.drain(receiver);
    const { body, pdus, txnId } = receiver.taken[0]!;
    const sent = JSON.parse(body) as Record<string, unknown>;
    expect(Object.keys(sent).sort()).toEqual(['origin', 'origin_server_ts', 'pdus']);
    expect(sent).toMatchObject({ origin: 'vestibule.test', origin_server_ts: Number.parseInt(txnId, 10) });
    expect(receiver.taken[0]!.eventIds).toEqual([id]);
    expect(pdus[0]).toMatchObject({
      room_id: roomId,
      content: { body: 'message 0' },
      signatures: { 'vestibule.test': {} },
    });
    expect(pdus[0]).not.toHaveProperty('event_id');
  });

  it('are settled one by one, by what the answer says of each', async () => {
    const ids = await owe(5);
    receiver.react = () => ({ results: { [ids[1]!]: { error: 'Not here.' }, [ids[3]!]: { error: 'Neither.' } } });
    await world.drain(receiver);
    const rows = (await world.rows(receiver)).filter(({ eventId }) => ids.includes(eventId));
    expect(rows.map(({ state, error }) => [state, error])).toEqual([
      ['acknowledged', null],
      ['refused', 'Not here.'],
      ['acknowledged', null],
      ['refused', 'Neither.'],
      ['acknowledged', null],
    ]);
  });

  it('that were erased meanwhile go without their words, under the id that was owed', async () => {
    const content = jsonObject({ msgtype: 'm.text', body: 'a secret' });
    const somebody = actor('boss');
    const { eventId } = await sendMessage(world.log.deps, somebody, {
      ...{ roomId, type: 'm.room.message', content },
      request: { deviceId: 'DEVICE', transactionId: 'a-secret' },
    });
    await world.expand();
    receiver.react = answers('cut');
    await world.drain(receiver);
    expect(receiver.asked[0]!.body).toContain('a secret');
    const ledgerFile = `${await temporaryFolder()}/erasures.jsonl`;
    const { deps } = world.log;
    const erase = {
      db: deps.db,
      recorder: deps.recorder,
      lanes: deps.lanes,
      ledger: openLedger(ledgerFile),
      now: Date.now,
    };
    await eraseUser(erase, actor('admin', true), { userId: somebody.userId });
    await world.letPass(receiver);
    await world.drain(receiver);
    expect(receiver.taken[0]!.body).not.toContain('a secret');
    expect(receiver.taken[0]!.eventIds).toEqual([eventId]);
  });
});

describe('a transaction', () => {
  it('is fixed before it is sent, and sent again unchanged, whatever came to be owed meanwhile', async () => {
    const first = await owe(3);
    receiver.react = answers('cut', 'take and cut');
    await world.drain(receiver);
    expect(await ledger()).toEqual({ fixed: 3 });
    const more = await owe(4);
    await world.letPass(receiver);
    await world.drain(receiver);
    expect(await ledger()).toEqual({ fixed: 3, queued: 4 });
    await world.letPass(receiver);
    await world.drain(receiver);
    expect(receiver.asked.slice(0, 3).map(({ body }) => body)).toEqual(
      Array.from({ length: 3 }, () => receiver.asked[0]!.body),
    );
    expect(receiver.eventIds).toEqual([...first, ...more]);
    expect(await ledger()).toEqual({ acknowledged: 7 });
  });

  it('that this worker stops sending is taken up by the next at once', async () => {
    const ids = await owe(2);
    receiver.react = answers('hang');
    const stop = new AbortController();
    const stopped = world.drain(receiver, {}, stop.signal);
    while (receiver.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await stopped;
    expect(await world.destination(receiver)).toMatchObject({ owed: true, failures: 0, lease_owner: null });
    await world.drain(receiver, { owner: 'another' });
    expect(receiver.eventIds).toEqual(ids);
    expect(receiver.asked[0]!.txnId).toBe(receiver.asked[1]!.txnId);
  });

  it('is sent by one worker at a time, and one that lost its lease settles nothing', async () => {
    const ids = await owe(2);
    const late = Promise.withResolvers<void>();
    receiver.react = answers('hang');
    const first = world.drain(receiver, {
      sendTransaction: async (_server, { pdus }) => {
        await late.promise;
        return { ok: true, value: new Map(pdus.map((_, n) => [ids[n]!, 'A late answer.'])) };
      },
    });
    while ((await world.destination(receiver))['txn_id'] === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    receiver.react = () => 'take';
    await world.drain(receiver, { owner: 'another' });
    expect(receiver.asked).toEqual([]);
    await world.sql(`update destinations set lease_until = now() - interval '1 second' where destination = $1`, [
      receiver.name,
    ]);
    await world.drain(receiver, { owner: 'another' });
    expect(receiver.eventIds).toEqual(ids);
    late.resolve();
    await first;
    expect(await ledger()).toEqual({ acknowledged: 2 });
    expect(await world.destination(receiver)).toMatchObject({ owed: false, error: null });
  });
});

describe('a worker that holds the lease of a server', () => {
  const OWNER = 'a-silent-worker';
  const lasting = { owner: OWNER, milliseconds: 121_000 };

  /** As if it had been taken so many seconds ago by one that was last seen so long ago; null: never. */
  async function taken(secondsAgo: number, seenSecondsAgo: number | null): Promise<void> {
    await owe(1);
    expect(await takeLease(world.test.database.db, receiver.name, lasting)).not.toBeNull();
    await world.sql(
      `update destinations set lease_until = lease_until - $2 * interval '1 second' where destination = $1`,
      [receiver.name, secondsAgo],
    );
    await world.sql('delete from workers');
    if (seenSecondsAgo === null) return;
    await world.sql(`insert into workers values ($1, now() - $2 * interval '1 second')`, [OWNER, seenSecondsAgo]);
  }

  it.each([
    ['was last seen 31 seconds ago', 31, 31],
    ['was never seen', 31, null],
  ] as const)('and %s holds it no longer, and what it says counts no more', async (_, age, seen) => {
    await taken(age, seen);
    const due = await dueDestinations(world.test.database.db, { ...lasting, owner: 'another' }, 1_000);
    expect(due.map(({ destination }) => destination)).toContain(receiver.name);
    await world.drain(receiver, { owner: 'another', answerMs: 60_000 });
    expect(await ledger()).toEqual({ acknowledged: 1 });
    expect(await holdLease(world.test.database.db, { destination: receiver.name, epoch: 1, milliseconds: 1 })).toBe(
      false,
    );
  });

  it.each([
    ['was seen 20 seconds ago', 60, 20],
    ['was not seen, but renewed it 20 seconds ago', 20, null],
  ] as const)('and %s keeps it', async (_, age, seen) => {
    await taken(age, seen);
    const due = await dueDestinations(world.test.database.db, { ...lasting, owner: 'another' }, 1_000);
    expect(due.map(({ destination }) => destination)).not.toContain(receiver.name);
    await world.drain(receiver, { owner: 'another', answerMs: 60_000 });
    expect(receiver.asked).toEqual([]);
    expect(await world.destination(receiver)).toMatchObject({ lease_owner: OWNER });
  });
});

describe('a server that fails', () => {
  it.each([[500], [502], [503], [401], [404], [429], ['cut'], ['hang']] as const)(
    'by %s is tried again, each time after twice as long, and loses nothing',
    async (way) => {
      const ids = await owe(2);
      receiver.react = answers(way, way, way);
      const waits: number[] = [];
      for (let n = 1; n <= 3; n += 1) {
        await world.drain(receiver, { answerMs: 300 });
        const [row] = await world.sql(
          `select failures, round(extract(epoch from retry_at - failed_at))::int4 as wait, error from destinations where destination = $1`,
          [receiver.name],
        );
        expect(row).toMatchObject({ failures: n, error: expect.stringMatching(/./) });
        waits.push(Number(row!['wait']));
        const asked = receiver.asked.length;
        await world.drain(receiver);
        expect(receiver.asked).toHaveLength(asked);
        await world.letPass(receiver);
      }
      expect(waits).toEqual([600, 1200, 2400]);
      await world.drain(receiver);
      expect(receiver.eventIds).toEqual(ids);
      expect(await world.destination(receiver)).toMatchObject({ owed: false, failures: 0, error: null, failure: null });
    },
  );

  it('and then asks something of this one is tried at once', async () => {
    const ids = await owe(1);
    receiver.react = answers(503);
    await world.drain(receiver);
    await world.drain(receiver);
    expect(receiver.asked).toHaveLength(1);
    expect(await clearBackoff(world.test.database.db, receiver.name)).toBe(true);
    await world.drain(receiver);
    expect(receiver.eventIds).toEqual(ids);
    expect(await clearBackoff(world.test.database.db, receiver.name)).toBe(false);
  });

  it('with 403 or on a single event with 400 has refused it, in its own words', async () => {
    await owe(3);
    receiver.react = answers({ status: 403, body: { errcode: 'M_FORBIDDEN', error: 'Not from you.' } });
    await world.drain(receiver);
    expect(await ledger()).toEqual({ refused: 3 });
    expect((await world.rows(receiver)).at(-1)).toMatchObject({ error: '403 M_FORBIDDEN Not from you.' });
    await owe(1);
    receiver.react = answers({ status: 400, body: { errcode: 'M_BAD_JSON', error: 'What?' } });
    await world.drain(receiver);
    expect((await world.rows(receiver)).at(-1)).toMatchObject({ state: 'refused', error: '400 M_BAD_JSON What?' });
  });

  it('with 400 on everything has refused everything', async () => {
    await owe(7);
    receiver.react = () => ({ status: 400 });
    await world.drain(receiver);
    expect(await ledger()).toEqual({ refused: 7 });
    expect(receiver.asked.length).toBeLessThan(4);
  });

  it('with 413 on one event among many gets all others', async () => {
    const ids = await owe(20);
    receiver.react = ({ eventIds }) => (eventIds.includes(ids[13]!) ? { status: 413 } : 'take');
    await world.drain(receiver);
    expect(receiver.eventIds).toEqual(ids.filter((_, n) => n !== 13));
    expect(await ledger()).toEqual({ acknowledged: 19, refused: 1 });
  });
});

describe('an event that a server fails on', () => {
  it('is found after five equal failures, by smaller transactions under new ids, and everything else is delivered', async () => {
    const ids = await owe(60);
    const poison = ids[37]!;
    receiver.react = ({ eventIds }) => (eventIds.includes(poison) ? { status: 500 } : 'take');
    for (let n = 1; n <= 4; n += 1) {
      await world.drain(receiver);
      await world.letPass(receiver);
    }
    expect(receiver.asked.map(({ body }) => body)).toEqual(Array.from({ length: 4 }, () => receiver.asked[0]!.body));
    await world.drain(receiver);
    expect(receiver.eventIds).toEqual(ids.filter((id) => id !== poison));
    expect(await ledger()).toEqual({ acknowledged: 59, refused: 1 });
    expect((await world.rows(receiver)).find(({ state }) => state === 'refused')).toMatchObject({ eventId: poison });
    expect(await world.destination(receiver)).toMatchObject({ owed: false, txn_limit: 50, failures: 0 });
  });

  it('is never suspected where the server fails on everything', async () => {
    const ids = await owe(4);
    receiver.react = () => ({ status: 500 });
    for (let n = 1; n <= 9; n += 1) {
      await world.drain(receiver);
      await world.letPass(receiver);
    }
    expect(await ledger()).toEqual({ fixed: 4 });
    receiver.react = () => 'take';
    await world.drain(receiver);
    expect(receiver.eventIds).toEqual(ids);
  });
});

describe('a server that was away for long', () => {
  /** Ten at a time: the room is one queue anyway. */
  async function flood(count: number): Promise<void> {
    for (let n = 0; n < count; n += 10)
      await Promise.all(Array.from({ length: 10 }, (_, i) => world.message(roomId, `flood ${n + i}`)));
    await world.expand();
  }

  it('gets the newest thousand events of a room, every end of a knock, and sees what it was not sent', async () => {
    const beta = world.receivers.all[(next += 1)]!;
    const other = await world.room(receiver);
    await world.guests.member(roomId, guestOf(beta, 'knocker'), 'join');
    await owe(10);
    await kickUser(world.log.deps, actor('boss'), { roomId, userId: guestOf(beta, 'knocker') });
    await world.guests.invite(roomId, actor('boss').userId, guestOf(beta, 'invited'));
    await kickUser(world.log.deps, actor('boss'), { roomId, userId: guestOf(beta, 'invited') });
    await flood(1_020);
    const elsewhere = await owe(3, other);
    await world.drain(receiver);
    const rows = await world.rows(receiver);
    const of = (state: string) => rows.filter((row) => row.state === state);
    // Ten messages, the join and the kick of a guest, and what of the flood is beyond a thousand.
    expect(of('caught_up')).toHaveLength(10 + 2 + 20);
    expect(receiver.eventIds).toHaveLength(1_000 + 2 + 3);
    expect(receiver.eventIds.slice(-3)).toEqual(elsewhere);
    const kinds = receiver.taken[0]!.pdus.slice(0, 2).map(({ content }) => content['membership']);
    expect(kinds).toEqual(['invite', 'leave']);
    expect(of('queued')).toEqual([]);
  });

  it('is told of events of others where the room ends in them, and not once it has left', async () => {
    const beta = world.receivers.all[(next += 1)]!;
    await world.guests.member(roomId, guestOf(beta), 'join');
    await flood(1_010);
    const last = await world.guests.message(roomId, guestOf(beta), 'the last word');
    await world.expand();
    await world.drain(receiver);
    expect(receiver.eventIds.at(-1)).toBe(last.eventId);
    await flood(1_010);
    await world.guests.member(roomId, guestOf(receiver), 'leave');
    const after = await world.guests.message(roomId, guestOf(beta), 'among us');
    await world.drain(receiver);
    expect(receiver.eventIds).not.toContain(after.eventId);
  });

  it('is given up event by event, after thirty days each', async () => {
    const old = await owe(3);
    receiver.react = answers('cut');
    await world.drain(receiver);
    await world.sql(
      `update deliveries set owed_at = owed_at - interval '31 days' where destination = $1 and settled_at is null`,
      [receiver.name],
    );
    const young = await owe(2);
    await world.letPass(receiver);
    await world.drain(receiver);
    expect(await ledger()).toEqual({ given_up: 3, acknowledged: 2 });
    expect(receiver.eventIds).toEqual(young);
    expect(receiver.eventIds).not.toContain(old[0]);
  });
});
