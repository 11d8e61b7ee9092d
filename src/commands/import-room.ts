/** Takes a room over from a server that is in it: its state as a fact, in small parts, and then our user's join. */
import type { Db } from '../database/database.ts';
import { stateName } from '../log/state-lines.ts';
import { serverOf, type ServerName, type UserId } from '../matrix/identifiers.ts';
import { currentState } from '../projections/room-state.ts';
import { checkToldRoom, type CheckedRoom, type ImportDeps, type ToldRoom } from './import-check.ts';
import { importTurn, type Difference } from './import-turn.ts';

/** So many changes a turn: a room that is taken over must not hold up the others. */
const CHANGES_A_TURN = 200;

/**
 * Stores a room that one of our users has just joined through another server, and the join. The state comes in as many
 * small parts as it takes, each with a verdict `imported` that names the join, while nobody of this server is in the room;
 * then the join is the graph's only end. A room that was left before takes the difference to what was known of it. What was
 * stored of an import that broke off is a part of the next one.
 * Rejects with M_UNKNOWN (502) when what was told does not hold.
 */
export async function importRoom(deps: ImportDeps, told: ToldRoom): Promise<void> {
  const { db, lanes } = deps;
  const checked = await checkToldRoom(deps, told);
  const differences = await differencesTo(deps, told, checked);
  for (let from = 0; ; from += CHANGES_A_TURN) {
    const part = differences.slice(from, from + CHANGES_A_TURN);
    const isLast = from + CHANGES_A_TURN >= differences.length;
    await lanes.run(told.roomId, (room) => importTurn({ db, told, checked, part, isLast }, room));
    if (isLast) return;
  }
}

/** What has to change, our own users last: with the first of them we would be in the room. */
async function differencesTo(
  { db, serverName }: { readonly db: Db; readonly serverName: ServerName },
  { roomId }: ToldRoom,
  { state }: CheckedRoom,
): Promise<readonly Difference[]> {
  const current = await currentState(db, roomId);
  const stands = new Map(current.map((row) => [stateName(row.type, row.stateKey), row.event]));
  const changed = [...state].filter(([name, { slot }]) => stands.get(name) !== slot.position);
  const gone = current.filter((row) => !state.has(stateName(row.type, row.stateKey)));
  const differences: readonly Difference[] = [
    ...changed.map(([, planned]) => planned),
    ...gone.map(({ type, stateKey }) => ({ type, stateKey, slot: null })),
  ];
  const rank = ({ type, stateKey }: Difference): number => {
    if (type === 'm.room.create') return 0;
    return type === 'm.room.member' && serverOf(stateKey as UserId) === serverName ? 2 : 1;
  };
  const place = (each: Difference): string => `${rank(each)}${stateName(each.type, each.stateKey)}`;
  const placed = differences.map((each) => [place(each), each] as const);
  return placed.sort(([a], [b]) => (a < b ? -1 : Number(a > b))).map(([, each]) => each);
}
