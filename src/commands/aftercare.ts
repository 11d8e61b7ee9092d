/** Does what is owed to an account's rooms, in the process that writes: at once, again after a failure, and after a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { owedTo, settle, usersOwed, type AftercareKind } from '../accounts/aftercare.ts';
import { createGate } from '../accounts/gate.ts';
import type { UserId } from '../matrix/identifiers.ts';
import type { CommandDeps } from './act.ts';
import { eraseOneself, type EraseDeps } from './erase.ts';
import { leaveAllRooms } from './leave-all-rooms.ts';
import { spreadProfile } from './spread-profile.ts';
import type { RoomTour } from './visit-rooms.ts';

export interface Aftercare {
  /** Does what is owed to this user's rooms. Resolves when it is done, or after ten seconds while it goes on. Never rejects. */
  attend(userId: UserId): Promise<void>;
  /** Takes up what an earlier process left. Never rejects. */
  resume(): Promise<void>;
  /** Resolves when nothing is being done any more, once the signal has aborted. */
  close(): Promise<void>;
}

export interface AftercareDeps {
  readonly commands: CommandDeps;
  readonly erase: EraseDeps;
  /** Has erased words taken out of the data files. Never rejects. */
  readonly scrub: () => Promise<void>;
  readonly log: Logger;
  /** Aborts when the server begins to stop: what is left then, is taken up by the next process. */
  readonly signal: AbortSignal;
}

type Duty = (deps: AftercareDeps, tour: RoomTour, userId: UserId) => Promise<void>;

const DUTIES: Readonly<Record<AftercareKind, Duty>> = {
  profile: ({ commands }, tour, userId) => spreadProfile(commands, tour, userId),
  departure: ({ commands }, tour, userId) => leaveAllRooms(commands, tour, userId),
  async erasure({ erase, scrub }, _tour, userId) {
    await eraseOneself(erase, { userId, token: null, admin: false, onBehalfOf: null, grant: null });
    await scrub();
  },
};

const PATIENCE_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
const USERS_AT_ONCE = 4;
const PAGE = 100;

interface Run {
  readonly now: Promise<void>;
  /** Asked for while one runs: begins when that has ended, once for all who asked. */
  next: Promise<void> | null;
}

export function createAftercare(deps: AftercareDeps): Aftercare {
  const { signal } = deps;
  const tour: RoomTour = deps;
  const gate = createGate({ atOnce: USERS_AT_ONCE, waiting: Infinity });
  const runs = new Map<UserId, Run>();

  const begin = (userId: UserId): Promise<void> => {
    const now = untilDone(tour, () => gate.pass(() => attendOnce(deps, tour, userId)));
    const run: Run = { now, next: null };
    runs.set(userId, run);
    return now.finally(() => run.next === null && runs.delete(userId));
  };
  const start = (userId: UserId): Promise<void> => {
    const run = runs.get(userId);
    if (run === undefined) return begin(userId);
    run.next ??= run.now.then(() => begin(userId));
    return run.next;
  };

  return {
    attend: (userId) => Promise.race([start(userId), sleep(PATIENCE_MS, undefined, { ref: false })]),
    async resume() {
      try {
        for (let after: string | undefined = ''; after !== undefined && !signal.aborted;) {
          const users: readonly UserId[] = await usersOwed(deps.commands.db, after, PAGE);
          await Promise.all(users.map(start));
          after = users.at(-1);
        }
      } catch (error) {
        deps.log.error({ err: error }, 'what is owed to rooms waits for the next start');
      }
    },
    async close() {
      await Promise.all([...runs.values()].map(({ now, next }) => next ?? now));
    },
  };
}

/** Tries, with growing pauses, until it is done or the server stops. Never rejects. */
async function untilDone({ signal, log }: RoomTour, work: () => Promise<void>): Promise<void> {
  for (let pause = FIRST_RETRY_MS; !signal.aborted; pause = Math.min(2 * pause, LAST_RETRY_MS)) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error }, 'what is owed to rooms is tried again');
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

async function attendOnce(deps: AftercareDeps, tour: RoomTour, userId: UserId): Promise<void> {
  const { db } = deps.commands;
  for (let owed = await owedTo(db, userId); owed.length > 0; owed = await owedTo(db, userId)) {
    for (const each of owed) {
      await DUTIES[each.kind](deps, tour, userId);
      await settle(db, userId, each);
    }
  }
}
