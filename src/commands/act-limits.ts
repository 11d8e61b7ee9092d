/** How often one user may act: what fills a room's log, or its moderators' desk. Deciding knocks and putting out is not counted. */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { MatrixError } from '../matrix/errors.ts';

export interface ActLimits {
  /** Counts an act. Throws M_LIMIT_EXCEEDED with retry_after_ms when there were too many of its kind. */
  consume(operation: string, userId: string, roomId: string | null): Promise<void>;
}

interface Limit {
  /** Acts in a burst. */
  readonly points: number;
  /** Seconds in which a burst comes back. */
  readonly duration: number;
  /** Counted for each room by itself. */
  readonly inRoom?: boolean;
}

const LIMITS = {
  knock: { points: 3, duration: 60, inRoom: true },
  join: { points: 10, duration: 100 },
  invite: { points: 10, duration: 33 },
  send: { points: 10, duration: 50 },
  profile: { points: 10, duration: 50 },
} as const satisfies Record<string, Limit>;

type Kind = keyof typeof LIMITS;

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['knock', 'knock'],
  ['joinRoom', 'join'],
  ['inviteUser', 'invite'],
  ['sendState', 'send'],
  ['setJoinRule', 'send'],
  ['sendMessage', 'send'],
  ['createRoom', 'send'],
  ['setProfileField', 'profile'],
  ['deleteProfileField', 'profile'],
  ['setRoomAlias', 'send'],
  ['deleteRoomAlias', 'send'],
]);

export function createActLimits(on: boolean): ActLimits {
  const limiters = new Map(
    Object.entries(LIMITS).map(([kind, { points, duration }]) => [kind, new RateLimiterMemory({ points, duration })]),
  );
  return {
    async consume(operation, userId, roomId) {
      const kind = KINDS.get(operation);
      if (!on || kind === undefined) return;
      const { inRoom }: Limit = LIMITS[kind];
      try {
        await limiters.get(kind)!.consume(inRoom === true ? `${userId} ${roomId}` : userId);
      } catch (refused) {
        if (refused instanceof Error) throw refused;
        const wait = Math.max(1, Math.ceil((refused as { readonly msBeforeNext: number }).msBeforeNext));
        throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests.', { retry_after_ms: wait });
      }
    },
  };
}
