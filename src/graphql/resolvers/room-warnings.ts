/** What those who keep a room's door should know about its powers. */
import { creatorsOf } from '../../matrix/room-state.ts';
import { roomVersion } from '../../matrix/room-versions.ts';
import { stringIn } from '../../matrix/pdu.ts';
import type { Context } from '../context.ts';
import { MAX_PAGE } from '../paging.ts';
import type { ResolversTypes } from '../schema.generated.ts';
import { keepsDoor, sightOf } from '../sight.ts';

type Warning = Awaited<ResolversTypes['RoomWarning']>;

const KNOCKED_ON: readonly (string | null)[] = ['knock', 'knock_restricted'];

export async function warningsOf(context: Context, roomId: string): Promise<readonly Warning[]> {
  if (!(await keepsDoor(context, roomId))) return [];
  const state = (type: string) => context.loaders.state.load({ roomId, type, stateKey: '' });
  const [{ levels }, room, rules, create] = await Promise.all([
    sightOf(context, roomId),
    context.loaders.room.load(roomId),
    state('m.room.join_rules'),
    state('m.room.create'),
  ]);
  const warnings: Warning[] = [];
  const knockedOn = rules !== null && KNOCKED_ON.includes(stringIn(rules.content, 'join_rule'));
  if (knockedOn && levels.invite <= levels.usersDefault) {
    const message = 'Every member may invite, and so let in whoever knocks: raise the level that inviting takes.';
    warnings.push({ code: 'EVERY_MEMBER_MAY_INVITE', message, users: [] });
  }
  const version = room === null ? null : roomVersion(room.version);
  if (create !== null && version?.privilegedCreators === true) {
    const all = creatorsOf({ sender: create.sender, content: create.content }, version);
    const users = all.slice(0, MAX_PAGE).map((userId) => ({ userId }));
    const message = 'The creators of this room stand above all power levels: nobody can remove or ban them.';
    warnings.push({ code: 'CREATOR_CANNOT_BE_REMOVED', message, users });
  }
  return warnings;
}
