/** What moderators share about knocks: the acts, and what is shown of them. */
import { mayTriage, seesKnocks, type Permission } from '../../access/room-access.ts';
import { revealEvent as revealWords } from '../../commands/reveal-event.ts';
import { revealReason as reveal } from '../../commands/reveal-reason.ts';
import * as commands from '../../commands/triage-knock.ts';
import type { Actor } from '../../commands/act.ts';
import { foldTriage, type Triage } from '../../log/triage-queries.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { KnockRow } from '../../projections/knock-queries.ts';
import { viewerOf, type Context } from '../context.ts';
import type { EventPlace, KnockChange, VisibleEvent } from '../models.ts';
import { nodeId, parseNodeId } from '../node-ids.ts';
import { CURSORS, pageOf } from '../paging.ts';
import { seesWords } from '../quarantine.ts';
import type { MutationResolvers, ResolversTypes } from '../schema.generated.ts';
import { sightOf, visible, visibleEvent } from '../sight.ts';
import { readInput } from './read-input.ts';

interface Input {
  readonly knockId: string;
}

type Act<I> = (deps: Context['commands'], actor: Actor, opened: number, input: I) => Promise<void>;

function onKnock<I extends Input>(operation: string, act: Act<I>) {
  return async (_root: unknown, { input }: { readonly input: I }, context: Context): Promise<KnockChange> => {
    const opened = await readInput(context, operation, () => openedOf(input.knockId));
    await act(context.commands, viewerOf(context), opened, input).catch((error: unknown) => {
      throw withId(error);
    });
    context.loaders.forget();
    return { opened };
  };
}

function openedOf(id: string): number {
  const key = parseNodeId(id);
  if (key.type !== 'Knock') throw new MatrixError('M_INVALID_PARAM', 'This is not the id of a knock.');
  return key.opened;
}

// The knock is told by its id here; commands know its position.
function withId(error: unknown): unknown {
  if (!(error instanceof MatrixError) || error.extra['knock'] === undefined) return error;
  const { knock, outcome, decided_by: decidedBy, ...rest } = error.extra;
  const decided = outcome === undefined ? {} : { status: outcome, decidedBy: decidedBy ?? null };
  return new MatrixError(error.errcode, error.message, { knock: nodeId('Knock', Number(knock)), ...decided, ...rest });
}

async function revealEvent(
  _root: unknown,
  { input }: { readonly input: { readonly eventId: string } },
  context: Context,
): Promise<EventPlace> {
  const place = await readInput(context, 'revealReason', () => {
    const key = parseNodeId(input.eventId);
    if (key.type !== 'Event') throw new MatrixError('M_INVALID_PARAM', 'This is not the id of an event.');
    return key;
  });
  await revealWords(context.commands, viewerOf(context), place);
  context.loaders.forget();
  return place;
}

export const triageActs = {
  revealEvent,
  revealReason: onKnock('revealReason', reveal),
  claimKnock: onKnock<Input & { takeOver?: boolean | null | undefined }>('claimKnock', (deps, actor, opened, input) =>
    commands.claimKnock(deps, actor, opened, input.takeOver === true),
  ),
  releaseKnock: onKnock('releaseKnock', commands.releaseKnock),
  markKnockSeen: onKnock('markKnockSeen', commands.markKnockSeen),
  noteKnock: onKnock<Input & { text: string }>('noteKnock', (deps, actor, opened, { text }) =>
    commands.noteKnock(deps, actor, opened, text),
  ),
  tagKnock: onKnock<Input & { tag: string }>('tagKnock', (deps, actor, opened, { tag }) =>
    commands.tagKnock(deps, actor, opened, tag),
  ),
  untagKnock: onKnock<Input & { tag: string }>('untagKnock', (deps, actor, opened, { tag }) =>
    commands.untagKnock(deps, actor, opened, tag),
  ),
} satisfies MutationResolvers;

const payload = {
  knock: async ({ opened }: KnockChange, _args: object, context: Context): Promise<KnockRow> => {
    const knock = await visible(context, await context.loaders.knock.load(opened));
    if (knock === null) throw new MatrixError('M_NOT_FOUND', 'There is no such knock.');
    return knock;
  },
};

export const triagePayloads = {
  RevealReasonPayload: payload,
  RevealEventPayload: {
    event: async (place: EventPlace, _args: object, context: Context): Promise<VisibleEvent> => {
      const event = await visibleEvent(context, place);
      if (event === null) throw new MatrixError('M_NOT_FOUND', 'There is no such event.');
      return event;
    },
  },
  ClaimKnockPayload: payload,
  ReleaseKnockPayload: payload,
  MarkKnockSeenPayload: payload,
  NoteKnockPayload: payload,
  TagKnockPayload: payload,
  UntagKnockPayload: payload,
};

const NOTHING = foldTriage([]);

/** What moderators share of a knock; nothing for its knocker. */
async function triageOf(knock: KnockRow, context: Context): Promise<Triage> {
  const { standing, levels } = await sightOf(context, knock.roomId);
  return seesKnocks(standing, levels) ? context.loaders.triage.load(knock.firstEvent) : NOTHING;
}

async function permission({ roomId }: KnockRow, context: Context): Promise<Permission> {
  const { standing, levels } = await sightOf(context, roomId);
  return mayTriage(standing, levels);
}

type Field<T, Args> = (knock: KnockRow, args: Args, context: Context) => Promise<T>;
type Sighting = Awaited<ResolversTypes['KnockSighting']>;
type Note = Awaited<ResolversTypes['KnockNote']>;

const asUser = <Row extends { readonly userId: string }>({ userId, ...row }: Row) => ({ ...row, user: { userId } });

export const triageFields = {
  claimedBy: async (knock: KnockRow, _args: object, context: Context) => {
    const { claim } = await triageOf(knock, context);
    return claim === null ? null : { userId: claim.userId };
  },
  claimedAt: async (knock: KnockRow, _args: object, context: Context) =>
    (await triageOf(knock, context)).claim?.at ?? null,
  seenBy: (async (knock, { first }, context) => {
    const size = pageOf({ first }, CURSORS.knock).limit;
    return (await triageOf(knock, context)).seen.slice(0, size).map(asUser);
  }) as Field<Sighting[], { readonly first?: number | null | undefined }>,
  seenByViewer: async (knock: KnockRow, _args: object, context: Context) => {
    const { userId } = viewerOf(context);
    return (await triageOf(knock, context)).seen.some((sighting) => sighting.userId === userId);
  },
  // Moderators' own words, for who is shown words at all.
  notes: (async (knock, { last }, context) => {
    const size = pageOf({ last }, CURSORS.knock).limit;
    if (size === 0 || !seesWords(context, knock.roomId)) return [];
    return (await triageOf(knock, context)).notes.slice(-size).map(asUser);
  }) as Field<Note[], { readonly last?: number | null | undefined }>,
  tags: async (knock: KnockRow, _args: object, context: Context) =>
    seesWords(context, knock.roomId) ? [...(await triageOf(knock, context)).tags.keys()] : [],
  viewerCanTriage: async (knock: KnockRow, _args: object, context: Context) =>
    (await permission(knock, context)).allowed,
};
