/** How much of the bodies of strangers is held at once. */
import { EventEmitter } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { createBodyRoom, type BodyRoom } from '../../../src/http/body-room.ts';

const MIB = 1024 * 1024;

/** A request with these headers, how far it is, and what ends it. */
function ask(room: BodyRoom, headers: Readonly<Record<string, string>>) {
  const raw = new EventEmitter();
  const asked = { state: 'waits', end: () => raw.emit('close') };
  void room.keep({ headers } as unknown as FastifyRequest, { raw } as unknown as FastifyReply).then(
    () => (asked.state = 'inside'),
    ({ errcode }: { readonly errcode: string }) => (asked.state = errcode),
  );
  return asked;
}

const large = { 'content-length': String(10 * MIB) };

describe('the room for bodies', () => {
  it('is kept until a request is answered; the others wait in their order', async () => {
    const room = createBodyRoom(20 * MIB);
    const asked = Array.from({ length: 5 }, () => ask(room, large));
    const states = (): readonly string[] => asked.map(({ state }) => state);
    await expect.poll(states).toEqual(['inside', 'inside', 'waits', 'waits', 'waits']);
    asked[0]!.end();
    await expect.poll(states).toEqual(['inside', 'inside', 'inside', 'waits', 'waits']);
    // One who waits goes away, and leaves no room behind.
    asked[3]!.end();
    asked[1]!.end();
    await expect.poll(states).toEqual(['inside', 'inside', 'inside', 'waits', 'inside']);
  });

  it('is waited for in vain for a while only', async () => {
    const room = createBodyRoom(10 * MIB, 20);
    const first = ask(room, large);
    const second = ask(room, { 'content-length': String(MIB) });
    await expect.poll(() => second.state).toBe('M_LIMIT_EXCEEDED');
    second.end();
    first.end();
    const third = ask(room, large);
    await expect.poll(() => third.state).toBe('inside');
  });

  it('is full of those that do not say how much they send, and there for what is small or nothing', async () => {
    const room = createBodyRoom(10 * MIB);
    const endless = [1, 2].map(() => ask(room, { 'transfer-encoding': 'chunked' }));
    await expect.poll(() => endless.map(({ state }) => state)).toEqual(['inside', 'waits']);
    const small: readonly Readonly<Record<string, string>>[] = [
      {},
      { 'content-length': '0' },
      { 'content-length': '100000' },
      { 'content-length': 'x' },
    ];
    for (const headers of small) {
      const asked = ask(room, headers);
      await expect.poll(() => asked.state).toBe('inside');
    }
  });
});
