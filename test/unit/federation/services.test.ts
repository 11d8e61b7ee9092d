/** In which order the targets of SRV records are tried. */
import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../src/federation/services.ts';
import { seededRandom } from '../../support/dice.ts';

const record = (name: string, priority = 0, weight = 0, port = 8448) => ({ name, priority, weight, port });
const hosts = (records: Parameters<typeof inOrder>[0], random = () => 0): readonly string[] =>
  inOrder(records, random).map(({ host }) => host);

describe('targets of SRV records', () => {
  it('are tried by their priority, the smallest first', () => {
    const records = [record('c.test', 20), record('a.test', 5, 0), record('b.test', 10, 99)];
    expect(hosts(records)).toEqual(['a.test', 'b.test', 'c.test']);
    expect(hosts(records, () => 0.999)).toEqual(['a.test', 'b.test', 'c.test']);
  });

  it('of one priority come first as often as their weights say', () => {
    const records = [record('rare.test', 1, 10), record('often.test', 1, 90), record('never.test', 1, 0)];
    const dice = seededRandom(7);
    const first = Array.from({ length: 5_000 }, () => hosts(records, dice)[0]);
    const share = (name: string): number => first.filter((each) => each === name).length / first.length;
    expect(share('often.test')).toBeGreaterThan(0.87);
    expect(share('often.test')).toBeLessThan(0.91);
    expect(share('rare.test')).toBeGreaterThan(0.08);
    expect(share('never.test')).toBeLessThan(0.02);
    expect(new Set(hosts(records, dice))).toEqual(new Set(['rare.test', 'often.test', 'never.test']));
  });

  it('are left out when they are no hosts, and are ten at most', () => {
    const bad = [record(''), record('a b.test'), record('[::1]'), record('b.test', 0, 0, 0), record('c/../d')];
    expect(hosts([...bad, record('good.test.')])).toEqual(['good.test']);
    expect(hosts([record('')])).toEqual([]);
    expect(hosts(Array.from({ length: 30 }, (_, n) => record(`h${n}.test`)))).toHaveLength(10);
  });
});
