// Talks to the referee: a Python process that judges batches of cases by Synapse's rules.
import type { StateEvent } from '../../src/matrix/room-state.ts';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import type { Case } from './cases.ts';
import { startOracle } from './oracle-process.ts';

export interface Answer {
  readonly allowed: boolean;
  /** Why not, in Synapse's words; empty when allowed. */
  readonly reason: string;
  /** The state by which Synapse judges such an event; null where it stumbles over the event. */
  readonly keys: readonly (readonly [type: string, stateKey: string])[] | null;
}

export interface Referee {
  /** Answers in the order of the cases. */
  judge(cases: readonly Case[]): Promise<readonly Answer[]>;
  stop(): Promise<void>;
}

/** Cases that go to the referee, and come back, in one line. */
const BATCH = 1_000;

/** Starts the referee; `python` can import Synapse. */
export function startReferee(python: string): Referee {
  const oracle = startOracle(python, 'oracle.py');
  const ask = async (version: RoomVersionId, cases: readonly Case[]): Promise<readonly Answer[]> =>
    parseAnswers(await oracle.ask(batchLine(version, cases)));
  return {
    judge: async (cases) => {
      const answers: Answer[] = [];
      for (const batch of batches(cases)) answers.push(...(await ask(batch[0]!.version, batch)));
      return answers;
    },
    stop: () => oracle.stop(),
  };
}

/** Runs of cases of one room version. */
function batches(cases: readonly Case[]): readonly (readonly Case[])[] {
  const all: Case[][] = [];
  for (const next of cases) {
    const last = all.at(-1);
    if (last !== undefined && last.length < BATCH && last[0]?.version === next.version) last.push(next);
    else all.push([next]);
  }
  return all;
}

/** The batch as oracle.py reads it: events that many cases share are written once. */
function batchLine(version: RoomVersionId, cases: readonly Case[]): string {
  const places = new Map<StateEvent, number>();
  const rejected: number[] = [];
  const placeOf = (event: StateEvent): number => {
    const place = places.get(event) ?? places.size;
    places.set(event, place);
    return place;
  };
  const written = cases.map(({ state, others = [], event }) => ({
    state: state.map(placeOf),
    others: others.map((other) => {
      if (other.rejected === true) rejected.push(placeOf(other));
      return placeOf(other);
    }),
    event,
  }));
  return JSON.stringify({ version, events: [...places.keys()].map(({ pdu }) => pdu), rejected, cases: written });
}

function parseAnswers(line: string): readonly Answer[] {
  const { answers } = JSON.parse(line) as { readonly answers: readonly (readonly [boolean, string, Answer['keys']])[] };
  return answers.map(([allowed, reason, keys]) => ({ allowed, reason, keys }));
}
