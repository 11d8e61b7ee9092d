/** Joins users to rooms as soon as their knock there is accepted, where the operator wants that (client-server API, Knocking). */
import type { Logger } from 'pino';
import type { Appended } from '../log/append.ts';
import { MatrixError } from '../matrix/errors.ts';
import { serverOf, type RoomId, type UserId } from '../matrix/identifiers.ts';
import type { Actor, CommandDeps } from './act.ts';
import { joinRoom } from './join.ts';

export interface AutoAccept {
  /** Looks at what was committed; what follows is done behind it. */
  hear(appended: Appended): void;
  /** Resolves when nothing is being done any more. */
  settled(): Promise<void>;
}

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
  return {
    hear({ events }) {
      for (const { judged } of events) {
        if (judged.verdict === 'imported') continue;
        for (const { kind, userId } of judged.transitions) {
          if (kind !== 'KNOCK_ACCEPTED' || serverOf(userId) !== commands.identity.serverName) continue;
          const work = join(userId, judged.roomId);
          open.add(work);
          void work.finally(() => open.delete(work));
        }
      }
    },
    settled: async () => void (await Promise.all(open)),
  };
}
