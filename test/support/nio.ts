/** People with matrix-nio, each a Python process of its own that syncs; test/clients/nio_client.py says what they speak. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../clients/nio_client.py', import.meta.url));

export interface NioEvent {
  readonly room: string;
  readonly sender: string;
  readonly target?: string;
  readonly membership?: string;
  readonly before?: string | null;
  readonly reason?: string | null;
  readonly body?: string;
}

export interface NioRoom {
  readonly name: string;
  /** People who are in the room or invited: nio shows no others. */
  readonly users: Readonly<Record<string, { readonly name: string; readonly invited: boolean }>>;
  readonly joined: number;
  readonly joinRule: string;
}

export interface NioAnswer {
  /** The class of nio's response. */
  readonly is: string;
  /** A Matrix error code, or nio's words. */
  readonly error: string | null;
  readonly room_id: string | null;
}

export interface NioPerson {
  readonly userId: string;
  /** What came in timelines, in nio's order. */
  readonly events: readonly NioEvent[];
  readonly invites: readonly { readonly room: string; readonly by: string; readonly name: string }[];
  /** Answers and events of the server that nio could not make sense of. */
  readonly unknown: readonly object[];
  /** Calls a method of nio's client. */
  call(method: string, args: object): Promise<NioAnswer>;
  show(roomId: string): Promise<NioRoom | null>;
  stop(): Promise<void>;
}

interface Line {
  readonly id?: number;
  readonly ready?: string;
  readonly event?: NioEvent;
  readonly invited?: NioPerson['invites'][number];
  readonly unknown?: object;
}

/** Registers a person and resolves when their client has synced. Rejects with what it printed when it ends before. */
export async function arriveWithNio(python: string, url: string, name: string): Promise<NioPerson> {
  const child = spawn(python, [PROGRAM, url, name], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [events, invites, unknown]: [NioEvent[], NioPerson['invites'][number][], object[]] = [[], [], []];
  const waiting = new Map<number, (line: Line) => void>();
  const ready = Promise.withResolvers<string>();
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const gone = once(child, 'close');
  void gone.then(() => ready.reject(new Error(`nio ended: ${complaints}`)));
  createInterface(child.stdout).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    if (line.ready !== undefined) ready.resolve(line.ready);
    if (line.event !== undefined) events.push(line.event);
    if (line.invited !== undefined) invites.push(line.invited);
    if (line.unknown !== undefined) unknown.push(line.unknown);
    if (line.id !== undefined) waiting.get(line.id)?.(line);
  });
  let orders = 0;
  const order = async (what: object): Promise<object> => {
    const id = ++orders;
    const answer = Promise.withResolvers<Line>();
    waiting.set(id, answer.resolve);
    child.stdin.write(`${JSON.stringify({ id, ...what })}\n`);
    const ended = gone.then(() => Promise.reject(new Error(`nio ended: ${complaints}`)));
    return Promise.race([answer.promise, ended]);
  };
  return {
    userId: await ready.promise,
    events,
    invites,
    unknown,
    call: (method, args) => order({ method, args }) as Promise<NioAnswer>,
    show: async (room) => ((await order({ show: room })) as { readonly room: NioRoom | null }).room,
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
