/** Where a host says, by SRV records, that its homeserver is (server-server API, Resolving server names, steps 3 to 5). */
import type { SrvRecord } from 'node:dns';
import { boundedCache } from '../bounded-cache.ts';
import type { Names } from './names.ts';

export interface ServiceTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * The targets in the order in which they are to be tried, at most ten; null: there are no records, or nobody can be asked for
 * them; an empty list: the records say that there is no server, or nothing that makes sense. Never rejects.
 */
export type FindServices = (host: string) => Promise<readonly ServiceTarget[] | null>;

export interface ServicesDeps {
  readonly names: Pick<Names, 'services'>;
  /** Milliseconds. */
  readonly now: () => number;
  /** From 0 to 1, without 1. */
  readonly random: () => number;
}

interface Held {
  readonly targets: readonly ServiceTarget[] | null;
  readonly until: number;
}

/** The second is deprecated, and in use. */
const SERVICES = ['_matrix-fed._tcp', '_matrix._tcp'] as const;
/** Name servers keep what they hear as long as it stands. */
const STANDS_MS = 300_000;
const FAILURE_STANDS_MS = 60_000;
const MAX_HELD = 20_000;
const MAX_TARGETS = 10;

export function createFindServices({ names, now, random }: ServicesDeps): FindServices {
  const held = boundedCache<Held>(MAX_HELD);
  const asking = new Map<string, Promise<Held>>();
  const ask = async (host: string): Promise<Held> => {
    for (const service of SERVICES) {
      const records = await names.services(`${service}.${host}`).catch(() => null);
      if (records === null) return { targets: null, until: now() + FAILURE_STANDS_MS };
      if (records.length > 0) return { targets: inOrder(records, random), until: now() + STANDS_MS };
    }
    return { targets: null, until: now() + STANDS_MS };
  };
  return async (host) => {
    const key = host.toLowerCase();
    const known = held.get(key);
    const left = (known?.until ?? 0) - now();
    if (known !== undefined && left > 0 && left <= STANDS_MS) return known.targets;
    const open = asking.get(key) ?? ask(key).finally(() => asking.delete(key));
    asking.set(key, open);
    const found = await open;
    held.set(key, found);
    return found.targets;
  };
}

/** By priority, and those of one priority at random, by their weights (RFC 2782). */
export function inOrder(records: readonly SrvRecord[], random: () => number): readonly ServiceTarget[] {
  const usable = records.filter(({ name, port }) => isHostName(name) && port > 0);
  const byPriority = Map.groupBy(usable, ({ priority }) => priority);
  const priorities = [...byPriority.keys()].sort((a, b) => a - b);
  const ordered = priorities.flatMap((priority) => byWeight(byPriority.get(priority)!, random));
  return ordered.slice(0, MAX_TARGETS).map(({ name, port }) => ({ host: name.replace(/\.$/, ''), port }));
}

function byWeight(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  // Those of no weight come first, so that they are hardly ever chosen before others.
  const left = [...records].sort((a, b) => Math.sign(a.weight) - Math.sign(b.weight));
  const chosen: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let rest = Math.floor(random() * (total + 1));
    const at = left.findIndex(({ weight }) => (rest -= weight) <= 0);
    chosen.push(...left.splice(at, 1));
  }
  return chosen;
}

function isHostName(name: string): boolean {
  return /^[0-9A-Za-z_-][0-9A-Za-z._-]{0,253}$/.test(name);
}
