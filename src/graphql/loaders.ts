/** What resolvers load, gathered: all that one step of a query needs of a kind comes with one statement. */
import { profilesOf } from '../accounts/profiles.ts';
import { serviceTokensById } from '../accounts/service-tokens.ts';
import type { Db } from '../database/database.ts';
import type { KeysetPage, PageOfRows } from '../database/keyset.ts';
import { actionsAt } from '../log/action-queries.ts';
import type { Arm } from '../log/arms.ts';
import { readCurrentEvents, readEvents, type StoredEvent } from '../log/read.ts';
import { positionsAt } from '../log/moments.ts';
import {
  countTransitions,
  pageTransitions,
  transitionsAt,
  transitionsOfActs,
  type TransitionCondition,
  type TransitionRow,
} from '../log/transition-queries.ts';
import { outOfBandAt } from '../log/out-of-band.ts';
import { revealedTo, tookBackKnocks } from '../log/reveal-queries.ts';
import { triageOf } from '../log/triage-queries.ts';
import { latestVerdicts } from '../log/verdict-queries.ts';
import {
  countDeliveries,
  owedCounts,
  pageDeliveries,
  sentCounts,
  type DeliveryList,
} from '../outbox/ledger-queries.ts';
import {
  countKnocks,
  knocksByStatus,
  knocksDuring,
  knocksOpenedAt,
  pageKnocks,
  type KnockCondition,
  type KnockKey,
  type KnockRow,
} from '../projections/knock-queries.ts';
import {
  countMembers,
  membersByKey,
  membersByMembership,
  membershipsOfUsers,
  pageMembers,
  roomsById,
  type MemberList,
} from '../projections/room-queries.ts';
import { HEALTH } from './health-loaders.ts';
import { alike, keyed, onDemand } from './keyed-loaders.ts';
import { PAST } from './past-loaders.ts';

export interface EventKey {
  readonly roomId: string;
  readonly position: number;
}

interface KnockListKey {
  readonly arms: readonly Arm[];
  readonly condition: KnockCondition;
  readonly key: KnockKey;
}
interface TransitionListKey {
  readonly arms: readonly Arm[];
  readonly condition: TransitionCondition;
}
type Paged<List> = List & { readonly page: KeysetPage };
interface DeliveryListKey {
  readonly list: DeliveryList;
  readonly page: KeysetPage<string>;
}
interface MemberListKey {
  readonly list: MemberList;
  readonly page: KeysetPage<string>;
}

const ROWS = {
  room: keyed(roomsById),
  member: keyed(membersByKey),
  /** What was told of a room to a user outside of it. */
  outside: keyed(outOfBandAt),
  event: keyed(eventsAt),
  /** The event at a key of a room's current state. */
  state: keyed(readCurrentEvents),
  verdict: keyed(latestVerdicts),
  profile: keyed(profilesOf),
  /** All memberships of a user, past ones too. */
  memberships: keyed(membershipsOfUsers),
  /** By the position that opened it. */
  knock: keyed(knocksOpenedAt),
  knockDuring: keyed(knocksDuring),
  action: keyed(actionsAt),
  transition: keyed(transitionsAt),
  /** What moderators did about a knock, by the event that began it. */
  triage: keyed(triageOf),
  /** Whether somebody revealed an event's reason to themselves. */
  revealed: keyed(revealedTo),
  /** Whether a member event took back a knock. */
  tookBackKnock: keyed(tookBackKnocks),
  /** Where a moment lies in the log. */
  positionAt: keyed(positionsAt),
  serviceToken: keyed(serviceTokensById),
  transitionOf: keyed(transitionsOfActs),
};

const LISTS = {
  knocks: alike(
    ({ condition, key, page }: Paged<KnockListKey>) => [condition, key, page],
    (db, keys): Promise<readonly PageOfRows<KnockRow>[]> =>
      pageKnocks(db, armsOf(keys), keys[0].condition, keys[0].key, keys[0].page),
  ),
  knockCount: alike(
    ({ condition, key }: KnockListKey) => [condition, key],
    (db, keys) => countKnocks(db, armsOf(keys), keys[0].condition, keys[0].key),
  ),
  transitions: alike(
    ({ condition, page }: Paged<TransitionListKey>) => [condition, page],
    (db, keys): Promise<readonly PageOfRows<TransitionRow>[]> =>
      pageTransitions(db, armsOf(keys), keys[0].condition, keys[0].page),
  ),
  transitionCount: alike(
    ({ condition }: TransitionListKey) => condition,
    (db, keys) => countTransitions(db, armsOf(keys), keys[0].condition),
  ),
  members: alike(
    ({ page }: MemberListKey) => page,
    (db, keys) =>
      pageMembers(
        db,
        keys.map(({ list }) => list),
        keys[0].page,
      ),
  ),
  memberCount: keyed(countMembers),
  deliveries: alike(
    ({ page }: DeliveryListKey) => page,
    (db, keys) =>
      pageDeliveries(
        db,
        keys.map(({ list }) => list),
        keys[0].page,
      ),
  ),
  deliveryCount: keyed(countDeliveries),
};

function armsOf(keys: readonly { readonly arms: readonly Arm[] }[]): readonly (readonly Arm[])[] {
  return keys.map(({ arms }) => arms);
}

const TALLIES = {
  /** How many events a server has yet to get. */
  owed: keyed(owedCounts),
  sentCount: keyed(sentCounts),
  /** How many knocks of each status a room has. */
  knockTally: keyed(async (db, roomIds: readonly string[]) => {
    const rows = Map.groupBy(await knocksByStatus(db, roomIds), (row) => row.roomId);
    return roomIds.map((id) => Object.fromEntries((rows.get(id) ?? []).map((row) => [row.status, row.count])));
  }),
  /** How many users of each membership a room has. */
  memberTally: keyed(async (db, roomIds: readonly string[]) => {
    const rows = Map.groupBy(await membersByMembership(db, roomIds), (row) => row.roomId);
    return roomIds.map((id) => Object.fromEntries((rows.get(id) ?? []).map((row) => [row.membership, row.count])));
  }),
};

/** Makes the loaders of one request: each remembers what it loaded until `forget`. */
export const createLoaders = onDemand({ ...ROWS, ...LISTS, ...TALLIES, ...PAST, ...HEALTH });

export type Loaders = ReturnType<typeof createLoaders>;

async function eventsAt(db: Db, keys: readonly EventKey[]): Promise<readonly (StoredEvent | null)[]> {
  const found = await readEvents(db, keys);
  const byKey = new Map(found.map((event) => [JSON.stringify([event.roomId, event.position]), event]));
  return keys.map(({ roomId, position }) => byKey.get(JSON.stringify([roomId, position])) ?? null);
}
