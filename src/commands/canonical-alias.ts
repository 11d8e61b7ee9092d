/** What a room may call itself: the aliases that its canonical alias event names have to lead to it. */
import { aliasesNamed } from '../directory/aliases.ts';
import { MatrixError } from '../matrix/errors.ts';
import { parseRoomAlias } from '../matrix/identifiers.ts';
import { isJsonArray, type JsonObject } from '../matrix/json.ts';
import type { CommandDeps } from './act.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

/** The aliases that such an event names. Throws M_INVALID_PARAM for what is no alias, or no list of them. */
export function aliasesIn(content: JsonObject): readonly string[] {
  const { alias, alt_aliases: others } = content;
  if (alias !== undefined && alias !== null && typeof alias !== 'string') {
    throw new MatrixError('M_INVALID_PARAM', 'alias must be a string.');
  }
  if (others !== undefined && !isJsonArray(others)) {
    throw new MatrixError('M_INVALID_PARAM', 'alt_aliases must be a list.');
  }
  const named = [...(typeof alias === 'string' && alias !== '' ? [alias] : []), ...(isJsonArray(others) ? others : [])];
  return named.map((name) => {
    if (typeof name !== 'string' || parseRoomAlias(name) === null) {
      throw new MatrixError('M_INVALID_PARAM', 'alias and alt_aliases name room aliases.');
    }
    return name;
  });
}

/**
 * Looks at what the event names that the one before did not (client-server API, setRoomStateWithKey). Throws M_BAD_ALIAS for
 * an alias that leads nowhere, to another room, or is another server's, which cannot be asked; M_INVALID_PARAM as aliasesIn().
 */
export async function checkCanonicalAlias(deps: CommandDeps, room: LaneRoom, content: JsonObject): Promise<void> {
  const named = aliasesIn(content);
  if (named.length === 0) return;
  const state = await room.state([['m.room.canonical_alias', '']]);
  const before = namedBefore(state.get('m.room.canonical_alias', '')?.pdu.content);
  const added = [...new Set(named)].filter((alias) => !before.has(alias));
  if (added.length === 0) return;
  // An alias of this room may just be being made or taken away.
  await room.appended();
  const found = await aliasesNamed(deps.db, added);
  const here = new Set(found.filter(({ roomId }) => roomId === room.head.roomId).map(({ alias }) => alias as string));
  const stray = added.find((alias) => !here.has(alias));
  if (stray !== undefined) throw new MatrixError('M_BAD_ALIAS', `${stray} does not lead to this room.`);
}

function namedBefore(content: JsonObject | undefined): ReadonlySet<unknown> {
  const others = content?.['alt_aliases'];
  return new Set([content?.['alias'], ...(isJsonArray(others) ? others : [])]);
}
