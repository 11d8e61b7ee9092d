// The table of room versions, feature by feature.
import { expect, test } from 'vitest';
import { ROOM_VERSIONS, roomVersion, type RoomVersion } from '../../../src/matrix/room-versions.ts';
import { ALL_VERSIONS } from '../../support/rooms.ts';

/** The versions in which something holds. */
const where = (holds: (version: RoomVersion) => boolean): string =>
  ALL_VERSIONS.filter((id) => holds(ROOM_VERSIONS[id])).join(' ');

test('each feature holds in the versions that the specification gives it', () => {
  expect(where((v) => v.knockJoinRules.includes('knock'))).toBe('7 8 9 10 11 12');
  expect(where((v) => v.knockJoinRules.includes('knock_restricted'))).toBe('10 11 12');
  expect(where((v) => v.restrictedJoinRules.includes('restricted'))).toBe('8 9 10 11 12');
  expect(where((v) => v.restrictedJoinRules.includes('knock_restricted'))).toBe('10 11 12');
  expect(where((v) => v.integerPowerLevels)).toBe('10 11 12');
  expect(where((v) => v.creatorInContent)).toBe('7 8 9 10');
  expect(where((v) => v.redactsInContent)).toBe('11 12');
  expect(where((v) => v.roomIdIsCreateHash)).toBe('12');
  expect(where((v) => v.privilegedCreators)).toBe('12');
  expect(where((v) => v.stateResolution === '2.1')).toBe('12');
});

test('versions are found by their id and nothing else', () => {
  for (const id of ALL_VERSIONS) expect(roomVersion(id)?.id).toBe(id);
  for (const id of ['', '1', '6', '13', 'constructor', '__proto__', ' 7', '07']) expect(roomVersion(id)).toBeNull();
});
