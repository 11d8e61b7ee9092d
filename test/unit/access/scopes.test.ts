/** What the scopes of a service token let it see and do: never more than its user may do, and nothing that was not named. */
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mayAct, mayManageToken, scopeOfAct } from '../../../src/access/acts.ts';
import {
  mayAcceptKnock,
  mayBan,
  mayBanKnocker,
  mayInvite,
  mayKick,
  mayRejectKnock,
  maySetState,
  mayTriage,
  seesAudit,
  seesEvent,
  seesKnocks,
  seesReasons,
  seesRoom,
  seesRoomNow,
  visibleMemberships,
} from '../../../src/access/room-access.ts';
import { isOwn, roomsGranted, SCOPES, standingIn, type Scope, type Viewer } from '../../../src/access/scopes.ts';
import { powerLevels } from '../../../src/matrix/room-state.ts';
import { makeRoom, user } from '../../support/rooms.ts';

const [BOT, KIM] = [user('bot'), user('kim')];
const HERE = '!here:example.org';

const room = makeRoom('11', { powerLevels: { invite: 50, kick: 50, ban: 50 }, users: { [BOT]: 50 } });
const strong = powerLevels(room.state, room.version);
const weak = powerLevels(makeRoom('11', { powerLevels: { invite: 50, kick: 50, ban: 50 } }).state, room.version);
const knocker = { userId: KIM, membership: 'knock' } as const;

const token = (scopes: readonly Scope[], roomIds: readonly string[] | null = null): Viewer => ({
  ...{ userId: BOT, admin: false },
  grant: { scopes, roomIds },
});
const person: Viewer = { userId: BOT, admin: false, grant: null };
const memberEvent = { type: 'm.room.member', stateKey: KIM, sender: KIM };
const ownEvent = { type: 'm.room.message', stateKey: null, sender: BOT };

/** All that a token of one scope, whose user is a moderator of the room, sees and may. */
function powers(viewer: Viewer, levels = strong): readonly string[] {
  const at = standingIn(viewer, HERE, 'join');
  const all: Readonly<Record<string, boolean>> = {
    room: seesRoom(at),
    name: seesRoomNow(at),
    members: visibleMemberships(at, levels)?.length !== 0,
    knockers: visibleMemberships(at, levels) === null,
    knocks: seesKnocks(at, levels),
    reasons: seesReasons(at),
    memberEvents: seesEvent(at, levels, memberEvent),
    otherEvents: seesEvent(at, levels, ownEvent),
    audit: seesAudit(at),
    accept: mayAcceptKnock(at, levels, knocker).allowed,
    reject: mayRejectKnock(at, levels, knocker).allowed,
    banKnocker: mayBanKnocker(at, levels, knocker).allowed,
    triage: mayTriage(at, levels).allowed,
    invite: mayInvite(at, levels).allowed,
    kick: mayKick(at, levels, knocker).allowed,
    ban: mayBan(at, levels, knocker).allowed,
    joinRule: maySetState(at, levels, 'm.room.join_rules').allowed,
  };
  return Object.keys(all).filter((name) => all[name]);
}

describe('a service token', () => {
  it('sees and does what its scope says, and nothing besides', () => {
    expect(powers(token(['rooms:read']))).toEqual(['room', 'name', 'members']);
    expect(powers(token(['knocks:read']))).toEqual(['room', 'knocks', 'memberEvents']);
    expect(powers(token(['rooms:read', 'knocks:read']))).toEqual([
      ...['room', 'name', 'members', 'knockers', 'knocks', 'memberEvents'],
    ]);
    expect(powers(token(['reasons:read']))).toEqual(['room', 'reasons']);
    expect(powers(token(['knocks:decide']))).toEqual(['room', 'accept', 'reject', 'banKnocker', 'triage']);
    expect(powers(token(['audit:read']))).toEqual(['room', 'memberEvents', 'otherEvents', 'audit']);
    expect(powers(token([]))).toEqual([]);
  });

  it('with the scope of an admin whose user is none is good for nothing', () => {
    expect(powers(token(['admin']))).toEqual([]);
    expect(roomsGranted({ scopes: ['admin'], roomIds: null })).toEqual([]);
    expect(mayAct(token(['admin']), 'createRoom', null).allowed).toBe(false);
  });

  it('with the scope of an admin, of an admin, may what its user may', () => {
    const viewer: Viewer = { ...token(['admin']), admin: true };
    expect(powers(viewer)).toEqual(powers({ ...person, admin: true }));
    expect(mayAct(viewer, 'createRoom', null).allowed).toBe(true);
  });

  it('may in other rooms nothing', () => {
    const all = SCOPES.filter((scope) => scope !== 'admin');
    expect(powers(token(all, ['!other:example.org']))).toEqual([]);
    expect(powers(token(all, [HERE]))).toEqual(powers(token(all)));
    expect(mayAct(token(all, ['!other:example.org']), 'acceptKnock', HERE)).toEqual({
      ...{ allowed: false, why: 'This token is not for this room.' },
    });
    expect(mayAct(token(all, [HERE]), 'acceptKnock', HERE).allowed).toBe(true);
  });

  it('decides by the power of its user: without it, not at all', () => {
    expect(powers(token(['knocks:decide']), weak)).toEqual(['room']);
    expect(powers({ ...person }, weak)).not.toContain('accept');
  });

  it('never may what its user may not, whatever it was given', () => {
    const scopes = fc.subarray([...SCOPES]);
    const rooms = fc.constantFrom(null, [HERE], ['!other:example.org'], []);
    const acts = ['accept', 'reject', 'banKnocker', 'triage', 'invite', 'kick', 'ban', 'joinRule'];
    fc.assert(
      fc.property(scopes, rooms, fc.boolean(), fc.constantFrom(strong, weak), (given, roomIds, admin, levels) => {
        const viewer = { ...token(given, roomIds), admin: admin && given.includes('admin') };
        const may = powers(viewer, levels).filter((name) => acts.includes(name));
        expect(powers({ ...person, admin }, levels)).toEqual(expect.arrayContaining(may));
      }),
    );
  });

  it('is not shown what is about its user for that alone', () => {
    expect([isOwn(person, BOT), isOwn(person, KIM), isOwn(token(['rooms:read']), BOT)]).toEqual([true, false, false]);
    expect(powers(token(['rooms:read']))).not.toContain('otherEvents');
    expect(powers(person)).toContain('otherEvents');
  });
});

describe('service tokens', () => {
  const [admin, adminToken] = [
    { ...person, admin: true },
    { ...token(['admin']), admin: true },
  ];

  it('are made by admins who are signed in themselves, ended by admins, and rotated by themselves', () => {
    const may = (viewer: Viewer, itself = false) =>
      (['create', 'rotate', 'revoke', 'see'] as const).filter((act) => mayManageToken(viewer, act, itself).allowed);
    expect(may(admin)).toEqual(['create', 'rotate', 'revoke', 'see']);
    expect(may(adminToken)).toEqual(['revoke', 'see']);
    expect(may(adminToken, true)).toEqual(['rotate', 'revoke', 'see']);
    expect(may(token(['rooms:read']), true)).toEqual(['rotate', 'see']);
    expect(may(token([...SCOPES]))).toEqual([]);
    expect(may(person)).toEqual([]);
  });
});

describe('acts', () => {
  const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));

  it('that nobody opened to lesser tokens are for admins’', () => {
    expect(scopeOfAct('acceptKnock')).toBe('knocks:decide');
    for (const name of ['createRoom', 'eraseUser', 'banUser', 'constructor', '__proto__', 'brandNewAct'])
      expect(scopeOfAct(name), name).toBe('admin');
  });

  it.each(Object.keys(schema.getMutationType()!.getFields()))('%s is refused to a token without its scope', (name) => {
    const needed = scopeOfAct(name);
    expect(mayAct(person, name, null).allowed).toBe(true);
    if (name === 'rotateServiceToken') return expect(needed).toBeNull();
    const refusal = mayAct(token(SCOPES.filter((scope) => scope !== needed)), name, null);
    expect(refusal).toMatchObject({ allowed: false, why: expect.stringContaining(String(needed)) });
  });
});
