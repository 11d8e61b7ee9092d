/** What stands beside each other in a room, and when nothing can be said of that any more. */
import { describe, expect, it } from 'vitest';
import { besideAfter, besideEnd, markIndependent } from '../../../../src/commands/lanes/beside.ts';
import type { EventSlot, JudgedPdu } from '../../../../src/log/judged-pdu.ts';
import type { EventId } from '../../../../src/matrix/identifiers.ts';

const slot = (name: string): EventSlot => ({ eventId: `$${name}` as EventId, position: 0 });

/** An accepted event on a line of its own, after others. */
function judged(name: string, prev: readonly EventSlot[], more: object = {}): JudgedPdu {
  return {
    ...{ slot: slot(name), verdict: 'accepted', prev, roomPosition: 5, anchor: 5, back: 0 },
    ...{ after: { line: 3, at: 5 }, lines: [], changes: [], pdu: { sender: '@kim:there' } },
    ...more,
  } as unknown as JudgedPdu;
}

function knock(name: string, prev: readonly EventSlot[], roomPosition = 5): JudgedPdu {
  const pdu = { sender: `@${name}:there`, state_key: `@${name}:there` };
  const one = judged(name, prev, { pdu, roomPosition, anchor: roomPosition });
  markIndependent(one);
  return one;
}

const start = slot('start');
const begun = () => besideEnd(start, { line: 0, at: 4 }, 4);

describe('after the one end of a room', () => {
  it('stand the knocks that follow it, each with what it has', () => {
    const [one, two] = [knock('one', [start]), knock('two', [start])];
    const beside = besideAfter(besideAfter(begun(), one, [one.slot], 4), two, [one.slot, two.slot], 4)!;
    const three = judged('three', [one.slot, two.slot]);
    besideAfter(beside, three, [three.slot], 4);
    const has = (name: string) => beside.events.get(slot(name).eventId)?.has;
    expect(['start', 'one', 'two', 'three'].map(has)).toEqual([0n, 1n, 2n, 3n]);
  });

  it('stands no state event: what follows it is nothing that is known of the others', () => {
    const one = knock('one', [start]);
    const beside = besideAfter(begun(), one, [one.slot], 4);
    const topic = judged('topic', [start], { pdu: { sender: '@kim:there', state_key: '' } });
    expect(besideAfter(beside, topic, [one.slot, topic.slot], 4)).toBeNull();
  });

  it('begins anew with any other event that all of it leads to', () => {
    const topic = judged('topic', [start], { pdu: { sender: '@kim:there', state_key: '' } });
    expect([...besideAfter(begun(), topic, [topic.slot], 4)!.events.keys()]).toEqual(['$topic']);
  });

  it('stands nothing once an event of the past was found, or a state came as a fact', () => {
    expect(besideAfter(begun(), judged('past', [start], { anchor: 2, back: -1 }), [start], 4)).toBeNull();
    expect(besideAfter(begun(), judged('told', [start], { verdict: 'imported' }), [start], 4)).toBeNull();
  });

  it('stands as before when an event was refused', () => {
    const beside = begun();
    expect(besideAfter(beside, judged('no', [start], { verdict: 'rejected' }), [start], 4)).toBe(beside);
    expect(besideAfter(beside, judged('late', [start], { verdict: 'soft_failed' }), [start], 4)).toBe(beside);
    expect(beside.events.size).toBe(1);
  });
});

describe('what is waited for', () => {
  /** After so many knocks, each of which follows the one before. */
  function queue(length: number, from = begun()) {
    let [beside, last] = [from, start];
    for (let n = 0; n < length; n += 1) {
      const one = knock(`q${n}`, [last], n);
      beside = besideAfter(beside, one, [one.slot], 4)!;
      last = one.slot;
    }
    return beside;
  }

  it('is nothing old where all have known of each other for long', () => {
    expect(queue(400).knocks).toHaveLength(400);
    const beside = queue(3_000);
    expect(beside.knocks.length).toBeLessThan(1_025);
    const last = beside.events.get(slot('q2999').eventId)!;
    expect(last.has).toBe((1n << BigInt(beside.knocks.length)) - 1n);
    expect(beside.base).toBe(2_999 - beside.knocks.length);
  });

  it('is what follows an old event, as long as such come', () => {
    let beside = queue(400);
    const ends = [...beside.events.values()].slice(-1).map(({ slot: end }) => end);
    for (let n = 0; n < 800; n += 1) {
      const late = knock(`l${n}`, [start]);
      beside = besideAfter(beside, late, [...ends, late.slot], 4)!;
      const joined = judged(`d${n}`, [...ends, late.slot]);
      beside = besideAfter(beside, joined, [joined.slot], 4)!;
      ends.splice(0, 1, joined.slot);
    }
    expect(beside.knocks).toHaveLength(1_200);
    expect(beside.events.has(start.eventId)).toBe(true);
  });
});

describe('what is remembered', () => {
  it('is the newest of a quiet room, and what is cited again and again', () => {
    let beside = begun();
    for (let n = 0; n < 500; n += 1) {
      const one = judged(`m${n}`, [start]);
      beside = besideAfter(beside, one, [one.slot], 4)!;
    }
    expect(beside.events.size).toBe(50);
    expect(beside.events.has(start.eventId)).toBe(true);
    expect(beside.events.has(slot('m499').eventId)).toBe(true);
  });

  it('is given up before an end of the room would have to be forgotten', () => {
    const ends = Array.from({ length: 60 }, (_, n) => slot(`m${n}`));
    let beside: ReturnType<typeof besideAfter> = begun();
    for (const end of ends) beside = besideAfter(beside, judged(end.eventId.slice(1), [start]), ends, 4);
    expect(beside).toBeNull();
  });
});
