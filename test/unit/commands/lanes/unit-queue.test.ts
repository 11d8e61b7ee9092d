import { describe, expect, test } from 'vitest';
import type { JudgedPdu } from '../../../../src/log/judged-pdu.ts';
import { createUnitQueue, type AppendUnit, type Waiting } from '../../../../src/commands/lanes/unit-queue.ts';

const LIMITS = { events: 8, bytes: 100_000, eventsPerRoom: 3 };

function unit(roomId: string | null, events = 1, text = ''): AppendUnit {
  const judged = Array.from({ length: events }, () => ({ pdu: { content: { text } } }) as unknown as JudgedPdu);
  return { roomId, head: null, judged, actions: [], erasures: [] };
}

function fill(units: readonly AppendUnit[]) {
  const queue = createUnitQueue(LIMITS);
  for (const one of units) queue.push({ unit: one, done: () => undefined });
  return queue;
}

const rooms = (batch: readonly Waiting[]) => batch.map(({ unit: { roomId } }) => roomId).join('');

describe('the queue before the appender', () => {
  test('keeps the order of each room', () => {
    const first = unit('a');
    const second = unit('a');
    const batch = fill([first, second]).take();
    expect(batch.map((waiting) => waiting.unit)).toEqual([first, second]);
  });

  test('gives every waiting room its share of a batch', () => {
    const queue = fill([...Array.from({ length: 20 }, () => unit('a')), unit('b'), unit('c')]);
    expect(rooms(queue.take())).toBe('aaabc');
  });

  test('serves next the room that waited longest', () => {
    const queue = fill([
      ...Array.from({ length: 9 }, () => unit('a')),
      ...Array.from({ length: 9 }, () => unit('b')),
      ...Array.from({ length: 9 }, () => unit('c')),
    ]);
    expect(rooms(queue.take())).toBe('aaabbbcc');
    queue.push({ unit: unit('d'), done: () => undefined });
    expect(rooms(queue.take())).toBe('aaabbbcc');
    expect(rooms(queue.take())).toContain('d');
  });

  test('lets a lone room fill the batch', () => {
    const queue = fill(Array.from({ length: 20 }, () => unit('a')));
    expect(queue.take()).toHaveLength(8);
    expect(queue.size()).toBe(12);
  });

  test('never splits a unit, even one larger than a batch', () => {
    const queue = fill([unit('a', 20), unit('b')]);
    expect(rooms(queue.take())).toBe('a');
    expect(rooms(queue.take())).toBe('b');
  });

  test('stops at the byte limit', () => {
    const queue = fill([unit('a', 1, 'x'.repeat(60_000)), unit('b', 1, 'x'.repeat(60_000))]);
    expect(rooms(queue.take())).toBe('a');
    expect(rooms(queue.take())).toBe('b');
  });

  test('hands back what waits for a failed room, and only that', () => {
    const queue = fill([unit('a'), unit('b'), unit('a')]);
    expect(queue.removeRoom('a')).toHaveLength(2);
    expect(rooms(queue.take())).toBe('b');
    expect(queue.size()).toBe(0);
    expect(queue.take()).toEqual([]);
  });

  test('queues what belongs to no room', () => {
    expect(fill([unit(null), unit('a')]).take()).toHaveLength(2);
  });
});
