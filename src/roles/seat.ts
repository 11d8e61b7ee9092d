/** Where a server process sits: on the writer's seat, of which there is one, or beside it as a reader; and what they tell each other. */
import { randomId } from '../accounts/secrets.ts';
import { tokenMemory } from '../accounts/token-memory.ts';
import { createReadingRecorder } from '../commands/lanes/reading-recorder.ts';
import { createRoomLanes } from '../commands/lanes/room-lane.ts';
import { openWriter, type Writer } from '../commands/lanes/writer.ts';
import type { Appended } from '../log/append.ts';
import { createFollower, type Follower } from '../log/follow.ts';
import { createAnnouncer, hearNews, type Announcer } from '../log/news.ts';
import type { Data } from './open-data.ts';
import type { RoleContext } from './role.ts';

export interface Seat {
  /** A reader's refuses whatever would be written. */
  readonly writer: Pick<Writer, 'recorder' | 'lanes' | 'close'>;
  readonly follower: Follower;
  /** Calls it with every commit to come; a reader has none. */
  readonly onCommitted: (hear: (appended: Appended) => void) => void;
  /** Hears nothing of the other processes any more. */
  readonly close: () => Promise<void>;
}

/** Null when the program was told to stop while another process had the seat. */
export async function takeSeat(
  context: RoleContext,
  { database, identity }: Data,
  onDeposed: () => void,
): Promise<Seat | null> {
  const { config, log, now, print, stop } = context;
  const hearing: ((appended: Appended) => void)[] = [];
  const writer = await openWriter({
    pool: database.pool,
    db: database.db,
    now,
    serverName: identity.serverName,
    address: `http://${config.listen.host}:${config.listen.port}`,
    log,
    onCommitted: (appended) => hearing.forEach((hear) => hear(appended)),
    onDeposed() {
      log.error('another process took the writer seat: this one ends');
      onDeposed();
    },
    onStandby: () => print('Another process writes this log: waiting to take over when it ends.'),
    signal: stop,
  });
  if (writer === null) return null;
  const { follower, announcer, close } = follow(context, database, writer.recorder.head(), false);
  const onCommitted: Seat['onCommitted'] = (hear) => void hearing.push(hear);
  onCommitted((appended) => {
    follower.publish(appended);
    announcer.committed();
  });
  return { writer, follower, onCommitted, close };
}

/** Beside whoever writes. Rejects when the database cannot be reached. */
export async function takeReadersSeat(context: RoleContext, { database }: Data): Promise<Seat> {
  const { rows } = await database.pool.query<{ head: number }>('select position as head from log_head');
  const { follower, close } = follow(context, database, rows[0]!.head, true);
  const recorder = createReadingRecorder(() => follower.head());
  const lanes = createRoomLanes({ db: database.db, recorder: () => recorder });
  return { writer: { recorder, lanes, close: () => recorder.close() }, follower, onCommitted: () => undefined, close };
}

interface Following extends Pick<Seat, 'follower' | 'close'> {
  readonly announcer: Announcer;
}

function follow({ log }: RoleContext, { db, pool }: Data['database'], head: number, commits: boolean): Following {
  const self = randomId(8);
  const announcer = createAnnouncer(pool, self);
  const own = createFollower(head);
  const follower: Follower = {
    ...own,
    touch(userId) {
      own.touch(userId);
      announcer.touched(userId);
    },
  };
  const onError = (error: unknown): void => log.warn({ err: error }, 'what other processes do is not heard at once');
  const tokens = tokenMemory(db);
  const news = hearNews({ pool, follower: own, tokens, readers: announcer.readers, self, commits, onError });
  return { follower, announcer, close: () => news.close() };
}
