/** A program that answers HTTP, to be compared with: waited for until it does, and ended. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Resolves when it answers a POST of `body` with 200. Rejects with what it complained when it ends before. */
export async function startProgram(child: ChildProcess, port: number, path: string, body: string): Promise<Program> {
  let complaint = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-4_000)));
  }
  const gone = once(child, 'exit');
  while (!(await answers(`http://127.0.0.1:${port}${path}`, body))) {
    if (child.exitCode !== null) throw new Error(`it ended: ${complaint}`);
    await sleep(200);
  }
  return {
    port,
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function answers(url: string, body: string): Promise<boolean> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status === 200;
}
