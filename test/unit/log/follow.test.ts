/** What a follower knows of commits that it has heard of, and what it says where it knows nothing. */
import { describe, expect, it } from 'vitest';
import type { Appended } from '../../../src/log/append.ts';
import { ALL_TRANSITIONS, createEnding, createFollower, endNow, transitionsIn } from '../../../src/log/follow.ts';

/** A commit up to `head`, of an event in each of the rooms that moves nobody. */
const commit = (head: number, ...roomIds: readonly string[]): Appended =>
  ({
    head,
    erasures: [],
    events: roomIds.map((roomId) => ({ judged: { roomId, transitions: [] } })),
  }) as unknown as Appended;

/** A commit at `head` of a knock on each of the rooms, which changes nothing else. */
const knock = (head: number, ...roomIds: readonly string[]): Appended =>
  ({ head, erasures: [], events: roomIds.map((roomId) => knockOn(roomId, head)) }) as unknown as Appended;

const knockOn = (roomId: string, head: number) => {
  const slot = { eventId: `$${String(head)}`, position: head };
  const [type, userId] = ['m.room.member', '@lee:here'];
  const judged = {
    ...{ roomId, slot, roomPosition: head, anchor: head, back: 0, verdict: 'accepted', known: false, lines: [] },
    ...{ after: { line: 0, at: head }, presence: null, pdu: { type, state_key: userId, content: {} } },
    changes: [{ line: 0, event: slot, type, stateKey: userId, previous: null }],
    transitions: [{ userId, from: 'none', to: 'knock', event: slot }],
  };
  return { judged, position: head, verdictPosition: head };
};

const interest = (...roomIds: readonly string[]) => ({ userId: '@kim:here', roomIds: new Set(roomIds) });

describe('a follower', () => {
  it('names the rooms of interest in which something was committed after a position', () => {
    const follower = createFollower(10);
    follower.publish(commit(11, '!a'));
    follower.publish(commit(13, '!b', '!c'));
    expect(follower.roomsSince(['!a', '!b'], 10)).toEqual(['!a', '!b']);
    expect(follower.roomsSince(['!a', '!b'], 11)).toEqual(['!b']);
    expect(follower.roomsSince(['!a', '!b'], 13)).toEqual([]);
    expect(follower.isNews(interest('!a'), { position: 11, mark: follower.mark() })).toBe(false);
    expect(follower.isNews(interest('!c'), { position: 11, mark: follower.mark() })).toBe(true);
  });

  it('does not claim to know what was committed before it began', () => {
    const follower = createFollower(10);
    follower.publish(commit(11, '!a'));
    expect(follower.roomsSince(['!a', '!b'], 9)).toBeNull();
    expect(follower.isNews(interest('!b'), { position: 9, mark: follower.mark() })).toBe(true);
  });

  it('tells of what a user keeps outside of the log, to that user alone', () => {
    const follower = createFollower(10);
    const seen = { position: 10, mark: follower.mark() };
    follower.touch('@kim:here');
    expect(follower.isNews(interest(), seen)).toBe(true);
    expect(follower.isNews({ ...interest(), userId: '@lee:here' }, seen)).toBe(false);
    expect(follower.isNews(interest(), { position: 10, mark: follower.mark() })).toBe(false);
  });

  it('wakes at every commit whom it concerns, however soon one follows the other, and no one else', async () => {
    const follower = createFollower(10);
    const seen = { position: 10, mark: follower.mark() };
    const [a, b] = ['!a', '!b'].map((room) => follower.wait(interest(room), seen, 60_000, createEnding()));
    const ending = createEnding();
    const other = follower.wait({ userId: '@lee:here', roomIds: new Set(['!c']) }, seen, 60_000, ending);
    follower.publish(commit(11, '!a'));
    follower.publish(commit(12, '!b'));
    await Promise.all([a, b]);
    expect(follower.waiting()).toBe(1);
    endNow(ending);
    await other;
    expect(follower.waiting()).toBe(0);
  });

  it('wakes the room before whoever knocked is answered, however soon one knock follows the other', () => {
    const follower = createFollower(10);
    const told: number[] = [];
    for (const head of [11, 12, 13]) {
      const seen = { position: head - 1, mark: follower.mark() };
      follower.call(interest('!a'), seen, 60_000, createEnding(), () => told.push(head));
      follower.publish(knock(head, '!a'));
      expect(told).toContain(head);
    }
    // What has to be read is read for all together.
    const [seen, ending] = [{ position: 13, mark: follower.mark() }, createEnding()];
    follower.call(interest('!a'), seen, 60_000, ending, () => told.push(14));
    follower.publish(commit(14, '!a'));
    expect(told).toEqual([11, 12, 13]);
    endNow(ending);
  });

  it('lets others have their turn while very many are woken, and forgets none of them', async () => {
    const follower = createFollower(10);
    const seen = { position: 10, mark: follower.mark() };
    let told = 0;
    for (let n = 0; n < 5_000; n += 1) follower.call(interest('!a'), seen, 60_000, createEnding(), () => (told += 1));
    follower.publish(knock(11, '!a'));
    const counts = [told];
    while (follower.waiting() > 0) {
      await new Promise((next) => void setImmediate(next));
      counts.push(told);
    }
    expect(told).toBe(5_000);
    expect(counts.length).toBeGreaterThan(4);
  });

  it('lets others have their turn while those of very many rooms are woken, however soon the next commit follows', async () => {
    const follower = createFollower(10);
    const rooms = Array.from({ length: 200 }, (_, n) => `!${String(n)}`);
    const seen = { position: 10, mark: follower.mark() };
    let told = 0;
    for (const room of rooms)
      for (let n = 0; n < 40; n += 1) follower.call(interest(room), seen, 60_000, createEnding(), () => (told += 1));
    const counts: number[] = [];
    for (let head = 11; follower.waiting() > 0; head += 1) {
      follower.publish(knock(head, ...rooms));
      await new Promise((next) => void setImmediate(next));
      counts.push(told - counts.reduce((sum, count) => sum + count, 0));
    }
    expect(told).toBe(8_000);
    expect(Math.max(...counts)).toBeLessThan(2_100);
  });

  it('does not wake again who has been told meanwhile', async () => {
    const follower = createFollower(10);
    follower.publish(commit(11, '!b'));
    follower.publish(commit(12, '!a'));
    const [ending, late] = [createEnding(), { position: 12, mark: follower.mark() }];
    let woken = false;
    follower.call(interest('!a'), late, 60_000, ending, () => (woken = true));
    const others = follower.wait(interest('!a', '!b'), late, 60_000, createEnding());
    follower.publish(commit(13, '!b'));
    await others;
    expect(woken).toBe(false);
    endNow(ending);
    expect(woken).toBe(true);
  });

  it('lets nobody wait who comes too late: after a commit, after the end, or without time', () => {
    const follower = createFollower(10);
    const over = createEnding();
    endNow(over);
    follower.publish(commit(11, '!a'));
    const called: string[] = [];
    const mark = follower.mark();
    follower.call(interest('!a'), { position: 10, mark }, 60_000, createEnding(), () => called.push('told'));
    follower.call(interest('!a'), { position: 11, mark }, 60_000, over, () => called.push('over'));
    follower.call(interest('!a'), { position: 11, mark }, 0, createEnding(), () => called.push('no time'));
    expect(called).toEqual(['told', 'over', 'no time']);
    expect(follower.waiting()).toBe(0);
  });

  it('hears what others committed as it hears its own: of whom it concerns, or that nobody knows', () => {
    const follower = createFollower(10);
    follower.hear(12, new Set(['!a', '@lee:here']));
    expect(follower.head()).toBe(12);
    expect(follower.roomsSince(['!a', '!b'], 10)).toEqual(['!a']);
    // What is old news already says nothing.
    follower.hear(11, new Set(['!b']));
    expect(follower.head()).toBe(12);
    expect(follower.roomsSince(['!b'], 10)).toEqual([]);
    follower.hear(20, null);
    expect(follower.roomsSince(['!a', '!b'], 19)).toBeNull();
    expect(follower.isNews(interest('!c'), { position: 12, mark: follower.mark() })).toBe(true);
    expect(follower.isNews(interest('!c'), { position: 20, mark: follower.mark() })).toBe(false);
  });

  it('wakes those who wait for transitions when somebody’s membership changes, and not for messages', async () => {
    const follower = createFollower(10);
    const called: string[] = [];
    const seen = { position: 10, mark: follower.mark() };
    const ending = createEnding();
    const wait = (name: string, itsEnding = createEnding()) =>
      follower.call({ userId: '@kim:here', roomIds: new Set([name]) }, seen, 60_000, itsEnding, () =>
        called.push(name),
      );
    for (const name of [transitionsIn('!a'), ALL_TRANSITIONS]) wait(name);
    wait(transitionsIn('!b'), ending);
    follower.publish(commit(11, '!a', '!b'));
    expect(called).toEqual([]);
    const moved = { judged: { roomId: '!a', transitions: [{ userId: '@lee:here' }] } };
    follower.publish({ head: 12, erasures: [], events: [moved] } as unknown as Appended);
    await expect.poll(() => called.toSorted()).toEqual(['+', '+!a']);
    wait(transitionsIn('!a'));
    expect(called).toHaveLength(3);
    expect(follower.waiting()).toBe(1);
    endNow(ending);
    expect(follower.waiting()).toBe(0);
  });

  it('wakes everybody, not all of them in one turn, when nobody knows what a commit concerns', async () => {
    const follower = createFollower(10);
    const seen = { position: 10, mark: follower.mark() };
    let told = 0;
    for (let n = 0; n < 5_000; n += 1) {
      const one = { userId: `@${String(n)}:here`, roomIds: new Set(['!a', `!${String(n)}`]) };
      follower.call(one, seen, 60_000, createEnding(), () => (told += 1));
    }
    follower.hear(20, null);
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(2_100);
    await expect.poll(() => told).toBe(5_000);
    expect(follower.waiting()).toBe(0);
  });
});
