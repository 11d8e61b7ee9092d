/** The public directory of another server, as it tells it. */
import { unusable } from '../../commands/elsewhere/remote-refusal.ts';
import type { PublicRoomsQuery } from '../../federation/calls-queries.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import type { HttpParts } from '../parts.ts';
import { MAX_ROOMS } from '../public-directory.ts';
import { askElsewhere } from './ask-elsewhere.ts';

/**
 * A page of it; `limit` 0 stands for as many as there may be. Throws M_INVALID_PARAM for a token that is not the other
 * server's, M_UNKNOWN (502) when it cannot be asked, M_LIMIT_EXCEEDED when too many wait to ask.
 */
export async function remoteDirectory(
  { federation: { calls } }: Pick<HttpParts, 'federation'>,
  server: ServerName,
  { limit, ...asked }: PublicRoomsQuery,
  signal: AbortSignal,
) {
  const most = limit === undefined || limit === 0 ? MAX_ROOMS : Math.min(limit, MAX_ROOMS);
  const answer = await askElsewhere(() => calls.publicRooms(server, { ...asked, limit: most }, signal));
  if (answer.ok) return answer.value;
  const { failure } = answer;
  if (failure.kind === 'refused' && failure.errcode === 'M_INVALID_PARAM' && asked.since !== undefined)
    throw new MatrixError('M_INVALID_PARAM', 'The other server does not take the request as it is.');
  throw unusable('The other server could not be asked.');
}
