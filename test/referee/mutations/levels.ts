// Breaks the rules about power levels, what is read of a state, and what differs between room versions.
import { MEMBERSHIP_TABLE, mutationsOf, type Mutation } from './mutation.ts';

const levels = mutationsOf('event-auth-power-levels.ts', 'edits of named levels');
const state = mutationsOf('room-state.ts', 'required levels');
const versions = mutationsOf('room-versions.ts', MEMBERSHIP_TABLE);

export const LEVEL_MUTATIONS: readonly Mutation[] = [
  levels('a level above one’s own may be lowered', '(before !== null && before > power) || '),
  levels('a level may be raised above one’s own', ' || (after !== null && after > power)'),
  levels('the redact level is anybody’s', "'redact', "),
  levels(
    'levels of event types are anybody’s',
    'if (events.some((change) => exceeds(change, power)))',
    'if (false)',
    'edits of events',
  ),
  levels(
    'levels of notifications are anybody’s',
    'if (notifications.some((change) => exceeds(change, power)))',
    'if (false)',
    'edits of notifications',
  ),
  levels('equals demote each other', 'change.before >= power', 'change.before > power', 'edits of users'),
  levels('nobody lowers their own level', 'change.key !== sender && ', '', 'edits of users'),
  levels('anybody may have a level', ' || !Object.keys(users).every(isUserId)', '', 'formats of power levels'),
  levels(
    'a creator may be listed',
    'version.privilegedCreators && creators',
    'false && creators',
    'creators among the levels',
  ),
  levels(
    'the first levels may be of any form',
    'if (malformed !== null) return malformed;',
    '',
    'formats of power levels',
  ),

  state('without power levels state needs nothing', "level('state_default', 50)", "level('state_default', 0)"),
  state('without power levels messages need 50', "level('events_default', 0)", "level('events_default', 50)"),
  state('users_default is ignored', 'usersDefault;', '0;'),
  state(
    'an additional creator is like anybody',
    'return [...new Set([create.sender, ...listed])];',
    'return [create.sender];',
    'the power of creators',
  ),
  state(
    'a creator has the highest level, and no more',
    'return Infinity;',
    'return Number.MAX_SAFE_INTEGER;',
    'the power of creators',
  ),
  state('a level has no blanks and no sign', '/^\\s*[+-]?[0-9]+\\s*$/', '/^-?[0-9]+$/', 'levels as strings'),
  state(
    'a room without a join rule is public',
    "'join_rule')) return 'invite';",
    "'join_rule')) return 'public';",
    MEMBERSHIP_TABLE,
  ),
  state(
    'a join rule that is no text is invite',
    "'join_rule') ?? '';",
    "'join_rule') ?? 'invite';",
    'malformed member events',
  ),

  versions(
    'knock_restricted admits no knock',
    "knockJoinRules: ['knock', 'knock_restricted']",
    "knockJoinRules: ['knock']",
  ),
  versions(
    'restricted joins are known from version 7 on',
    'restrictedJoinRules: []',
    "restrictedJoinRules: ['restricted']",
  ),
  versions(
    'strings are levels in every version',
    'integerPowerLevels: true',
    'integerPowerLevels: false',
    'levels as strings',
  ),
  versions(
    'creators are in the content until version 12',
    'creatorInContent: false,\n  redacts',
    'creatorInContent: true,\n  redacts',
    'create events',
  ),
];
