/** Reads a V8 CPU profile (node --cpu-prof) and says where the time went: by kind of work, and by function. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

export interface Profile {
  /** Microseconds on the machine's monotonic clock, as process.hrtime() counts. */
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  readonly microseconds: number;
}

export interface Summary {
  /** Everything but idle time. */
  readonly busy: number;
  readonly kinds: readonly Share[];
  readonly functions: readonly Share[];
}

/** The only profile in a folder. */
export async function readProfile(folder: string): Promise<Profile> {
  const [file] = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`no profile was written to ${folder}`);
  return JSON.parse(await readFile(join(folder, file), 'utf8')) as Profile;
}

/**
 * Self time by kind, over the samples between two times of the monotonic clock (microseconds). Built-in code (crypto, JSON, sockets)
 * carries no file: it counts for whoever called it, unless it is a kind by itself.
 */
export function summarise(profile: Profile, from = 0, to = Infinity): Summary {
  const kinds = new Map<string, number>();
  const functions = new Map<string, number>();
  const named = kindOfNodes(profile);
  let [at, busy] = [profile.startTime, 0];
  for (const [i, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[i] ?? 0;
    at += delta;
    const node = named.get(id);
    if (node === undefined || at < from || at > to || node.kind === IDLE) continue;
    busy += delta;
    kinds.set(node.kind, (kinds.get(node.kind) ?? 0) + delta);
    functions.set(node.label, (functions.get(node.label) ?? 0) + delta);
  }
  return { busy, kinds: ordered(kinds), functions: ordered(functions) };
}

const IDLE = 'idle';

function kindOfNodes({ nodes }: Profile): ReadonlyMap<number, { readonly kind: string; readonly label: string }> {
  const parents = new Map<number, ProfileNode>();
  const known = new Map<number, { readonly kind: string; readonly label: string }>();
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node);
  // A profile lists parents before their children.
  for (const node of nodes) {
    const { functionName, url, lineNumber } = node.callFrame;
    const parent = parents.get(node.id);
    const kind = ownKind(functionName, url) ?? (parent === undefined ? 'other' : known.get(parent.id)?.kind) ?? 'other';
    const place = url === '' ? '' : ` ${shortPath(url)}:${lineNumber + 1}`;
    known.set(node.id, { kind, label: `${functionName || '(anonymous)'}${place}` });
  }
  return known;
}

const BY_NAME: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(idle)', IDLE],
  ['(program)', 'native code outside JavaScript'],
  ['(root)', IDLE],
]);

const BY_PLACE: readonly (readonly [RegExp, string])[] = [
  [/^sign(OneShot)?$|^verify(OneShot)?$|signText/, 'signature'],
  [/src\/matrix\/(canonical-json|json)\.ts/, 'JSON (canonical, lossless)'],
  [/src\/matrix\/(hashes|redaction|base64)\.ts/, 'hashes and redaction'],
  [/src\/matrix\/(event-auth|auth-events|room-state)/, 'authorization rules'],
  [/src\/matrix\//, 'other protocol code'],
  [/src\/log\/|src\/projections\/|commands\/(write-batch|record|unit-queue)/, 'rows of the log and projections'],
  [/src\/commands\/|src\/accounts\//, 'lanes and commands'],
  [/src\/http\//, 'HTTP doors'],
  [
    /node_modules\/(fastify|find-my-way|light-my-request|@fastify|fast-json-stringify|avvio|secure-json-parse)/,
    'Fastify',
  ],
  [/node_modules\/(pg|pg-.*|postgres-.*)\//, 'pg driver'],
  [/node_modules\/kysely\//, 'Kysely'],
  [/node_modules\/(pino|sonic-boom|prom-client|lru-cache|dataloader|typebox)\//, 'logging, metrics, caches'],
  [/node:(_?http|internal\/http|_http)/, "Node's HTTP"],
  [/node:(net|internal\/stream_base_commons|internal\/streams|stream|_stream)/, 'sockets and streams'],
  [
    /node:internal\/(timers|process|async_hooks|abort)|node:internal\/event_target|node:events/,
    'timers, events, ticks',
  ],
  [/node_modules\//, 'other packages'],
];

function ownKind(functionName: string, url: string): string | null {
  const byName = BY_NAME.get(functionName);
  if (byName !== undefined) return byName;
  const place = url === '' ? functionName : `${url} `;
  for (const [pattern, kind] of BY_PLACE) if (pattern.test(place) || pattern.test(functionName)) return kind;
  return null;
}

function shortPath(url: string): string {
  return url.replace(/^.*\/node_modules\//, '').replace(/^file:\/\/.*\/(src|bench|test)\//, '$1/');
}

function ordered(shares: ReadonlyMap<string, number>): readonly Share[] {
  return [...shares]
    .map(([name, microseconds]) => ({ name, microseconds }))
    .toSorted((a, b) => b.microseconds - a.microseconds);
}
