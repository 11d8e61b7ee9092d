/** Another room, whose topic somebody changes all the while: how long it takes tells whether it is disturbed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sendState } from '../../src/commands/send-state.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { actor, type TestLog } from '../../test/support/history.ts';
import { sample, type Sample } from './measure.ts';

const PAUSE_MS = 20;

/** Runs `work` while `owner` sets one topic after the other, with a pause between them; gives how long these took. */
export async function besideTopics<T>(
  log: TestLog,
  { roomId, owner }: { readonly roomId: RoomId; readonly owner: string },
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly topics: Sample; readonly longest: number }> {
  const waits: number[] = [];
  const over = new AbortController();
  const talk = async (): Promise<void> => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      const asked = performance.now();
      const content = jsonObject({ topic: `topic ${n}` });
      await sendState(log.deps, actor(owner), { roomId, type: 'm.room.topic', stateKey: '', content });
      waits.push(performance.now() - asked);
      await sleep(PAUSE_MS);
    }
  };
  const started = performance.now();
  const talking = talk();
  try {
    const result = await work();
    const took = performance.now() - started;
    return { result, topics: sample(waits.length, took, waits), longest: Math.max(...waits) };
  } finally {
    over.abort();
    await talking;
  }
}
