/** Lists of a room as it was. */
import { isOwn } from '../access/scopes.ts';
import type { KeysetPage } from '../database/keyset.ts';
import type { PastMemberList } from '../log/past-state.ts';
import type { Membership } from '../matrix/pdu.ts';
import { viewerOf, type Context } from './context.ts';
import type { MemberModel, MemberPage } from './models.ts';
import { CURSORS, listPage } from './paging.ts';
import { pastSight } from './past-sight.ts';
import type { AsOf } from './schema.generated.ts';

/** The members of a room as of a moment, by user id: those with one of the memberships `asked`. */
export async function pastMemberList(
  context: Context,
  roomId: string,
  asOf: AsOf,
  asked: readonly Membership[],
  page: KeysetPage<string>,
): Promise<MemberPage> {
  const viewer = viewerOf(context);
  const { at, memberships: seen } = await pastSight(context, roomId, asOf);
  const list: PastMemberList = {
    ...{ roomId, at, own: viewer.userId, ownMemberships: isOwn(viewer, viewer.userId) ? asked : [] },
    memberships: seen === null ? asked : asked.filter((membership) => seen.includes(membership)),
  };
  const read = await context.loaders.pastMembers.load({ list, page });
  const count = (): Promise<number> => context.loaders.pastMemberCount.load(list);
  return { ...listPage<MemberModel, string>(read, CURSORS.member, (member) => member.userId), count };
}
