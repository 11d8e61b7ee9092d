/** Resolvers of how doors are kept and how the server stands. */
import { lastVerifyRun } from '../../commands/verify/verify-runs.ts';
import { lastSeal, logReaders } from '../../log/log-health.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { KnockStatus } from '../../projections/knock-outcome.ts';
import type { DoorSpan, Outcomes } from '../../projections/door-health.ts';
import type { Context } from '../context.ts';
import { checkAdmin, destinationList } from '../delivery-lists.ts';
import type { RoomCounts } from '../models.ts';
import { MAX_PAGE } from '../paging.ts';
import type {
  KnockOutcomesResolvers,
  QueryResolvers,
  RoomStatsResolvers,
  SealResolvers,
  ServerResolvers,
  VerifyRunResolvers,
  LogReaderResolvers,
} from '../schema.generated.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MOST_DAYS = 366;
const DEFAULT_SERVERS = 20;

/** Knocks that ended since then; for the last thirty days unless it says otherwise. */
async function spanOf({ roomId }: RoomCounts, since: Date | null | undefined, context: Context): Promise<DoorSpan> {
  const now = context.commands.now();
  // In whole minutes, so that fields of one request ask for the same.
  const start = since?.getTime() ?? Math.floor((now - DEFAULT_DAYS * DAY_MS) / 60_000) * 60_000;
  if (start < now - MOST_DAYS * DAY_MS) {
    throw new MatrixError('M_INVALID_PARAM', `since reaches back at most ${MOST_DAYS} days.`);
  }
  return { roomId, from: await context.loaders.positionAt.load({ table: 'transitions', time: start }) };
}

export const doorStats: Pick<
  RoomStatsResolvers,
  'timeToDecision' | 'oldestPendingKnock' | 'outcomesByDay' | 'outcomesByServer'
> = {
  timeToDecision: async (counts, { since }, context) =>
    context.loaders.decisionTimes.load(await spanOf(counts, since, context)),
  // Whoever is told the room's counts keeps its door.
  oldestPendingKnock: async ({ roomId }, _args, { loaders }) => {
    const opened = await loaders.oldestPending.load(roomId);
    return opened === null ? null : loaders.knock.load(opened);
  },
  outcomesByDay: async (counts, { since }, context) =>
    context.loaders.outcomesByDay.load(await spanOf(counts, since, context)),
  outcomesByServer: async (counts, { since, first }, context) => {
    const limit = first ?? DEFAULT_SERVERS;
    if (limit < 0 || limit > MAX_PAGE) {
      throw new MatrixError('M_INVALID_PARAM', `first must be between 0 and ${MAX_PAGE}; it is ${limit}.`);
    }
    const { roomId, from } = await spanOf(counts, since, context);
    return context.loaders.outcomesByServer.load({ roomId, from, limit });
  },
};

const countOf =
  (status: KnockStatus) =>
  ({ counts }: Outcomes) =>
    counts[status] ?? 0;

export const knockOutcomes: KnockOutcomesResolvers = {
  accepted: countOf('ACCEPTED'),
  rejected: countOf('REJECTED'),
  banned: countOf('BANNED'),
  retracted: countOf('RETRACTED'),
  superseded: countOf('SUPERSEDED'),
  voided: countOf('VOIDED'),
  lapsed: countOf('LAPSED'),
};

/** Throws M_FORBIDDEN unless an admin asks. */
export const serverQuery: NonNullable<QueryResolvers['server']> = (_root, _args, context) => {
  checkAdmin(context);
  return { name: context.commands.identity.serverName };
};

export const server: ServerResolvers = {
  position: async (_server, _args, { loaders }) => String(await loaders.head.load('head')),
  unreachable: (_server, args, context) => destinationList(context, { ...args, where: { failing: true } }),
  readers: (_server, _args, { db }) => logReaders(db),
  lastSeal: (_server, _args, { db }) => lastSeal(db),
  lastVerify: (_server, _args, { db }) => lastVerifyRun(db),
};

export const seal: SealResolvers = { position: ({ uptoPosition }) => String(uptoPosition) };

export const logReader: LogReaderResolvers = { position: ({ position }) => String(position) };

export const verifyRun: VerifyRunResolvers = {
  position: ({ position }) => String(position),
  isClean: ({ findings }) => findings === 0,
};
