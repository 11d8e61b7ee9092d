/** The line of a server's transactions: one after the other, none held up for ever, and no line too long. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Receiver, Sent } from '../../../../src/commands/receive/receive-pdu.ts';
import { createTransactions, type TransactionDeps } from '../../../../src/commands/receive/receive-transaction.ts';
import type { Received } from '../../../../src/commands/receive/receive-turn.ts';
import type { EventId } from '../../../../src/matrix/identifiers.ts';
import { jsonObject, type JsonValue } from '../../../../src/matrix/json.ts';
import { server } from '../../../support/rooms.ts';

const there = server('there');

/** Events that are received when the test says so, by name. */
function slowReceiver() {
  const open = new Map<string, { resolve: (received: Received) => void; reject: (error: Error) => void }>();
  const begun: string[] = [];
  const receiver: Pick<Receiver, 'receive'> = {
    receive({ value }: Sent) {
      const name = String(value?.['name']);
      const { promise, resolve, reject } = Promise.withResolvers<Received>();
      open.set(name, { resolve, reject });
      begun.push(name);
      return promise;
    },
  };
  return {
    receiver,
    begun,
    take: (name: string) =>
      open.get(name)!.resolve({ is: 'accepted', eventId: `$${name}` as EventId, rule: null, isNew: true }),
    fail: (name: string) => open.get(name)!.reject(new Error(`${name} cannot be stored`)),
    unknown: (name: string) =>
      open.get(name)!.resolve({ is: 'failed', eventId: null, why: 'unknown_room', reason: 'unknown' }),
  };
}

const pdu = (name: string): JsonValue => jsonObject({ name });
const late: unknown[] = [];
const lineOf = (more: Pick<TransactionDeps, 'receiver'> & Partial<TransactionDeps>) =>
  createTransactions({ onLateFailure: (error) => late.push(error), ...more });

const rest = async (): Promise<void> => {
  for (let n = 0; n < 5; n += 1) await setImmediate();
};

describe('the transactions of a server', () => {
  it('are received one after the other, and those of others beside them', async () => {
    const { receiver, begun, take } = slowReceiver();
    const line = lineOf({ receiver });
    const first = line.take({ origin: there, txnId: '1', pdus: [pdu('a'), pdu('b')] });
    const second = line.take({ origin: there, txnId: '2', pdus: [pdu('c')] });
    const other = line.take({ origin: server('elsewhere'), txnId: '1', pdus: [pdu('d')] });
    await rest();
    expect(begun).toEqual(['a', 'b', 'd']);
    take('d');
    expect(await other).toEqual({ pdus: { $d: {} } });
    take('b');
    take('a');
    expect(await first).toEqual({ pdus: { $a: {}, $b: {} } });
    await rest();
    take('c');
    expect(await second).toEqual({ pdus: { $c: {} } });
  });

  it('are the same while they are under way and once they are answered, but not when they failed', async () => {
    const { receiver, begun, take, fail } = slowReceiver();
    const line = lineOf({ receiver });
    const asked = { origin: there, txnId: '1', pdus: [pdu('a')] };
    const both = [line.take(asked), line.take(asked)];
    await rest();
    fail('a');
    await expect(both[0]).rejects.toThrow('cannot be stored');
    await expect(both[1]).rejects.toThrow('cannot be stored');
    expect(begun).toEqual(['a']);
    const again = line.take(asked);
    await rest();
    take('a');
    expect(await again).toEqual({ pdus: { $a: {} } });
    expect(await line.take(asked)).toEqual({ pdus: { $a: {} } });
    expect(begun).toEqual(['a', 'a']);
  });

  it('are answered without what takes too long, and what went wrong later is told', async () => {
    const { receiver, begun, take, fail } = slowReceiver();
    const line = lineOf({ receiver, times: { waits: 20, answers: 300 } });
    late.length = 0;
    const first = line.take({ origin: there, txnId: '1', pdus: [pdu('a'), pdu('slow')] });
    await rest();
    take('a');
    expect(await first).toEqual({ pdus: { $a: {} } });
    const second = line.take({ origin: there, txnId: '2', pdus: [pdu('b')] });
    await expect.poll(() => begun).toContain('b');
    take('b');
    expect(await second).toEqual({ pdus: { $b: {} } });
    fail('slow');
    await expect.poll(() => late.length).toBe(1);
  });

  it('are no more than a few at a time', async () => {
    const { receiver, take } = slowReceiver();
    const line = lineOf({ receiver });
    const open = Array.from({ length: 4 }, (_, n) => line.take({ origin: there, txnId: `${n}`, pdus: [pdu('a')] }));
    await expect(line.take({ origin: there, txnId: 'more', pdus: [] })).rejects.toMatchObject({
      errcode: 'M_LIMIT_EXCEEDED',
      status: 403,
      extra: { retry_after_ms: expect.any(Number) },
    });
    for (const each of open) {
      await rest();
      take('a');
      await each;
    }
    expect(await line.take({ origin: there, txnId: 'more', pdus: [] })).toEqual({ pdus: {} });
  });

  it('are asked about what may end a membership elsewhere, and tell nothing of it', async () => {
    const { receiver, unknown } = slowReceiver();
    const asked: unknown[] = [];
    const line = lineOf({
      receiver,
      receiveDenial: async (origin, value) => asked.push([origin, value['name']]) > 0,
    });
    const answer = line.take({ origin: there, txnId: '1', pdus: [pdu('denial')] });
    await rest();
    unknown('denial');
    expect(await answer).toEqual({ pdus: {} });
    expect(asked).toEqual([[there, 'denial']]);
  });
});
