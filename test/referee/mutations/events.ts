// Breaks the rules about events of every type, create events, and the choice of auth_events.
import { MEMBERSHIP_TABLE, mutationsOf, rejection, type Mutation } from './mutation.ts';

const create = mutationsOf('event-auth-create.ts', 'create events');
const general = mutationsOf('event-auth.ts', 'auth_events');
const selection = mutationsOf('auth-events.ts', MEMBERSHIP_TABLE);

export const EVENT_MUTATIONS: readonly Mutation[] = [
  create(
    'a create event may have something before it',
    rejection('create.prev_events', "'A create event has nothing before it.'"),
    'return null;',
  ),
  create(
    'a create event of version 12 may name its room',
    "pdu.room_id === undefined ? null : reject('create.room_id', 'A create event names no room: it makes one.')",
    'null',
  ),
  create(
    'a room may be of another server than its creator',
    'if (domain === serverOf(pdu.sender)) return null;',
    'return null;',
  ),
  create(
    'a room may have a version that nobody knows',
    rejection('create.room_version', "'The room version is not supported.'"),
  ),
  create('a room needs no creator before version 11', 'version.creatorInContent && ', 'false && '),
  create('an additional creator needs no user id', '|| !listed.every(isUserId)'),

  general('an event may list two auth_events of one key', 'key !== null && seen.has(key)', 'false'),
  general('an event may list any auth_events', 'key === null || !wanted.has(key)', 'key === null'),
  general('an event may list rejected auth_events', 'if (rejected === true)', 'if (false)'),
  general('an event may list auth_events of another room', 'if (cited.room_id !== pdu.room_id)', 'if (false)'),
  general('an event may be of another room', 'if (!isOfRoom)', 'if (false)', 'the room of an event'),
  general(
    'a redaction needs the level to redact',
    'const power = levels.user(pdu.sender);',
    "const power = pdu.type === 'm.room.redaction' ? Math.min(levels.user(pdu.sender), levels.redact - 1) : levels.user(pdu.sender);",
    'redactions',
  ),
  general('a closed room is open', 'isClosed && serverOf', 'false && serverOf', 'm.federate'),
  general(
    'the sender need not be in the room',
    "if (membershipIn(state, pdu.sender) !== 'join')",
    'if (false)',
    "the sender's membership",
  ),
  general(
    'a third-party invite needs more than the invite level',
    'power >= levels.invite',
    'power > levels.invite',
    'third-party invites',
  ),
  general(
    'an event needs more than the required level',
    '!== undefined) > power',
    '!== undefined) >= power',
    'required levels',
  ),
  general(
    "a state key may be another user's id",
    "pdu.state_key?.startsWith('@') && ",
    'false && ',
    'state keys of users',
  ),
  general(
    'power levels are not looked at',
    "pdu.type === 'm.room.power_levels' ?",
    "pdu.type === 'm.room.never' ?",
    'edits of users',
  ),

  selection('a knock is judged without the join rule', " || membership === 'knock'"),
  selection(
    'a redemption is judged without the third-party invite',
    "keys.push(['m.room.third_party_invite', token])",
    'void token',
    'redeemed third-party invites',
  ),
  selection(
    'a restricted join is judged without its authoriser',
    "keys.push(['m.room.member', authoriser])",
    'void authoriser',
    'restricted joins',
  ),
];
