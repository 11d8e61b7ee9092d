/** What is handed on to a room's replacement, in the cases that no local user can bring about. */
import { describe, expect, it } from 'vitest';
import { closedLevels, inheritedLevels, inheritedCreation } from '../../../src/commands/upgrade-plan.ts';
import { ROOM_VERSIONS } from '../../../src/matrix/room-versions.ts';
import { CREATOR } from '../../support/rooms.ts';

const { 9: V9, 10: V10, 11: V11, 12: V12 } = ROOM_VERSIONS;

describe('levels', () => {
  it('that are text become numbers, and what is none falls away', () => {
    const content = {
      ...{ ban: ' +050 ', kick: 'x', redact: null, users_default: '1', 'io.vestibule.x': 'kept' },
      users: { [CREATOR]: '100', 'not a user': 50, '@kim:here': 1.5 },
      events: { 'm.room.name': '7', __proto__: null },
      notifications: [],
    };
    expect(inheritedLevels(content, { from: V9, to: V10, creators: [CREATOR] })).toEqual({
      ...{ ban: 50, users_default: 1, 'io.vestibule.x': 'kept' },
      users: { [CREATOR]: 100 },
      events: { 'm.room.name': 7 },
    });
  });

  it('of a tombstone are above those of other state in a room with creators', () => {
    const tombstone = (content: object, from = V11) =>
      (
        inheritedLevels({ ...content }, { from, to: V12, creators: [CREATOR] })['events'] as {
          'm.room.tombstone': number;
        }
      )['m.room.tombstone'];
    expect(tombstone({})).toBe(150);
    expect(tombstone({ state_default: 200 })).toBe(201);
    expect(tombstone({ events: { 'm.room.tombstone': 170 } })).toBe(170);
    expect(tombstone({ events: { 'm.room.tombstone': 100 } })).toBe(150);
    expect(tombstone({ events: { 'm.room.tombstone': 100 } }, V12)).toBe(100);
    expect(tombstone({ state_default: 100, events: { 'm.room.tombstone': 100 } }, V12)).toBe(150);
  });

  it('name who upgrades where nobody stands above them any more', () => {
    const to = (version: typeof V11, content: object) =>
      inheritedLevels({ ...content }, { from: V12, to: version, creators: [CREATOR] })['users'];
    expect(to(V11, {})).toEqual({ [CREATOR]: 100 });
    expect(to(V11, { ban: 120, events: { a: 180 }, users: { '@kim:here': 130 } })).toEqual({
      [CREATOR]: 180,
      '@kim:here': 130,
    });
  });

  it('of the old room close it above everybody without a level of their own, and are never lowered', () => {
    expect(closedLevels({}, V11)).toEqual({ events_default: 50, invite: 50 });
    expect(closedLevels({ users_default: 60, invite: 70, ban: 1 }, V11)).toEqual({
      ...{ users_default: 60, ban: 1 },
      ...{ events_default: 61, invite: 70 },
    });
    expect(closedLevels({ events_default: 50, invite: 90 }, V11)).toBeNull();
    expect(closedLevels({ events_default: '50', invite: '50' }, V9)).toBeNull();
  });
});

describe('the create event', () => {
  it('takes over the type and a closed door, and nothing else', () => {
    expect(inheritedCreation({ type: 'm.space', 'm.federate': false, creator: CREATOR, x: 1 })).toEqual({
      type: 'm.space',
      'm.federate': false,
    });
    expect(inheritedCreation({ type: 1, 'm.federate': true })).toEqual({});
  });
});
