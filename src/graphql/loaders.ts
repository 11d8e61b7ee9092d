/** What resolvers load, gathered: all that one step of a query needs of a kind comes with one statement. */
import { profilesOf } from '../accounts/profiles.ts';
import { serviceTokensById } from '../accounts/service-tokens.ts';
import type { Db } from '../database/database.ts';
import type { KeysetPage, PageOfRows } from '../database/keyset.ts';
import { actionsAt } from '../log/action-queries.ts';
import type { Arm } from '../log/arms.ts';
import { readCurrentEvents, readEvents, type StoredEvent } from '../log/read.ts';
import { positionsAt, type Moment } from '../log/moments.ts';
import {
  countTransitions,
  pageTransitions,
  transitionsAt,
  transitionsOfActs,
  type ActOnMember,
  type TransitionCondition,
  type TransitionRow,
} from '../log/transition-queries.ts';
import { outOfBandAt } from '../log/out-of-band.ts';
import { revealedTo, tookBackKnocks, type MemberEvent, type Reading } from '../log/reveal-queries.ts';
import { triageOf } from '../log/triage-queries.ts';
import { latestVerdicts } from '../log/verdict-queries.ts';
import {
  countDeliveries,
  owedCounts,
  pageDeliveries,
  sentCounts,
  type DeliveryList,
} from '../outbox/ledger-queries.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import {
  countKnocks,
  knocksByStatus,
  knocksDuring,
  knocksOpenedAt,
  pageKnocks,
  type KnockCondition,
  type KnockKey,
  type KnockMoment,
  type KnockRow,
} from '../projections/knock-queries.ts';
import {
  countMembers,
  membersByKey,
  membersByMembership,
  membershipsOfUsers,
  pageMembers,
  roomsById,
  type MemberKey,
  type MemberList,
  type StateKey,
} from '../projections/room-queries.ts';
import { alike, keyed } from './keyed-loaders.ts';
import { createHealthLoaders } from './health-loaders.ts';
import { createPastLoaders } from './past-loaders.ts';

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

export type Loaders = ReturnType<typeof createLoaders>;

/** The loaders of one request: each remembers what it loaded until `forget`. */
export function createLoaders(db: Db, serverName: ServerName) {
  const loaders = {
    ...rowLoaders(db),
    ...listLoaders(db),
    ...tallyLoaders(db),
    ...createPastLoaders(db, serverName),
    ...createHealthLoaders(db),
  };
  return {
    ...loaders,
    /** After an act nothing that was loaded before it holds. */
    forget(): void {
      for (const loader of Object.values(loaders)) loader.clearAll();
    },
  };
}

function rowLoaders(db: Db) {
  const event = keyed((keys: readonly EventKey[]) => eventsAt(db, keys));
  return {
    room: keyed((roomIds: readonly string[]) => roomsById(db, roomIds)),
    member: keyed((keys: readonly MemberKey[]) => membersByKey(db, keys)),
    /** What was told of a room to a user outside of it. */
    outside: keyed((keys: readonly MemberKey[]) => outOfBandAt(db, keys)),
    event,
    /** The event at a key of a room's current state. */
    state: keyed((keys: readonly StateKey[]) => readCurrentEvents(db, keys)),
    verdict: keyed((keys: readonly EventKey[]) => latestVerdicts(db, keys)),
    profile: keyed((userIds: readonly string[]) => profilesOf(db, userIds)),
    /** All memberships of a user, past ones too. */
    memberships: keyed((userIds: readonly string[]) => membershipsOfUsers(db, userIds)),
    /** By the position that opened it. */
    knock: keyed((opened: readonly number[]) => knocksOpenedAt(db, opened)),
    knockDuring: keyed((moments: readonly KnockMoment[]) => knocksDuring(db, moments)),
    action: keyed((positions: readonly number[]) => actionsAt(db, positions)),
    transition: keyed((positions: readonly number[]) => transitionsAt(db, positions)),
    /** What moderators did about a knock, by the event that began it. */
    triage: keyed((firstEvents: readonly number[]) => triageOf(db, firstEvents)),
    /** Whether somebody revealed an event's reason to themselves. */
    revealed: keyed((readings: readonly Reading[]) => revealedTo(db, readings)),
    /** Whether a member event took back a knock. */
    tookBackKnock: keyed((events: readonly MemberEvent[]) => tookBackKnocks(db, events)),
    /** Where a moment lies in the log. */
    positionAt: keyed((moments: readonly Moment[]) => positionsAt(db, moments)),
    serviceToken: keyed((ids: readonly string[]) => serviceTokensById(db, ids)),
    transitionOf: keyed((acts: readonly ActOnMember[]) => transitionsOfActs(db, acts)),
  };
}

function listLoaders(db: Db) {
  return {
    knocks: alike(
      ({ condition, key, page }: Paged<KnockListKey>) => [condition, key, page],
      (keys): Promise<readonly PageOfRows<KnockRow>[]> =>
        pageKnocks(db, armsOf(keys), keys[0].condition, keys[0].key, keys[0].page),
    ),
    knockCount: alike(
      ({ condition, key }: KnockListKey) => [condition, key],
      (keys) => countKnocks(db, armsOf(keys), keys[0].condition, keys[0].key),
    ),
    transitions: alike(
      ({ condition, page }: Paged<TransitionListKey>) => [condition, page],
      (keys): Promise<readonly PageOfRows<TransitionRow>[]> =>
        pageTransitions(db, armsOf(keys), keys[0].condition, keys[0].page),
    ),
    transitionCount: alike(
      ({ condition }: TransitionListKey) => condition,
      (keys) => countTransitions(db, armsOf(keys), keys[0].condition),
    ),
    members: alike(
      ({ page }: MemberListKey) => page,
      (keys) =>
        pageMembers(
          db,
          keys.map(({ list }) => list),
          keys[0].page,
        ),
    ),
    memberCount: keyed((lists: readonly MemberList[]) => countMembers(db, lists)),
    deliveries: alike(
      ({ page }: DeliveryListKey) => page,
      (keys) =>
        pageDeliveries(
          db,
          keys.map(({ list }) => list),
          keys[0].page,
        ),
    ),
    deliveryCount: keyed((lists: readonly DeliveryList[]) => countDeliveries(db, lists)),
  };
}

function armsOf(keys: readonly { readonly arms: readonly Arm[] }[]): readonly (readonly Arm[])[] {
  return keys.map(({ arms }) => arms);
}

function tallyLoaders(db: Db) {
  return {
    /** How many events a server has yet to get. */
    owed: keyed((servers: readonly string[]) => owedCounts(db, servers)),
    sentCount: keyed((servers: readonly string[]) => sentCounts(db, servers)),
    /** How many knocks of each status a room has. */
    knockTally: keyed(async (roomIds: readonly string[]) => {
      const rows = Map.groupBy(await knocksByStatus(db, roomIds), (row) => row.roomId);
      return roomIds.map((id) => Object.fromEntries((rows.get(id) ?? []).map((row) => [row.status, row.count])));
    }),
    /** How many users of each membership a room has. */
    memberTally: keyed(async (roomIds: readonly string[]) => {
      const rows = Map.groupBy(await membersByMembership(db, roomIds), (row) => row.roomId);
      return roomIds.map((id) => Object.fromEntries((rows.get(id) ?? []).map((row) => [row.membership, row.count])));
    }),
  };
}

async function eventsAt(db: Db, keys: readonly EventKey[]): Promise<readonly (StoredEvent | null)[]> {
  const found = await readEvents(db, keys);
  const byKey = new Map(found.map((event) => [JSON.stringify([event.roomId, event.position]), event]));
  return keys.map(({ roomId, position }) => byKey.get(JSON.stringify([roomId, position])) ?? null);
}
