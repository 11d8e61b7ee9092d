// Forks that chance seldom makes: in each, one step of the algorithm decides the outcome.
import { stateKeyText } from '../../../src/matrix/auth-events.ts';
import { isJsonObject, type JsonObject } from '../../../src/matrix/json.ts';
import type { ForkedEvent, ForkedInput, ForkedRoom } from '../../support/forked-room.ts';
import { MARA, NORA, OWNER } from '../../support/races.ts';

/** The tips that a trap leads to, or null when what came before left no room for it. */
export type Trap = (room: ForkedRoom, fork: ForkedEvent) => readonly ForkedEvent[] | null;

const EARLY = 5_000;
const LATE = 6_000;

const topic = (sender: string, at: number): ForkedInput => ({
  type: 'm.room.topic',
  sender,
  state_key: '',
  content: { topic: `by ${sender}` },
  at,
});
const profile = (sender: string, name: string, at: number): ForkedInput => ({
  type: 'm.room.member',
  sender,
  state_key: sender,
  content: { membership: 'join', displayname: name },
  at,
});
const leave = (sender: string, target: string): ForkedInput => ({
  type: 'm.room.member',
  sender,
  state_key: target,
  content: { membership: 'leave' },
});
const message: ForkedInput = { type: 'm.room.message', sender: OWNER, content: {} };

/**
 * Mara sets the topic and leaves; an earlier topic of the owner's is in conflict with hers. Her join is reached by her
 * departure, which all states have: replayed, it would entitle her once more.
 */
const departed: Trap = (room, fork) =>
  unlessRefused(() => {
    const left = line(room, fork, [topic(MARA, LATE), leave(MARA, MARA)]);
    return [room.must([left], message), room.must([left], topic(OWNER, EARLY))];
  });

/**
 * Two profiles of Mara's are in conflict. Nora's removal of somebody goes by power levels that all states have, and these
 * by the older profile: the way to it leads through what is not replayed.
 */
const through: Trap = (room, fork) =>
  unlessRefused(() => {
    const older = room.must([fork], profile(MARA, 'older', LATE));
    const levels = room.must([older], demotion(room, older, MARA, {}));
    const younger = room.must([older], profile(MARA, 'younger', EARLY));
    const merged = room.must([levels, younger], message);
    return [room.must([levels], leave(NORA, '@bob:here')), merged];
  });

/**
 * Mara sets the topic before Nora takes her power; an earlier topic of the owner's is in conflict with hers. Whether hers
 * is judged by the power that she had turns on whether Nora's power levels stand between conflicted events.
 */
const between =
  (isBetween: boolean): Trap =>
  (room, fork) =>
    unlessRefused(() => {
      const set = room.must([fork], topic(MARA, LATE));
      const levels = room.must([set], demotion(room, set, NORA, { [MARA]: 0 }));
      const other = isBetween ? profile(NORA, 'another', LATE) : message;
      return [room.must([levels], other), room.must([levels], topic(OWNER, EARLY))];
    });

export const TRAPS: readonly Trap[] = [departed, through, between(true), between(false)];

/** Power levels as they are, with some changed. */
function demotion(room: ForkedRoom, after: ForkedEvent, sender: string, levels: JsonObject): ForkedInput {
  const position = after.after.get(stateKeyText('m.room.power_levels', ''));
  const content = position === undefined ? {} : room.events.get(position)!.pdu.content;
  const users = isJsonObject(content['users']) ? content['users'] : {};
  return {
    type: 'm.room.power_levels',
    sender,
    state_key: '',
    content: { ...content, state_default: 50, users: { ...users, ...levels } },
  };
}

function line(room: ForkedRoom, fork: ForkedEvent, inputs: readonly ForkedInput[]): ForkedEvent {
  return inputs.reduce((tip, input) => room.must([tip], input), fork);
}

function unlessRefused(set: () => readonly ForkedEvent[]): readonly ForkedEvent[] | null {
  try {
    return set();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('The scenery was refused')) return null;
    throw error;
  }
}
