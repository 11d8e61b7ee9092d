/** Which function does which job. */
import type { Pool } from 'pg';
import { scrubFiles } from '../commands/scrub-files.ts';
import { noteVerifyRun } from '../commands/verify/verify-runs.ts';
import { verify } from '../commands/verify/verify.ts';
import { forgetAnswers } from '../log/keyed-answers.ts';
import { sealLog, type SealDeps } from '../log/seals.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { forgetDeliveries } from '../outbox/ledger.ts';
import { rebuild } from '../projections/rebuild.ts';
import type { JobName, JobPayloads } from '../queue/queue.ts';
import type { Outbox } from './outbox.ts';

export interface WorkerParts {
  /** Service role. */
  readonly pool: Pool;
  /** The owner of the tables: VACUUM asks for it. */
  readonly ownerPool: Pool;
  readonly identity: ServerIdentity;
  readonly now: () => number;
  readonly logger: SealDeps['logger'] & { warn(fields: object, message: string): void };
}

/** What jobs find in the worker that does them. */
export interface JobParts extends WorkerParts {
  readonly outbox: Pick<Outbox, 'expand' | 'drain'>;
}

/** One run of a job. */
export interface JobRun {
  readonly progress: (report: object) => void;
  /** Aborts when the worker closes: a long job gives up, and is asked for again by whoever wanted it. */
  readonly signal: AbortSignal;
}

type Processors = {
  readonly [N in JobName]: (parts: JobParts, payload: JobPayloads[N], run: JobRun) => Promise<object>;
};

// How long a client may send a request again and be told what it was told before.
const ANSWERS_KEPT_MS = 7 * 24 * 60 * 60 * 1000;
const DELIVERIES_KEPT_DAYS = 90;

const PROCESSORS: Processors = {
  seal: async (parts) => ({ seals: (await sealLog(parts)).length }),
  prune: async ({ pool, now }, _payload, { signal }) => ({
    answers: await forgetAnswers(pool, new Date(now() - ANSWERS_KEPT_MS), signal),
    deliveries: await forgetDeliveries(pool, DELIVERIES_KEPT_DAYS, signal),
  }),
  verify: async (parts, _payload, { progress, signal }) => {
    const report = await verify(parts, { onProgress: progress, signal });
    await noteVerifyRun(parts.pool, report, false, parts.now());
    return report;
  },
  rebuild: (parts, { force }, { progress, signal }) =>
    rebuild(
      { pool: parts.pool, serverName: parts.identity.serverName },
      { replace: force === true ? 'always' : 'when_different', onProgress: progress, signal },
    ),
  scrub: (parts, _payload, { progress }) => scrubFiles(parts.ownerPool, progress),
  expand: async ({ outbox }) => {
    await outbox.expand();
    return {};
  },
  drain: async ({ outbox }, { destinations }) => {
    await outbox.drain(destinations);
    return {};
  },
};

/** Does one job; what it returns is the job's result. */
export function runJob(parts: JobParts, name: JobName, payload: unknown, run: JobRun): Promise<object> {
  const process = PROCESSORS[name] as (parts: JobParts, payload: unknown, run: JobRun) => Promise<object>;
  return process(parts, payload, run);
}
