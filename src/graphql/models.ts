/** What resolvers hand to each other: the shapes behind the schema's types that no query returns as they are. */
import type { ActOnMember, TransitionRow } from '../log/transition-queries.ts';
import type { KnockRow } from '../projections/knock-queries.ts';
import type { KnockStatus } from '../projections/knock-outcome.ts';
import type { DeliveryRow, DestinationRow } from '../outbox/ledger-queries.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { MemberRow, RoomHead } from '../projections/room-queries.ts';

export interface UserModel {
  readonly userId: string;
}

/** A page of a list. */
export interface ListPage<Row> {
  readonly rows: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly cursorOf: (row: Row) => string;
  /** Entries of the whole list. */
  readonly count: () => Promise<number>;
}

export type KnockPage = ListPage<KnockRow>;
export type MemberPage = ListPage<MemberRow>;
export type RoomPage = ListPage<RoomHead>;
export type DeliveryPage = ListPage<DeliveryRow>;
export type DestinationPage = ListPage<DestinationRow>;
export type TransitionPage = Omit<ListPage<TransitionRow>, 'count'>;

/** What a room counts; what is not there is zero. */
export interface RoomCounts {
  readonly members: Readonly<Partial<Record<Membership, number>>>;
  readonly knocks: Readonly<Partial<Record<KnockStatus, number>>>;
}

/** What an act on a membership left behind: the payload's fields are read when they are asked for. */
export type MembershipChange = ActOnMember;
