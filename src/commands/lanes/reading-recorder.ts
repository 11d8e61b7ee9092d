/** What stands in for the recorder where nothing is written: it refuses. */
import { MatrixError } from '../../matrix/errors.ts';
import type { Recorder } from './record.ts';

/** `head`: the last position that is known to be durable. */
export function createReadingRecorder(head: () => number): Recorder {
  return {
    append: () => Promise.reject(readsOnly()),
    refusal: readsOnly,
    head,
    waiting: () => 0,
    close: async () => undefined,
  };
}

/** What is answered to an act by a process that only reads. */
export function readsOnly(): MatrixError {
  return new MatrixError('M_UNKNOWN', 'This process only reads: acts go to the one that writes.', { status: 503 });
}
