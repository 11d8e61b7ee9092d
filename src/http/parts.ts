/** What the HTTP door is handed by the composition root. */
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { LastSeen } from '../accounts/last-seen.ts';
import type { RegistrationPolicy } from '../accounts/registration.ts';
import type { SharedSecretRegistration } from '../accounts/shared-secret.ts';
import type { CommandDeps } from '../commands/act.ts';
import type { Aftercare } from '../commands/aftercare.ts';
import type { Config } from '../config.ts';
import type { Receiver } from '../commands/receive/receive-pdu.ts';
import type { Transactions } from '../commands/receive/receive-transaction.ts';
import type { Db } from '../database/database.ts';
import type { Calls } from '../federation/calls.ts';
import type { CheckEventSignatures } from '../federation/event-signatures.ts';
import type { RemoteKeys } from '../federation/remote-keys.ts';
import type { AuthGraphs } from '../log/auth-graphs.ts';
import type { Follower } from '../log/follow.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import type { Health } from './health.ts';
import type { Limits } from './limits.ts';

/** What speaks with other servers, and hears them. */
export interface FederationParts {
  readonly calls: Calls;
  readonly keys: RemoteKeys;
  readonly checkEventSignatures: CheckEventSignatures;
  readonly receiver: Receiver;
  readonly transactions: Transactions;
  /** What rests on what, in rooms that others are told of. */
  readonly graphs: AuthGraphs;
  /** Told of every server that has signed a request: it lives. */
  readonly heard: (server: ServerName) => void;
}

export interface HttpParts {
  readonly db: Db;
  readonly commands: CommandDeps;
  readonly aftercare: Aftercare;
  readonly follower: Follower;
  readonly identity: ServerIdentity;
  readonly federation: FederationParts;
  readonly registration: RegistrationPolicy;
  /** Null: not served. */
  readonly sharedSecret: SharedSecretRegistration | null;
  readonly limits: Limits;
  readonly lastSeen: LastSeen;
  /** Base of the client API as clients see it; null when it is not told. */
  readonly publicBaseUrl: string | null;
  /** Where other servers find this one; null when its name says it. */
  readonly delegate: ServerName | null;
  readonly support: Config['support'];
  /** Milliseconds. */
  readonly now: () => number;
  readonly randomId: (length: number) => string;
  readonly health: () => Promise<Health>;
  readonly metrics: Registry;
  readonly log: Logger;
  /** Aborts when the server begins to shut down: long polls answer at once. */
  readonly shutdown: AbortSignal;
}
