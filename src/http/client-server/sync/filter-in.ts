/** The `filter` parameter of a sync: inline JSON, or the id of a stored filter. */
import { readFilter } from '../../../accounts/filters.ts';
import type { Db } from '../../../database/database.ts';
import type { UserId } from '../../../matrix/identifiers.ts';
import { noSuchFilter, parseInline } from '../filter-json.ts';
import { readSyncFilter, type SyncFilter } from './filter.ts';

const ANY = readSyncFilter({});

/** Throws M_INVALID_PARAM for what is no filter. */
export async function filterIn(db: Db, userId: UserId, text: string | undefined): Promise<SyncFilter> {
  if (text === undefined) return ANY;
  if (text.startsWith('{')) return readSyncFilter(parseInline(text));
  const stored = await readFilter(db, userId, text);
  if (stored === null) throw noSuchFilter();
  return readSyncFilter(stored);
}
