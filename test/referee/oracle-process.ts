// A Python program that answers each line with a line, in order.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface OracleProcess {
  /** Lines may be asked before earlier ones are answered. */
  ask(line: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the program beside this file; `python` can import Synapse. */
export function startOracle(python: string, program: string): OracleProcess {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(python, ['-u', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close');
  const answer = async (): Promise<string> => {
    const { value } = await lines.next();
    if (value === undefined) throw new Error('The referee has left the field: see its words above.');
    return value;
  };
  return {
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
