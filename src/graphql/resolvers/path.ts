/** Resolvers of PathStep and MembershipDiff: what somebody was to a room for a while, or at two moments. */
import { MatrixError } from '../../matrix/errors.ts';
import type { TransitionRow } from '../../log/transition-queries.ts';
import type { Context } from '../context.ts';
import { enumName } from '../names.ts';
import type { MembershipDiffResolvers, PathStepResolvers } from '../schema.generated.ts';
import { roomOf } from '../sight.ts';

async function endOf(step: TransitionRow, { loaders }: Context): Promise<TransitionRow | null> {
  const { roomId, userId, position } = step;
  const next = await loaders.nextMove.load({ roomId, userId, position });
  return next === null ? null : loaders.transition.load(next);
}

// Whoever sees a step sees the user's others in the room.
export const pathStep: PathStepResolvers = {
  room: ({ roomId }, _args, context) => roomOf(context, roomId),
  user: ({ userId }) => ({ userId }),
  membership: ({ to }) => enumName(to),
  since: ({ recordedAt }) => recordedAt,
  until: async (step, _args, context) => (await endOf(step, context))?.recordedAt ?? null,
  seconds: async (step, _args, context) => {
    const end = await endOf(step, context);
    return end === null ? null : (end.recordedAt.getTime() - step.recordedAt.getTime()) / 1000;
  },
  began: (step) => step,
  ended: (step, _args, context) => endOf(step, context),
};

export const membershipDiff: MembershipDiffResolvers = {
  user: ({ userId }) => ({ userId }),
  from: ({ from }) => enumName(from),
  to: ({ to }) => enumName(to),
  transition: async ({ position }, _args, { loaders }) => {
    const transition = await loaders.transition.load(position);
    if (transition === null) throw new MatrixError('M_NOT_FOUND', 'The transition is gone.');
    return transition;
  },
};
