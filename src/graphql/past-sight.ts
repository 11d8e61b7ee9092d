/** What the viewer sees of a room as it was: the moment that is asked for, and what access/ lets them see of it. */
import { seesRoomThen, visibleMembershipsThen } from '../access/past-access.ts';
import type { Viewpoint } from '../access/history-visibility.ts';
import { isOwn } from '../access/scopes.ts';
import { MatrixError } from '../matrix/errors.ts';
import { stringIn, type Membership } from '../matrix/pdu.ts';
import { viewerOf, type Context } from './context.ts';
import type { MemberModel } from './models.ts';
import { parsePosition } from './node-ids.ts';
import type { AsOf } from './schema.generated.ts';
import { sightOf } from './sight.ts';

export interface PastSight {
  readonly roomId: string;
  /** Room position of the moment: a point on line 0. */
  readonly at: number;
  /** The viewer sees the room as it was. */
  readonly seesRoom: boolean;
  /** The memberships of others that the viewer sees; null: all of them. */
  readonly memberships: readonly Membership[] | null;
}

/**
 * The moment, and what the viewer sees of it. Throws M_INVALID_PARAM for what is no moment of the past, and
 * UNKNOWN_BEFORE_JOIN when this server was not in the room then.
 */
export async function pastSight(context: Context, roomId: string, asOf: AsOf): Promise<PastSight> {
  const at = await roomPositionAt(context, roomId, asOf);
  const isKnown = at !== null && (await context.loaders.known.load({ roomId, at }));
  if (!isKnown) throw new MatrixError('UNKNOWN_BEFORE_JOIN');
  return sightAt(context, roomId, at);
}

/** As pastSight(), of a room position that was given out before. */
export async function sightAt(context: Context, roomId: string, at: number): Promise<PastSight> {
  const { loaders } = context;
  const { standing, levels } = await sightOf(context, roomId);
  const [visibility, own] = await Promise.all([
    loaders.pastState.load({ roomId, at, type: 'm.room.history_visibility', stateKey: '' }),
    loaders.pastMember.load({ roomId, at, userId: standing.userId }),
  ]);
  const then: Viewpoint = {
    visibility: visibility === null ? null : stringIn(visibility.content, 'history_visibility'),
    membership: own?.membership ?? 'none',
  };
  return {
    ...{ roomId, at, seesRoom: seesRoomThen(standing, levels, then) },
    memberships: visibleMembershipsThen(standing, levels, then),
  };
}

async function roomPositionAt(context: Context, roomId: string, { position, time }: AsOf): Promise<number | null> {
  const { loaders, commands } = context;
  if (typeof position === 'string') {
    const asked = parsePosition(position);
    if (asked === null) throw new MatrixError('M_INVALID_PARAM', 'This is no position of the log.');
    if (asked > (await loaders.head.load('head')))
      throw new MatrixError('M_INVALID_PARAM', 'The log is not there yet.');
    return loaders.roomPosition.load({ roomId, position: asked });
  }
  if (time === undefined) throw new MatrixError('M_INVALID_PARAM', 'Say as of when.');
  if (time.getTime() > commands.now()) throw new MatrixError('M_INVALID_PARAM', 'This time has not come yet.');
  // All that is not later.
  const behind = await loaders.positionAt.load({ table: 'verdicts', time: time.getTime() + 1 });
  return loaders.roomPosition.load({ roomId, position: behind - 1 });
}

/** A word of the room's state as it was; null when the viewer does not see it. */
export async function pastWord(
  context: Context,
  { roomId, at, seesRoom }: PastSight,
  type: string,
  key: string,
): Promise<string | null> {
  const event = seesRoom ? await context.loaders.pastState.load({ roomId, at, type, stateKey: '' }) : null;
  return event === null ? null : stringIn(event.content, key);
}

export async function pastMember(context: Context, sight: PastSight, userId: string): Promise<MemberModel | null> {
  const member = await context.loaders.pastMember.load({ roomId: sight.roomId, at: sight.at, userId });
  if (member === null || isOwn(viewerOf(context), userId)) return member;
  return sight.memberships?.includes(member.membership) === false ? null : member;
}
