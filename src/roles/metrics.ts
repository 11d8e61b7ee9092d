/** The registry of everything that is counted. */
import { sql } from 'kysely';
import { collectDefaultMetrics, Gauge, Registry, type Metric } from 'prom-client';
import { laneMetrics } from '../commands/lanes/room-lane.ts';
import { recordMetrics } from '../commands/lanes/record.ts';
import type { Db } from '../database/database.ts';
import { READER } from '../outbox/owed-events.ts';
import { requestSeconds } from '../http/request-times.ts';
import { planMetrics } from '../graphql/engine/answer-planned.ts';
import { streamMetrics } from '../graphql/stream/subscriber.ts';
import type { Follower } from '../log/follow.ts';

export interface MetricsDeps {
  readonly db: Db;
  readonly follower: Follower;
  readonly now: () => number;
}

/** Gauges that ask the database do so when they are scraped. */
export function createMetrics(deps: MetricsDeps): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counted: readonly Metric[] = [
    ...[recordMetrics, laneMetrics, streamMetrics, planMetrics].flatMap((metrics): Metric[] => Object.values(metrics)),
    requestSeconds,
  ];
  for (const metric of counted) registry.registerMetric(metric);
  registerKnocks(registry, deps);
  registerLag(registry, deps);
  registerPolls(registry, deps);
  registerDeliveries(registry, deps);
  return registry;
}

function registerKnocks(registry: Registry, { db, now }: MetricsDeps): void {
  const pending = new Gauge({
    name: 'vestibule_knocks_pending',
    help: 'Knocks that wait for a decision.',
    registers: [registry],
  });
  const oldest = new Gauge({
    name: 'vestibule_knock_oldest_pending_seconds',
    help: 'Age of the oldest knock that waits for a decision; 0 without one.',
    registers: [],
    async collect() {
      const { rows } = await sql<{ pending: number; oldest: Date | null }>`
        select count(*)::int4 as pending, (select recorded_at from transitions where position = min(opened)) as oldest
          from knocks where status = 'PENDING' and in_room`.execute(db);
      const found = rows[0];
      pending.set(found?.pending ?? 0);
      this.set(found?.oldest ? Math.max(0, (now() - found.oldest.getTime()) / 1000) : 0);
    },
  });
  registry.registerMetric(oldest);
}

function registerLag(registry: Registry, { db, follower }: MetricsDeps): void {
  const lag = new Gauge({
    name: 'vestibule_reader_lag_positions',
    help: 'Positions of the log that a reader has not taken in yet.',
    labelNames: ['reader'],
    registers: [],
    async collect() {
      const { rows } = await sql<{ head: number; sealed: number; expanded: number }>`
        select position as head, coalesce((select max(upto_position) from log_seals), 0) as sealed,
               coalesce((select position from reader_positions where reader = ${READER}), 0) as expanded from log_head`.execute(
        db,
      );
      const { head, sealed, expanded } = rows[0] ?? { head: 0, sealed: 0, expanded: 0 };
      this.set({ reader: 'sync' }, Math.max(0, head - follower.head()));
      this.set({ reader: 'seals' }, head - sealed);
      this.set({ reader: 'deliveries' }, head - expanded);
    },
  });
  registry.registerMetric(lag);
}

function registerDeliveries(registry: Registry, { db, now }: MetricsDeps): void {
  const oldest = new Gauge({
    name: 'vestibule_delivery_oldest_owed_seconds',
    help: 'Age of the oldest event that another server has yet to get; 0 without one.',
    registers: [registry],
  });
  const failing = new Gauge({
    name: 'vestibule_destinations_failing',
    help: 'Other servers that failed when they were last sent something.',
    registers: [registry],
  });
  const owed = new Gauge({
    name: 'vestibule_deliveries_owed',
    help: 'Events that other servers have yet to get, each counted for each server.',
    registers: [],
    async collect() {
      const { rows } = await sql<{ owed: number; oldest: Date | null; failing: number }>`
        select count(*)::int4 as owed, min(owed_at) as oldest, (select count(*)::int4 from destinations where failures > 0) as failing
          from deliveries where settled_at is null`.execute(db);
      const found = rows[0];
      this.set(found?.owed ?? 0);
      failing.set(found?.failing ?? 0);
      oldest.set(found?.oldest ? Math.max(0, (now() - found.oldest.getTime()) / 1000) : 0);
    },
  });
  registry.registerMetric(owed);
}

function registerPolls(registry: Registry, { follower }: MetricsDeps): void {
  const waiting = new Gauge({
    name: 'vestibule_sync_waiting',
    help: 'Syncs that wait for something new.',
    registers: [],
    collect() {
      this.set(follower.waiting());
    },
  });
  registry.registerMetric(waiting);
}
