/** Which servers are in a room: those with a joined user. They come with the first and go with the last. */
import { serverOf, type ServerName, type UserId } from '../matrix/identifiers.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { PresenceChange } from './judged-pdu.ts';

interface Move {
  readonly userId: UserId;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
}

/** Whether it is a join or the end of one; a changed profile is neither. */
export function movesPresence({ from, to }: Pick<Move, 'from' | 'to'>): boolean {
  return (from === 'join') !== (to === 'join');
}

/** The servers that come or go with these transitions, taken together; `joined` counts a room's members by server. */
export function presenceChange(
  joined: ReadonlyMap<ServerName, number>,
  transitions: readonly Move[],
): PresenceChange | null {
  const steps = new Map<ServerName, number>();
  for (const move of transitions) {
    if (!movesPresence(move)) continue;
    const server = serverOf(move.userId);
    steps.set(server, (steps.get(server) ?? 0) + (move.to === 'join' ? 1 : -1));
  }
  const before = (server: ServerName): number => joined.get(server) ?? 0;
  const changed = [...steps].filter(([server, step]) => before(server) > 0 !== before(server) + step > 0);
  if (changed.length === 0) return null;
  const [arrived, departed] = [changed.filter(([, step]) => step > 0), changed.filter(([, step]) => step < 0)];
  return { arrived: arrived.map(([server]) => server), departed: departed.map(([server]) => server) };
}

/** Counts what came and went. */
export function countMembers(joined: Map<ServerName, number>, transitions: readonly Move[]): void {
  for (const move of transitions) {
    if (!movesPresence(move)) continue;
    const server = serverOf(move.userId);
    const count = (joined.get(server) ?? 0) + (move.to === 'join' ? 1 : -1);
    if (count > 0) joined.set(server, count);
    else joined.delete(server);
  }
}
