/** Which function does which job. */
import type { Pool } from 'pg';
import { scrubFiles } from '../commands/scrub-files.ts';
import { verify } from '../commands/verify.ts';
import { sealLog, type SealDeps } from '../log/seals.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { rebuild } from '../projections/rebuild.ts';
import type { JobName, JobPayloads } from '../queue/queue.ts';

export interface WorkerParts {
  /** Service role. */
  readonly pool: Pool;
  /** The owner of the tables: VACUUM asks for it. */
  readonly ownerPool: Pool;
  readonly identity: ServerIdentity;
  readonly now: () => number;
  readonly logger: SealDeps['logger'] & { warn(fields: object, message: string): void };
}

type Processors = {
  readonly [N in JobName]: (
    parts: WorkerParts,
    payload: JobPayloads[N],
    progress: (report: object) => void,
  ) => Promise<object>;
};

const PROCESSORS: Processors = {
  seal: async (parts) => ({ seals: (await sealLog(parts)).length }),
  verify: (parts, _payload, progress) => verify(parts, { onProgress: progress }),
  rebuild: (parts, { force }, progress) =>
    rebuild(
      { pool: parts.pool, serverName: parts.identity.serverName },
      { replace: force === true ? 'always' : 'when_different', onProgress: progress },
    ),
  scrub: (parts, _payload, progress) => scrubFiles(parts.ownerPool, progress),
};

/** Does one job; what it returns is the job's result. */
export function runJob(
  parts: WorkerParts,
  name: JobName,
  payload: unknown,
  progress: (report: object) => void,
): Promise<object> {
  const process = PROCESSORS[name] as (
    parts: WorkerParts,
    payload: unknown,
    progress: (report: object) => void,
  ) => Promise<object>;
  return process(parts, payload, progress);
}
