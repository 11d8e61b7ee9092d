/** What a follower knows of commits that it has heard of, and what it says where it knows nothing. */
import { describe, expect, it } from 'vitest';
import type { Appended } from '../../../src/log/append.ts';
import { createFollower } from '../../../src/log/follow.ts';

/** A commit up to `head`, of an event in each of the rooms that moves nobody. */
const commit = (head: number, ...roomIds: readonly string[]): Appended =>
  ({ head, events: roomIds.map((roomId) => ({ judged: { roomId, transitions: [] } })) }) as unknown as Appended;

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
});
