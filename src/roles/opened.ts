/** What a server process has opened, and the order in which it ends: told to stop, or because it could not come up. */
import type { LastSeen } from '../accounts/last-seen.ts';
import type { Aftercare } from '../commands/aftercare.ts';
import type { AutoAccept } from '../commands/auto-accept.ts';
import type { ElsewhereActs } from '../commands/elsewhere/act-elsewhere.ts';
import type { HandshakeKeeper } from '../commands/elsewhere/keep-handshakes.ts';
import type { BranchJoiner } from '../commands/join-branches.ts';
import type { Doors } from '../http/close-doors.ts';
import type { JobQueue } from '../queue/queue.ts';
import type { RunningWorker } from '../worker/worker.ts';
import type { Requests } from './federation.ts';
import type { Seat } from './seat.ts';

/** Absent is what was not opened, or not yet. */
export interface Opened {
  /** Before they listen: what cannot listen is closed, too. */
  readonly doors: Doors[];
  federation?: Pick<Requests, 'close'>;
  seat?: Pick<Seat, 'writer' | 'close'>;
  queue?: Pick<JobQueue, 'close'>;
  parts?: {
    readonly aftercare: Aftercare;
    readonly elsewhere: Pick<ElsewhereActs, 'close'>;
    readonly branches: BranchJoiner;
    readonly lastSeen: LastSeen;
  };
  autoAccept?: AutoAccept;
  worker?: RunningWorker;
  handshakes?: HandshakeKeeper;
}

/** Answers what was asked, then takes down the rest; what others lean on goes last. The signals of its parts have aborted. */
export async function closeOpened(opened: Opened): Promise<void> {
  const { doors, federation, seat, queue, parts, autoAccept, worker, handshakes } = opened;
  await Promise.all(doors.map((each) => each.drain()));
  await Promise.all([worker?.close(), queue?.close(), parts?.aftercare.close(), handshakes?.close()]);
  await Promise.all([parts?.elsewhere.close(), autoAccept?.settled(), parts?.branches.close()]);
  // Whoever still waits, waits for a database that is away: the writer gives up after a while and says so.
  await Promise.all([seat?.writer.close(), seat?.close()]);
  await Promise.all(doors.map((each) => each.close()));
  await federation?.close();
  await parts?.lastSeen.close();
}
