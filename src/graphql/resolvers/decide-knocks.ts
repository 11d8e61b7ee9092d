/** Resolvers of decideKnocks: which knocks, what would become of them, and what did. */
import { createHash } from 'node:crypto';
import { mayAcceptKnock, mayBanKnockers, mayBanKnocker, mayRejectKnock } from '../../access/room-access.ts';
import { decideKnocks as decide, type KnockDecision } from '../../commands/decide-knocks.ts';
import { alreadyDecided } from '../../commands/pending-knock.ts';
import { keepIntent, requestKey } from '../../log/keyed-answers.ts';
import { canonicalJson } from '../../matrix/canonical-json.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { RoomId, UserId } from '../../matrix/identifiers.ts';
import { isJsonArray, jsonObject, type JsonValue } from '../../matrix/json.ts';
import type { KnockRow } from '../../projections/knock-queries.ts';
import { viewerOf, type Context } from '../context.ts';
import { MAX_DECISIONS } from '../limits.ts';
import { knockList } from '../lists.ts';
import type { DecidedKnock } from '../models.ts';
import { given, wordOf } from '../names.ts';
import { parseNodeId } from '../node-ids.ts';
import { MAX_PAGE } from '../paging.ts';
import type { DecideKnocksInput, KnockDecisionResultResolvers, MutationResolvers } from '../schema.generated.ts';
import { keptDoors, sightOf, visible } from '../sight.ts';
import { readInput } from './read-input.ts';

const OPERATION = 'decideKnocks';
const MAX_KEY_BYTES = 255;

interface Wish {
  /** By the positions that opened them; null: the filter names them. */
  readonly opened: readonly number[] | null;
  readonly decision: KnockDecision;
  readonly key: string | null;
}

/** Throws M_INVALID_PARAM. */
function wishOf({ knockIds, where, decision, idempotencyKey }: DecideKnocksInput): Wish {
  const byId = knockIds ?? null;
  if ((byId === null) === ((where ?? null) === null))
    throw wrong('Name the knocks by ids or by a filter: one of the two.');
  if ((byId?.length ?? 0) > MAX_DECISIONS) throw wrong(`At most ${MAX_DECISIONS} knocks are decided at once.`);
  if ((where?.status ?? []).some((status) => status !== 'PENDING')) throw wrong('Only pending knocks are decided.');
  const key = given(idempotencyKey) ?? null;
  if (key !== null && (key === '' || Buffer.byteLength(key) > MAX_KEY_BYTES)) {
    throw wrong(`idempotencyKey has 1 to ${MAX_KEY_BYTES} bytes.`);
  }
  const opened = byId?.map((id) => {
    const node = parseNodeId(id);
    if (node.type !== 'Knock') throw wrong('This is not the id of a knock.');
    return node.opened;
  });
  return { opened: opened === undefined ? null : [...new Set(opened)], decision: wordOf(decision), key };
}

function wrong(problem: string): MatrixError {
  return new MatrixError('M_INVALID_PARAM', problem);
}

interface Chosen {
  readonly opened: readonly number[];
  readonly hasMore: boolean;
}

/** The pending knocks like the filter, oldest first, in rooms whose door the viewer keeps by power: no other can be decided. */
async function chosenBy(context: Context, where: DecideKnocksInput['where']): Promise<Chosen> {
  const opened: number[] = [];
  const scope = { roomIds: await keptDoors(context, null), userIds: null };
  for (let after: string | null = null; ;) {
    const args = {
      where: { ...where, status: ['PENDING' as const] },
      orderBy: { field: 'KNOCKED_AT', direction: 'ASC' },
    } as const;
    const page = await knockList(context, scope, { ...args, first: MAX_PAGE, after });
    opened.push(...page.rows.map((row) => row.opened));
    if (opened.length > MAX_DECISIONS) return { opened: opened.slice(0, MAX_DECISIONS), hasMore: true };
    if (!page.hasNextPage) return { opened, hasMore: false };
    after = page.cursorOf(page.rows.at(-1)!);
  }
}

/** What was kept under the key, or is from now on. Throws M_INVALID_PARAM for a key of another request. */
async function keptChoice(
  context: Context,
  input: DecideKnocksInput,
  { key, decision }: Wish,
  choose: () => Promise<Chosen>,
): Promise<Chosen & { readonly again: boolean }> {
  if (key === null || input.dryRun) return { ...(await choose()), again: false };
  const { userId: actor, token, grant } = viewerOf(context);
  const asked = createHash('sha256')
    .update(canonicalJson(plain([decision, input.knockIds, input.where, given(input.reason)])))
    .digest('base64url');
  // Persons sign in anew; programs have keys of their own, so that none learns what another one of the same user asked for.
  const owned = JSON.stringify([grant === null ? null : token, key]);
  const choice = await choose();
  const { intent, isNew } = await keepIntent(
    context.db,
    { actor, key: requestKey([OPERATION, owned]), operation: OPERATION, at: context.commands.now() },
    jsonObject({ asked, opened: choice.opened, has_more: choice.hasMore }),
  );
  if (intent['asked'] !== asked) throw wrong('This idempotency key belongs to another request.');
  const { opened } = intent;
  const kept = isJsonArray(opened) ? opened.map(Number) : [];
  return { opened: kept, hasMore: intent['has_more'] === true, again: !isNew };
}

/** Without what is undefined, and dates as they are written. */
function plain(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}

async function refusalOf(context: Context, decision: KnockDecision, knock: KnockRow): Promise<MatrixError | null> {
  const { standing, levels } = await sightOf(context, knock.roomId);
  const knocker = { userId: knock.userId, membership: knock.status === 'PENDING' ? 'knock' : 'leave' } as const;
  if (knock.status !== 'PENDING') return alreadyDecided(knock);
  const may = {
    accept: () => mayAcceptKnock(standing, levels, knocker),
    reject: () => mayRejectKnock(standing, levels, knocker),
    ban: () => {
      const general = mayBanKnockers(standing, levels);
      return general.allowed ? mayBanKnocker(standing, levels, knocker) : general;
    },
  }[decision]();
  return may.allowed ? null : new MatrixError('M_FORBIDDEN', may.why);
}

const STATUS = { accept: 'ACCEPTED', reject: 'REJECTED', ban: 'BANNED' } as const;

function resultOf(opened: number | null, error: MatrixError | null): DecidedKnock {
  return { opened, ok: error === null, errorCode: error?.errcode ?? null, message: error?.message ?? null };
}

export const decideKnocks: NonNullable<MutationResolvers['decideKnocks']> = async (_root, { input }, context) => {
  const actor = viewerOf(context);
  const wish = await readInput(context, OPERATION, () => wishOf(input));
  const choose = async (): Promise<Chosen> =>
    wish.opened === null ? chosenBy(context, input.where) : { opened: wish.opened, hasMore: false };
  const { opened, hasMore, again } = await readChoice(context, () => keptChoice(context, input, wish, choose));
  const knocks = await Promise.all(opened.map(async (at) => visible(context, await context.loaders.knock.load(at))));
  const isDoneAs = ({ status, decidedBy }: KnockRow): boolean =>
    status === STATUS[wish.decision] && decidedBy === actor.userId;
  const outcomes = await Promise.all(
    knocks.map(async (knock): Promise<DecidedKnock | KnockRow> => {
      if (knock === null) return resultOf(null, new MatrixError('M_NOT_FOUND', 'There is no such knock.'));
      if (again && isDoneAs(knock)) return resultOf(knock.opened, null);
      const refusal = await refusalOf(context, wish.decision, knock);
      // One that was decided is not asked for again: its user may have knocked anew since.
      return input.dryRun || refusal?.errcode === 'KNOCK_ALREADY_DECIDED' ? resultOf(knock.opened, refusal) : knock;
    }),
  );
  const open = outcomes.filter((outcome): outcome is KnockRow => 'status' in outcome);
  const errors = await decide(context.commands, actor, {
    knocks: open.map(({ opened, event, roomId, userId }) => {
      return { opened, event, roomId: roomId as RoomId, userId: userId as UserId };
    }),
    decision: wish.decision,
    reason: given(input.reason),
  });
  context.loaders.forget();
  const decided = new Map(
    await Promise.all(
      open.map(async ({ opened }, n): Promise<[number, DecidedKnock]> => {
        const error = errors[n] ?? null;
        const isLate = wish.key !== null && error?.errcode === 'KNOCK_ALREADY_DECIDED';
        // The same request, under way at the same time, may have come first.
        const knock = isLate ? await context.loaders.knock.load(opened) : null;
        return [opened, resultOf(opened, knock !== null && isDoneAs(knock) ? null : error)];
      }),
    ),
  );
  return {
    results: outcomes.map((outcome) => ('status' in outcome ? decided.get(outcome.opened)! : outcome)),
    hasMore,
  };
};

// What is wrong with a filter is a refusal like what is wrong with the rest of the input.
function readChoice<T>(context: Context, read: () => Promise<T>): Promise<T> {
  return readInput(context, OPERATION, read);
}

export const knockDecisionResult: KnockDecisionResultResolvers = {
  knock: async ({ opened }, _args, context) =>
    opened === null ? null : visible(context, await context.loaders.knock.load(opened)),
};
