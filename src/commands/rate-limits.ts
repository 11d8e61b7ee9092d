/** How often who may do what (PROTOCOL §7), through whichever door they come. */
import type { RateLimits, RateName } from '../config.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import { createTokenBuckets, type TokenBuckets } from './token-buckets.ts';

/** One of the buckets that an act takes tokens from. */
export interface Draw {
  readonly name: RateName;
  /** Whose bucket, or which room's. */
  readonly key: string;
  /** Default 1. What would never fit takes a full bucket. */
  readonly tokens?: number;
}

export interface RateLimiter {
  /**
   * Takes from all of the buckets, or from none: throws M_LIMIT_EXCEEDED with retry_after_ms when one of them has too
   * little. Who is refused does not wait any longer for having asked.
   */
  take(...draws: readonly Draw[]): void;
  /** Throws what take() would throw, and takes nothing. */
  look(...draws: readonly Draw[]): void;
  /** Takes what an operation takes before it is looked at, and `more`. Throws as take(). */
  consume(operation: string, userId: UserId, roomId: RoomId | null, more?: readonly Draw[]): void;
}

/** A limiter in this process' memory. Rates that are null do not limit. */
export function createRateLimiter(rates: RateLimits, now: () => number): RateLimiter {
  const limited = Object.entries(rates).flatMap(([name, rate]) =>
    rate === null ? [] : [[name, createTokenBuckets(rate)] as const],
  );
  const byName: ReadonlyMap<string, TokenBuckets> = new Map(limited);
  const granted = (draws: readonly Draw[], at: number) => {
    const wanted = draws.flatMap(({ name, key, tokens = 1 }) => {
      const buckets = byName.get(name);
      return buckets === undefined ? [] : [{ buckets, key, tokens }];
    });
    const wait = Math.max(0, ...wanted.map(({ buckets, key, tokens }) => buckets.wait(key, tokens, at)));
    if (wait > 0) throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests.', { retry_after_ms: wait });
    return wanted;
  };
  const take: RateLimiter['take'] = (...draws) => {
    const at = now();
    for (const { buckets, key, tokens } of granted(draws, at)) buckets.take(key, tokens, at);
  };
  return {
    take,
    look: (...draws) => void granted(draws, now()),
    consume: (operation, userId, roomId, more = []) => take(...drawsOf(operation, userId, roomId), ...more),
  };
}

// Not here: invites and decisions on knocks, which are told apart in the room's turn; kicks, bans and leaving, which nobody
// is kept from.
const BY_USER: ReadonlyMap<string, RateName> = new Map([
  ['createRoom', 'message'],
  ['sendState', 'message'],
  ['setJoinRule', 'message'],
  ['sendMessage', 'message'],
  ['redactEvent', 'message'],
  ['setRoomAlias', 'message'],
  ['setRoomVisibility', 'message'],
  ['upgradeRoom', 'message'],
  ['deleteRoomAlias', 'message'],
  ['setProfileField', 'profile'],
  ['deleteProfileField', 'profile'],
  ['joinRoom', 'join'],
]);

function drawsOf(operation: string, userId: UserId, roomId: RoomId | null): readonly Draw[] {
  if (operation === 'knock' && roomId !== null) return drawsOfKnock(userId, roomId, null);
  const name = BY_USER.get(operation);
  return name === undefined ? [] : [{ name, key: userId }];
}

/** What a knock takes. Of what a room can take from all, another server (`origin`) can use up a part only. */
export function drawsOfKnock(userId: UserId, roomId: RoomId, origin: ServerName | null): readonly Draw[] {
  const ofServer = origin === null ? [] : [{ name: 'knockServer', key: `${origin} ${roomId}` } as const];
  return [...ofServer, { name: 'knock', key: `${userId} ${roomId}` }, { name: 'knockRoom', key: roomId }];
}

/** What inviting takes: of the inviter, and of those invited, so that nobody is flooded by many. */
export function drawsOfInvites(inviter: UserId, targets: readonly string[]): readonly Draw[] {
  if (targets.length === 0) return [];
  const ofTargets = [...new Set(targets)].map((target) => ({ name: 'invite', key: `of ${target}` }) as const);
  return [{ name: 'invite', key: `by ${inviter}`, tokens: targets.length }, ...ofTargets];
}

/** What deciding a pending knock takes, instead of an invite. */
export function drawOfDecision(roomId: RoomId): Draw {
  return { name: 'decision', key: roomId };
}
