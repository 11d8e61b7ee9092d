/** Making an alias of this server for a room, and taking one away. */
import { maySetState } from '../access/room-access.ts';
import { aliasesOfRoom, aliasNamed, deleteAlias, insertAlias } from '../directory/aliases.ts';
import { MatrixError } from '../matrix/errors.ts';
import { parseRoomAlias, serverOf, type RoomAlias, type RoomId, type ServerName } from '../matrix/identifiers.ts';
import { isJsonArray, jsonObject, type JsonObject } from '../matrix/json.ts';
import { isRejection } from '../matrix/rejection.ts';
import { actionOf, notInRoom, recordingRefusal, type Actor, type CommandDeps } from './act.ts';
import { inTurnOfAlias } from './alias-turns.ts';
import { chainOnRoom } from './event-chain.ts';
import { powerOf, standingOf } from './member-draft.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

/** Aliases of one room: whoever lists them lists them all. */
export const MAX_ALIASES = 100;

const BLANK = /[\s\p{C}]/u;

/**
 * An alias of this server that may be made: not empty, without blanks. Throws M_INVALID_PARAM for any other, and for those
 * of other servers.
 */
export function newAlias(text: string, self: ServerName): RoomAlias {
  const alias = localAlias(text, self);
  if (alias.startsWith('#:') || BLANK.test(alias)) {
    throw new MatrixError('M_INVALID_PARAM', 'An alias has a name without blanks.');
  }
  return alias;
}

/** Throws M_INVALID_PARAM for what is no alias of this server. */
export function localAlias(text: string, self: ServerName): RoomAlias {
  const alias = parseRoomAlias(text);
  if (alias === null) throw new MatrixError('M_INVALID_PARAM', 'This is no room alias.');
  if (serverOf(alias) !== self) throw new MatrixError('M_INVALID_PARAM', `The alias must end in :${self}.`);
  return alias;
}

/**
 * Lets an alias lead to a room that the actor is in (client-server API, setRoomAlias). Throws M_INVALID_PARAM for an alias
 * that cannot be made here, M_NOT_FOUND for an unknown room, M_FORBIDDEN for those outside and for one alias too many,
 * M_UNKNOWN (409) when the alias exists.
 */
export async function setRoomAlias(
  deps: CommandDeps,
  actor: Actor,
  input: { readonly alias: string; readonly roomId: RoomId },
): Promise<void> {
  const { roomId } = input;
  const act = { operation: 'setRoomAlias', roomId, target: parseRoomAlias(input.alias) };
  deps.limits?.consume(act.operation, actor.userId, roomId);
  await recordingRefusal(deps, actor, act, async () => {
    const alias = newAlias(input.alias, deps.identity.serverName);
    await inTurnOfAlias(alias, () =>
      deps.lanes.run(roomId, async (room) => {
        if (room === null) throw unknownRoom();
        if ((await standingOf(room, actor.userId)).membership !== 'join') throw notInRoom();
        if ((await aliasNamed(deps.db, alias)) !== null) {
          throw new MatrixError('M_UNKNOWN', `${alias} exists already.`, { status: 409 });
        }
        await room.appended();
        if ((await aliasesOfRoom(deps.db, roomId, MAX_ALIASES)).length === MAX_ALIASES) {
          throw new MatrixError('M_FORBIDDEN', `A room has at most ${MAX_ALIASES} aliases.`);
        }
        return {
          judged: [],
          actions: [actionOf(actor, act, 'ok', null)],
          within: (tx) => insertAlias(tx, { alias, roomId, creator: actor.userId }, deps.now()),
          answer: undefined,
        };
      }),
    );
  });
}

/**
 * Takes an alias away (client-server API, deleteRoomAlias): whoever made it may, admins of this server, and members who may
 * set the room's canonical alias. Where the actor may, the room's canonical alias event loses it too. Throws M_NOT_FOUND for
 * an unknown alias, M_FORBIDDEN, M_INVALID_PARAM as localAlias().
 */
export async function deleteRoomAlias(
  deps: CommandDeps,
  actor: Actor,
  input: { readonly alias: string },
): Promise<void> {
  const act = { operation: 'deleteRoomAlias', roomId: null, target: parseRoomAlias(input.alias) };
  deps.limits?.consume(act.operation, actor.userId, null);
  await recordingRefusal(deps, actor, act, async () => {
    const alias = localAlias(input.alias, deps.identity.serverName);
    await inTurnOfAlias(alias, () => deleteInTurn(deps, actor, alias));
  });
}

async function deleteInTurn(deps: CommandDeps, actor: Actor, alias: RoomAlias): Promise<void> {
  const { roomId } = await known(deps, alias);
  const act = { operation: 'deleteRoomAlias', roomId, target: alias };
  await deps.lanes.run(roomId, async (room) => {
    // An upgrade that was under way may have moved it to the room's successor.
    await room?.appended();
    const { creator, roomId: now } = await known(deps, alias);
    if (now !== roomId) throw new MatrixError('M_NOT_FOUND', 'The alias has just been moved to another room.');
    const power = room === null ? null : await powerOf(room, actor);
    const mayName = power !== null && maySetState(power.standing, power.levels, CANONICAL).allowed;
    if (creator !== actor.userId && !actor.admin && !mayName) {
      throw new MatrixError('M_FORBIDDEN', 'Whoever made an alias takes it away, or a moderator of its room.');
    }
    const judged = room !== null && mayName ? await forgetAlias(deps, actor, room, alias) : [];
    return {
      judged,
      actions: [actionOf(actor, act, 'ok', judged[0]?.slot ?? null)],
      within: (tx) => deleteAlias(tx, alias),
      answer: undefined,
    };
  });
}

const CANONICAL = 'm.room.canonical_alias';

// The alias is gone even where the rules would not let its room say so.
async function forgetAlias(deps: CommandDeps, actor: Actor, room: LaneRoom, alias: RoomAlias) {
  const chain = chainOnRoom(deps, actor, room);
  const before = (await room.state([[CANONICAL, '']])).get(CANONICAL, '')?.pdu.content;
  const content = before === undefined ? null : withoutAliases(before, [alias]);
  if (content === null) return [];
  const sent = await chain.send({ type: CANONICAL, stateKey: '', sender: actor.userId, content });
  return isRejection(sent) ? [] : chain.judged;
}

/** The content of a canonical alias event without these aliases; null when it names none of them. */
export function withoutAliases(content: JsonObject, aliases: readonly string[]): JsonObject | null {
  const { alias, alt_aliases: others, ...rest } = content;
  const gone = (value: unknown): boolean => aliases.some((name) => name === value);
  const listed = isJsonArray(others) ? others : [];
  const kept = listed.filter((name) => !gone(name));
  if (!gone(alias) && kept.length === listed.length) return null;
  return jsonObject({
    ...rest,
    ...(alias === undefined || gone(alias) ? {} : { alias }),
    ...(kept.length === 0 ? {} : { alt_aliases: kept }),
  });
}

async function known(deps: CommandDeps, alias: RoomAlias) {
  const found = await aliasNamed(deps.db, alias);
  if (found === null) throw new MatrixError('M_NOT_FOUND', 'There is no such alias.');
  return found;
}

function unknownRoom(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
}
