/** One decision on many knocks: each for itself, so that one that is refused keeps none of the others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MatrixError } from '../matrix/errors.ts';
import type { RoomId, UserId } from '../matrix/identifiers.ts';
import type { Actor, ActResult, CommandDeps } from './act.ts';
import { acceptKnock, banKnocker, rejectKnock, type DecisionInput } from './decide-knock.ts';
import type { NamedKnock } from './pending-knock.ts';

export type KnockDecision = 'accept' | 'reject' | 'ban';

export interface KnockDecisions {
  readonly knocks: readonly (NamedKnock & { readonly roomId: RoomId; readonly userId: UserId })[];
  readonly decision: KnockDecision;
  readonly reason?: string | undefined;
}

const ACTS: Readonly<
  Record<KnockDecision, (deps: CommandDeps, actor: Actor, input: DecisionInput) => Promise<ActResult>>
> = { accept: acceptKnock, reject: rejectKnock, ban: banKnocker };

/** Acts of different knocks that are under way together: rooms take theirs in turn, and commit them together. */
const AT_ONCE = 16;
/** As long as the rate of decisions may hold a request up. Milliseconds. */
const PATIENCE_MS = 40_000;

/**
 * Decides the knocks as the actor, in about their order; for each the error that refused it, or null. Throws what is no
 * refusal.
 */
export async function decideKnocks(
  deps: CommandDeps,
  actor: Actor,
  { knocks, decision, reason }: KnockDecisions,
): Promise<readonly (MatrixError | null)[]> {
  const outcomes: (MatrixError | null)[] = [];
  const deadline = deps.now() + PATIENCE_MS;
  const next = knocks.entries();
  const work = async (): Promise<void> => {
    for (const [n, { opened, event, roomId, userId }] of next) {
      const input = { roomId, userId, reason, knock: { opened, event } };
      outcomes[n] = await patiently(deps, deadline, () => ACTS[decision](deps, actor, input));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, knocks.length) }, work));
  return outcomes;
}

/** Waits where a room has been decided about often enough for now. */
async function patiently(
  { now }: CommandDeps,
  deadline: number,
  act: () => Promise<unknown>,
): Promise<MatrixError | null> {
  for (;;) {
    try {
      await act();
      return null;
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      const wait = error.errcode === 'M_LIMIT_EXCEEDED' ? Number(error.extra['retry_after_ms']) : Number.NaN;
      if (!(now() + wait < deadline)) return error;
      await sleep(wait);
    }
  }
}
