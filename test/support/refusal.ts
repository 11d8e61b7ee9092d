/** Makes Postgres refuse what the writer cannot know to be wrong: a trigger on `events` that raises for one sender. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { TestDatabase } from './database.ts';

export interface Refusal {
  /** How often a row of the sender was refused; a rollback does not undo that. */
  tries(): Promise<number>;
  /** From now on a row of the sender waits before it is refused. */
  hold(): Promise<Hold>;
  lift(): Promise<void>;
}

export interface Hold {
  /** Resolves when a row waits. */
  reached(): Promise<void>;
  release(): Promise<void>;
}

// Any number that nothing else in the database locks.
const GATE = 4_711;

/** From now on no event of `sender` can be stored. */
export async function refuseEventsOf({ owner }: TestDatabase, sender: string): Promise<Refusal> {
  await owner.pool.query(`
    create sequence refused;
    create function refuse() returns trigger language plpgsql security definer as $$
    begin
      if new.sender = '${sender}' then
        perform nextval('refused');
        perform pg_advisory_xact_lock_shared(${GATE});
        raise exception 'a row of % is refused', new.sender;
      end if;
      return new;
    end $$;
    create trigger refuse before insert on events for each row execute function refuse()`);
  return {
    async tries() {
      const { rows } = await owner.pool.query<{ n: number }>(
        'select case when is_called then last_value else 0 end as n from refused',
      );
      return rows[0]!.n;
    },
    async hold() {
      const client = await owner.pool.connect();
      await client.query('select pg_advisory_lock($1)', [GATE]);
      return {
        reached: () => waitFor(client, GATE),
        async release() {
          await client.query('select pg_advisory_unlock($1)', [GATE]);
          client.release();
        },
      };
    },
    async lift() {
      await owner.pool.query('drop trigger refuse on events; drop function refuse; drop sequence refused');
    },
  };
}

async function waitFor(client: PoolClient, gate: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ waits: boolean }>(
      "select exists (select from pg_locks where locktype = 'advisory' and objid = $1 and not granted) as waits",
      [gate],
    );
    if (rows[0]!.waits) return;
    await sleep(5);
  }
}
