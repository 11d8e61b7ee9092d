/** What resolvers hand to each other: the shapes behind the schema's types that no query returns as they are. */
import type { ActionRow } from '../log/action-queries.ts';
import type { RowCount } from '../log/arm-counts.ts';
import type { ServiceToken } from '../accounts/service-tokens.ts';
import type { StoredEvent } from '../log/read.ts';
import type { ActOnMember, TransitionRow } from '../log/transition-queries.ts';
import type { KnockRow } from '../projections/knock-queries.ts';
import type { KnockStatus } from '../projections/knock-outcome.ts';
import type { DeliveryRow, DestinationRow } from '../outbox/ledger-queries.ts';
import type { MembershipDiff } from '../log/membership-diff.ts';
import type { PastMember } from '../log/past-state.ts';
import type { Errcode } from '../matrix/errors.ts';
import type { RoomId } from '../matrix/identifiers.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { PowerLevels } from '../matrix/room-state.ts';
import type { MemberRow, RoomHead } from '../projections/room-queries.ts';

export interface UserModel {
  readonly userId: string;
}

/** A membership as it is, or as it was at a room position (`at`). */
export type MemberModel = MemberRow | PastMember;

/** An event as far as the viewer sees it. */
export interface VisibleEvent extends StoredEvent {
  /** It has words that the viewer is not shown. */
  readonly reasonIsHidden?: boolean;
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

/** A page of a list that may be too long to be counted. */
export type LongListPage<Row> = Omit<ListPage<Row>, 'count'> & { readonly count: () => Promise<RowCount> };

export type KnockPage = LongListPage<KnockRow>;
export type MemberPage = ListPage<MemberModel>;
export type PathPage = Omit<ListPage<TransitionRow>, 'count'>;
export type DiffPage = Omit<ListPage<MembershipDiff>, 'count'>;
export type RoomPage = ListPage<RoomHead>;
export type DeliveryPage = ListPage<DeliveryRow>;
export type DestinationPage = ListPage<DestinationRow>;
export type EventPage = LongListPage<VisibleEvent>;
export type ActionPage = LongListPage<ActionRow>;
export type TransitionPage = LongListPage<TransitionRow>;
export type ServiceTokenPage = ListPage<ServiceToken>;

/** What a room counts; what is not there is zero. */
export interface RoomCounts {
  readonly roomId: string;
  readonly members: Readonly<Partial<Record<Membership, number>>>;
  readonly knocks: Readonly<Partial<Record<KnockStatus, number>>>;
}

export interface UserLevelModel {
  readonly userId: string;
  readonly level: number;
}

/** The power levels of a room. */
export interface LevelsModel {
  readonly levels: PowerLevels;
  /** Users with a level of their own, the most powerful first. */
  readonly users: readonly UserLevelModel[];
  /** Creators above all levels. */
  readonly creators: readonly string[];
}

/** What an act on a membership left behind: the payload's fields are read when they are asked for. */
export type MembershipChange = ActOnMember;

/** An event that an act was about. */
export interface EventPlace {
  readonly roomId: RoomId;
  readonly position: number;
}

/** What an act on a knock left behind. */
export interface KnockChange {
  /** Position that opened it. */
  readonly opened: number;
}

/** One knock of many that were to be decided alike. */
export interface DecidedKnock {
  /** The position that opened it; null: there is none. */
  readonly opened: number | null;
  readonly ok: boolean;
  readonly errorCode: Errcode | null;
  readonly message: string | null;
}

/** This server. */
export interface ServerModel {
  readonly name: string;
}
