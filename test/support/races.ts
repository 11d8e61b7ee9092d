// PROTOCOL §5.4: two events about one person at once, and which of them stands in the end.
import { stateKeyText } from '../../src/matrix/auth-events.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import type { Membership } from '../../src/matrix/pdu.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { forkedRoom, type ForkedEvent, type ForkedInput, type ForkedRoom, type StateMap } from './forked-room.ts';

export const OWNER = '@owner:here';
/** The moderators' levels are 50 and 60. */
export const MARA = '@mara:here';
export const NORA = '@nora:there';
export const TARGET = '@target:far';

export interface Race {
  /** The row of the table. */
  readonly row: string;
  /** What sets this entry apart in its row. */
  readonly when?: string;
  readonly joinRule?: string;
  readonly prior?: Membership | 'none';
  readonly ban?: number;
  readonly a: ForkedInput;
  readonly b: ForkedInput;
  /** The membership in the end, and by whom it was set; none when there is no member event. */
  readonly winner: string;
}

export const member = (sender: string, membership: Membership, at: number, content: JsonObject = {}): ForkedInput => ({
  type: 'm.room.member',
  state_key: TARGET,
  sender,
  content: { membership, ...content },
  at,
});

const EARLY = 5_000;
const LATE = 6_000;

export const levels = (version: RoomVersionId, users: JsonObject, ban = 50): JsonObject => ({
  users: { ...users, ...(version === '12' ? {} : { [OWNER]: 100 }) },
  ban,
  kick: 50,
  invite: 0,
});

/** Every row of the table, with the times both ways round where they might matter. */
export function races(version: RoomVersionId): readonly Race[] {
  const both = (
    row: string,
    rest: Omit<Race, 'row' | 'a' | 'b'>,
    race: (a: number, b: number) => Pick<Race, 'a' | 'b'>,
  ) => [
    { row, when: 'A is earlier', ...rest, ...race(EARLY, LATE) },
    { row, when: 'B is earlier', ...rest, ...race(LATE, EARLY) },
    { row, when: 'both are of one moment', ...rest, ...race(EARLY, EARLY) },
  ];
  const demotion = (at: number): ForkedInput => ({
    type: 'm.room.power_levels',
    state_key: '',
    sender: OWNER,
    content: levels(version, { [MARA]: 0, [NORA]: 60 }),
    at,
  });
  const closing = (at: number): ForkedInput => ({
    type: 'm.room.join_rules',
    state_key: '',
    sender: OWNER,
    content: { join_rule: 'invite' },
    at,
  });
  return [
    ...both('invite ∥ kick', { winner: `invite by ${MARA}` }, (a, b) => ({
      a: member(MARA, 'invite', a),
      b: member(NORA, 'leave', b),
    })),
    ...both('invite ∥ ban', { winner: `ban by ${NORA}` }, (a, b) => ({
      a: member(MARA, 'invite', a),
      b: member(NORA, 'ban', b),
    })),
    ...both('kick ∥ ban', { winner: `ban by ${MARA}` }, (a, b) => ({
      a: member(NORA, 'leave', a),
      b: member(MARA, 'ban', b),
    })).map((race) => ({ ...race, when: `${race.when}, the kicker has more power` })),
    ...both('kick ∥ ban', { winner: `leave by ${MARA}` }, (a, b) => ({
      a: member(MARA, 'leave', a),
      b: member(NORA, 'ban', b),
    })).map((race) => ({ ...race, when: `${race.when}, the banner has more power and the kicker may ban` })),
    ...both('kick ∥ ban', { ban: 60, winner: `ban by ${NORA}` }, (a, b) => ({
      a: member(MARA, 'leave', a),
      b: member(NORA, 'ban', b),
    })).map((race) => ({ ...race, when: `${race.when}, the kicker may not ban` })),
    ...both('retract ∥ kick', { winner: `leave by ${MARA}` }, (a, b) => ({
      a: member(TARGET, 'leave', a),
      b: member(MARA, 'leave', b),
    })),
    {
      row: 'retract ∥ invite',
      when: 'the retraction is later',
      a: member(TARGET, 'leave', LATE),
      b: member(MARA, 'invite', EARLY),
      winner: `leave by ${TARGET}`,
    },
    {
      row: 'retract ∥ invite',
      when: 'the invite is later',
      a: member(TARGET, 'leave', EARLY),
      b: member(MARA, 'invite', LATE),
      winner: `invite by ${MARA}`,
    },
    ...both('renew knock ∥ invite', { winner: `invite by ${MARA}` }, (a, b) => ({
      a: member(TARGET, 'knock', a, { reason: 'again' }),
      b: member(MARA, 'invite', b),
    })),
    ...both('knock ∥ join_rules knock→invite', { prior: 'none', winner: 'none' }, (a, b) => ({
      a: member(TARGET, 'knock', a),
      b: closing(b),
    })),
    ...both('join ∥ kick, invited', { prior: 'invite', winner: `leave by ${MARA}` }, (a, b) => ({
      a: member(TARGET, 'join', a),
      b: member(MARA, 'leave', b),
    })),
    ...both('join ∥ kick, public', { prior: 'invite', joinRule: 'public', winner: `join by ${TARGET}` }, (a, b) => ({
      a: member(TARGET, 'join', a),
      b: member(MARA, 'leave', b),
    })),
    ...both('profile join→join ∥ kick', { prior: 'join', joinRule: 'invite', winner: `leave by ${MARA}` }, (a, b) => ({
      a: member(TARGET, 'join', a, { displayname: 'T' }),
      b: member(MARA, 'leave', b),
    })),
    ...both('ban ∥ demotion of the banner', { winner: `knock by ${TARGET}` }, (a, b) => ({
      a: member(MARA, 'ban', a),
      b: demotion(b),
    })),
  ];
}

/** A race that has been run: the room, the event before the fork, and the two that followed it. */
export interface RunRace {
  readonly room: ForkedRoom;
  readonly fork: ForkedEvent;
  readonly a: ForkedEvent;
  readonly b: ForkedEvent;
}

export function runRace(version: RoomVersionId, race: Race): RunRace {
  const { room, fork } = sceneOf(version, race);
  return { room, fork, a: room.must([fork], race.a), b: room.must([fork], race.b) };
}

/** The target's membership in a state, and who set it. */
export function standing({ events }: ForkedRoom, state: StateMap): string {
  const event = events.get(state.get(stateKeyText('m.room.member', TARGET)) ?? -1);
  return event === undefined ? 'none' : `${String(event.pdu.content['membership'])} by ${event.pdu.sender}`;
}

export interface Scene extends Pick<Race, 'joinRule' | 'prior' | 'ban'> {
  /** Who is in the room beside the owner and the moderators. */
  readonly members?: readonly string[];
  /** Levels beside theirs. */
  readonly users?: Readonly<Record<string, number>>;
  /** Of the power levels beside those of users. */
  readonly levels?: JsonObject;
  readonly create?: JsonObject;
}

/** The room as it is before a race. */
export function sceneOf(
  version: RoomVersionId,
  race: Scene,
): { readonly room: ForkedRoom; readonly fork: ForkedEvent } {
  const room = forkedRoom(version, OWNER, race.create);
  let fork = room.create;
  for (const input of sceneryOf(version, race)) fork = room.must([fork], input);
  return { room, fork };
}

/** What happened in the room before a race, one after the other. */
export function sceneryOf(version: RoomVersionId, race: Scene): readonly ForkedInput[] {
  const rule = (joinRule: string): ForkedInput => ({
    type: 'm.room.join_rules',
    state_key: '',
    sender: OWNER,
    content: { join_rule: joinRule },
  });
  const join = (sender: string): ForkedInput => ({
    type: 'm.room.member',
    state_key: sender,
    sender,
    content: { membership: 'join' },
  });
  const users = { ...race.users, [MARA]: 50, [NORA]: 60 };
  const prior = race.prior ?? 'knock';
  return [
    join(OWNER),
    {
      type: 'm.room.power_levels',
      state_key: '',
      sender: OWNER,
      content: { ...levels(version, users, race.ban), ...race.levels },
    },
    rule('public'),
    ...[MARA, NORA, ...(race.members ?? [])].map(join),
    ...(prior === 'invite' ? [member(OWNER, 'invite', 2_000)] : []),
    ...(prior === 'join' ? [join(TARGET)] : []),
    rule(race.joinRule ?? 'knock'),
    ...(prior === 'knock' ? [member(TARGET, 'knock', 2_000)] : []),
  ];
}
