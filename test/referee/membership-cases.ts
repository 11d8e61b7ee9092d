// Every way to set a membership: the table of the membership rules, multiplied out.
import type { JsonObject } from '../../src/matrix/json.ts';
import type { StateEvent } from '../../src/matrix/room-state.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { caseOf, createEvent, event, roomOf, type Case } from './cases.ts';

const JOIN_RULES = [null, 'public', 'invite', 'knock', 'restricted', 'knock_restricted', 'private', 'weird'];
const MEMBERSHIPS = ['leave', 'knock', 'invite', 'join', 'ban'];
const LEVELS: readonly JsonObject[] = [
  { invite: 0, kick: 50, ban: 50 },
  { invite: 50, kick: 20, ban: 70 },
];

const CREATOR = '@c:x';
const TARGET = '@t:x';
const MODERATOR = '@m:x';
const AUTHORISER = '@a:x';
/** Has a level but was never in the room. */
const STRANGER = '@g:x';

interface Setting {
  readonly levels: JsonObject;
  readonly joinRule: string | null;
  readonly current: string;
  readonly moderatorLevel: number;
  readonly targetLevel: number;
}

/**
 * All combinations of room version, levels, new and current membership, join rule, who acts, the powers of moderator and
 * target, and whether a join names an authoriser: 9,408 for each version.
 */
export function membershipCases(version: RoomVersionId): readonly Case[] {
  const cases: Case[] = [];
  for (const { setting, state } of settings(version)) {
    for (const membership of [...MEMBERSHIPS, 'bogus']) {
      for (const authoriser of membership === 'join' ? [undefined, AUTHORISER] : [undefined]) {
        const content: JsonObject = {
          membership,
          ...(authoriser === undefined ? {} : { join_authorised_via_users_server: authoriser }),
        };
        for (const sender of sendersOf(setting)) {
          cases.push(caseOf(version, state, { type: 'm.room.member', state_key: TARGET, sender, content }));
        }
      }
    }
  }
  return cases;
}

/** The moderator's level matters only where the moderator acts: the others act once. */
function sendersOf({ moderatorLevel }: Setting): readonly string[] {
  return moderatorLevel === 0 ? [TARGET, MODERATOR, CREATOR, STRANGER] : [MODERATOR];
}

function settings(
  version: RoomVersionId,
): readonly { readonly setting: Setting; readonly state: readonly StateEvent[] }[] {
  const create = createEvent(version, CREATOR);
  const stateEvent = (type: string, stateKey: string, sender: string, content: JsonObject): StateEvent =>
    event(version, { type, state_key: stateKey, sender, content }, roomOf(create));
  const member = (user: string, membership: string): StateEvent =>
    stateEvent('m.room.member', user, user, { membership });
  const members = [CREATOR, MODERATOR, AUTHORISER].map((user) => member(user, 'join'));
  const listed = ROOM_VERSIONS[version].privilegedCreators ? {} : { [CREATOR]: 100 };
  return product().map((setting) => {
    const { levels, joinRule, current, moderatorLevel, targetLevel } = setting;
    const users = { [MODERATOR]: moderatorLevel, [TARGET]: targetLevel, [AUTHORISER]: 90, [STRANGER]: 100, ...listed };
    const state = [create, ...members, stateEvent('m.room.power_levels', '', CREATOR, { ...levels, users })];
    if (joinRule !== null) state.push(stateEvent('m.room.join_rules', '', CREATOR, { join_rule: joinRule }));
    if (current !== 'none') state.push(member(TARGET, current));
    return { setting, state };
  });
}

function product(): readonly Setting[] {
  return LEVELS.flatMap((levels) =>
    JOIN_RULES.flatMap((joinRule) =>
      ['none', ...MEMBERSHIPS].flatMap((current) =>
        [0, 60].flatMap((targetLevel) =>
          [0, 50, 60, 80].map((moderatorLevel) => ({ levels, joinRule, current, moderatorLevel, targetLevel })),
        ),
      ),
    ),
  );
}
