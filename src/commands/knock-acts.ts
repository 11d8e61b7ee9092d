/** The frame of acts on knocks that send no event: who may see the knock is looked at first, and each act is on record. */
import { seesKnocks } from '../access/room-access.ts';
import { isOwn, standingIn } from '../access/scopes.ts';
import type { Db } from '../database/database.ts';
import type { ActionRecord } from '../log/append.ts';
import { readEvents } from '../log/read.ts';
import { MatrixError } from '../matrix/errors.ts';
import { powerLevels, type StateEvent } from '../matrix/room-state.ts';
import { roomVersion } from '../matrix/room-versions.ts';
import { knocksOpenedAt, type KnockRow } from '../projections/knock-queries.ts';
import { currentEvents, membersByKey, roomsById } from '../projections/room-queries.ts';
import { actionOf, recordingRefusal, type Actor, type CommandDeps } from './act.ts';
import { createKeyedTurns } from './keyed-turns.ts';
import type { Power } from './member-draft.ts';

export type KnockActDeps = Pick<CommandDeps, 'db' | 'recorder' | 'now' | 'limits'>;

/** What an act did: rows for the log of acts, made of what stands in all of them. None: there was nothing to change. */
export type Doing = readonly (Pick<ActionRecord, 'words'> & {
  /** Position of the event that the row names. */
  readonly event: number;
})[];

// One process writes, so what is read in a turn holds until its end.
const inTurn = createKeyedTurns();

/**
 * Runs an act on the knock that was opened at a position. Resolves after the commit. Throws M_NOT_FOUND for a knock that there
 * is not and for one that the actor does not see, M_LIMIT_EXCEEDED, and what `decide` throws.
 */
export async function actOnKnock(
  deps: KnockActDeps,
  actor: Actor,
  { operation, opened }: { readonly operation: string; readonly opened: number },
  decide: (knock: KnockRow, power: Power) => Promise<Doing>,
): Promise<void> {
  deps.limits?.consume(operation, actor.userId, null);
  const [knock] = await knocksOpenedAt(deps.db, [opened]);
  const power = knock === null || knock === undefined ? null : await storedPower(deps.db, actor, knock.roomId);
  const seen = power !== null && isSeen(power, knock!) ? knock! : null;
  // Of what they do not see, their own record tells them nothing either.
  const act = { operation, roomId: seen?.roomId ?? null, target: seen?.userId ?? null };
  await recordingRefusal(deps, actor, act, async () => {
    if (seen === null || power === null) throw new MatrixError('M_NOT_FOUND', 'There is no such knock.');
    await inTurn(String(opened), async () => {
      const done = await decide(seen, power);
      const actions =
        done.length === 0
          ? [actionOf(actor, act, 'unchanged', null)]
          : done.map(({ event, words }) => ({
              ...actionOf(actor, act, 'ok', { position: event }),
              ...(words === undefined ? {} : { words }),
            }));
      await deps.recorder.append({ roomId: null, head: null, judged: [], actions, erasures: [] });
    });
  });
}

function isSeen({ standing, levels }: Power, knock: KnockRow): boolean {
  return isOwn(standing, knock.userId) || seesKnocks(standing, levels);
}

/** What access/ judges the actor by, as it is stored: what is on its way to the log does not count yet. */
export async function storedPower(db: Db, actor: Actor, roomId: string): Promise<Power> {
  const types = ['m.room.power_levels', 'm.room.create'];
  const [[room], [member], positions] = await Promise.all([
    roomsById(db, [roomId]),
    membersByKey(db, [{ roomId, userId: actor.userId }]),
    currentEvents(
      db,
      types.map((type) => ({ roomId, type, stateKey: '' })),
    ),
  ]);
  const version = room ? roomVersion(room.version) : null;
  if (version === null) throw new MatrixError('M_NOT_FOUND', 'There is no such knock.');
  const keys = positions.flatMap((position) => (position === null ? [] : [{ roomId, position }]));
  const events = new Map<string, StateEvent>((await readEvents(db, keys)).map((event) => [event.type, event]));
  return {
    standing: standingIn(actor, roomId, member?.membership ?? 'none'),
    levels: powerLevels({ get: (type, key) => (key === '' ? events.get(type) : undefined) }, version),
  };
}
