/** Takes a room over from a server that is in it: its state as a fact, in small parts, and then our user's join. */
import { stateKeyText } from '../../matrix/auth-events.ts';
import type { Db } from '../../database/database.ts';
import { serverOf, type RoomId, type ServerName, type UserId } from '../../matrix/identifiers.ts';
import { currentState } from '../../projections/room-state.ts';
import { checkToldRoom, type CheckedRoom, type ImportDeps, type ToldRoom } from './import-check.ts';
import { importTurn, type Difference } from './import-turn.ts';
import { createKeyedTurns, type KeyedTurns } from '../keyed-turns.ts';
import { isResident } from '../lanes/room-head.ts';
import type { RoomLanes } from '../lanes/room-lane.ts';

/** So many changes a turn: a room that is taken over must not hold up the others. */
const CHANGES_A_TURN = 200;

/**
 * Stores a room that one of our users has just joined through another server, and the join. The state comes in as many
 * small parts as it takes, each with a verdict `imported` that names the join, while nobody of this server is in the room;
 * then the join is the graph's only end. A room that was left before takes the difference to what was known of it. What was
 * stored of an import that broke off is a part of the next one. False, and nothing has changed: somebody of this server is
 * in the room by now, so that the join is an event to be received and nobody's word replaces what is known.
 * Rejects with M_UNKNOWN (502) when what was told does not hold.
 */
export async function importRoom(deps: ImportDeps, told: ToldRoom): Promise<boolean> {
  const checked = await checkToldRoom(deps, told);
  return afterOthers(deps.lanes, told.roomId, () => importChecked(deps, told, checked));
}

async function importChecked(deps: ImportDeps, told: ToldRoom, checked: CheckedRoom): Promise<boolean> {
  const { db, lanes, serverName } = deps;
  const isOurs = await lanes.run(told.roomId, (room) =>
    Promise.resolve({ judged: [], actions: [], answer: room !== null && isResident(room.head, serverName) }),
  );
  if (isOurs) return false;
  const [differences, cause] = await Promise.all([differencesTo(deps, told, checked), causeOf(db, told.roomId)]);
  for (let from = 0; ; from += CHANGES_A_TURN) {
    const part = differences.slice(from, from + CHANGES_A_TURN);
    const isLast = from + CHANGES_A_TURN >= differences.length;
    await lanes.run(told.roomId, (room) => importTurn({ db, told, checked, part, isLast, cause }, room));
    if (isLast) return true;
  }
}

const underWay = new WeakMap<RoomLanes, KeyedTurns>();

/** Two users may join through two servers: what each of them tells must not be mixed. */
function afterOthers<T>(lanes: RoomLanes, roomId: RoomId, work: () => Promise<T>): Promise<T> {
  const inTurn = underWay.get(lanes) ?? createKeyedTurns();
  underWay.set(lanes, inTurn);
  return inTurn(roomId, work);
}

/** Where nobody of this server has been, there is nothing to catch up with. */
async function causeOf(db: Db, roomId: RoomId): Promise<'import' | 'catch_up'> {
  const been = await db
    .selectFrom('verdicts')
    .select('room_position')
    .where('room_id', '=', roomId)
    .where('verdict', '=', 'accepted')
    .limit(1)
    .executeTakeFirst();
  return been === undefined ? 'import' : 'catch_up';
}

/** What has to change, our own users last: with the first of them we would be in the room. */
async function differencesTo(
  { db, serverName }: { readonly db: Db; readonly serverName: ServerName },
  { roomId }: ToldRoom,
  { state }: CheckedRoom,
): Promise<readonly Difference[]> {
  const current = await currentState(db, roomId);
  const stands = new Map(current.map((row) => [stateKeyText(row.type, row.stateKey), row.event]));
  const changed = [...state].filter(([name, { slot }]) => stands.get(name) !== slot.position);
  const gone = current.filter((row) => !state.has(stateKeyText(row.type, row.stateKey)));
  const differences: readonly Difference[] = [
    ...changed.map(([, planned]) => planned),
    ...gone.map(({ type, stateKey }) => ({ type, stateKey, slot: null })),
  ];
  const rank = ({ type, stateKey }: Difference): number => {
    if (type === 'm.room.create') return 0;
    return type === 'm.room.member' && serverOf(stateKey as UserId) === serverName ? 2 : 1;
  };
  const place = (each: Difference): string => `${rank(each)}${stateKeyText(each.type, each.stateKey)}`;
  const placed = differences.map((each) => [place(each), each] as const);
  return placed.sort(([a], [b]) => (a < b ? -1 : Number(a > b))).map(([, each]) => each);
}
