/** Does what is owed to an account's rooms, in the process that writes: at once, again after a failure, and after a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { owedTo, settle, usersOwed, type AftercareKind } from '../accounts/aftercare.ts';
import { createGate } from '../accounts/gate.ts';
import type { UserId } from '../matrix/identifiers.ts';
import type { CommandDeps } from './act.ts';
import { spreadProfile } from './spread-profile.ts';
import type { RoomTour } from './visit-rooms.ts';

export interface Aftercare {
  /** Does what is owed to this user's rooms. Resolves when it is done, or goes on behind: after two seconds. Never rejects. */
  attend(userId: UserId): Promise<void>;
  /** Takes up what an earlier process left. Never rejects. */
  resume(): Promise<void>;
  /** Stops between two rooms; what is left is taken up by the next process. */
  close(): Promise<void>;
}

export interface AftercareDeps {
  readonly commands: CommandDeps;
  readonly log: Logger;
}

type Duty = (deps: AftercareDeps, tour: RoomTour, userId: UserId) => Promise<void>;

const DUTIES: Readonly<Record<AftercareKind, Duty>> = {
  profile: ({ commands }, tour, userId) => spreadProfile(commands, tour, userId),
};

const PATIENCE_MS = 2_000;
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
  const closing = new AbortController();
  const tour: RoomTour = { signal: closing.signal, log: deps.log };
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
        for (let after: string | undefined = ''; after !== undefined && !closing.signal.aborted;) {
          const users: readonly UserId[] = await usersOwed(deps.commands.db, after, PAGE);
          await Promise.all(users.map(start));
          after = users.at(-1);
        }
      } catch (error) {
        deps.log.error({ err: error }, 'what is owed to rooms waits for the next start');
      }
    },
    async close() {
      closing.abort(new Error('The server is stopping.'));
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
