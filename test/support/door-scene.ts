/** A room with a moderator of level 50, Bob of level 0, and Kim outside: the scenery of the membership rules. */
import type { Membership } from '../../src/matrix/pdu.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { CREATOR, makeRoom, user, type RoomOptions, type TestRoom } from './rooms.ts';

export const kim = user('kim', 'there');
export const mod = user('mod');
export const bob = user('bob');
export const outsider = user('outsider');

export const room = (version: RoomVersionId, options: RoomOptions = {}): TestRoom =>
  makeRoom(version, { members: [mod, bob], users: { [mod]: 50 }, ...options });

/** Brings Kim to this membership, whatever the join rule says. */
export const bring = (at: TestRoom, membership: Membership): TestRoom => {
  const sender = membership === 'invite' || membership === 'ban' ? CREATOR : kim;
  at.force(at.membership(sender, kim, membership));
  return at;
};
