/** Joins users to rooms as soon as their knock there is accepted, where the operator wants that (client-server API, Knocking). */
import type { Logger } from 'pino';
import type { Appended } from '../log/append.ts';
import { acceptedOfLate } from '../log/transition-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import { serverOf, type RoomId, type UserId } from '../matrix/identifiers.ts';
import type { Actor, CommandDeps } from './act.ts';
import { joinRoom } from './join.ts';

export interface AutoAccept {
  /** Looks at what was committed; what follows is done behind it. */
  hear(appended: Appended): void;
  /** Goes on with what the process before had no time for, behind the caller. */
  resume(): void;
  /** Resolves when nothing is being done any more. */
  settled(): Promise<void>;
}

/** Who was let in longer ago and has not come, may have other plans by now. */
const LATE_MS = 3_600_000;

/** A join that fails leaves an invite like any other. What came with a room that was taken over is nobody's knock of now. */
export function createAutoAccept(commands: CommandDeps, log: Logger): AutoAccept {
  const open = new Set<Promise<void>>();
  const join = async (userId: UserId, roomId: RoomId): Promise<void> => {
    const actor: Actor = { userId, token: null, admin: false, onBehalfOf: null, grant: null };
    try {
      await joinRoom(commands, actor, { roomId });
    } catch (error) {
      const why = error instanceof MatrixError ? { errcode: error.errcode } : { err: error };
      log.info({ room: roomId, ...why }, 'an accepted knock was not followed by a join');
    }
  };
  const watch = (work: Promise<void>): void => {
    open.add(work);
    void work.finally(() => open.delete(work));
  };
  const resume = async (): Promise<void> => {
    const { db, identity, now } = commands;
    try {
      const left = await acceptedOfLate(db, identity.serverName, new Date(now() - LATE_MS));
      for (const { userId, roomId } of left) await join(userId, roomId);
    } catch (error) {
      log.warn({ err: error }, 'knocks that were accepted before the start are not looked at');
    }
  };
  return {
    hear({ events }) {
      for (const { judged } of events) {
        if (judged.verdict === 'imported') continue;
        for (const { kind, userId } of judged.transitions) {
          if (kind !== 'KNOCK_ACCEPTED' || serverOf(userId) !== commands.identity.serverName) continue;
          watch(join(userId, judged.roomId));
        }
      }
    },
    resume: () => watch(resume()),
    settled: async () => void (await Promise.all(open)),
  };
}
