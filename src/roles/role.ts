/** What a role of the program is, and what the program hands it. */
import type { ParseArgsOptionsConfig } from 'node:util';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';

export interface RoleContext {
  readonly config: Config;
  readonly log: Logger;
  /** Milliseconds. */
  readonly now: () => number;
  readonly processId: number;
  /** A line for whoever started the program. */
  readonly print: (line: string) => void;
  /** A line that the next one replaces on a terminal, and that is dropped elsewhere but once in a while. */
  readonly progress: (line: string) => void;
  /** Lets go of what the start left behind, a fifth of what a process takes at rest. Stands still for some tenths of a second. */
  readonly giveBackMemory: () => void;
  /** Asks without showing what is typed; a line of standard input when that is no terminal. */
  readonly readSecret: (question: string) => Promise<string>;
  /** Aborts on SIGTERM and SIGINT, and at `end`. A minute later the process ends, whatever still waits. */
  readonly stop: AbortSignal;
  /** As if the process had been told to stop. */
  readonly end: () => void;
}

export interface Arguments {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

export interface Role {
  /** One line for `--help`. */
  readonly summary: string;
  /** What follows the role's name. */
  readonly usage: string;
  readonly options: ParseArgsOptionsConfig;
  /** A line per option, for the role's own `--help`. */
  readonly help: readonly string[];
  /** Greatest number of positional arguments. */
  readonly positionals: number;
  /** Resolves to the exit code. An Error that is thrown is told by its message, without a stack. */
  run(context: RoleContext, given: Arguments): Promise<number>;
}

/** Resolves when the signal aborts, or has aborted: a program may be told to stop while it starts. */
export async function whenAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** Calls `end` once it is so many milliseconds since the signal aborted: what still waits then may wait for ever. */
export function endLate(signal: AbortSignal, milliseconds: number, end: () => void): void {
  signal.addEventListener('abort', () => void setTimeout(end, milliseconds).unref(), { once: true });
}
