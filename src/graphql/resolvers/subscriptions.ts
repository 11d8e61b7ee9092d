/** The roots of every subscription: where what is sent comes from. */
import { MatrixError } from '../../matrix/errors.ts';
import type { KnockRow } from '../../projections/knock-queries.ts';
import type { TransitionKind } from '../../log/transition.ts';
import type { Context, Live } from '../context.ts';
import { knockList, transitionList } from '../lists.ts';
import { parsePosition } from '../node-ids.ts';
import type { KnockFilter, SubscriptionResolvers, TransitionCause, TransitionFilter } from '../schema.generated.ts';
import { readNews, type News } from '../stream/read-news.ts';

/** Kinds that open, renew or end a knock, or may: whether they do is told by the episode. */
const OF_KNOCKS: readonly TransitionKind[] = [
  ...(['KNOCK_REQUESTED', 'KNOCK_RENEWED', 'KNOCK_ACCEPTED', 'KNOCK_REJECTED', 'KNOCK_RETRACTED'] as const),
  ...(['KNOCK_LAPSED', 'JOINED', 'BANNED', 'MEMBERSHIP_RECONCILED'] as const),
];

// What came with the state of a room that this server joined is no news, unless it is asked for.
const NEWSWORTHY: readonly TransitionCause[] = [
  ...(['SELF', 'MODERATOR', 'FEDERATION', 'RESOLUTION', 'CATCH_UP', 'PROBE'] as const),
];

interface NewsArgs<Filter> {
  readonly where?: Filter | null | undefined;
  readonly after?: string | null | undefined;
}

const NOTHING = { roomIds: [], userIds: [] };

interface KnockNews extends News {
  readonly knock: KnockRow;
}

async function transitionNews(
  context: Context,
  { where, after }: NewsArgs<TransitionFilter>,
): Promise<AsyncIterable<News>> {
  const live = liveOf(context);
  const wanted = { ...where, cause: where?.cause ?? NEWSWORTHY };
  const from = positionOf(live.after ?? after);
  // What is wrong with a filter is told at once, and not by the stream's first step.
  await transitionList(context, NOTHING, { where: wanted, first: 0 });
  return readNews(context.follower, live, { where: wanted, after: from });
}

async function knockNews(context: Context, { where, after }: NewsArgs<KnockFilter>): Promise<AsyncIterable<KnockNews>> {
  const live = liveOf(context);
  const from = positionOf(live.after ?? after);
  await knockList(context, NOTHING, { where, first: 0 });
  const { roomId, roomIds, userId } = where ?? {};
  return knocksOf(
    readNews(context.follower, live, { where: { roomId, roomIds, userId, kinds: OF_KNOCKS }, after: from }),
    where,
  );
}

async function* knocksOf(
  source: AsyncIterable<News>,
  where: NewsArgs<KnockFilter>['where'],
): AsyncGenerator<KnockNews, void> {
  for await (const news of source) {
    const knock = await knockOf(news, where);
    if (knock !== null) yield { ...news, knock };
  }
}

/** The knock that a transition belongs to, when it is like what is asked for. */
async function knockOf({ row, context }: News, where: NewsArgs<KnockFilter>['where']): Promise<KnockRow | null> {
  const { roomId, userId, position } = row;
  const knock = await context.loaders.knockDuring.load({ roomId, userId, position });
  if (knock === null) return null;
  const scope = { roomIds: [roomId], userIds: [userId], from: knock.opened, to: knock.opened };
  return (await knockList(context, scope, { where, first: 1 })).rows[0] ?? null;
}

function liveOf({ live }: Context): Live {
  if (live === null)
    throw new MatrixError('M_UNRECOGNIZED', 'Subscriptions are opened over a stream.', { status: 400 });
  return live;
}

/** Throws M_INVALID_PARAM. */
function positionOf(after: string | null | undefined): number | null {
  if (after === null || after === undefined) return null;
  const position = parsePosition(after);
  if (position === null) throw new MatrixError('M_INVALID_PARAM', 'after takes the position of a transition.');
  return position;
}

export const subscription: SubscriptionResolvers = {
  transitions: {
    subscribe: (_root, args, context) => transitionNews(context, args),
    resolve: ({ row }: News) => row,
  },
  knocks: {
    subscribe: (_root, args, context) => knockNews(context, args),
    resolve: ({ knock }: KnockNews) => knock,
  },
};
