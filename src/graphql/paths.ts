/** People's ways through rooms, and who is something else at one moment than at another. */
import { isOwn } from '../access/scopes.ts';
import { pageMembershipDiff } from '../log/membership-diff.ts';
import { ANY_TRANSITION, type TransitionCondition } from '../log/transition-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import { viewerOf, type Context } from './context.ts';
import type { DiffPage, PathPage } from './models.ts';
import { CURSORS, listPage, pageOf, type PageArgs } from './paging.ts';
import { pastSight } from './past-sight.ts';
import type { AsOf } from './schema.generated.ts';
import { keepsDoor, visibleArms, visibleRoom, type ArmScope } from './sight.ts';

// What was said again is no step.
const MOVES: TransitionCondition = { ...ANY_TRANSITION, moves: true };

/** The memberships that the scope's users came to have, oldest first, as far as the viewer sees them. */
export async function pathList(context: Context, scope: ArmScope, args: PageArgs): Promise<PathPage> {
  const page = pageOf(args, CURSORS.path);
  const arms = await visibleArms(context, scope);
  const read = await context.loaders.transitions.load({ arms, condition: MOVES, page });
  return listPage(read, CURSORS.path, (transition) => transition.position);
}

export interface DiffArgs extends PageArgs {
  readonly from: AsOf;
  readonly to?: AsOf | null | undefined;
}

/** Null: the viewer does not see the room. Without `to` up to now. Throws as pastSight(), and for moments in the wrong order. */
export async function membershipDiff(context: Context, roomId: string, args: DiffArgs): Promise<DiffPage | null> {
  const page = pageOf(args, CURSORS.diff);
  if ((await visibleRoom(context, roomId)) === null) return null;
  const until: AsOf = args.to ?? { position: String(await context.loaders.head.load('head')) };
  const [from, to] = await Promise.all([pastSight(context, roomId, args.from), pastSight(context, roomId, until)]);
  if (from.at > to.at) throw new MatrixError('M_INVALID_PARAM', 'The first moment is later than the second.');
  const viewer = viewerOf(context);
  const seesAll = await keepsDoor(context, roomId);
  const isSeen = seesAll || isOwn(viewer, viewer.userId);
  const span = { roomId, from: from.at, to: to.at, userId: seesAll ? null : viewer.userId };
  const nothing = { rows: [], hasNextPage: false, hasPreviousPage: false };
  const read = isSeen ? await pageMembershipDiff(context.db, span, page) : nothing;
  return listPage(read, CURSORS.diff, (diff) => diff.position);
}
