/** Places for deliveries: bounded, each server once, and slow ones beside the others. */
import { describe, expect, it } from 'vitest';
import type { ServerName } from '../../../src/matrix/identifiers.ts';
import { createPlaces, type Places } from '../../../src/worker/places.ts';
import { server } from '../../support/rooms.ts';

interface Work {
  readonly destination: ServerName;
  readonly makeWay: () => void;
  readonly end: () => void;
}

function open(
  places: number,
  slow: number,
): { readonly places: Places; readonly begun: Work[]; names: () => string[] } {
  const begun: Work[] = [];
  const opened = createPlaces({
    places,
    slow,
    work: (destination, makeWay) => new Promise((end) => void begun.push({ destination, makeWay, end })),
  });
  return { places: opened, begun, names: () => begun.map(({ destination }) => destination) };
}

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(server) as [ServerName, ServerName, ServerName, ServerName];
const soon = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('places', () => {
  it('are taken by so many at once, and by the next when one ends', async () => {
    const { places, begun, names } = open(2, 0);
    const asked = [a, b, c].map((one) => places.ask(one));
    expect(names()).toEqual([a, b]);
    begun[0]!.end();
    await asked[0];
    await soon();
    expect(names()).toEqual([a, b, c]);
  });

  it('are left by slow ones, as far as there is room beside them', async () => {
    const { places, begun, names } = open(1, 1);
    const first = places.ask(a);
    void places.ask(b);
    void places.ask(c);
    begun[0]!.makeWay();
    await first;
    expect(names()).toEqual([a, b]);
    begun[1]!.makeWay();
    await soon();
    expect(names()).toEqual([a, b]);
    begun[0]!.end();
    await soon();
    begun[1]!.makeWay();
    expect(names()).toEqual([a, b, c]);
  });

  it('are not taken by those that are known to be slow', async () => {
    const { places, begun, names } = open(1, 1);
    void places.ask(a, true);
    void places.ask(b, true);
    void places.ask(c);
    expect(names()).toEqual([a, c]);
    void places.ask(d);
    begun[0]!.end();
    await soon();
    expect(names()).toEqual([a, c, b]);
    begun[1]!.end();
    await soon();
    expect(names()).toEqual([a, c, b, d]);
  });

  it('hold a server once, and once more if it was asked for meanwhile', async () => {
    const { places, begun, names } = open(1, 0);
    void places.ask(a);
    void places.ask(b);
    const again = places.ask(b);
    void places.ask(a);
    begun[0]!.end();
    await soon();
    expect(names()).toEqual([a, a]);
    begun[1]!.end();
    await soon();
    expect(names()).toEqual([a, a, b]);
    begun[2]!.end();
    await again;
    await soon();
    expect(names()).toEqual([a, a, b]);
  });

  it('are closed when all who work are out, and nobody else is let in', async () => {
    const { places, begun, names } = open(1, 0);
    void places.ask(a);
    const waits = places.ask(b);
    void places.ask(a);
    let closed = false;
    const closing = places.close().then(() => (closed = true));
    await waits;
    await soon();
    expect(closed).toBe(false);
    begun[0]!.end();
    await closing;
    await places.ask(d);
    expect(names()).toEqual([a]);
  });
});
