// What people do in a generated room: drafts of events, made of the state on which they act.
import { stateKeyText } from '../../../src/matrix/auth-events.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/matrix/json.ts';
import type { Membership } from '../../../src/matrix/pdu.ts';
import type { ForkedInput, ForkedRoom, StateMap } from '../../support/forked-room.ts';
import { MARA, NORA, OWNER, TARGET } from '../../support/races.ts';

export const ADMIN = '@admin:there';
export const BOB = '@bob:here';
export const KIM = '@kim:far';
export const STRANGER = '@stranger:nowhere';
export const PEOPLE: readonly string[] = [OWNER, ADMIN, MARA, NORA, BOB, KIM, TARGET, STRANGER];

/** Somebody about to do something, with a number that decides what is left open. */
export interface Occasion {
  readonly room: ForkedRoom;
  readonly state: StateMap;
  readonly actor: string;
  readonly target: string;
  readonly value: number;
}

export type Move = (occasion: Occasion) => ForkedInput;

const JOIN_RULES = ['knock', 'invite', 'public', 'restricted', 'knock_restricted', 'private', 'knock', 'public'];
const LEVELS = [0, 25, 49, 50, 51, 60, 75, 100];
const NAMED = ['ban', 'kick', 'invite', 'redact', 'users_default', 'events_default', 'state_default'];

const member =
  (membership: Membership, whose: 'own' | 'other', content: JsonObject = {}): Move =>
  ({ actor, target, value }) => ({
    type: 'm.room.member',
    sender: actor,
    state_key: whose === 'own' ? actor : target,
    content: { membership, ...(value % 3 === 0 ? { reason: `for ${value}` } : {}), ...content },
  });

const state =
  (type: string, content: (value: number) => JsonObject): Move =>
  ({ actor, value }) => ({ type, sender: actor, state_key: '', content: content(value) });

const profile: Move = ({ actor, value }) => ({
  type: 'm.room.member',
  sender: actor,
  state_key: actor,
  content: { membership: 'join', displayname: `${actor} ${value}` },
});

const restrictedJoin: Move = ({ actor, target }) => ({
  type: 'm.room.member',
  sender: actor,
  state_key: actor,
  content: { membership: 'join', join_authorised_via_users_server: target },
});

/** Of somebody who is banned, if anybody is. */
const unban: Move = (occasion) => {
  const { room, state, target, value } = occasion;
  const membership = (user: string): JsonValue | undefined =>
    room.events.get(state.get(stateKeyText('m.room.member', user)) ?? -1)?.pdu.content['membership'];
  const banned = PEOPLE.filter((user) => membership(user) === 'ban');
  return member('leave', 'other')({ ...occasion, target: banned[value % banned.length] ?? target });
};

const powerLevels: Move = (occasion) => ({
  type: 'm.room.power_levels',
  sender: occasion.actor,
  state_key: '',
  content: changedLevels(occasion),
});

/** The levels in force with one of them changed. */
function changedLevels({ room, state, target, value }: Occasion): JsonObject {
  const position = state.get(stateKeyText('m.room.power_levels', ''));
  const levels = position === undefined ? {} : room.events.get(position)!.pdu.content;
  const number = LEVELS[value % LEVELS.length]!;
  // Before version 10, digits in a string were a level too.
  const level: JsonValue = !room.version.integerPowerLevels && value % 5 === 0 ? ` ${number} ` : number;
  const users = isJsonObject(levels['users']) ? levels['users'] : {};
  const events = isJsonObject(levels['events']) ? levels['events'] : {};
  switch (value % 4) {
    case 0: {
      const { [target]: _gone, ...others } = users;
      return { ...levels, users: others };
    }
    case 1:
      return { ...levels, [NAMED[(value >>> 3) % NAMED.length]!]: level };
    case 2:
      return { ...levels, events: { ...events, 'm.room.topic': level } };
    default:
      return { ...levels, users: { ...users, [target]: level } };
  }
}

/** How often each is drawn follows from how often it stands here: what is about membership and power, more than the rest. */
export const MOVES: readonly Move[] = [
  member('join', 'own'),
  member('join', 'own'),
  member('leave', 'own'),
  member('knock', 'own'),
  member('knock', 'own'),
  member('invite', 'other'),
  member('invite', 'other'),
  member('leave', 'other'),
  member('leave', 'other'),
  member('ban', 'other'),
  member('ban', 'other'),
  unban,
  unban,
  profile,
  profile,
  restrictedJoin,
  powerLevels,
  powerLevels,
  powerLevels,
  state('m.room.join_rules', (value) => ({ join_rule: JOIN_RULES[value % JOIN_RULES.length]!, allow: [] })),
  state('m.room.join_rules', (value) => ({ join_rule: JOIN_RULES[value % JOIN_RULES.length]! })),
  state('m.room.topic', (value) => ({ topic: `about ${value}` })),
  state('m.room.topic', (value) => ({ topic: `on ${value}` })),
  state('m.room.history_visibility', (value) => ({ history_visibility: value % 2 === 0 ? 'shared' : 'joined' })),
  ({ actor, value }) => ({ type: 'org.example.own', sender: actor, state_key: actor, content: { value } }),
  ({ actor, value }) => ({
    type: 'm.room.third_party_invite',
    sender: actor,
    state_key: `token${value % 2}`,
    content: { display_name: 'somebody', public_key: 'key', key_validity_url: 'https://id/valid' },
  }),
  ({ actor }) => ({ type: 'm.room.message', sender: actor, content: { body: 'hello' } }),
  ({ actor, room, value }) => ({
    type: 'm.room.redaction',
    sender: actor,
    content: { redacts: [...room.events.values()][value % room.events.size]!.eventId },
  }),
];
