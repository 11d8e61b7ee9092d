/** What hears other servers: their events go to the lanes of their rooms. */
import type { CommandDeps } from '../commands/act.ts';
import type { Denials } from '../commands/elsewhere/denial-elsewhere.ts';
import { createBranchJoiner, type BranchJoiner } from '../commands/join-branches.ts';
import { judgeReceived } from '../commands/judge/judge-received.ts';
import { createReceiver } from '../commands/receive/receive-pdu.ts';
import { createTransactions } from '../commands/receive/receive-transaction.ts';
import type { FederationParts } from '../http/parts.ts';
import { createAuthGraphs } from '../log/auth-graphs.ts';
import type { JobQueue } from '../queue/queue.ts';
import type { Federation } from './federation.ts';
import { createHeardServers } from './heard-servers.ts';
import type { RoleContext } from './role.ts';

const GRAPH_BYTES = 64 * 1024 * 1024;

export function hearServers(
  { calls, keys, checkEventSignatures }: Pick<Federation, 'calls' | 'keys' | 'checkEventSignatures'>,
  { db, lanes, identity, now, limits }: Pick<CommandDeps, 'db' | 'lanes' | 'identity' | 'now' | 'limits'>,
  queue: Pick<JobQueue, 'ring'>,
  log: RoleContext['log'],
  receiveDenial?: Denials['receive'],
): FederationParts & { readonly branches: BranchJoiner } {
  const branches = createBranchJoiner({ db, lanes, identity, now, log });
  const receiver = createReceiver({
    db,
    lanes,
    serverName: identity.serverName,
    checkSignatures: checkEventSignatures,
    remotes: calls,
    judge: judgeReceived,
    rates: limits,
    manyEnds: (roomId) => branches.look(roomId),
    now,
  });
  const transactions = createTransactions({
    receiver,
    receiveDenial,
    onLateFailure: (error) => log.error({ err: error }, 'an event of another server was not stored'),
  });
  const heard = createHeardServers({
    ...{ db, queue, now },
    onError: (error) => log.warn({ err: error }, 'a server that was heard of is not tried at once'),
  });
  const graphs = createAuthGraphs('head', GRAPH_BYTES);
  return { calls, keys, checkEventSignatures, receiver, transactions, branches, graphs, heard };
}
