/** What moderators share about knocks besides deciding them: who takes care, who looked, notes and tags. */
import { mayTriage } from '../access/room-access.ts';
import { triageOf, type Triage } from '../log/triage-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { KnockRow } from '../projections/knock-queries.ts';
import type { Actor } from './act.ts';
import { actOnKnock, type Doing, type KnockActDeps } from './knock-acts.ts';
import { alreadyDecided } from './pending-knock.ts';

/** Characters. */
const MAX_NOTE = 4_000;
const MAX_TAG = 64;
/** On one knock. */
const MAX_TAGS = 20;
const MAX_ACTS = 1_000;

type Decide = (knock: KnockRow, triage: Triage, actor: Actor) => Doing;

async function triage(
  deps: KnockActDeps,
  actor: Actor,
  operation: string,
  opened: number,
  decide: Decide,
): Promise<void> {
  await actOnKnock(deps, actor, { operation, opened }, async (knock, { standing, levels }) => {
    const permission = mayTriage(standing, levels);
    if (!permission.allowed) throw new MatrixError('M_FORBIDDEN', permission.why);
    const [before] = await triageOf(deps.db, [knock.firstEvent]);
    const doing = decide(knock, before!, actor);
    if (doing.length > 0 && before!.acts >= MAX_ACTS) {
      throw new MatrixError('M_FORBIDDEN', `A knock takes no more than ${MAX_ACTS} of these acts.`);
    }
    return doing;
  });
}

/**
 * Tells the others that the actor takes care of a pending knock. Throws KNOCK_ALREADY_CLAIMED (extra: claimed_by, claimed_at)
 * when somebody else does and it is not to be taken over, KNOCK_ALREADY_DECIDED, M_FORBIDDEN, M_NOT_FOUND.
 */
export function claimKnock(deps: KnockActDeps, actor: Actor, opened: number, takeOver: boolean): Promise<void> {
  return triage(deps, actor, 'claimKnock', opened, (knock, { claim }) => {
    if (claim?.userId === actor.userId) return [];
    if (knock.status !== 'PENDING') throw alreadyDecided(knock);
    if (claim !== null && !takeOver) {
      const extra = { knock: String(opened), claimedBy: claim.userId, claimedAt: claim.at.toISOString() };
      throw new MatrixError('KNOCK_ALREADY_CLAIMED', `${claim.userId} has claimed the knock.`, extra);
    }
    return [{ event: knock.firstEvent }];
  });
}

/** Gives up a claim, whosever it is: who claimed it may be away. */
export function releaseKnock(deps: KnockActDeps, actor: Actor, opened: number): Promise<void> {
  return triage(deps, actor, 'releaseKnock', opened, (knock, { claim }) =>
    claim === null ? [] : [{ event: knock.firstEvent }],
  );
}

/** Tells the others that the actor has looked at a knock. */
export function markKnockSeen(deps: KnockActDeps, actor: Actor, opened: number): Promise<void> {
  return triage(deps, actor, 'markKnockSeen', opened, (knock, { seen }) =>
    seen.some(({ userId }) => userId === actor.userId) ? [] : [{ event: knock.firstEvent }],
  );
}

/** Leaves a note for the others. Throws M_INVALID_PARAM for an empty or too long one. */
export function noteKnock(deps: KnockActDeps, actor: Actor, opened: number, text: string): Promise<void> {
  return triage(deps, actor, 'noteKnock', opened, (knock) => {
    const note = text.trim().toWellFormed();
    if (note === '' || note.length > MAX_NOTE) {
      throw new MatrixError('M_INVALID_PARAM', `A note has 1 to ${MAX_NOTE} characters.`);
    }
    return [{ event: knock.firstEvent, words: { subject: knock.userId, text: note } }];
  });
}

/** Puts a tag on a knock. Throws M_INVALID_PARAM for an empty or too long one, and for one too many. */
export function tagKnock(deps: KnockActDeps, actor: Actor, opened: number, text: string): Promise<void> {
  return triage(deps, actor, 'tagKnock', opened, (knock, { tags }) => {
    const tag = tagOf(text);
    if (tags.has(tag)) return [];
    if (tags.size >= MAX_TAGS) throw new MatrixError('M_INVALID_PARAM', `A knock has at most ${MAX_TAGS} tags.`);
    return [{ event: knock.firstEvent, words: { subject: knock.userId, text: tag } }];
  });
}

/** Takes a tag off a knock. Throws M_INVALID_PARAM for what can be no tag. */
export function untagKnock(deps: KnockActDeps, actor: Actor, opened: number, text: string): Promise<void> {
  return triage(deps, actor, 'untagKnock', opened, (knock, { tags }) => {
    const putOn = tags.get(tagOf(text));
    // By the act that put it on: the tag's words are somebody else's, who may want them erased.
    return putOn === undefined
      ? []
      : [{ event: knock.firstEvent, words: { subject: knock.userId, text: String(putOn) } }];
  });
}

/** A tag as it is kept and compared. Throws M_INVALID_PARAM. */
export function tagOf(text: string): string {
  const tag = text.normalize('NFC').trim().toWellFormed();
  if (tag === '' || tag.length > MAX_TAG || /\p{Cc}/u.test(tag)) {
    throw new MatrixError('M_INVALID_PARAM', `A tag has 1 to ${MAX_TAG} characters, on one line.`);
  }
  return tag;
}
