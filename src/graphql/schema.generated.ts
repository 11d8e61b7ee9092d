import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { MembershipChange, KnockChange, EventPlace, ActionPage as ActionPageModel, DeliveryPage as DeliveryPageModel, DestinationPage as DestinationPageModel, VisibleEvent, EventPage as EventPageModel, DecidedKnock, KnockPage as KnockPageModel, MemberModel, MemberPage as MemberPageModel, ServerModel, DiffPage, PathPage, LevelsModel, RoomPage as RoomPageModel, RoomCounts as RoomCountsModel, ServiceTokenPage as ServiceTokenPageModel, TransitionPage as TransitionPageModel, UserModel, UserLevelModel } from './models.ts';
import type { ActionRow as ActionModel } from '../log/action-queries.ts';
import type { DeliveryRow as DeliveryModel, DestinationRow as DestinationModel } from '../outbox/ledger-queries.ts';
import type { CheckedEvent, CheckedSignature, KnockEvidence as KnockEvidenceModel } from '../commands/knock-evidence.ts';
import type { JobStatus as JobModel } from '../queue/queue.ts';
import type { KnockRow as KnockModel } from '../projections/knock-queries.ts';
import type { DecisionTimes as DecisionTimesModel, Outcomes } from '../projections/door-health.ts';
import type { LogReader as LogReaderModel, LastSeal } from '../log/log-health.ts';
import type { VerifyRun as VerifyRunModel } from '../commands/verify/verify-runs.ts';
import type { MembershipDiff as MembershipDiffModel } from '../log/membership-diff.ts';
import type { TransitionRow as PathStepModel, TransitionRow as TransitionModel } from '../log/transition-queries.ts';
import type { RoomHead as RoomModel } from '../projections/room-queries.ts';
import type { ServiceToken as ServiceTokenModel } from '../accounts/service-tokens.ts';
import type { Context } from './context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /**
   * An instant, as an ISO 8601 string in UTC with milliseconds: `2026-01-31T12:00:00.000Z`. What is given may have any zone, and
   * needs one.
   */
  DateTime: { input: Date; output: Date; }
  /** Any JSON value, as it stands in the event. */
  JSON: { input: unknown; output: unknown; }
};

/** A knock to accept. */
export type AcceptKnockInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Matrix id of the knocker. */
  readonly userId: Scalars['String']['input'];
};

/** What acceptKnock changed. */
export type AcceptKnockPayload = MembershipPayload & {
  readonly __typename?: 'AcceptKnockPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock, now accepted. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** One act of a person or a token, as the log keeps it for ever: through GraphQL or the client-server API, with what came of it. */
export type Action = Node & {
  readonly __typename?: 'Action';
  /** Who acted. */
  readonly actor: User;
  /** When, by this server's clock. */
  readonly at: Scalars['DateTime']['output'];
  /** The event that was sent; of acts on a knock one of its events. Null when there is none, or the viewer may not see it. */
  readonly event?: Maybe<Event>;
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** The name of the token or person that the actor acted for. */
  readonly onBehalfOf?: Maybe<Scalars['String']['output']>;
  /** What was done: the name of a mutation, or of an operation of the client-server API. */
  readonly operation: Scalars['String']['output'];
  /** What came of it: `ok`, `unchanged`, or the code of the error that refused it. */
  readonly outcome: Scalars['String']['output'];
  /** Its place in the log: a whole number, in the order of the log. */
  readonly position: Scalars['String']['output'];
  /** Where; null when it concerned no room, or the viewer does not see it. */
  readonly room?: Maybe<Room>;
  /** Whom or what it was done to, by Matrix id. */
  readonly target?: Maybe<Scalars['String']['output']>;
  /** Public id of the access token; null for what the server did on its own. */
  readonly token?: Maybe<Scalars['String']['output']>;
};

/** A page of a list of acts. */
export type ActionConnection = {
  readonly __typename?: 'ActionConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<ActionEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Action>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for, up to 10,000, and estimated beyond. */
  readonly totalCount: Scalars['Int']['output'];
  /** There are more than 10,000 entries: the count is an estimate. */
  readonly totalCountIsEstimate: Scalars['Boolean']['output'];
};

/** An entry of a list of acts. */
export type ActionEdge = {
  readonly __typename?: 'ActionEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Action;
};

/** Which acts. What is left out does not matter; all that is given must hold. */
export type ActionFilter = {
  /** Only by this user, by Matrix id. */
  readonly actor?: InputMaybe<Scalars['String']['input']>;
  /** Only these operations. */
  readonly operations?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only what was refused, or only what was not. */
  readonly refused?: InputMaybe<Scalars['Boolean']['input']>;
  /** Only in this room, by Matrix id. */
  readonly roomId?: InputMaybe<Scalars['String']['input']>;
  /** Only in these rooms, by Matrix id; at most 100. */
  readonly roomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only done then or later. */
  readonly since?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only at this position of the log or behind it. */
  readonly sincePosition?: InputMaybe<Scalars['String']['input']>;
  /** Only done to this, by Matrix id. */
  readonly target?: InputMaybe<Scalars['String']['input']>;
  /** Only by this access token, by its public id. */
  readonly token?: InputMaybe<Scalars['String']['input']>;
  /** Only done before. */
  readonly until?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only before this position of the log. */
  readonly untilPosition?: InputMaybe<Scalars['String']['input']>;
};

/** A moment of the past: a place in the log, or a time. */
export type AsOf =
  /** After the row of the log with this position, such as `Transition.position`. Positions that no row has yet are refused. */
  { readonly position: Scalars['String']['input']; readonly time?: never; }
  |  /** When it was recorded, by this server's clock; what was recorded in the same millisecond counts. The future is refused. */
  { readonly position?: never; readonly time: Scalars['DateTime']['input']; };

/** A user to ban. */
export type BanUserInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Matrix id of the user. */
  readonly userId: Scalars['String']['input'];
};

/** What banUser changed. */
export type BanUserPayload = MembershipPayload & {
  readonly __typename?: 'BanUserPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock that the act ended; null when it ended none, or the viewer may not see it. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** A knock to claim. */
export type ClaimKnockInput = {
  /** Id of the knock. */
  readonly knockId: Scalars['ID']['input'];
  /** Also when somebody else has it. */
  readonly takeOver?: InputMaybe<Scalars['Boolean']['input']>;
};

/** What claimKnock changed. */
export type ClaimKnockPayload = {
  readonly __typename?: 'ClaimKnockPayload';
  /** The knock, claimed. */
  readonly knock: Knock;
};

/** A room to make. */
export type CreateRoomInput = {
  /** Of a restricted join rule: the rooms whose members may join, by Matrix id. */
  readonly allowRoomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Users to invite at once, by Matrix id; at most 100. */
  readonly invite?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Who may join, and how; without it the preset tells. */
  readonly joinRule?: InputMaybe<JoinRule>;
  /** The room's name. */
  readonly name?: InputMaybe<Scalars['String']['input']>;
  /** What the room starts from; `PRIVATE_CHAT` when nothing is said. */
  readonly preset?: InputMaybe<RoomPreset>;
  /** The room's topic. */
  readonly topic?: InputMaybe<Scalars['String']['input']>;
  /** The Matrix room version; the server's default when nothing is said. */
  readonly version?: InputMaybe<Scalars['String']['input']>;
};

/** What createRoom made. */
export type CreateRoomPayload = {
  readonly __typename?: 'CreateRoomPayload';
  /** The new room. */
  readonly room: Room;
};

/** A service token to make. */
export type CreateServiceTokenInput = {
  /** When it ends by itself; never when nothing is said. */
  readonly expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** What acts by it are said to be on behalf of: 1 to 64 printable characters, not beginning with `@`, that no other token has. */
  readonly name: Scalars['String']['input'];
  /** The rooms it is good for, by Matrix id, at most 100; all when nothing is said. */
  readonly roomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** What it may see and do; at least one scope. */
  readonly scopes: ReadonlyArray<ServiceTokenScope>;
  /** Who acts and signs: Matrix id of a user of this server. */
  readonly userId: Scalars['String']['input'];
};

/** What createServiceToken made. */
export type CreateServiceTokenPayload = {
  readonly __typename?: 'CreateServiceTokenPayload';
  /** What is sent as `Authorization: Bearer …`. It is told here and never again. */
  readonly secret: Scalars['String']['output'];
  /** The token. */
  readonly serviceToken: ServiceToken;
};

/** A decision on many knocks. It names them by their ids or describes them by a filter. */
export type DecideKnocksInput = {
  /** What to do with them. */
  readonly decision: KnockDecision;
  /** Do nothing, and tell what would be done. */
  readonly dryRun?: Scalars['Boolean']['input'];
  /**
   * Any text of the client's, at most 255 bytes. The same request with the same key, at the same time, later or after the
   * server has crashed, decides about the same knocks and nothing twice. Each user and each service token has keys of its own. Kept for seven days.
   */
  readonly idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The knocks, at most 500. */
  readonly knockIds?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
  /** Words that go with each. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** The pending knocks like this, in the rooms whose door the viewer keeps. */
  readonly where?: InputMaybe<KnockFilter>;
};

/** What decideKnocks did, or would do. */
export type DecideKnocksPayload = {
  readonly __typename?: 'DecideKnocksPayload';
  /** More knocks are like the filter than are decided at once. */
  readonly hasMore: Scalars['Boolean']['output'];
  /** A result for each knock: in the order of the ids, or of when the knocks were made. */
  readonly results: ReadonlyArray<KnockDecisionResult>;
};

/** How long knockers waited for a decision. */
export type DecisionTimes = {
  readonly __typename?: 'DecisionTimes';
  /** Knocks that were accepted, rejected or answered with a ban. */
  readonly decided: Scalars['Int']['output'];
  /** Half of them waited no longer, in seconds; null when there was none. */
  readonly medianSeconds?: Maybe<Scalars['Float']['output']>;
  /** Nine in ten of them waited no longer, in seconds; null when there was none. */
  readonly p90Seconds?: Maybe<Scalars['Float']['output']>;
};

/** An event that a server is owed, and what became of it. */
export type Delivery = {
  readonly __typename?: 'Delivery';
  /** The other server's words, when it refused. */
  readonly error?: Maybe<Scalars['String']['output']>;
  /** The event; null when the viewer may not see it. */
  readonly event?: Maybe<Event>;
  /** When it came to be owed. */
  readonly owedAt: Scalars['DateTime']['output'];
  /** The room of the event. */
  readonly room: Room;
  /** The server that it is for. */
  readonly server: Scalars['String']['output'];
  /** When it was settled, one way or another; null while it waits. */
  readonly settledAt?: Maybe<Scalars['DateTime']['output']>;
  /** How far it is. */
  readonly state: DeliveryState;
  /** The transaction that it is, or was last, a part of; null when it never was part of one. */
  readonly transactionId?: Maybe<Scalars['String']['output']>;
};

/** A page of a list of deliveries. */
export type DeliveryConnection = {
  readonly __typename?: 'DeliveryConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<DeliveryEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Delivery>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for. */
  readonly totalCount: Scalars['Int']['output'];
};

/** An entry of a list of deliveries. */
export type DeliveryEdge = {
  readonly __typename?: 'DeliveryEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Delivery;
};

/** How far a delivery is. */
export type DeliveryState =
  /** The other server took it. */
  | 'ACKNOWLEDGED'
  /** It was left out: the server was away for long, and newer events of the room tell of it. */
  | 'CAUGHT_UP'
  /** It waited for too long, or an admin gave up. */
  | 'GIVEN_UP'
  /** It waits. */
  | 'QUEUED'
  /** The other server will not take it. */
  | 'REFUSED'
  /** It is part of a transaction that was made and perhaps sent, and not answered yet. */
  | 'SENT';

/** A server that this one delivers to. */
export type Destination = {
  readonly __typename?: 'Destination';
  /** What was sent to it or waits, newest first. */
  readonly deliveries: DeliveryConnection;
  /** Transactions that failed since the last that it answered. */
  readonly failures: Scalars['Int']['output'];
  /** What the last failure was, in this server's words or its own; null when the last transaction was answered. */
  readonly lastError?: Maybe<Scalars['String']['output']>;
  /** When a transaction last failed; null when none ever did. */
  readonly lastFailureAt?: Maybe<Scalars['DateTime']['output']>;
  /** When it last answered a transaction; null when it never did. */
  readonly lastSuccessAt?: Maybe<Scalars['DateTime']['output']>;
  /** Events that it has yet to get. */
  readonly owed: Scalars['Int']['output'];
  /** Until when it is left alone because it failed; null when it is not. */
  readonly retryAt?: Maybe<Scalars['DateTime']['output']>;
  /** Its name. */
  readonly server: Scalars['String']['output'];
};


/** A server that this one delivers to. */
export type DestinationDeliveriesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of a list of servers. */
export type DestinationConnection = {
  readonly __typename?: 'DestinationConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<DestinationEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Destination>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for. */
  readonly totalCount: Scalars['Int']['output'];
};

/** An entry of a list of servers. */
export type DestinationEdge = {
  readonly __typename?: 'DestinationEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Destination;
};

/** Which servers. What is left out does not matter; all that is given must hold. */
export type DestinationFilter = {
  /** Only servers that failed when they were last sent something, or only others. */
  readonly failing?: InputMaybe<Scalars['Boolean']['input']>;
  /** Only servers that have yet to get something, or only others. */
  readonly owed?: InputMaybe<Scalars['Boolean']['input']>;
};

/** A user whose words are to be deleted. */
export type EraseUserInput = {
  /** Matrix id of the user. */
  readonly userId: Scalars['String']['input'];
};

/** What eraseUser did. */
export type EraseUserPayload = {
  readonly __typename?: 'EraseUserPayload';
  /** How many events lost words. */
  readonly events: Scalars['Int']['output'];
  /** The user whose words are gone. */
  readonly user: User;
};

/**
 * A Matrix event. Member events are visible to those who keep the room's door, to their sender and to the user they are
 * about; other events to their sender and to admins.
 */
export type Event = Node & {
  readonly __typename?: 'Event';
  /**
   * Its content as it arrived; in redacted form when its words were erased. What a knocker wrote is left out until the viewer
   * reveals it.
   */
  readonly content: Scalars['JSON']['output'];
  /**
   * What became of sending it to other servers, in the order of the log and of the servers' names. Empty for those who
   * do not keep the door.
   */
  readonly deliveries: DeliveryConnection;
  /** It came with words that are no longer here. */
  readonly erased: Scalars['Boolean']['output'];
  /** Matrix id, `$…`. */
  readonly eventId: Scalars['String']['output'];
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** When it was sent, by the clock of the sender's server. */
  readonly originServerTs: Scalars['DateTime']['output'];
  /**
   * The whole signed event as servers exchange it; in redacted form, with good signatures, when its words were erased or are hidden
   * from the viewer.
   */
  readonly pdu: Scalars['JSON']['output'];
  /** Its place in the log: a whole number, in the order in which events arrived. */
  readonly position: Scalars['String']['output'];
  /** Words of its content are left out. */
  readonly reasonIsHidden: Scalars['Boolean']['output'];
  /** When it arrived, by this server's clock. */
  readonly receivedAt: Scalars['DateTime']['output'];
  /** The room it belongs to. */
  readonly room: Room;
  /** Who sent it. */
  readonly sender: User;
  /** Its state key; null for an event that sets no state. */
  readonly stateKey?: Maybe<Scalars['String']['output']>;
  /** The transitions that this event brought into force, oldest first. */
  readonly transitions: TransitionConnection;
  /** The event's type, such as `m.room.member`. */
  readonly type: Scalars['String']['output'];
  /** How this server judged it last; null when it is known for other events' sake only. */
  readonly verdict?: Maybe<Verdict>;
};


/**
 * A Matrix event. Member events are visible to those who keep the room's door, to their sender and to the user they are
 * about; other events to their sender and to admins.
 */
export type EventDeliveriesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * A Matrix event. Member events are visible to those who keep the room's door, to their sender and to the user they are
 * about; other events to their sender and to admins.
 */
export type EventTransitionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of a list of events. */
export type EventConnection = {
  readonly __typename?: 'EventConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<EventEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Event>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for, up to 10,000, and estimated beyond. */
  readonly totalCount: Scalars['Int']['output'];
  /** There are more than 10,000 entries: the count is an estimate. */
  readonly totalCountIsEstimate: Scalars['Boolean']['output'];
};

/** An entry of a list of events. */
export type EventEdge = {
  readonly __typename?: 'EventEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Event;
};

/** Which events. What is left out does not matter; all that is given must hold. */
export type EventFilter = {
  /** Only in this room, by Matrix id. */
  readonly roomId?: InputMaybe<Scalars['String']['input']>;
  /** Only in these rooms, by Matrix id; at most 100. */
  readonly roomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only sent by this user, by Matrix id. */
  readonly sender?: InputMaybe<Scalars['String']['input']>;
  /** Only sent by users of this server. */
  readonly server?: InputMaybe<Scalars['String']['input']>;
  /** Only received then or later. */
  readonly since?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only at this position of the log or behind it. */
  readonly sincePosition?: InputMaybe<Scalars['String']['input']>;
  /**
   * Only member events whose reason or name says all of these words: whole words in any order, `"in this order"`, `this or that`,
   * `-without`. Of reasons it looks at those that the viewer is shown. At most 200 characters.
   */
  readonly text?: InputMaybe<Scalars['String']['input']>;
  /** Only of these types, such as `m.room.member`. */
  readonly types?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only received before. */
  readonly until?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only before this position of the log. */
  readonly untilPosition?: InputMaybe<Scalars['String']['input']>;
  /** Only member events about this user, by Matrix id. */
  readonly userId?: InputMaybe<Scalars['String']['input']>;
};

/** An event of a knock, and what its check gave. */
export type EvidenceEvent = {
  readonly __typename?: 'EvidenceEvent';
  /** The event. */
  readonly event?: Maybe<Event>;
  /** The hash of the event is its id. */
  readonly idMatches: Scalars['Boolean']['output'];
  /** It is what its id names, and every server that had to sign it did. */
  readonly isValid: Scalars['Boolean']['output'];
  /** Its signatures, those that are required first; at most 10. */
  readonly signatures: ReadonlyArray<EvidenceSignature>;
  /** What it changed. */
  readonly transition: Transition;
};

/** A signature of an event, checked. */
export type EvidenceSignature = {
  readonly __typename?: 'EvidenceSignature';
  /** The event is not valid without a good signature of this server. */
  readonly isRequired: Scalars['Boolean']['output'];
  /** With which key, such as `ed25519:a_1`. */
  readonly keyId: Scalars['String']['output'];
  /** Who signed. */
  readonly server: Scalars['String']['output'];
  /** What the check gave. */
  readonly status: SignatureStatus;
};

/** Deliveries to give up. */
export type GiveUpDeliveriesInput = {
  /** Matrix id of the room, when only what is of one room is given up. */
  readonly roomId?: InputMaybe<Scalars['String']['input']>;
  /** Name of the server. */
  readonly server: Scalars['String']['input'];
};

/** What giveUpDeliveries changed. */
export type GiveUpDeliveriesPayload = {
  readonly __typename?: 'GiveUpDeliveriesPayload';
  /** How many deliveries were given up. */
  readonly deliveries: Scalars['Int']['output'];
  /** The server. */
  readonly destination: Destination;
};

/** A user to invite. */
export type InviteUserInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Matrix id of the user. */
  readonly userId: Scalars['String']['input'];
};

/** What inviteUser changed. */
export type InviteUserPayload = MembershipPayload & {
  readonly __typename?: 'InviteUserPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock that the act ended; null when it ended none, or the viewer may not see it. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** A long job that an admin started. */
export type Job = {
  readonly __typename?: 'Job';
  /** Why it failed; null unless it failed. */
  readonly error?: Maybe<Scalars['String']['output']>;
  /** When it ended; null until then. */
  readonly finishedAt?: Maybe<Scalars['DateTime']['output']>;
  /** To ask for it again. */
  readonly id: Scalars['ID']['output'];
  /** What it does: `verify` or `rebuild`, or one of the server's own jobs. */
  readonly name: Scalars['String']['output'];
  /** What it last reported. */
  readonly progress?: Maybe<Scalars['JSON']['output']>;
  /** When it was asked for. */
  readonly requestedAt: Scalars['DateTime']['output'];
  /** What it found; null until it is completed. */
  readonly result?: Maybe<Scalars['JSON']['output']>;
  /** How far it is. */
  readonly state: JobState;
};

/** How far a job is. */
export type JobState =
  /** It runs. */
  | 'ACTIVE'
  /** It is done. */
  | 'COMPLETED'
  /** It broke off. */
  | 'FAILED'
  /** It waits for a worker. */
  | 'WAITING';

/** A room to join. */
export type JoinRoomInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Servers that may know the room, if this one does not. */
  readonly via?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** What joinRoom changed. */
export type JoinRoomPayload = MembershipPayload & {
  readonly __typename?: 'JoinRoomPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock that the act ended; null when it ended none, or the viewer may not see it. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** Who may join a room, and how. */
export type JoinRule =
  /** Only invited users join. */
  | 'INVITE'
  /** Anyone asks, by knocking. */
  | 'KNOCK'
  /** Members of certain other rooms join, anyone else asks. */
  | 'KNOCK_RESTRICTED'
  /** Reserved by Matrix; in effect as `INVITE`. */
  | 'PRIVATE'
  /** Anyone joins. */
  | 'PUBLIC'
  /** Members of certain other rooms join. */
  | 'RESTRICTED';

/** A user to remove. */
export type KickUserInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Matrix id of the user. */
  readonly userId: Scalars['String']['input'];
};

/** What kickUser changed. */
export type KickUserPayload = MembershipPayload & {
  readonly __typename?: 'KickUserPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock that the act ended; null when it ended none, or the viewer may not see it. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/**
 * A knock: one request to join a room, from its first event to its outcome. Visible to those who keep the room's door, and
 * to the knocker.
 */
export type Knock = Node & {
  readonly __typename?: 'Knock';
  /** Earlier knocks of the same user on the same room, newest first. */
  readonly attempts: KnockConnection;
  /** Since when. */
  readonly claimedAt?: Maybe<Scalars['DateTime']['output']>;
  /** The moderator who takes care of it; null when nobody does, and for those who do not keep the door. */
  readonly claimedBy?: Maybe<User>;
  /** When it ended, by this server's clock; null while it is pending. */
  readonly decidedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Who ended it, the knocker of a retracted one; null while it is pending. */
  readonly decidedBy?: Maybe<User>;
  /**
   * The words that came with the decision; null when there are none, or they were erased. Those of a knocker who took the knock
   * back are hidden from others until they reveal them.
   */
  readonly decisionReason?: Maybe<Scalars['String']['output']>;
  /** There are words of the knocker, which the viewer has not revealed. */
  readonly decisionReasonIsHidden: Scalars['Boolean']['output'];
  /**
   * What became of sending its events, from the request to its end, to other servers, in the order of the log and of the
   * servers' names. Empty for those who do not keep the door.
   */
  readonly deliveries: DeliveryConnection;
  /** The latest knock event. */
  readonly event?: Maybe<Event>;
  /**
   * Its events as they were signed, checked at this moment; and all of it as one signed file that anybody can check without this
   * server. Of a knock that was renewed very often the first renewals, and its end.
   */
  readonly evidence: KnockEvidence;
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** When it was made, by this server's clock. */
  readonly knockedAt: Scalars['DateTime']['output'];
  /** What moderators noted about it, oldest first: the newest 50, or so many up to 100. Empty for those who do not keep the door. */
  readonly notes: ReadonlyArray<KnockNote>;
  /** It was made on a room that this server was not in. */
  readonly outOfBand: Scalars['Boolean']['output'];
  /**
   * The knocker's latest words; null when there are none, or they were erased. For others than the knocker they are null, too,
   * until they reveal them with `revealReason`.
   */
  readonly reason?: Maybe<Scalars['String']['output']>;
  /** There are words, which the viewer has not revealed. */
  readonly reasonIsHidden: Scalars['Boolean']['output'];
  /** The room knocked on. */
  readonly room: Room;
  /** Seconds from `knockedAt` to `decidedAt`; null while it is pending. */
  readonly secondsToDecision?: Maybe<Scalars['Float']['output']>;
  /** The moderators who have looked at it, the first first: 50, or so many up to 100. Empty for those who do not keep the door. */
  readonly seenBy: ReadonlyArray<KnockSighting>;
  /** The viewer is one of them. */
  readonly seenByViewer: Scalars['Boolean']['output'];
  /** What became of it. */
  readonly status: KnockStatus;
  /** Tags that moderators put on it, in the order in which they did. Empty for those who do not keep the door. */
  readonly tags: ReadonlyArray<Scalars['String']['output']>;
  /** What happened to it, oldest first: the request, its renewals, its end. */
  readonly transitions: TransitionConnection;
  /** The knocker. */
  readonly user: User;
  /** Out of band: the server that it went through. */
  readonly via?: Maybe<Scalars['String']['output']>;
  /** The viewer could accept it now. */
  readonly viewerCanAccept: Scalars['Boolean']['output'];
  /** The viewer could ban the knocker now. */
  readonly viewerCanBan: Scalars['Boolean']['output'];
  /** The viewer could reject it now. */
  readonly viewerCanReject: Scalars['Boolean']['output'];
  /** The viewer may claim it, note and tag it. */
  readonly viewerCanTriage: Scalars['Boolean']['output'];
  /** Why the viewer cannot accept it; null when the viewer can. */
  readonly viewerCannotAcceptReason?: Maybe<Scalars['String']['output']>;
  /** Why the viewer cannot ban the knocker; null when the viewer can. */
  readonly viewerCannotBanReason?: Maybe<Scalars['String']['output']>;
  /** Why the viewer cannot reject it; null when the viewer can. */
  readonly viewerCannotRejectReason?: Maybe<Scalars['String']['output']>;
};


/**
 * A knock: one request to join a room, from its first event to its outcome. Visible to those who keep the room's door, and
 * to the knocker.
 */
export type KnockAttemptsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * A knock: one request to join a room, from its first event to its outcome. Visible to those who keep the room's door, and
 * to the knocker.
 */
export type KnockDeliveriesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * A knock: one request to join a room, from its first event to its outcome. Visible to those who keep the room's door, and
 * to the knocker.
 */
export type KnockNotesArgs = {
  last?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * A knock: one request to join a room, from its first event to its outcome. Visible to those who keep the room's door, and
 * to the knocker.
 */
export type KnockSeenByArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * A knock: one request to join a room, from its first event to its outcome. Visible to those who keep the room's door, and
 * to the knocker.
 */
export type KnockTransitionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of a list of knocks. */
export type KnockConnection = {
  readonly __typename?: 'KnockConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<KnockEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Knock>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for, up to 10,000, and estimated beyond. */
  readonly totalCount: Scalars['Int']['output'];
  /** There are more than 10,000 entries: the count is an estimate. */
  readonly totalCountIsEstimate: Scalars['Boolean']['output'];
};

/** What is done with a pending knock. */
export type KnockDecision =
  /** The knocker is invited. */
  | 'ACCEPT'
  /** The knocker is banned. */
  | 'BAN'
  /** The knocker is turned away, and may knock again. */
  | 'REJECT';

/** What became of one knock of many. */
export type KnockDecisionResult = {
  readonly __typename?: 'KnockDecisionResult';
  /** Why not: an errcode, as an error has it in `extensions.code`. Null when it is. */
  readonly errorCode?: Maybe<Scalars['String']['output']>;
  /** The knock, as it is now; null when there is none of that id that the viewer sees. */
  readonly knock?: Maybe<Knock>;
  /** Why not, in words; null when it is. */
  readonly message?: Maybe<Scalars['String']['output']>;
  /** It is decided as asked; in a dry run: it would be. */
  readonly ok: Scalars['Boolean']['output'];
};

/** An entry of a list of knocks. */
export type KnockEdge = {
  readonly __typename?: 'KnockEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Knock;
};

/**
 * The evidence of a knock: what others signed, and no more than that. It shows who did what when; that the room's rules allowed it,
 * the verdicts say.
 */
export type KnockEvidence = {
  readonly __typename?: 'KnockEvidence';
  /** When it was checked: now. */
  readonly checkedAt: Scalars['DateTime']['output'];
  /** The request, its renewals and its end, oldest first, as far as the viewer sees them. */
  readonly events: ReadonlyArray<EvidenceEvent>;
  /**
   * A file for anybody: the events in redacted form, which ids and signatures cover and which has nobody's words, with the keys of
   * who signed them; signed by this server. `examples/verify-evidence` checks it.
   */
  readonly file: Scalars['JSON']['output'];
  /** Each event is what its id names, and every server that had to sign it did. */
  readonly isValid: Scalars['Boolean']['output'];
};

/** Which knocks. What is left out does not matter; all that is given must hold. */
export type KnockFilter = {
  /** Only claimed ones, or only others. Of knocks whose room's door the viewer keeps. */
  readonly claimed?: InputMaybe<Scalars['Boolean']['input']>;
  /** Only claimed by this user, by Matrix id. Of knocks whose room's door the viewer keeps. */
  readonly claimedBy?: InputMaybe<Scalars['String']['input']>;
  /** Only ended by this user, by Matrix id. */
  readonly decidedBy?: InputMaybe<Scalars['String']['input']>;
  /** Only ended then or later. */
  readonly decidedSince?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only ended before. */
  readonly decidedUntil?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only on rooms that this server was not in, or only others. */
  readonly outOfBand?: InputMaybe<Scalars['Boolean']['input']>;
  /** Only on this room, by Matrix id. */
  readonly roomId?: InputMaybe<Scalars['String']['input']>;
  /** Only on these rooms, by Matrix id; at most 100. */
  readonly roomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only those that the viewer marked as seen, or only others. Of knocks whose room's door the viewer keeps. */
  readonly seen?: InputMaybe<Scalars['Boolean']['input']>;
  /** Only by users of this server. */
  readonly server?: InputMaybe<Scalars['String']['input']>;
  /** Only made then or later. */
  readonly since?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only made at this position of the log or behind it. */
  readonly sincePosition?: InputMaybe<Scalars['String']['input']>;
  /** Only with one of these statuses. */
  readonly status?: InputMaybe<ReadonlyArray<KnockStatus>>;
  /** Only with this tag. Of knocks whose room's door the viewer keeps. */
  readonly tag?: InputMaybe<Scalars['String']['input']>;
  /**
   * Only where the reason or a name says all of these words: whole words in any order, `"in this order"`, `this or that`,
   * `-without`. Of reasons it looks at those that the viewer is shown. At most 200 characters.
   */
  readonly text?: InputMaybe<Scalars['String']['input']>;
  /** Only made before. */
  readonly until?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only made before this position of the log. */
  readonly untilPosition?: InputMaybe<Scalars['String']['input']>;
  /** Only by this user, by Matrix id. */
  readonly userId?: InputMaybe<Scalars['String']['input']>;
};

/** A knock to make. */
export type KnockInput = {
  /** Words to the moderators. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Servers that may know the room, if this one does not. */
  readonly via?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};

/** A note on a knock, for its room's moderators. It goes when its writer is erased, or the knocker. */
export type KnockNote = {
  readonly __typename?: 'KnockNote';
  /** When. */
  readonly at: Scalars['DateTime']['output'];
  /** What. */
  readonly text: Scalars['String']['output'];
  /** Who wrote it. */
  readonly user: User;
};

/** The order of a list of knocks. */
export type KnockOrder = {
  /** Which end comes first. */
  readonly direction?: OrderDirection;
  /** What to order by. */
  readonly field?: KnockOrderField;
};

/** What a list of knocks is ordered by. */
export type KnockOrderField =
  /** When it ended; pending knocks are left out. */
  | 'DECIDED_AT'
  /** When the knock was made. */
  | 'KNOCKED_AT';

/** What became of knocks: of one day, or of one server's users. */
export type KnockOutcomes = {
  readonly __typename?: 'KnockOutcomes';
  /** Answered with an invite. */
  readonly accepted: Scalars['Int']['output'];
  /** Answered with a ban. */
  readonly banned: Scalars['Int']['output'];
  /** When the day began; null of a server. */
  readonly day?: Maybe<Scalars['DateTime']['output']>;
  /** Ended without anybody telling how. */
  readonly lapsed: Scalars['Int']['output'];
  /** Rejected. */
  readonly rejected: Scalars['Int']['output'];
  /** Taken back by the knocker. */
  readonly retracted: Scalars['Int']['output'];
  /** The knockers' server; null of a day. */
  readonly server?: Maybe<Scalars['String']['output']>;
  /** Ended because the knocker could join without an invite. */
  readonly superseded: Scalars['Int']['output'];
  /** Removed by the room's own resolution of its state. */
  readonly voided: Scalars['Int']['output'];
};

/** What knock changed. */
export type KnockPayload = MembershipPayload & {
  readonly __typename?: 'KnockPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** A moderator who has looked at a knock. */
export type KnockSighting = {
  readonly __typename?: 'KnockSighting';
  /** When, at first. */
  readonly at: Scalars['DateTime']['output'];
  /** Who. */
  readonly user: User;
};

/** What became of a knock. */
export type KnockStatus =
  /** The knocker was invited. */
  | 'ACCEPTED'
  /** The knocker was banned. */
  | 'BANNED'
  /** It ended, and nobody told how. */
  | 'LAPSED'
  /** It waits for a decision. */
  | 'PENDING'
  /** A moderator turned the knocker away. */
  | 'REJECTED'
  /** The knocker took it back. */
  | 'RETRACTED'
  /** The knocker joined without an invite, because the room allowed it. */
  | 'SUPERSEDED'
  /** The room's resolution of its state removed it. */
  | 'VOIDED';

/** A room to leave. */
export type LeaveRoomInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
};

/** What leaveRoom changed. */
export type LeaveRoomPayload = MembershipPayload & {
  readonly __typename?: 'LeaveRoomPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock that the act ended; null when it ended none, or the viewer may not see it. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** The order of a list of the log. */
export type LogOrder = {
  /** Which end comes first. */
  readonly direction?: OrderDirection;
};

/** A reader of the log that keeps its place in the database. */
export type LogReader = {
  readonly __typename?: 'LogReader';
  /** Positions that it has not read yet. */
  readonly behind: Scalars['Int']['output'];
  /** What it reads for: `deliveries` to other servers. */
  readonly name: Scalars['String']['output'];
  /** How far it has read. */
  readonly position: Scalars['String']['output'];
};

/** A knock that was looked at. */
export type MarkKnockSeenInput = {
  /** Id of the knock. */
  readonly knockId: Scalars['ID']['input'];
};

/** What markKnockSeen changed. */
export type MarkKnockSeenPayload = {
  readonly __typename?: 'MarkKnockSeenPayload';
  /** The knock, looked at. */
  readonly knock: Knock;
};

/** A user's membership in a room, as it is now, or as it was at the moment that it was asked for. */
export type Member = Node & {
  readonly __typename?: 'Member';
  /** The name the user shows in this room; null when none is set or it was erased. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** The member event in force; null when the viewer may not see it. */
  readonly event?: Maybe<Event>;
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** The user's knocks on this room, newest first. */
  readonly knocks: KnockConnection;
  /** What the user is to the room. */
  readonly membership: Membership;
  /** The user's way through this room, oldest first: each membership that they came to have here. */
  readonly path: PathConnection;
  /**
   * The user's power level in the room; null for a creator of a version 12 room, who stands above all levels, and for a
   * viewer who may not see the room as it is now.
   */
  readonly powerLevel?: Maybe<Scalars['Float']['output']>;
  /** Where. */
  readonly room: Room;
  /** When the membership became what it is, by this server's clock. */
  readonly since?: Maybe<Scalars['DateTime']['output']>;
  /** The user's transitions in this room, oldest first. */
  readonly transitions: TransitionConnection;
  /** Who. */
  readonly user: User;
  /** The viewer may ban the user now. */
  readonly viewerCanBan: Scalars['Boolean']['output'];
  /** The viewer may remove the user from the room, take their invite back or turn them away now. */
  readonly viewerCanKick: Scalars['Boolean']['output'];
  /** Why not; null when the viewer may. */
  readonly viewerCannotBanReason?: Maybe<Scalars['String']['output']>;
  /** Why not; null when the viewer may. */
  readonly viewerCannotKickReason?: Maybe<Scalars['String']['output']>;
};


/** A user's membership in a room, as it is now, or as it was at the moment that it was asked for. */
export type MemberKnocksArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/** A user's membership in a room, as it is now, or as it was at the moment that it was asked for. */
export type MemberPathArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/** A user's membership in a room, as it is now, or as it was at the moment that it was asked for. */
export type MemberTransitionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of a list of members. */
export type MemberConnection = {
  readonly __typename?: 'MemberConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<MemberEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Member>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for. */
  readonly totalCount: Scalars['Int']['output'];
};

/** An entry of a list of members. */
export type MemberEdge = {
  readonly __typename?: 'MemberEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Member;
};

/** Which members. What is left out does not matter; all that is given must hold. */
export type MemberFilter = {
  /** Only these memberships. */
  readonly membership?: InputMaybe<ReadonlyArray<Membership>>;
};

/** A user's membership in a room. */
export type Membership =
  /** Is banned. */
  | 'BAN'
  /** Is invited. */
  | 'INVITE'
  /** Is in the room. */
  | 'JOIN'
  /** Has asked to be let in. */
  | 'KNOCK'
  /** Has left, was removed, was turned away or declined. */
  | 'LEAVE'
  /** Never had anything to do with the room. */
  | 'NONE';

/** Somebody whose membership of a room is another one at the later of two moments. */
export type MembershipDiff = {
  readonly __typename?: 'MembershipDiff';
  /** The membership at the earlier moment. */
  readonly from: Membership;
  /** The membership at the later moment. */
  readonly to: Membership;
  /** The last change between the two. */
  readonly transition: Transition;
  /** Who. */
  readonly user: User;
};

/** A page of differences. */
export type MembershipDiffConnection = {
  readonly __typename?: 'MembershipDiffConnection';
  /** The entries, each with its cursor. */
  readonly edges: ReadonlyArray<MembershipDiffEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<MembershipDiff>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
};

/** An entry of a list of differences. */
export type MembershipDiffEdge = {
  readonly __typename?: 'MembershipDiffEdge';
  /** Where the entry stands in the list. */
  readonly cursor: Scalars['String']['output'];
  /** The difference. */
  readonly node: MembershipDiff;
};

/** What an act on a membership changed. */
export type MembershipPayload = {
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /**
   * Accepts a pending knock by inviting the knocker. `KNOCK_ALREADY_DECIDED` when it is no longer pending, with the knock's
   * id, its status, who decided and when in the error's extensions: `knock`, `status`, `decidedBy`, `decidedAt`.
   */
  readonly acceptKnock: AcceptKnockPayload;
  /** Bans a user; a pending knock of theirs is closed by it. */
  readonly banUser: BanUserPayload;
  /**
   * Tells the other moderators that the viewer takes care of a pending knock. `KNOCK_ALREADY_CLAIMED` when somebody else does, with
   * the knock's id, who and since when in the error's extensions: `knock`, `claimedBy`, `claimedAt`.
   */
  readonly claimKnock: ClaimKnockPayload;
  /** Makes a room. For a room that people knock on, only power level 50 may invite. */
  readonly createRoom: CreateRoomPayload;
  /** Makes a service token, and tells its secret this once. For admins who are signed in themselves. */
  readonly createServiceToken: CreateServiceTokenPayload;
  /**
   * Decides many pending knocks alike, each for itself: a list of them, or those like a filter, at most 500, oldest first. Each has
   * its own result, and its own place in the log of acts. With `dryRun` nothing is done, and told what would be.
   */
  readonly decideKnocks: DecideKnocksPayload;
  /**
   * Deletes a user's words: reasons, names, messages, notes about them. Ids, memberships and times stay, for they are
   * signed. Copies on other servers and in backups are not reached. Admins only.
   */
  readonly eraseUser: EraseUserPayload;
  /** Gives up what waits for a server, or what of it is of one room. It is not delivered any more. Admins only. */
  readonly giveUpDeliveries: GiveUpDeliveriesPayload;
  /** Invites a user; a pending knock of theirs is accepted by it. */
  readonly inviteUser: InviteUserPayload;
  /** Joins a room: because it is open, or after an invite. */
  readonly joinRoom: JoinRoomPayload;
  /** Removes a member, revokes an invite or rejects a knock, whichever the user has. */
  readonly kickUser: KickUserPayload;
  /** Asks to join a room. While the knock is pending, other words renew it and the same words change nothing. */
  readonly knock: KnockPayload;
  /** Leaves a room, declines its invite or retracts the knock on it, whichever the viewer has. */
  readonly leaveRoom: LeaveRoomPayload;
  /** Tells the other moderators that the viewer has looked at a knock. */
  readonly markKnockSeen: MarkKnockSeenPayload;
  /** Leaves a note on a knock for the other moderators. */
  readonly noteKnock: NoteKnockPayload;
  /** Rejects a pending knock. `KNOCK_ALREADY_DECIDED` when it is no longer pending, told as by acceptKnock. */
  readonly rejectKnock: RejectKnockPayload;
  /** Gives up the claim on a knock, whosever it is. */
  readonly releaseKnock: ReleaseKnockPayload;
  /** Takes the viewer's pending knock back. */
  readonly retractKnock: RetractKnockPayload;
  /** Has a server tried at once that is left alone because it failed. Admins only. */
  readonly retryDestination: RetryDestinationPayload;
  /**
   * Shows the viewer what one event says: also a knock that the room did not take, which is no `Knock`, and a leave of somebody whom the
   * room did not have. In the log of acts it stands as `revealReason`.
   */
  readonly revealEvent: RevealEventPayload;
  /**
   * Shows the viewer what the knocker wrote: with the knock, its renewals and its end, as far as they have come. That it was shown,
   * and to whom, stands in the log of acts. Words that come later are hidden again.
   */
  readonly revealReason: RevealReasonPayload;
  /** Takes an invite back. */
  readonly revokeInvite: RevokeInvitePayload;
  /** Ends a service token for good. Admins only. */
  readonly revokeServiceToken: RevokeServiceTokenPayload;
  /** Gives a service token another secret, and tells it this once. For admins who are signed in themselves, and for the token itself. */
  readonly rotateServiceToken: RotateServiceTokenPayload;
  /** Sets who may join the room, and how. */
  readonly setJoinRule: SetJoinRulePayload;
  /**
   * Starts a replay of the log beside the live tables, or finds the one that runs; the tables are replaced where they
   * differ. Admins only.
   */
  readonly startRebuild: StartRebuildPayload;
  /** Starts the check of the whole log, or finds the one that runs. Admins only. */
  readonly startVerify: StartVerifyPayload;
  /** Puts a tag on a knock, for the other moderators. */
  readonly tagKnock: TagKnockPayload;
  /** Lifts a ban: the user is out, and free to knock or be invited. */
  readonly unbanUser: UnbanUserPayload;
  /** Takes a tag off a knock. */
  readonly untagKnock: UntagKnockPayload;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationAcceptKnockArgs = {
  input: AcceptKnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationBanUserArgs = {
  input: BanUserInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationClaimKnockArgs = {
  input: ClaimKnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationCreateRoomArgs = {
  input: CreateRoomInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationCreateServiceTokenArgs = {
  input: CreateServiceTokenInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationDecideKnocksArgs = {
  input: DecideKnocksInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationEraseUserArgs = {
  input: EraseUserInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationGiveUpDeliveriesArgs = {
  input: GiveUpDeliveriesInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationInviteUserArgs = {
  input: InviteUserInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationJoinRoomArgs = {
  input: JoinRoomInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationKickUserArgs = {
  input: KickUserInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationKnockArgs = {
  input: KnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationLeaveRoomArgs = {
  input: LeaveRoomInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationMarkKnockSeenArgs = {
  input: MarkKnockSeenInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationNoteKnockArgs = {
  input: NoteKnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRejectKnockArgs = {
  input: RejectKnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationReleaseKnockArgs = {
  input: ReleaseKnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRetractKnockArgs = {
  input: RetractKnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRetryDestinationArgs = {
  input: RetryDestinationInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRevealEventArgs = {
  input: RevealEventInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRevealReasonArgs = {
  input: RevealReasonInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRevokeInviteArgs = {
  input: RevokeInviteInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRevokeServiceTokenArgs = {
  input: RevokeServiceTokenInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationRotateServiceTokenArgs = {
  input: RotateServiceTokenInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationSetJoinRuleArgs = {
  input: SetJoinRuleInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationStartRebuildArgs = {
  input?: InputMaybe<StartRebuildInput>;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationTagKnockArgs = {
  input: TagKnockInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationUnbanUserArgs = {
  input: UnbanUserInput;
};


/**
 * The acts. Each is done as the viewer, with the viewer's power in the room, and is answered once it is durable. Each
 * leaves its outcome in the log of acts, refusals too.
 */
export type MutationUntagKnockArgs = {
  input: UntagKnockInput;
};

/** Anything that has an id and can be fetched by it. */
export type Node = {
  /** Opaque; the same for as long as the thing exists. */
  readonly id: Scalars['ID']['output'];
};

/** A note to leave. */
export type NoteKnockInput = {
  /** Id of the knock. */
  readonly knockId: Scalars['ID']['input'];
  /** The note, at most 4,000 characters. */
  readonly text: Scalars['String']['input'];
};

/** What noteKnock changed. */
export type NoteKnockPayload = {
  readonly __typename?: 'NoteKnockPayload';
  /** The knock, with its notes. */
  readonly knock: Knock;
};

/** Which end of an order comes first. */
export type OrderDirection =
  /** Oldest first. */
  | 'ASC'
  /** Newest first. */
  | 'DESC';

/** Where a page stands in its list. */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /** Cursor of the last edge; null on an empty page. */
  readonly endCursor?: Maybe<Scalars['String']['output']>;
  /** There is more after the last edge of this page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** There is more before the first edge of this page. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** Cursor of the first edge; null on an empty page. */
  readonly startCursor?: Maybe<Scalars['String']['output']>;
};

/** A page of steps. */
export type PathConnection = {
  readonly __typename?: 'PathConnection';
  /** The entries, each with its cursor. */
  readonly edges: ReadonlyArray<PathEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<PathStep>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
};

/** An entry of a list of steps. */
export type PathEdge = {
  readonly __typename?: 'PathEdge';
  /** Where the entry stands in the list. */
  readonly cursor: Scalars['String']['output'];
  /** The step. */
  readonly node: PathStep;
};

/** A membership that a user had for a while. */
export type PathStep = {
  readonly __typename?: 'PathStep';
  /** What began it. */
  readonly began: Transition;
  /** What ended it; null while it lasts. */
  readonly ended?: Maybe<Transition>;
  /** What the user was to the room. */
  readonly membership: Membership;
  /** Where. */
  readonly room: Room;
  /** How long it lasted, in seconds; null while it lasts. */
  readonly seconds?: Maybe<Scalars['Float']['output']>;
  /** When it began, by this server's clock. */
  readonly since: Scalars['DateTime']['output'];
  /** When it ended; null while it lasts. */
  readonly until?: Maybe<Scalars['DateTime']['output']>;
  /** Who. */
  readonly user: User;
};

/** The power levels of a room. A creator of a version 12 room stands above all of them. */
export type PowerLevels = {
  readonly __typename?: 'PowerLevels';
  /** To ban. */
  readonly ban: Scalars['Float']['output'];
  /** Creators who stand above all levels, at most 100: none before version 12. */
  readonly creators: ReadonlyArray<User>;
  /** To send messages, unless the type of event has a level of its own. */
  readonly eventsDefault: Scalars['Float']['output'];
  /** To invite. */
  readonly invite: Scalars['Float']['output'];
  /** To set the join rule. */
  readonly joinRule: Scalars['Float']['output'];
  /** To remove a member, take an invite back or reject a knock. */
  readonly kick: Scalars['Float']['output'];
  /** To redact what others sent. */
  readonly redact: Scalars['Float']['output'];
  /** To set state, unless the type of event has a level of its own. */
  readonly stateDefault: Scalars['Float']['output'];
  /** Users with a level of their own, the most powerful first; at most 100. */
  readonly users: ReadonlyArray<UserPowerLevel>;
  /** Of users who have no level of their own. */
  readonly usersDefault: Scalars['Float']['output'];
};


/** The power levels of a room. A creator of a version 12 room stands above all of them. */
export type PowerLevelsUsersArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
};

/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type Query = {
  readonly __typename?: 'Query';
  /**
   * The log of acts, oldest first unless `orderBy` says otherwise: what was done through GraphQL and the client-server API, refusals
   * too. The viewer's own acts; those of everybody for admins.
   */
  readonly actions: ActionConnection;
  /** One of these servers; null when it was never owed anything. Admins only. */
  readonly destination?: Maybe<Destination>;
  /** The servers that this one delivers to, by name: those that were ever owed something. Admins only. */
  readonly destinations: DestinationConnection;
  /**
   * Events, in the order in which they arrived unless `orderBy` says otherwise: member events of the rooms whose door the viewer
   * keeps, those about the viewer, and what the viewer sent. All events for admins.
   */
  readonly events: EventConnection;
  /** An admin's job by its id. Null when there is none, or it ended long ago. Admins only. */
  readonly job?: Maybe<Job>;
  /** One knock by its id. */
  readonly knock?: Maybe<Knock>;
  /** Knocks, in all rooms whose door the viewer keeps, and the viewer's own. Newest first unless `orderBy` says otherwise. */
  readonly knocks: KnockConnection;
  /**
   * Whose membership of a room differs between two moments, in the order in which it last changed between them: everybody's for those
   * who keep the door, else the viewer's own. Null when the viewer does not see the room. Fails as `asOf` does.
   */
  readonly membershipDiff?: Maybe<MembershipDiffConnection>;
  /** Anything by its id. */
  readonly node?: Maybe<Node>;
  /**
   * A room by its Matrix id, by an alias of this server, or by the canonical alias, whosever it is, of a room that the viewer
   * is in, invited to or knocking on. Null when this server does not know it, and when the viewer never had anything to do
   * with it. Name exactly one of id and alias.
   */
  readonly room?: Maybe<Room>;
  /** The rooms that the viewer is in, invited to or knocking on; every room, for an admin. Ordered by room id. */
  readonly rooms: RoomConnection;
  /** This server as its admins look after it: who cannot be reached, how far readers, seals and checks are. Admins only. */
  readonly server: Server;
  /** The service tokens, oldest first, ended ones too. Admins only; their secrets are told by what makes them and by nothing else. */
  readonly serviceTokens: ServiceTokenConnection;
  /**
   * The membership log, oldest first unless `orderBy` says otherwise: all transitions of the rooms whose door the viewer keeps,
   * and the viewer's own.
   */
  readonly transitions: TransitionConnection;
  /** Who asks. */
  readonly viewer: Viewer;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryActionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<LogOrder>;
  where?: InputMaybe<ActionFilter>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryDestinationArgs = {
  server: Scalars['String']['input'];
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryDestinationsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  where?: InputMaybe<DestinationFilter>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<LogOrder>;
  where?: InputMaybe<EventFilter>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryJobArgs = {
  id: Scalars['ID']['input'];
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryKnockArgs = {
  id: Scalars['ID']['input'];
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryKnocksArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<KnockOrder>;
  where?: InputMaybe<KnockFilter>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryMembershipDiffArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  from: AsOf;
  last?: InputMaybe<Scalars['Int']['input']>;
  roomId: Scalars['String']['input'];
  to?: InputMaybe<AsOf>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryRoomArgs = {
  alias?: InputMaybe<Scalars['String']['input']>;
  roomId?: InputMaybe<Scalars['String']['input']>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryRoomsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  where?: InputMaybe<RoomFilter>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryServiceTokensArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  where?: InputMaybe<ServiceTokenFilter>;
};


/**
 * What can be asked. Lists hold what the viewer may see and leave the rest out; single things that the viewer may not see
 * are null, as if they did not exist. A page has 50 entries unless `first` or `last` says otherwise, at most 100.
 */
export type QueryTransitionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<LogOrder>;
  where?: InputMaybe<TransitionFilter>;
};

/** A knock to reject. */
export type RejectKnockInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Matrix id of the knocker. */
  readonly userId: Scalars['String']['input'];
};

/** What rejectKnock changed. */
export type RejectKnockPayload = MembershipPayload & {
  readonly __typename?: 'RejectKnockPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock, now rejected. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** A knock to give up. */
export type ReleaseKnockInput = {
  /** Id of the knock. */
  readonly knockId: Scalars['ID']['input'];
};

/** What releaseKnock changed. */
export type ReleaseKnockPayload = {
  readonly __typename?: 'ReleaseKnockPayload';
  /** The knock, given up. */
  readonly knock: Knock;
};

/** A knock to take back. */
export type RetractKnockInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
};

/** What retractKnock changed. */
export type RetractKnockPayload = MembershipPayload & {
  readonly __typename?: 'RetractKnockPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The knock, now taken back. */
  readonly knock?: Maybe<Knock>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** A server to try. */
export type RetryDestinationInput = {
  /** Name of the server. */
  readonly server: Scalars['String']['input'];
};

/** What retryDestination changed. */
export type RetryDestinationPayload = {
  readonly __typename?: 'RetryDestinationPayload';
  /** The server. */
  readonly destination: Destination;
};

/** An event with hidden words. */
export type RevealEventInput = {
  /** Id of the event: `Event.id`. */
  readonly eventId: Scalars['ID']['input'];
};

/** What revealEvent showed. */
export type RevealEventPayload = {
  readonly __typename?: 'RevealEventPayload';
  /** The event, with its words. */
  readonly event: Event;
};

/** A knock whose words are to be shown. */
export type RevealReasonInput = {
  /** Id of the knock. */
  readonly knockId: Scalars['ID']['input'];
};

/** What revealReason showed. */
export type RevealReasonPayload = {
  readonly __typename?: 'RevealReasonPayload';
  /** The knock, with its reason. */
  readonly knock: Knock;
};

/** An invite to take back. */
export type RevokeInviteInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Matrix id of the invited user. */
  readonly userId: Scalars['String']['input'];
};

/** What revokeInvite changed. */
export type RevokeInvitePayload = MembershipPayload & {
  readonly __typename?: 'RevokeInvitePayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** A service token to end. */
export type RevokeServiceTokenInput = {
  /** Id of the token. */
  readonly id: Scalars['ID']['input'];
};

/** What revokeServiceToken changed. */
export type RevokeServiceTokenPayload = {
  readonly __typename?: 'RevokeServiceTokenPayload';
  /** The token. */
  readonly serviceToken: ServiceToken;
};

/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type Room = Node & {
  readonly __typename?: 'Room';
  /** The acts in the room that the viewer sees, oldest first unless `orderBy` says otherwise. */
  readonly actions: ActionConnection;
  /** The users who are banned now, or were at a moment. */
  readonly bans: MemberConnection;
  /** The room's main alias, `#…`, as its state names it. */
  readonly canonicalAlias?: Maybe<Scalars['String']['output']>;
  /** The events of the room that the viewer sees, in the order in which they arrived unless `orderBy` says otherwise. */
  readonly events: EventConnection;
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** The users who are invited now, or were at a moment. */
  readonly invites: MemberConnection;
  /** Who may join, and how; null also when the room has a rule that Matrix does not know. */
  readonly joinRule?: Maybe<JoinRule>;
  /** The knocks on this room, newest first: all for those who keep its door, else the viewer's own. */
  readonly knocks: KnockConnection;
  /** One user's membership; null when there never was one, or the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room's members, invited and banned users by default; for those who keep its door also knockers and those who left. */
  readonly members: MemberConnection;
  /** The room's name. */
  readonly name?: Maybe<Scalars['String']['output']>;
  /**
   * What power acts take here, and who has more than others. Null for a viewer who may not see the room; without a `m.room.power_levels`
   * event Matrix' defaults.
   */
  readonly powerLevels?: Maybe<PowerLevels>;
  /** Matrix id, `!…`. */
  readonly roomId: Scalars['String']['output'];
  /** Counts; null for those who do not keep the door. */
  readonly stats?: Maybe<RoomStats>;
  /** The room's topic. */
  readonly topic?: Maybe<Scalars['String']['output']>;
  /** The room's membership log, oldest first: the whole for those who keep its door, else the viewer's own. */
  readonly transitions: TransitionConnection;
  /** The Matrix room version, such as `12`. */
  readonly version: Scalars['String']['output'];
  /** The viewer may ban. */
  readonly viewerCanBan: Scalars['Boolean']['output'];
  /** The viewer may invite; who sees the knocks too may accept them. */
  readonly viewerCanInvite: Scalars['Boolean']['output'];
  /** The viewer may remove members, take invites back and reject knocks. */
  readonly viewerCanKick: Scalars['Boolean']['output'];
  /** The viewer sees all knocks and transitions of the room. */
  readonly viewerCanSeeKnocks: Scalars['Boolean']['output'];
  /** The viewer may set the join rule. */
  readonly viewerCanSetJoinRule: Scalars['Boolean']['output'];
  /** Why the viewer may not ban; null when the viewer may. */
  readonly viewerCannotBanReason?: Maybe<Scalars['String']['output']>;
  /** Why the viewer may not invite; null when the viewer may. */
  readonly viewerCannotInviteReason?: Maybe<Scalars['String']['output']>;
  /** Why the viewer may not remove members; null when the viewer may. */
  readonly viewerCannotKickReason?: Maybe<Scalars['String']['output']>;
  /** Why the viewer may not set the join rule; null when the viewer may. */
  readonly viewerCannotSetJoinRuleReason?: Maybe<Scalars['String']['output']>;
  /** The viewer's own membership. */
  readonly viewerMembership: Membership;
  /** What those who keep the door should know about its powers; empty for everybody else. */
  readonly warnings: ReadonlyArray<RoomWarning>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomActionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<LogOrder>;
  where?: InputMaybe<ActionFilter>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomBansArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  asOf?: InputMaybe<AsOf>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomCanonicalAliasArgs = {
  asOf?: InputMaybe<AsOf>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<LogOrder>;
  where?: InputMaybe<EventFilter>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomInvitesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  asOf?: InputMaybe<AsOf>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomJoinRuleArgs = {
  asOf?: InputMaybe<AsOf>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomKnocksArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<KnockOrder>;
  where?: InputMaybe<KnockFilter>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomMemberArgs = {
  asOf?: InputMaybe<AsOf>;
  userId: Scalars['String']['input'];
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomMembersArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  asOf?: InputMaybe<AsOf>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  where?: InputMaybe<MemberFilter>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomNameArgs = {
  asOf?: InputMaybe<AsOf>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomPowerLevelsArgs = {
  asOf?: InputMaybe<AsOf>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomTopicArgs = {
  asOf?: InputMaybe<AsOf>;
};


/**
 * A room. Its name, topic, alias and join rule are null for a viewer who is neither in it nor invited to it nor knocking
 * on it.
 *
 * With `asOf` a field tells what this server took for the room's state at a moment. Those who keep the door now see every moment,
 * other members those that the room's history visibility of then shows them, everybody else nothing but their own membership. For
 * moments before this server joined the room, or while it was away, the error is `UNKNOWN_BEFORE_JOIN`.
 */
export type RoomTransitionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<LogOrder>;
  where?: InputMaybe<TransitionFilter>;
};

/** A page of a list of rooms. */
export type RoomConnection = {
  readonly __typename?: 'RoomConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<RoomEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Room>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for. */
  readonly totalCount: Scalars['Int']['output'];
};

/** An entry of a list of rooms. */
export type RoomEdge = {
  readonly __typename?: 'RoomEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Room;
};

/** Which rooms. What is left out does not matter; all that is given must hold. */
export type RoomFilter = {
  /** Only these rooms, by Matrix id; at most 100. */
  readonly roomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only rooms whose knocks the viewer sees. */
  readonly viewerCanSeeKnocks?: InputMaybe<Scalars['Boolean']['input']>;
  /** Only rooms where the viewer's membership is one of these; past ones too, when they are asked for. `NONE` names none. */
  readonly viewerMembership?: InputMaybe<ReadonlyArray<Membership>>;
};

/** What a new room starts from, as Matrix defines it. */
export type RoomPreset =
  /** By invitation; a member's power is the same for all but the creator. */
  | 'PRIVATE_CHAT'
  /** Open to anyone. */
  | 'PUBLIC_CHAT'
  /** By invitation; everyone invited at the start has the creator's power. */
  | 'TRUSTED_PRIVATE_CHAT';

/** Counts of a room, as of now. */
export type RoomStats = {
  readonly __typename?: 'RoomStats';
  /** Knocks that were answered with an invite. */
  readonly acceptedKnocks: Scalars['Int']['output'];
  /** Banned users. */
  readonly banned: Scalars['Int']['output'];
  /** Knocks that were answered with a ban. */
  readonly bannedKnocks: Scalars['Int']['output'];
  /** Invited users. */
  readonly invited: Scalars['Int']['output'];
  /** Joined users. */
  readonly joined: Scalars['Int']['output'];
  /** Knocks that ended without anybody telling how. */
  readonly lapsedKnocks: Scalars['Int']['output'];
  /** The knock that has waited longest; null when none waits. */
  readonly oldestPendingKnock?: Maybe<Knock>;
  /** What became of knocks, by the day (UTC) on which they ended, oldest first; days without any are left out. */
  readonly outcomesByDay: ReadonlyArray<KnockOutcomes>;
  /** What became of knocks, by the knockers' servers, those with the most first. */
  readonly outcomesByServer: ReadonlyArray<KnockOutcomes>;
  /** Knocks that wait for a decision. */
  readonly pendingKnocks: Scalars['Int']['output'];
  /** Knocks that were rejected. */
  readonly rejectedKnocks: Scalars['Int']['output'];
  /** Knocks that the knocker took back. */
  readonly retractedKnocks: Scalars['Int']['output'];
  /** Knocks that ended because the knocker could join without an invite. */
  readonly supersededKnocks: Scalars['Int']['output'];
  /** How long knockers waited for a decision. Without what came with a room when this server joined it. */
  readonly timeToDecision: DecisionTimes;
  /** Knocks that never held, by the room's own resolution of its state. */
  readonly voidedKnocks: Scalars['Int']['output'];
};


/** Counts of a room, as of now. */
export type RoomStatsOutcomesByDayArgs = {
  since?: InputMaybe<Scalars['DateTime']['input']>;
};


/** Counts of a room, as of now. */
export type RoomStatsOutcomesByServerArgs = {
  first?: InputMaybe<Scalars['Int']['input']>;
  since?: InputMaybe<Scalars['DateTime']['input']>;
};


/** Counts of a room, as of now. */
export type RoomStatsTimeToDecisionArgs = {
  since?: InputMaybe<Scalars['DateTime']['input']>;
};

/** Something about a room's powers that may not be as those who keep its door think. */
export type RoomWarning = {
  readonly __typename?: 'RoomWarning';
  /** What it is. */
  readonly code: RoomWarningCode;
  /** The same in words. */
  readonly message: Scalars['String']['output'];
  /** Whom it is about: the creators who cannot be removed; empty where it is about everybody. */
  readonly users: ReadonlyArray<User>;
};

/** What a warning about a room is about. */
export type RoomWarningCode =
  /** The creators of a room of version 12 stand above all power levels: nobody can remove or ban them, or lower their power. */
  | 'CREATOR_CANNOT_BE_REMOVED'
  /** People knock on the room, and every member may invite: each may let in whoever knocks, or anybody else. */
  | 'EVERY_MEMBER_MAY_INVITE';

/** A service token to give another secret. */
export type RotateServiceTokenInput = {
  /** How long the secret it has is good besides the new one, in seconds; at most a week. */
  readonly graceSeconds?: Scalars['Int']['input'];
  /** Id of the token. */
  readonly id: Scalars['ID']['input'];
};

/** What rotateServiceToken changed. */
export type RotateServiceTokenPayload = {
  readonly __typename?: 'RotateServiceTokenPayload';
  /** The new secret. It is told here and never again. */
  readonly secret: Scalars['String']['output'];
  /** The token. */
  readonly serviceToken: ServiceToken;
};

/** A signed digest of the log up to a position. */
export type Seal = {
  readonly __typename?: 'Seal';
  /** When it was made. */
  readonly at: Scalars['DateTime']['output'];
  /** Positions that no seal covers yet. */
  readonly behind: Scalars['Int']['output'];
  /** Up to here. */
  readonly position: Scalars['String']['output'];
};

/** This server, as its admins look after it. */
export type Server = {
  readonly __typename?: 'Server';
  /** The newest seal over the log; null before the first. */
  readonly lastSeal?: Maybe<Seal>;
  /** When the log was last checked as a whole; null when it never was. */
  readonly lastVerify?: Maybe<VerifyRun>;
  /** Its Matrix name. */
  readonly name: Scalars['String']['output'];
  /** The head of the log: the position that was given out last. */
  readonly position: Scalars['String']['output'];
  /** Who reads the log and keeps their place, and how far they are. */
  readonly readers: ReadonlyArray<LogReader>;
  /** Other servers that failed when they were last sent something, by name. */
  readonly unreachable: DestinationConnection;
};


/** This server, as its admins look after it. */
export type ServerUnreachableArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/**
 * A key to this API for a dashboard, a bot or another program: it sees what its scopes say, and acts as a user of this server,
 * whose power levels bind it.
 */
export type ServiceToken = Node & {
  readonly __typename?: 'ServiceToken';
  /** When it was made. */
  readonly createdAt: Scalars['DateTime']['output'];
  /** Who made it. */
  readonly createdBy: User;
  /** When it ends by itself; null: never. */
  readonly expiresAt?: Maybe<Scalars['DateTime']['output']>;
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** When it was last used, to the minute; null when it never was. */
  readonly lastUsedAt?: Maybe<Scalars['DateTime']['output']>;
  /** What acts by it are said to be on behalf of. */
  readonly name: Scalars['String']['output'];
  /** When it was ended; null while it was not. */
  readonly revokedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Who ended it. */
  readonly revokedBy?: Maybe<User>;
  /** The rooms it is good for, by Matrix id; null: all. */
  readonly roomIds?: Maybe<ReadonlyArray<Scalars['String']['output']>>;
  /** When it last got another secret; null when it has its first. */
  readonly rotatedAt?: Maybe<Scalars['DateTime']['output']>;
  /** What it may see and do. */
  readonly scopes: ReadonlyArray<ServiceTokenScope>;
  /** Who acts and signs. While the account is deactivated, the token is good for nothing. */
  readonly user: User;
};

/** A page of a list of service tokens. */
export type ServiceTokenConnection = {
  readonly __typename?: 'ServiceTokenConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<ServiceTokenEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<ServiceToken>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for. */
  readonly totalCount: Scalars['Int']['output'];
};

/** An entry of a list of service tokens. */
export type ServiceTokenEdge = {
  readonly __typename?: 'ServiceTokenEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: ServiceToken;
};

/** Which service tokens. What is left out does not matter; all that is given must hold. */
export type ServiceTokenFilter = {
  /** Only tokens that can be used now, or only others. */
  readonly usable?: InputMaybe<Scalars['Boolean']['input']>;
  /** Only tokens of this user, by Matrix id. */
  readonly userId?: InputMaybe<Scalars['String']['input']>;
};

/** What a service token may see and do. None implies another, but `ADMIN` all of them. */
export type ServiceTokenScope =
  /** `admin`: all that its user sees and may do, who has to be an admin of this server; but not making other tokens. */
  | 'ADMIN'
  /** `audit:read`: acts with their outcomes, and all events. */
  | 'AUDIT_READ'
  /** `knocks:decide`: accepts and rejects knocks, bans knockers, and sorts knocks, as far as its user may. */
  | 'KNOCKS_DECIDE'
  /** `knocks:read`: knocks and transitions, without the words that came with them. */
  | 'KNOCKS_READ'
  /** `reasons:read`: the words that came with what the token sees, as far as they are not hidden; and reveals those that are. */
  | 'REASONS_READ'
  /** `rooms:read`: rooms, with their names and rules, and who is in them, invited or banned. */
  | 'ROOMS_READ';

/** A join rule to set. */
export type SetJoinRuleInput = {
  /** Of a restricted join rule: the rooms whose members may join, by Matrix id. */
  readonly allowRoomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Who may join, and how. */
  readonly joinRule: JoinRule;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
};

/** What setJoinRule changed. */
export type SetJoinRulePayload = {
  readonly __typename?: 'SetJoinRulePayload';
  /** The event that set it. */
  readonly event: Event;
  /** The room, with its new rule. */
  readonly room: Room;
};

/** What the check of a signature gives. */
export type SignatureStatus =
  /** It is the key's, which does not count for an event of that time. */
  | 'EXPIRED_KEY'
  /** It is not. */
  | 'INVALID'
  /** This server does not have the key. */
  | 'UNKNOWN_KEY'
  /** It is the key's signature of the event. */
  | 'VALID';

/** A rebuild to start. */
export type StartRebuildInput = {
  /** Replace the tables even where they do not differ. */
  readonly force?: InputMaybe<Scalars['Boolean']['input']>;
};

/** What startRebuild started. */
export type StartRebuildPayload = {
  readonly __typename?: 'StartRebuildPayload';
  /** The rebuild. */
  readonly job: Job;
};

/** What startVerify started. */
export type StartVerifyPayload = {
  readonly __typename?: 'StartVerifyPayload';
  /** The check. */
  readonly job: Job;
};

/**
 * What can be waited for, over WebSocket at `/graphql` (graphql-transport-ws) or over server-sent events at
 * `/graphql/stream`: first what happened after a position, then what happens, in the order of the log, each thing once. What
 * the viewer may see is decided for each at the moment it is sent. The `position` in each result's extensions is where to
 * go on after it, on any process of the server.
 */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /** Knocks, as they are when they are sent: each when it is made, said again in other words, and ended. */
  readonly knocks: Knock;
  /**
   * Transitions: all of the rooms whose door the viewer keeps, and the viewer's own. What came with the state of a room that
   * this server joined is left out unless `cause` asks for it.
   */
  readonly transitions: Transition;
};


/**
 * What can be waited for, over WebSocket at `/graphql` (graphql-transport-ws) or over server-sent events at
 * `/graphql/stream`: first what happened after a position, then what happens, in the order of the log, each thing once. What
 * the viewer may see is decided for each at the moment it is sent. The `position` in each result's extensions is where to
 * go on after it, on any process of the server.
 */
export type SubscriptionKnocksArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  where?: InputMaybe<KnockFilter>;
};


/**
 * What can be waited for, over WebSocket at `/graphql` (graphql-transport-ws) or over server-sent events at
 * `/graphql/stream`: first what happened after a position, then what happens, in the order of the log, each thing once. What
 * the viewer may see is decided for each at the moment it is sent. The `position` in each result's extensions is where to
 * go on after it, on any process of the server.
 */
export type SubscriptionTransitionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  where?: InputMaybe<TransitionFilter>;
};

/** A tag to put on. */
export type TagKnockInput = {
  /** Id of the knock. */
  readonly knockId: Scalars['ID']['input'];
  /** The tag, at most 64 characters; a knock has at most 20. */
  readonly tag: Scalars['String']['input'];
};

/** What tagKnock changed. */
export type TagKnockPayload = {
  readonly __typename?: 'TagKnockPayload';
  /** The knock, with its tags. */
  readonly knock: Knock;
};

/** One change of somebody's effective membership, as the log keeps it for ever. */
export type Transition = Node & {
  readonly __typename?: 'Transition';
  /** Who made the change; null when that is not known. */
  readonly actor?: Maybe<User>;
  /** What brought it about. */
  readonly cause: TransitionCause;
  /**
   * What became of sending its event to other servers, in the order of the log and of the servers' names. Empty for
   * those who do not keep the door.
   */
  readonly deliveries: DeliveryConnection;
  /** The member event now in force; null when none is. */
  readonly event?: Maybe<Event>;
  /** The membership before. */
  readonly from: Membership;
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** What kind of change it is. */
  readonly kind: TransitionKind;
  /** The knock it belongs to: that it opened, renewed or ended. */
  readonly knock?: Maybe<Knock>;
  /** When it happened, by the clock of the sender's server; null when that is not known. */
  readonly occurredAt?: Maybe<Scalars['DateTime']['output']>;
  /** The name of the token or person that the actor acted for. */
  readonly onBehalfOf?: Maybe<Scalars['String']['output']>;
  /** It concerns a room that this server was not in. */
  readonly outOfBand: Scalars['Boolean']['output'];
  /** Its place in the log: a whole number, in the order of the log. */
  readonly position: Scalars['String']['output'];
  /** The member event in force before. */
  readonly previous?: Maybe<Event>;
  /**
   * The words that came with it; null when there are none, or they were erased. What knockers write is hidden from others until
   * they reveal it with `revealReason`.
   */
  readonly reason?: Maybe<Scalars['String']['output']>;
  /** There are words of a knocker, which the viewer has not revealed. */
  readonly reasonIsHidden: Scalars['Boolean']['output'];
  /** When it was written, by this server's clock. */
  readonly recordedAt: Scalars['DateTime']['output'];
  /** Where. */
  readonly room: Room;
  /** Of a reconciliation: the transition it corrects. */
  readonly supersedes?: Maybe<Transition>;
  /** The membership after. */
  readonly to: Membership;
  /** The event whose arrival made the change. */
  readonly trigger?: Maybe<Event>;
  /** Out of band: another server says so, and the room's own could not be asked. */
  readonly unverified: Scalars['Boolean']['output'];
  /** Whose membership changed. */
  readonly user: User;
};


/** One change of somebody's effective membership, as the log keeps it for ever. */
export type TransitionDeliveriesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** What brings a transition about. */
export type TransitionCause =
  /** The state that came when this server joined the room again. */
  | 'CATCH_UP'
  /** An event from another server. */
  | 'FEDERATION'
  /** The state that came when this server joined the room. */
  | 'IMPORT'
  /** Somebody else, on this server. */
  | 'MODERATOR'
  /** Asking the room's server. */
  | 'PROBE'
  /** The resolution of the room's state. */
  | 'RESOLUTION'
  /** The user themselves, on this server. */
  | 'SELF';

/** A page of a list of transitions. */
export type TransitionConnection = {
  readonly __typename?: 'TransitionConnection';
  /** The entries with their cursors. */
  readonly edges: ReadonlyArray<TransitionEdge>;
  /** The entries alone. */
  readonly nodes: ReadonlyArray<Transition>;
  /** Where the page stands in the list. */
  readonly pageInfo: PageInfo;
  /** How many entries the whole list has; counted only when asked for, up to 10,000, and estimated beyond. */
  readonly totalCount: Scalars['Int']['output'];
  /** There are more than 10,000 entries: the count is an estimate. */
  readonly totalCountIsEstimate: Scalars['Boolean']['output'];
};

/** An entry of a list of transitions. */
export type TransitionEdge = {
  readonly __typename?: 'TransitionEdge';
  /** Its place in the list, for `after` and `before`. */
  readonly cursor: Scalars['String']['output'];
  /** The entry. */
  readonly node: Transition;
};

/** Which transitions. What is left out does not matter; all that is given must hold. */
export type TransitionFilter = {
  /** Only made by this user, by Matrix id. */
  readonly actor?: InputMaybe<Scalars['String']['input']>;
  /** Only brought about by one of these. */
  readonly cause?: InputMaybe<ReadonlyArray<TransitionCause>>;
  /** Only of these kinds. */
  readonly kinds?: InputMaybe<ReadonlyArray<TransitionKind>>;
  /** Only in this room, by Matrix id. */
  readonly roomId?: InputMaybe<Scalars['String']['input']>;
  /** Only in these rooms, by Matrix id; at most 100. */
  readonly roomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Only of users of this server. */
  readonly server?: InputMaybe<Scalars['String']['input']>;
  /** Only recorded then or later. */
  readonly since?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only at this position of the log or behind it. */
  readonly sincePosition?: InputMaybe<Scalars['String']['input']>;
  /**
   * Only where the reason or a name says all of these words: whole words in any order, `"in this order"`, `this or that`,
   * `-without`. Of reasons it looks at those that the viewer is shown. At most 200 characters.
   */
  readonly text?: InputMaybe<Scalars['String']['input']>;
  /** Only recorded before. */
  readonly until?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only before this position of the log. */
  readonly untilPosition?: InputMaybe<Scalars['String']['input']>;
  /** Only of this user's membership, by Matrix id. */
  readonly userId?: InputMaybe<Scalars['String']['input']>;
};

/** The kinds of transitions. */
export type TransitionKind =
  /** Somebody was banned. */
  | 'BANNED'
  /** A ban was said again, in other words or by another moderator. */
  | 'BAN_RENEWED'
  /** An invited user joined. */
  | 'INVITE_ACCEPTED'
  /** An invited user declined. */
  | 'INVITE_DECLINED'
  /** An invite was said again, in other words or by another member. */
  | 'INVITE_RENEWED'
  /** An invite was taken back. */
  | 'INVITE_REVOKED'
  /** Somebody was invited without having knocked. */
  | 'INVITE_SENT'
  /** Somebody joined without an invite. */
  | 'JOINED'
  /** A member was removed. */
  | 'KICKED'
  /** A pending knock was answered with an invite. */
  | 'KNOCK_ACCEPTED'
  /** A pending knock ended, and nobody told how. */
  | 'KNOCK_LAPSED'
  /** A pending knock was turned away. */
  | 'KNOCK_REJECTED'
  /** A pending knock was said again, in other words. */
  | 'KNOCK_RENEWED'
  /** Somebody asked to be let in. */
  | 'KNOCK_REQUESTED'
  /** The knocker took the knock back. */
  | 'KNOCK_RETRACTED'
  /** A member left. */
  | 'LEFT'
  /** The room's resolution of its state gave another membership than was thought. */
  | 'MEMBERSHIP_RECONCILED'
  /** A ban was lifted. */
  | 'UNBANNED';

/** A ban to lift. */
export type UnbanUserInput = {
  /** Words that go with it. */
  readonly reason?: InputMaybe<Scalars['String']['input']>;
  /** Matrix id of the room. */
  readonly roomId: Scalars['String']['input'];
  /** Matrix id of the banned user. */
  readonly userId: Scalars['String']['input'];
};

/** What unbanUser changed. */
export type UnbanUserPayload = MembershipPayload & {
  readonly __typename?: 'UnbanUserPayload';
  /** The member event of the act, or the one that said the same before. */
  readonly event?: Maybe<Event>;
  /** The membership as it is now; null when the viewer may not see it. */
  readonly member?: Maybe<Member>;
  /** The room. */
  readonly room: Room;
  /** The transition that the act made; where it had nothing to change, the one in force. Null when the viewer may not see it. */
  readonly transition?: Maybe<Transition>;
};

/** A tag to take off. */
export type UntagKnockInput = {
  /** Id of the knock. */
  readonly knockId: Scalars['ID']['input'];
  /** The tag. */
  readonly tag: Scalars['String']['input'];
};

/** What untagKnock changed. */
export type UntagKnockPayload = {
  readonly __typename?: 'UntagKnockPayload';
  /** The knock, with its tags. */
  readonly knock: Knock;
};

/** A Matrix user, of this server or of another one. */
export type User = Node & {
  readonly __typename?: 'User';
  /** The user's picture, an `mxc:` address; null when none is set, or the user is not of this server. */
  readonly avatarUrl?: Maybe<Scalars['String']['output']>;
  /** The name the user shows; null when none is set, or the user is not of this server. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** Opaque id. */
  readonly id: Scalars['ID']['output'];
  /** The user's knocks that the viewer may see, newest first. */
  readonly knocks: KnockConnection;
  /** The user's memberships, past ones too, in the rooms where the viewer may see them. Ordered by room id. */
  readonly memberships: MemberConnection;
  /** The user's way through rooms, oldest first: each membership that they came to have, as far as the viewer sees it. */
  readonly path: PathConnection;
  /** The server of the user. */
  readonly server: Scalars['String']['output'];
  /** The user's transitions that the viewer may see, oldest first. */
  readonly transitions: TransitionConnection;
  /** Matrix id, `@name:server`. */
  readonly userId: Scalars['String']['output'];
};


/** A Matrix user, of this server or of another one. */
export type UserKnocksArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<KnockOrder>;
  where?: InputMaybe<KnockFilter>;
};


/** A Matrix user, of this server or of another one. */
export type UserMembershipsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  where?: InputMaybe<MemberFilter>;
};


/** A Matrix user, of this server or of another one. */
export type UserPathArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  roomIds?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};


/** A Matrix user, of this server or of another one. */
export type UserTransitionsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<LogOrder>;
  where?: InputMaybe<TransitionFilter>;
};

/** A user's power level. */
export type UserPowerLevel = {
  readonly __typename?: 'UserPowerLevel';
  /** How much. */
  readonly level: Scalars['Float']['output'];
  /** Who. */
  readonly user: User;
};

/** How this server judged an event. */
export type Verdict =
  /** It is part of the room. */
  | 'ACCEPTED'
  /** It came with the room's state when this server joined. */
  | 'IMPORTED'
  /** It concerns a room that this server is not in. */
  | 'OUT_OF_BAND'
  /** The rules refuse it. */
  | 'REJECTED'
  /** It is valid where it stands, but not on the room's current state. */
  | 'SOFT_FAILED';

/** A check of the whole log that was completed. */
export type VerifyRun = {
  readonly __typename?: 'VerifyRun';
  /** Bad rows that it found. */
  readonly findings: Scalars['Int']['output'];
  /** When it ended. */
  readonly finishedAt: Scalars['DateTime']['output'];
  /** It found nothing. */
  readonly isClean: Scalars['Boolean']['output'];
  /** It judged every event again, too. */
  readonly isDeep: Scalars['Boolean']['output'];
  /** Up to which position it checked. */
  readonly position: Scalars['String']['output'];
};

/** Who asks. */
export type Viewer = {
  readonly __typename?: 'Viewer';
  /** Admin of this server: sees everything kept here, but acts in rooms by power level alone. Of a service token only with the scope `ADMIN`. */
  readonly isAdmin: Scalars['Boolean']['output'];
  /** The viewer's own knocks, newest first. */
  readonly knocks: KnockConnection;
  /** The rooms that the viewer is in, invited to or knocking on. Their `viewerCan…` fields tell what the viewer may do there. */
  readonly rooms: RoomConnection;
  /** The service token that asks; null for a person. */
  readonly serviceToken?: Maybe<ServiceToken>;
  /** The viewer as a user. */
  readonly user: User;
};


/** Who asks. */
export type ViewerKnocksArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<KnockOrder>;
  where?: InputMaybe<KnockFilter>;
};


/** Who asks. */
export type ViewerRoomsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  where?: InputMaybe<RoomFilter>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;

export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;




/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  MembershipPayload:
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
    | ( MembershipChange )
  ;
  Node:
    | ( ActionModel )
    | ( VisibleEvent )
    | ( KnockModel )
    | ( MemberModel )
    | ( RoomModel )
    | ( ServiceTokenModel )
    | ( TransitionModel )
    | ( UserModel )
  ;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  AcceptKnockInput: AcceptKnockInput;
  AcceptKnockPayload: ResolverTypeWrapper<MembershipChange>;
  Action: ResolverTypeWrapper<ActionModel>;
  ActionConnection: ResolverTypeWrapper<ActionPageModel>;
  ActionEdge: ResolverTypeWrapper<Omit<ActionEdge, 'node'> & { node: ResolversTypes['Action'] }>;
  ActionFilter: ActionFilter;
  AsOf: AsOf;
  BanUserInput: BanUserInput;
  BanUserPayload: ResolverTypeWrapper<MembershipChange>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  ClaimKnockInput: ClaimKnockInput;
  ClaimKnockPayload: ResolverTypeWrapper<KnockChange>;
  CreateRoomInput: CreateRoomInput;
  CreateRoomPayload: ResolverTypeWrapper<Omit<CreateRoomPayload, 'room'> & { room: ResolversTypes['Room'] }>;
  CreateServiceTokenInput: CreateServiceTokenInput;
  CreateServiceTokenPayload: ResolverTypeWrapper<Omit<CreateServiceTokenPayload, 'serviceToken'> & { serviceToken: ResolversTypes['ServiceToken'] }>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DecideKnocksInput: DecideKnocksInput;
  DecideKnocksPayload: ResolverTypeWrapper<Omit<DecideKnocksPayload, 'results'> & { results: ReadonlyArray<ResolversTypes['KnockDecisionResult']> }>;
  DecisionTimes: ResolverTypeWrapper<DecisionTimesModel>;
  Delivery: ResolverTypeWrapper<DeliveryModel>;
  DeliveryConnection: ResolverTypeWrapper<DeliveryPageModel>;
  DeliveryEdge: ResolverTypeWrapper<Omit<DeliveryEdge, 'node'> & { node: ResolversTypes['Delivery'] }>;
  DeliveryState: DeliveryState;
  Destination: ResolverTypeWrapper<DestinationModel>;
  DestinationConnection: ResolverTypeWrapper<DestinationPageModel>;
  DestinationEdge: ResolverTypeWrapper<Omit<DestinationEdge, 'node'> & { node: ResolversTypes['Destination'] }>;
  DestinationFilter: DestinationFilter;
  EraseUserInput: EraseUserInput;
  EraseUserPayload: ResolverTypeWrapper<Omit<EraseUserPayload, 'user'> & { user: ResolversTypes['User'] }>;
  Event: ResolverTypeWrapper<VisibleEvent>;
  EventConnection: ResolverTypeWrapper<EventPageModel>;
  EventEdge: ResolverTypeWrapper<Omit<EventEdge, 'node'> & { node: ResolversTypes['Event'] }>;
  EventFilter: EventFilter;
  EvidenceEvent: ResolverTypeWrapper<CheckedEvent>;
  EvidenceSignature: ResolverTypeWrapper<CheckedSignature>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  GiveUpDeliveriesInput: GiveUpDeliveriesInput;
  GiveUpDeliveriesPayload: ResolverTypeWrapper<Omit<GiveUpDeliveriesPayload, 'destination'> & { destination: ResolversTypes['Destination'] }>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  InviteUserInput: InviteUserInput;
  InviteUserPayload: ResolverTypeWrapper<MembershipChange>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  Job: ResolverTypeWrapper<JobModel>;
  JobState: JobState;
  JoinRoomInput: JoinRoomInput;
  JoinRoomPayload: ResolverTypeWrapper<MembershipChange>;
  JoinRule: JoinRule;
  KickUserInput: KickUserInput;
  KickUserPayload: ResolverTypeWrapper<MembershipChange>;
  Knock: ResolverTypeWrapper<KnockModel>;
  KnockConnection: ResolverTypeWrapper<KnockPageModel>;
  KnockDecision: KnockDecision;
  KnockDecisionResult: ResolverTypeWrapper<DecidedKnock>;
  KnockEdge: ResolverTypeWrapper<Omit<KnockEdge, 'node'> & { node: ResolversTypes['Knock'] }>;
  KnockEvidence: ResolverTypeWrapper<KnockEvidenceModel>;
  KnockFilter: KnockFilter;
  KnockInput: KnockInput;
  KnockNote: ResolverTypeWrapper<Omit<KnockNote, 'user'> & { user: ResolversTypes['User'] }>;
  KnockOrder: KnockOrder;
  KnockOrderField: KnockOrderField;
  KnockOutcomes: ResolverTypeWrapper<Outcomes>;
  KnockPayload: ResolverTypeWrapper<MembershipChange>;
  KnockSighting: ResolverTypeWrapper<Omit<KnockSighting, 'user'> & { user: ResolversTypes['User'] }>;
  KnockStatus: KnockStatus;
  LeaveRoomInput: LeaveRoomInput;
  LeaveRoomPayload: ResolverTypeWrapper<MembershipChange>;
  LogOrder: LogOrder;
  LogReader: ResolverTypeWrapper<LogReaderModel>;
  MarkKnockSeenInput: MarkKnockSeenInput;
  MarkKnockSeenPayload: ResolverTypeWrapper<KnockChange>;
  Member: ResolverTypeWrapper<MemberModel>;
  MemberConnection: ResolverTypeWrapper<MemberPageModel>;
  MemberEdge: ResolverTypeWrapper<Omit<MemberEdge, 'node'> & { node: ResolversTypes['Member'] }>;
  MemberFilter: MemberFilter;
  Membership: Membership;
  MembershipDiff: ResolverTypeWrapper<MembershipDiffModel>;
  MembershipDiffConnection: ResolverTypeWrapper<DiffPage>;
  MembershipDiffEdge: ResolverTypeWrapper<Omit<MembershipDiffEdge, 'node'> & { node: ResolversTypes['MembershipDiff'] }>;
  MembershipPayload: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['MembershipPayload']>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Node: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Node']>;
  NoteKnockInput: NoteKnockInput;
  NoteKnockPayload: ResolverTypeWrapper<KnockChange>;
  OrderDirection: OrderDirection;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  PathConnection: ResolverTypeWrapper<PathPage>;
  PathEdge: ResolverTypeWrapper<Omit<PathEdge, 'node'> & { node: ResolversTypes['PathStep'] }>;
  PathStep: ResolverTypeWrapper<PathStepModel>;
  PowerLevels: ResolverTypeWrapper<LevelsModel>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  RejectKnockInput: RejectKnockInput;
  RejectKnockPayload: ResolverTypeWrapper<MembershipChange>;
  ReleaseKnockInput: ReleaseKnockInput;
  ReleaseKnockPayload: ResolverTypeWrapper<KnockChange>;
  RetractKnockInput: RetractKnockInput;
  RetractKnockPayload: ResolverTypeWrapper<MembershipChange>;
  RetryDestinationInput: RetryDestinationInput;
  RetryDestinationPayload: ResolverTypeWrapper<Omit<RetryDestinationPayload, 'destination'> & { destination: ResolversTypes['Destination'] }>;
  RevealEventInput: RevealEventInput;
  RevealEventPayload: ResolverTypeWrapper<EventPlace>;
  RevealReasonInput: RevealReasonInput;
  RevealReasonPayload: ResolverTypeWrapper<KnockChange>;
  RevokeInviteInput: RevokeInviteInput;
  RevokeInvitePayload: ResolverTypeWrapper<MembershipChange>;
  RevokeServiceTokenInput: RevokeServiceTokenInput;
  RevokeServiceTokenPayload: ResolverTypeWrapper<Omit<RevokeServiceTokenPayload, 'serviceToken'> & { serviceToken: ResolversTypes['ServiceToken'] }>;
  Room: ResolverTypeWrapper<RoomModel>;
  RoomConnection: ResolverTypeWrapper<RoomPageModel>;
  RoomEdge: ResolverTypeWrapper<Omit<RoomEdge, 'node'> & { node: ResolversTypes['Room'] }>;
  RoomFilter: RoomFilter;
  RoomPreset: RoomPreset;
  RoomStats: ResolverTypeWrapper<RoomCountsModel>;
  RoomWarning: ResolverTypeWrapper<Omit<RoomWarning, 'users'> & { users: ReadonlyArray<ResolversTypes['User']> }>;
  RoomWarningCode: RoomWarningCode;
  RotateServiceTokenInput: RotateServiceTokenInput;
  RotateServiceTokenPayload: ResolverTypeWrapper<Omit<RotateServiceTokenPayload, 'serviceToken'> & { serviceToken: ResolversTypes['ServiceToken'] }>;
  Seal: ResolverTypeWrapper<LastSeal>;
  Server: ResolverTypeWrapper<ServerModel>;
  ServiceToken: ResolverTypeWrapper<ServiceTokenModel>;
  ServiceTokenConnection: ResolverTypeWrapper<ServiceTokenPageModel>;
  ServiceTokenEdge: ResolverTypeWrapper<Omit<ServiceTokenEdge, 'node'> & { node: ResolversTypes['ServiceToken'] }>;
  ServiceTokenFilter: ServiceTokenFilter;
  ServiceTokenScope: ServiceTokenScope;
  SetJoinRuleInput: SetJoinRuleInput;
  SetJoinRulePayload: ResolverTypeWrapper<Omit<SetJoinRulePayload, 'event' | 'room'> & { event: ResolversTypes['Event'], room: ResolversTypes['Room'] }>;
  SignatureStatus: SignatureStatus;
  StartRebuildInput: StartRebuildInput;
  StartRebuildPayload: ResolverTypeWrapper<Omit<StartRebuildPayload, 'job'> & { job: ResolversTypes['Job'] }>;
  StartVerifyPayload: ResolverTypeWrapper<Omit<StartVerifyPayload, 'job'> & { job: ResolversTypes['Job'] }>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  TagKnockInput: TagKnockInput;
  TagKnockPayload: ResolverTypeWrapper<KnockChange>;
  Transition: ResolverTypeWrapper<TransitionModel>;
  TransitionCause: TransitionCause;
  TransitionConnection: ResolverTypeWrapper<TransitionPageModel>;
  TransitionEdge: ResolverTypeWrapper<Omit<TransitionEdge, 'node'> & { node: ResolversTypes['Transition'] }>;
  TransitionFilter: TransitionFilter;
  TransitionKind: TransitionKind;
  UnbanUserInput: UnbanUserInput;
  UnbanUserPayload: ResolverTypeWrapper<MembershipChange>;
  UntagKnockInput: UntagKnockInput;
  UntagKnockPayload: ResolverTypeWrapper<KnockChange>;
  User: ResolverTypeWrapper<UserModel>;
  UserPowerLevel: ResolverTypeWrapper<UserLevelModel>;
  Verdict: Verdict;
  VerifyRun: ResolverTypeWrapper<VerifyRunModel>;
  Viewer: ResolverTypeWrapper<UserModel>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  AcceptKnockInput: AcceptKnockInput;
  AcceptKnockPayload: MembershipChange;
  Action: ActionModel;
  ActionConnection: ActionPageModel;
  ActionEdge: Omit<ActionEdge, 'node'> & { node: ResolversParentTypes['Action'] };
  ActionFilter: ActionFilter;
  AsOf: AsOf;
  BanUserInput: BanUserInput;
  BanUserPayload: MembershipChange;
  Boolean: Scalars['Boolean']['output'];
  ClaimKnockInput: ClaimKnockInput;
  ClaimKnockPayload: KnockChange;
  CreateRoomInput: CreateRoomInput;
  CreateRoomPayload: Omit<CreateRoomPayload, 'room'> & { room: ResolversParentTypes['Room'] };
  CreateServiceTokenInput: CreateServiceTokenInput;
  CreateServiceTokenPayload: Omit<CreateServiceTokenPayload, 'serviceToken'> & { serviceToken: ResolversParentTypes['ServiceToken'] };
  DateTime: Scalars['DateTime']['output'];
  DecideKnocksInput: DecideKnocksInput;
  DecideKnocksPayload: Omit<DecideKnocksPayload, 'results'> & { results: ReadonlyArray<ResolversParentTypes['KnockDecisionResult']> };
  DecisionTimes: DecisionTimesModel;
  Delivery: DeliveryModel;
  DeliveryConnection: DeliveryPageModel;
  DeliveryEdge: Omit<DeliveryEdge, 'node'> & { node: ResolversParentTypes['Delivery'] };
  Destination: DestinationModel;
  DestinationConnection: DestinationPageModel;
  DestinationEdge: Omit<DestinationEdge, 'node'> & { node: ResolversParentTypes['Destination'] };
  DestinationFilter: DestinationFilter;
  EraseUserInput: EraseUserInput;
  EraseUserPayload: Omit<EraseUserPayload, 'user'> & { user: ResolversParentTypes['User'] };
  Event: VisibleEvent;
  EventConnection: EventPageModel;
  EventEdge: Omit<EventEdge, 'node'> & { node: ResolversParentTypes['Event'] };
  EventFilter: EventFilter;
  EvidenceEvent: CheckedEvent;
  EvidenceSignature: CheckedSignature;
  Float: Scalars['Float']['output'];
  GiveUpDeliveriesInput: GiveUpDeliveriesInput;
  GiveUpDeliveriesPayload: Omit<GiveUpDeliveriesPayload, 'destination'> & { destination: ResolversParentTypes['Destination'] };
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  InviteUserInput: InviteUserInput;
  InviteUserPayload: MembershipChange;
  JSON: Scalars['JSON']['output'];
  Job: JobModel;
  JoinRoomInput: JoinRoomInput;
  JoinRoomPayload: MembershipChange;
  KickUserInput: KickUserInput;
  KickUserPayload: MembershipChange;
  Knock: KnockModel;
  KnockConnection: KnockPageModel;
  KnockDecisionResult: DecidedKnock;
  KnockEdge: Omit<KnockEdge, 'node'> & { node: ResolversParentTypes['Knock'] };
  KnockEvidence: KnockEvidenceModel;
  KnockFilter: KnockFilter;
  KnockInput: KnockInput;
  KnockNote: Omit<KnockNote, 'user'> & { user: ResolversParentTypes['User'] };
  KnockOrder: KnockOrder;
  KnockOutcomes: Outcomes;
  KnockPayload: MembershipChange;
  KnockSighting: Omit<KnockSighting, 'user'> & { user: ResolversParentTypes['User'] };
  LeaveRoomInput: LeaveRoomInput;
  LeaveRoomPayload: MembershipChange;
  LogOrder: LogOrder;
  LogReader: LogReaderModel;
  MarkKnockSeenInput: MarkKnockSeenInput;
  MarkKnockSeenPayload: KnockChange;
  Member: MemberModel;
  MemberConnection: MemberPageModel;
  MemberEdge: Omit<MemberEdge, 'node'> & { node: ResolversParentTypes['Member'] };
  MemberFilter: MemberFilter;
  MembershipDiff: MembershipDiffModel;
  MembershipDiffConnection: DiffPage;
  MembershipDiffEdge: Omit<MembershipDiffEdge, 'node'> & { node: ResolversParentTypes['MembershipDiff'] };
  MembershipPayload: ResolversInterfaceTypes<ResolversParentTypes>['MembershipPayload'];
  Mutation: Record<PropertyKey, never>;
  Node: ResolversInterfaceTypes<ResolversParentTypes>['Node'];
  NoteKnockInput: NoteKnockInput;
  NoteKnockPayload: KnockChange;
  PageInfo: PageInfo;
  PathConnection: PathPage;
  PathEdge: Omit<PathEdge, 'node'> & { node: ResolversParentTypes['PathStep'] };
  PathStep: PathStepModel;
  PowerLevels: LevelsModel;
  Query: Record<PropertyKey, never>;
  RejectKnockInput: RejectKnockInput;
  RejectKnockPayload: MembershipChange;
  ReleaseKnockInput: ReleaseKnockInput;
  ReleaseKnockPayload: KnockChange;
  RetractKnockInput: RetractKnockInput;
  RetractKnockPayload: MembershipChange;
  RetryDestinationInput: RetryDestinationInput;
  RetryDestinationPayload: Omit<RetryDestinationPayload, 'destination'> & { destination: ResolversParentTypes['Destination'] };
  RevealEventInput: RevealEventInput;
  RevealEventPayload: EventPlace;
  RevealReasonInput: RevealReasonInput;
  RevealReasonPayload: KnockChange;
  RevokeInviteInput: RevokeInviteInput;
  RevokeInvitePayload: MembershipChange;
  RevokeServiceTokenInput: RevokeServiceTokenInput;
  RevokeServiceTokenPayload: Omit<RevokeServiceTokenPayload, 'serviceToken'> & { serviceToken: ResolversParentTypes['ServiceToken'] };
  Room: RoomModel;
  RoomConnection: RoomPageModel;
  RoomEdge: Omit<RoomEdge, 'node'> & { node: ResolversParentTypes['Room'] };
  RoomFilter: RoomFilter;
  RoomStats: RoomCountsModel;
  RoomWarning: Omit<RoomWarning, 'users'> & { users: ReadonlyArray<ResolversParentTypes['User']> };
  RotateServiceTokenInput: RotateServiceTokenInput;
  RotateServiceTokenPayload: Omit<RotateServiceTokenPayload, 'serviceToken'> & { serviceToken: ResolversParentTypes['ServiceToken'] };
  Seal: LastSeal;
  Server: ServerModel;
  ServiceToken: ServiceTokenModel;
  ServiceTokenConnection: ServiceTokenPageModel;
  ServiceTokenEdge: Omit<ServiceTokenEdge, 'node'> & { node: ResolversParentTypes['ServiceToken'] };
  ServiceTokenFilter: ServiceTokenFilter;
  SetJoinRuleInput: SetJoinRuleInput;
  SetJoinRulePayload: Omit<SetJoinRulePayload, 'event' | 'room'> & { event: ResolversParentTypes['Event'], room: ResolversParentTypes['Room'] };
  StartRebuildInput: StartRebuildInput;
  StartRebuildPayload: Omit<StartRebuildPayload, 'job'> & { job: ResolversParentTypes['Job'] };
  StartVerifyPayload: Omit<StartVerifyPayload, 'job'> & { job: ResolversParentTypes['Job'] };
  String: Scalars['String']['output'];
  Subscription: Record<PropertyKey, never>;
  TagKnockInput: TagKnockInput;
  TagKnockPayload: KnockChange;
  Transition: TransitionModel;
  TransitionConnection: TransitionPageModel;
  TransitionEdge: Omit<TransitionEdge, 'node'> & { node: ResolversParentTypes['Transition'] };
  TransitionFilter: TransitionFilter;
  UnbanUserInput: UnbanUserInput;
  UnbanUserPayload: MembershipChange;
  UntagKnockInput: UntagKnockInput;
  UntagKnockPayload: KnockChange;
  User: UserModel;
  UserPowerLevel: UserLevelModel;
  VerifyRun: VerifyRunModel;
  Viewer: UserModel;
};

export type AcceptKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AcceptKnockPayload'] = ResolversParentTypes['AcceptKnockPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ActionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Action'] = ResolversParentTypes['Action']> = {
  actor?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  onBehalfOf?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  operation?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  outcome?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  room?: Resolver<Maybe<ResolversTypes['Room']>, ParentType, ContextType>;
  target?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  token?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ActionConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ActionConnection'] = ResolversParentTypes['ActionConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['ActionEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Action']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  totalCountIsEstimate?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type ActionEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ActionEdge'] = ResolversParentTypes['ActionEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Action'], ParentType, ContextType>;
};

export type BanUserPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['BanUserPayload'] = ResolversParentTypes['BanUserPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ClaimKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ClaimKnockPayload'] = ResolversParentTypes['ClaimKnockPayload']> = {
  knock?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type CreateRoomPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateRoomPayload'] = ResolversParentTypes['CreateRoomPayload']> = {
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
};

export type CreateServiceTokenPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateServiceTokenPayload'] = ResolversParentTypes['CreateServiceTokenPayload']> = {
  secret?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  serviceToken?: Resolver<ResolversTypes['ServiceToken'], ParentType, ContextType>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type DecideKnocksPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DecideKnocksPayload'] = ResolversParentTypes['DecideKnocksPayload']> = {
  hasMore?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  results?: Resolver<ReadonlyArray<ResolversTypes['KnockDecisionResult']>, ParentType, ContextType>;
};

export type DecisionTimesResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DecisionTimes'] = ResolversParentTypes['DecisionTimes']> = {
  decided?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  medianSeconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  p90Seconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
};

export type DeliveryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Delivery'] = ResolversParentTypes['Delivery']> = {
  error?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  owedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  server?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  settledAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  state?: Resolver<ResolversTypes['DeliveryState'], ParentType, ContextType>;
  transactionId?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type DeliveryConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeliveryConnection'] = ResolversParentTypes['DeliveryConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['DeliveryEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Delivery']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type DeliveryEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeliveryEdge'] = ResolversParentTypes['DeliveryEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Delivery'], ParentType, ContextType>;
};

export type DestinationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Destination'] = ResolversParentTypes['Destination']> = {
  deliveries?: Resolver<ResolversTypes['DeliveryConnection'], ParentType, ContextType, Partial<DestinationDeliveriesArgs>>;
  failures?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  lastError?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  lastFailureAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  lastSuccessAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  owed?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  retryAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  server?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type DestinationConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DestinationConnection'] = ResolversParentTypes['DestinationConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['DestinationEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Destination']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type DestinationEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DestinationEdge'] = ResolversParentTypes['DestinationEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Destination'], ParentType, ContextType>;
};

export type EraseUserPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['EraseUserPayload'] = ResolversParentTypes['EraseUserPayload']> = {
  events?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type EventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Event'] = ResolversParentTypes['Event']> = {
  content?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  deliveries?: Resolver<ResolversTypes['DeliveryConnection'], ParentType, ContextType, Partial<EventDeliveriesArgs>>;
  erased?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  eventId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  originServerTs?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  pdu?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  reasonIsHidden?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  receivedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  sender?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  stateKey?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  transitions?: Resolver<ResolversTypes['TransitionConnection'], ParentType, ContextType, Partial<EventTransitionsArgs>>;
  type?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  verdict?: Resolver<Maybe<ResolversTypes['Verdict']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type EventConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['EventConnection'] = ResolversParentTypes['EventConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['EventEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Event']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  totalCountIsEstimate?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type EventEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['EventEdge'] = ResolversParentTypes['EventEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Event'], ParentType, ContextType>;
};

export type EvidenceEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['EvidenceEvent'] = ResolversParentTypes['EvidenceEvent']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  idMatches?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  isValid?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  signatures?: Resolver<ReadonlyArray<ResolversTypes['EvidenceSignature']>, ParentType, ContextType>;
  transition?: Resolver<ResolversTypes['Transition'], ParentType, ContextType>;
};

export type EvidenceSignatureResolvers<ContextType = Context, ParentType extends ResolversParentTypes['EvidenceSignature'] = ResolversParentTypes['EvidenceSignature']> = {
  isRequired?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  keyId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  server?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['SignatureStatus'], ParentType, ContextType>;
};

export type GiveUpDeliveriesPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GiveUpDeliveriesPayload'] = ResolversParentTypes['GiveUpDeliveriesPayload']> = {
  deliveries?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  destination?: Resolver<ResolversTypes['Destination'], ParentType, ContextType>;
};

export type InviteUserPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['InviteUserPayload'] = ResolversParentTypes['InviteUserPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type JobResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Job'] = ResolversParentTypes['Job']> = {
  error?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  finishedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  progress?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  requestedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  result?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  state?: Resolver<ResolversTypes['JobState'], ParentType, ContextType>;
};

export type JoinRoomPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['JoinRoomPayload'] = ResolversParentTypes['JoinRoomPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type KickUserPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KickUserPayload'] = ResolversParentTypes['KickUserPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type KnockResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Knock'] = ResolversParentTypes['Knock']> = {
  attempts?: Resolver<ResolversTypes['KnockConnection'], ParentType, ContextType, Partial<KnockAttemptsArgs>>;
  claimedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  claimedBy?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  decidedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  decidedBy?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  decisionReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  decisionReasonIsHidden?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  deliveries?: Resolver<ResolversTypes['DeliveryConnection'], ParentType, ContextType, Partial<KnockDeliveriesArgs>>;
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  evidence?: Resolver<ResolversTypes['KnockEvidence'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  knockedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  notes?: Resolver<ReadonlyArray<ResolversTypes['KnockNote']>, ParentType, ContextType, Partial<KnockNotesArgs>>;
  outOfBand?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  reasonIsHidden?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  secondsToDecision?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  seenBy?: Resolver<ReadonlyArray<ResolversTypes['KnockSighting']>, ParentType, ContextType, Partial<KnockSeenByArgs>>;
  seenByViewer?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['KnockStatus'], ParentType, ContextType>;
  tags?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
  transitions?: Resolver<ResolversTypes['TransitionConnection'], ParentType, ContextType, Partial<KnockTransitionsArgs>>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  via?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerCanAccept?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanBan?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanReject?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanTriage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCannotAcceptReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerCannotBanReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerCannotRejectReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type KnockConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockConnection'] = ResolversParentTypes['KnockConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['KnockEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Knock']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  totalCountIsEstimate?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type KnockDecisionResultResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockDecisionResult'] = ResolversParentTypes['KnockDecisionResult']> = {
  errorCode?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  message?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  ok?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type KnockEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockEdge'] = ResolversParentTypes['KnockEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type KnockEvidenceResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockEvidence'] = ResolversParentTypes['KnockEvidence']> = {
  checkedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  events?: Resolver<ReadonlyArray<ResolversTypes['EvidenceEvent']>, ParentType, ContextType>;
  file?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  isValid?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type KnockNoteResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockNote'] = ResolversParentTypes['KnockNote']> = {
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type KnockOutcomesResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockOutcomes'] = ResolversParentTypes['KnockOutcomes']> = {
  accepted?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  banned?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  day?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  lapsed?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  rejected?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  retracted?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  server?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  superseded?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  voided?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type KnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockPayload'] = ResolversParentTypes['KnockPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type KnockSightingResolvers<ContextType = Context, ParentType extends ResolversParentTypes['KnockSighting'] = ResolversParentTypes['KnockSighting']> = {
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type LeaveRoomPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LeaveRoomPayload'] = ResolversParentTypes['LeaveRoomPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type LogReaderResolvers<ContextType = Context, ParentType extends ResolversParentTypes['LogReader'] = ResolversParentTypes['LogReader']> = {
  behind?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type MarkKnockSeenPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MarkKnockSeenPayload'] = ResolversParentTypes['MarkKnockSeenPayload']> = {
  knock?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type MemberResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Member'] = ResolversParentTypes['Member']> = {
  displayName?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  knocks?: Resolver<ResolversTypes['KnockConnection'], ParentType, ContextType, Partial<MemberKnocksArgs>>;
  membership?: Resolver<ResolversTypes['Membership'], ParentType, ContextType>;
  path?: Resolver<ResolversTypes['PathConnection'], ParentType, ContextType, Partial<MemberPathArgs>>;
  powerLevel?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  since?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  transitions?: Resolver<ResolversTypes['TransitionConnection'], ParentType, ContextType, Partial<MemberTransitionsArgs>>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  viewerCanBan?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanKick?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCannotBanReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerCannotKickReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MemberConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MemberConnection'] = ResolversParentTypes['MemberConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['MemberEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Member']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type MemberEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MemberEdge'] = ResolversParentTypes['MemberEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Member'], ParentType, ContextType>;
};

export type MembershipDiffResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MembershipDiff'] = ResolversParentTypes['MembershipDiff']> = {
  from?: Resolver<ResolversTypes['Membership'], ParentType, ContextType>;
  to?: Resolver<ResolversTypes['Membership'], ParentType, ContextType>;
  transition?: Resolver<ResolversTypes['Transition'], ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type MembershipDiffConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MembershipDiffConnection'] = ResolversParentTypes['MembershipDiffConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['MembershipDiffEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['MembershipDiff']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type MembershipDiffEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MembershipDiffEdge'] = ResolversParentTypes['MembershipDiffEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['MembershipDiff'], ParentType, ContextType>;
};

export type MembershipPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MembershipPayload'] = ResolversParentTypes['MembershipPayload']> = {
  __resolveType: TypeResolveFn<'AcceptKnockPayload' | 'BanUserPayload' | 'InviteUserPayload' | 'JoinRoomPayload' | 'KickUserPayload' | 'KnockPayload' | 'LeaveRoomPayload' | 'RejectKnockPayload' | 'RetractKnockPayload' | 'RevokeInvitePayload' | 'UnbanUserPayload', ParentType, ContextType>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  acceptKnock?: Resolver<ResolversTypes['AcceptKnockPayload'], ParentType, ContextType, RequireFields<MutationAcceptKnockArgs, 'input'>>;
  banUser?: Resolver<ResolversTypes['BanUserPayload'], ParentType, ContextType, RequireFields<MutationBanUserArgs, 'input'>>;
  claimKnock?: Resolver<ResolversTypes['ClaimKnockPayload'], ParentType, ContextType, RequireFields<MutationClaimKnockArgs, 'input'>>;
  createRoom?: Resolver<ResolversTypes['CreateRoomPayload'], ParentType, ContextType, RequireFields<MutationCreateRoomArgs, 'input'>>;
  createServiceToken?: Resolver<ResolversTypes['CreateServiceTokenPayload'], ParentType, ContextType, RequireFields<MutationCreateServiceTokenArgs, 'input'>>;
  decideKnocks?: Resolver<ResolversTypes['DecideKnocksPayload'], ParentType, ContextType, RequireFields<MutationDecideKnocksArgs, 'input'>>;
  eraseUser?: Resolver<ResolversTypes['EraseUserPayload'], ParentType, ContextType, RequireFields<MutationEraseUserArgs, 'input'>>;
  giveUpDeliveries?: Resolver<ResolversTypes['GiveUpDeliveriesPayload'], ParentType, ContextType, RequireFields<MutationGiveUpDeliveriesArgs, 'input'>>;
  inviteUser?: Resolver<ResolversTypes['InviteUserPayload'], ParentType, ContextType, RequireFields<MutationInviteUserArgs, 'input'>>;
  joinRoom?: Resolver<ResolversTypes['JoinRoomPayload'], ParentType, ContextType, RequireFields<MutationJoinRoomArgs, 'input'>>;
  kickUser?: Resolver<ResolversTypes['KickUserPayload'], ParentType, ContextType, RequireFields<MutationKickUserArgs, 'input'>>;
  knock?: Resolver<ResolversTypes['KnockPayload'], ParentType, ContextType, RequireFields<MutationKnockArgs, 'input'>>;
  leaveRoom?: Resolver<ResolversTypes['LeaveRoomPayload'], ParentType, ContextType, RequireFields<MutationLeaveRoomArgs, 'input'>>;
  markKnockSeen?: Resolver<ResolversTypes['MarkKnockSeenPayload'], ParentType, ContextType, RequireFields<MutationMarkKnockSeenArgs, 'input'>>;
  noteKnock?: Resolver<ResolversTypes['NoteKnockPayload'], ParentType, ContextType, RequireFields<MutationNoteKnockArgs, 'input'>>;
  rejectKnock?: Resolver<ResolversTypes['RejectKnockPayload'], ParentType, ContextType, RequireFields<MutationRejectKnockArgs, 'input'>>;
  releaseKnock?: Resolver<ResolversTypes['ReleaseKnockPayload'], ParentType, ContextType, RequireFields<MutationReleaseKnockArgs, 'input'>>;
  retractKnock?: Resolver<ResolversTypes['RetractKnockPayload'], ParentType, ContextType, RequireFields<MutationRetractKnockArgs, 'input'>>;
  retryDestination?: Resolver<ResolversTypes['RetryDestinationPayload'], ParentType, ContextType, RequireFields<MutationRetryDestinationArgs, 'input'>>;
  revealEvent?: Resolver<ResolversTypes['RevealEventPayload'], ParentType, ContextType, RequireFields<MutationRevealEventArgs, 'input'>>;
  revealReason?: Resolver<ResolversTypes['RevealReasonPayload'], ParentType, ContextType, RequireFields<MutationRevealReasonArgs, 'input'>>;
  revokeInvite?: Resolver<ResolversTypes['RevokeInvitePayload'], ParentType, ContextType, RequireFields<MutationRevokeInviteArgs, 'input'>>;
  revokeServiceToken?: Resolver<ResolversTypes['RevokeServiceTokenPayload'], ParentType, ContextType, RequireFields<MutationRevokeServiceTokenArgs, 'input'>>;
  rotateServiceToken?: Resolver<ResolversTypes['RotateServiceTokenPayload'], ParentType, ContextType, RequireFields<MutationRotateServiceTokenArgs, 'input'>>;
  setJoinRule?: Resolver<ResolversTypes['SetJoinRulePayload'], ParentType, ContextType, RequireFields<MutationSetJoinRuleArgs, 'input'>>;
  startRebuild?: Resolver<ResolversTypes['StartRebuildPayload'], ParentType, ContextType, Partial<MutationStartRebuildArgs>>;
  startVerify?: Resolver<ResolversTypes['StartVerifyPayload'], ParentType, ContextType>;
  tagKnock?: Resolver<ResolversTypes['TagKnockPayload'], ParentType, ContextType, RequireFields<MutationTagKnockArgs, 'input'>>;
  unbanUser?: Resolver<ResolversTypes['UnbanUserPayload'], ParentType, ContextType, RequireFields<MutationUnbanUserArgs, 'input'>>;
  untagKnock?: Resolver<ResolversTypes['UntagKnockPayload'], ParentType, ContextType, RequireFields<MutationUntagKnockArgs, 'input'>>;
};

export type NodeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'Action' | 'Event' | 'Knock' | 'Member' | 'Room' | 'ServiceToken' | 'Transition' | 'User', ParentType, ContextType>;
};

export type NoteKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['NoteKnockPayload'] = ResolversParentTypes['NoteKnockPayload']> = {
  knock?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PathConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PathConnection'] = ResolversParentTypes['PathConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['PathEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['PathStep']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type PathEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PathEdge'] = ResolversParentTypes['PathEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['PathStep'], ParentType, ContextType>;
};

export type PathStepResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PathStep'] = ResolversParentTypes['PathStep']> = {
  began?: Resolver<ResolversTypes['Transition'], ParentType, ContextType>;
  ended?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  membership?: Resolver<ResolversTypes['Membership'], ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  seconds?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  since?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  until?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type PowerLevelsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PowerLevels'] = ResolversParentTypes['PowerLevels']> = {
  ban?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  creators?: Resolver<ReadonlyArray<ResolversTypes['User']>, ParentType, ContextType>;
  eventsDefault?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  invite?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  joinRule?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  kick?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  redact?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  stateDefault?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  users?: Resolver<ReadonlyArray<ResolversTypes['UserPowerLevel']>, ParentType, ContextType, Partial<PowerLevelsUsersArgs>>;
  usersDefault?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  actions?: Resolver<ResolversTypes['ActionConnection'], ParentType, ContextType, Partial<QueryActionsArgs>>;
  destination?: Resolver<Maybe<ResolversTypes['Destination']>, ParentType, ContextType, RequireFields<QueryDestinationArgs, 'server'>>;
  destinations?: Resolver<ResolversTypes['DestinationConnection'], ParentType, ContextType, Partial<QueryDestinationsArgs>>;
  events?: Resolver<ResolversTypes['EventConnection'], ParentType, ContextType, Partial<QueryEventsArgs>>;
  job?: Resolver<Maybe<ResolversTypes['Job']>, ParentType, ContextType, RequireFields<QueryJobArgs, 'id'>>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType, RequireFields<QueryKnockArgs, 'id'>>;
  knocks?: Resolver<ResolversTypes['KnockConnection'], ParentType, ContextType, Partial<QueryKnocksArgs>>;
  membershipDiff?: Resolver<Maybe<ResolversTypes['MembershipDiffConnection']>, ParentType, ContextType, RequireFields<QueryMembershipDiffArgs, 'from' | 'roomId'>>;
  node?: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QueryNodeArgs, 'id'>>;
  room?: Resolver<Maybe<ResolversTypes['Room']>, ParentType, ContextType, Partial<QueryRoomArgs>>;
  rooms?: Resolver<ResolversTypes['RoomConnection'], ParentType, ContextType, Partial<QueryRoomsArgs>>;
  server?: Resolver<ResolversTypes['Server'], ParentType, ContextType>;
  serviceTokens?: Resolver<ResolversTypes['ServiceTokenConnection'], ParentType, ContextType, Partial<QueryServiceTokensArgs>>;
  transitions?: Resolver<ResolversTypes['TransitionConnection'], ParentType, ContextType, Partial<QueryTransitionsArgs>>;
  viewer?: Resolver<ResolversTypes['Viewer'], ParentType, ContextType>;
};

export type RejectKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RejectKnockPayload'] = ResolversParentTypes['RejectKnockPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ReleaseKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ReleaseKnockPayload'] = ResolversParentTypes['ReleaseKnockPayload']> = {
  knock?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type RetractKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RetractKnockPayload'] = ResolversParentTypes['RetractKnockPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type RetryDestinationPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RetryDestinationPayload'] = ResolversParentTypes['RetryDestinationPayload']> = {
  destination?: Resolver<ResolversTypes['Destination'], ParentType, ContextType>;
};

export type RevealEventPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RevealEventPayload'] = ResolversParentTypes['RevealEventPayload']> = {
  event?: Resolver<ResolversTypes['Event'], ParentType, ContextType>;
};

export type RevealReasonPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RevealReasonPayload'] = ResolversParentTypes['RevealReasonPayload']> = {
  knock?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type RevokeInvitePayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RevokeInvitePayload'] = ResolversParentTypes['RevokeInvitePayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type RevokeServiceTokenPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RevokeServiceTokenPayload'] = ResolversParentTypes['RevokeServiceTokenPayload']> = {
  serviceToken?: Resolver<ResolversTypes['ServiceToken'], ParentType, ContextType>;
};

export type RoomResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Room'] = ResolversParentTypes['Room']> = {
  actions?: Resolver<ResolversTypes['ActionConnection'], ParentType, ContextType, Partial<RoomActionsArgs>>;
  bans?: Resolver<ResolversTypes['MemberConnection'], ParentType, ContextType, Partial<RoomBansArgs>>;
  canonicalAlias?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType, Partial<RoomCanonicalAliasArgs>>;
  events?: Resolver<ResolversTypes['EventConnection'], ParentType, ContextType, Partial<RoomEventsArgs>>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  invites?: Resolver<ResolversTypes['MemberConnection'], ParentType, ContextType, Partial<RoomInvitesArgs>>;
  joinRule?: Resolver<Maybe<ResolversTypes['JoinRule']>, ParentType, ContextType, Partial<RoomJoinRuleArgs>>;
  knocks?: Resolver<ResolversTypes['KnockConnection'], ParentType, ContextType, Partial<RoomKnocksArgs>>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType, RequireFields<RoomMemberArgs, 'userId'>>;
  members?: Resolver<ResolversTypes['MemberConnection'], ParentType, ContextType, Partial<RoomMembersArgs>>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType, Partial<RoomNameArgs>>;
  powerLevels?: Resolver<Maybe<ResolversTypes['PowerLevels']>, ParentType, ContextType, Partial<RoomPowerLevelsArgs>>;
  roomId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  stats?: Resolver<Maybe<ResolversTypes['RoomStats']>, ParentType, ContextType>;
  topic?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType, Partial<RoomTopicArgs>>;
  transitions?: Resolver<ResolversTypes['TransitionConnection'], ParentType, ContextType, Partial<RoomTransitionsArgs>>;
  version?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  viewerCanBan?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanInvite?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanKick?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanSeeKnocks?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCanSetJoinRule?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  viewerCannotBanReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerCannotInviteReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerCannotKickReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerCannotSetJoinRuleReason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  viewerMembership?: Resolver<ResolversTypes['Membership'], ParentType, ContextType>;
  warnings?: Resolver<ReadonlyArray<ResolversTypes['RoomWarning']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type RoomConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RoomConnection'] = ResolversParentTypes['RoomConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['RoomEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Room']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type RoomEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RoomEdge'] = ResolversParentTypes['RoomEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
};

export type RoomStatsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RoomStats'] = ResolversParentTypes['RoomStats']> = {
  acceptedKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  banned?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  bannedKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  invited?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  joined?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  lapsedKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  oldestPendingKnock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  outcomesByDay?: Resolver<ReadonlyArray<ResolversTypes['KnockOutcomes']>, ParentType, ContextType, Partial<RoomStatsOutcomesByDayArgs>>;
  outcomesByServer?: Resolver<ReadonlyArray<ResolversTypes['KnockOutcomes']>, ParentType, ContextType, Partial<RoomStatsOutcomesByServerArgs>>;
  pendingKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  rejectedKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  retractedKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  supersededKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  timeToDecision?: Resolver<ResolversTypes['DecisionTimes'], ParentType, ContextType, Partial<RoomStatsTimeToDecisionArgs>>;
  voidedKnocks?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type RoomWarningResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RoomWarning'] = ResolversParentTypes['RoomWarning']> = {
  code?: Resolver<ResolversTypes['RoomWarningCode'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  users?: Resolver<ReadonlyArray<ResolversTypes['User']>, ParentType, ContextType>;
};

export type RotateServiceTokenPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RotateServiceTokenPayload'] = ResolversParentTypes['RotateServiceTokenPayload']> = {
  secret?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  serviceToken?: Resolver<ResolversTypes['ServiceToken'], ParentType, ContextType>;
};

export type SealResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Seal'] = ResolversParentTypes['Seal']> = {
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  behind?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ServerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Server'] = ResolversParentTypes['Server']> = {
  lastSeal?: Resolver<Maybe<ResolversTypes['Seal']>, ParentType, ContextType>;
  lastVerify?: Resolver<Maybe<ResolversTypes['VerifyRun']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  readers?: Resolver<ReadonlyArray<ResolversTypes['LogReader']>, ParentType, ContextType>;
  unreachable?: Resolver<ResolversTypes['DestinationConnection'], ParentType, ContextType, Partial<ServerUnreachableArgs>>;
};

export type ServiceTokenResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ServiceToken'] = ResolversParentTypes['ServiceToken']> = {
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  createdBy?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  expiresAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  lastUsedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  revokedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  revokedBy?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  roomIds?: Resolver<Maybe<ReadonlyArray<ResolversTypes['String']>>, ParentType, ContextType>;
  rotatedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  scopes?: Resolver<ReadonlyArray<ResolversTypes['ServiceTokenScope']>, ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ServiceTokenConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ServiceTokenConnection'] = ResolversParentTypes['ServiceTokenConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['ServiceTokenEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['ServiceToken']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type ServiceTokenEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ServiceTokenEdge'] = ResolversParentTypes['ServiceTokenEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['ServiceToken'], ParentType, ContextType>;
};

export type SetJoinRulePayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SetJoinRulePayload'] = ResolversParentTypes['SetJoinRulePayload']> = {
  event?: Resolver<ResolversTypes['Event'], ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
};

export type StartRebuildPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StartRebuildPayload'] = ResolversParentTypes['StartRebuildPayload']> = {
  job?: Resolver<ResolversTypes['Job'], ParentType, ContextType>;
};

export type StartVerifyPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['StartVerifyPayload'] = ResolversParentTypes['StartVerifyPayload']> = {
  job?: Resolver<ResolversTypes['Job'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  knocks?: SubscriptionResolver<ResolversTypes['Knock'], "knocks", ParentType, ContextType, Partial<SubscriptionKnocksArgs>>;
  transitions?: SubscriptionResolver<ResolversTypes['Transition'], "transitions", ParentType, ContextType, Partial<SubscriptionTransitionsArgs>>;
};

export type TagKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TagKnockPayload'] = ResolversParentTypes['TagKnockPayload']> = {
  knock?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type TransitionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Transition'] = ResolversParentTypes['Transition']> = {
  actor?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  cause?: Resolver<ResolversTypes['TransitionCause'], ParentType, ContextType>;
  deliveries?: Resolver<ResolversTypes['DeliveryConnection'], ParentType, ContextType, Partial<TransitionDeliveriesArgs>>;
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  from?: Resolver<ResolversTypes['Membership'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['TransitionKind'], ParentType, ContextType>;
  knock?: Resolver<Maybe<ResolversTypes['Knock']>, ParentType, ContextType>;
  occurredAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  onBehalfOf?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  outOfBand?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  previous?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  reason?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  reasonIsHidden?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  recordedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  supersedes?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  to?: Resolver<ResolversTypes['Membership'], ParentType, ContextType>;
  trigger?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  unverified?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type TransitionConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TransitionConnection'] = ResolversParentTypes['TransitionConnection']> = {
  edges?: Resolver<ReadonlyArray<ResolversTypes['TransitionEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<ResolversTypes['Transition']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  totalCountIsEstimate?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type TransitionEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TransitionEdge'] = ResolversParentTypes['TransitionEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Transition'], ParentType, ContextType>;
};

export type UnbanUserPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UnbanUserPayload'] = ResolversParentTypes['UnbanUserPayload']> = {
  event?: Resolver<Maybe<ResolversTypes['Event']>, ParentType, ContextType>;
  member?: Resolver<Maybe<ResolversTypes['Member']>, ParentType, ContextType>;
  room?: Resolver<ResolversTypes['Room'], ParentType, ContextType>;
  transition?: Resolver<Maybe<ResolversTypes['Transition']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type UntagKnockPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UntagKnockPayload'] = ResolversParentTypes['UntagKnockPayload']> = {
  knock?: Resolver<ResolversTypes['Knock'], ParentType, ContextType>;
};

export type UserResolvers<ContextType = Context, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User']> = {
  avatarUrl?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  displayName?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  knocks?: Resolver<ResolversTypes['KnockConnection'], ParentType, ContextType, Partial<UserKnocksArgs>>;
  memberships?: Resolver<ResolversTypes['MemberConnection'], ParentType, ContextType, Partial<UserMembershipsArgs>>;
  path?: Resolver<ResolversTypes['PathConnection'], ParentType, ContextType, Partial<UserPathArgs>>;
  server?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  transitions?: Resolver<ResolversTypes['TransitionConnection'], ParentType, ContextType, Partial<UserTransitionsArgs>>;
  userId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type UserPowerLevelResolvers<ContextType = Context, ParentType extends ResolversParentTypes['UserPowerLevel'] = ResolversParentTypes['UserPowerLevel']> = {
  level?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type VerifyRunResolvers<ContextType = Context, ParentType extends ResolversParentTypes['VerifyRun'] = ResolversParentTypes['VerifyRun']> = {
  findings?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  finishedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  isClean?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  isDeep?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ViewerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Viewer'] = ResolversParentTypes['Viewer']> = {
  isAdmin?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  knocks?: Resolver<ResolversTypes['KnockConnection'], ParentType, ContextType, Partial<ViewerKnocksArgs>>;
  rooms?: Resolver<ResolversTypes['RoomConnection'], ParentType, ContextType, Partial<ViewerRoomsArgs>>;
  serviceToken?: Resolver<Maybe<ResolversTypes['ServiceToken']>, ParentType, ContextType>;
  user?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type Resolvers<ContextType = Context> = {
  AcceptKnockPayload?: AcceptKnockPayloadResolvers<ContextType>;
  Action?: ActionResolvers<ContextType>;
  ActionConnection?: ActionConnectionResolvers<ContextType>;
  ActionEdge?: ActionEdgeResolvers<ContextType>;
  BanUserPayload?: BanUserPayloadResolvers<ContextType>;
  ClaimKnockPayload?: ClaimKnockPayloadResolvers<ContextType>;
  CreateRoomPayload?: CreateRoomPayloadResolvers<ContextType>;
  CreateServiceTokenPayload?: CreateServiceTokenPayloadResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  DecideKnocksPayload?: DecideKnocksPayloadResolvers<ContextType>;
  DecisionTimes?: DecisionTimesResolvers<ContextType>;
  Delivery?: DeliveryResolvers<ContextType>;
  DeliveryConnection?: DeliveryConnectionResolvers<ContextType>;
  DeliveryEdge?: DeliveryEdgeResolvers<ContextType>;
  Destination?: DestinationResolvers<ContextType>;
  DestinationConnection?: DestinationConnectionResolvers<ContextType>;
  DestinationEdge?: DestinationEdgeResolvers<ContextType>;
  EraseUserPayload?: EraseUserPayloadResolvers<ContextType>;
  Event?: EventResolvers<ContextType>;
  EventConnection?: EventConnectionResolvers<ContextType>;
  EventEdge?: EventEdgeResolvers<ContextType>;
  EvidenceEvent?: EvidenceEventResolvers<ContextType>;
  EvidenceSignature?: EvidenceSignatureResolvers<ContextType>;
  GiveUpDeliveriesPayload?: GiveUpDeliveriesPayloadResolvers<ContextType>;
  InviteUserPayload?: InviteUserPayloadResolvers<ContextType>;
  JSON?: GraphQLScalarType;
  Job?: JobResolvers<ContextType>;
  JoinRoomPayload?: JoinRoomPayloadResolvers<ContextType>;
  KickUserPayload?: KickUserPayloadResolvers<ContextType>;
  Knock?: KnockResolvers<ContextType>;
  KnockConnection?: KnockConnectionResolvers<ContextType>;
  KnockDecisionResult?: KnockDecisionResultResolvers<ContextType>;
  KnockEdge?: KnockEdgeResolvers<ContextType>;
  KnockEvidence?: KnockEvidenceResolvers<ContextType>;
  KnockNote?: KnockNoteResolvers<ContextType>;
  KnockOutcomes?: KnockOutcomesResolvers<ContextType>;
  KnockPayload?: KnockPayloadResolvers<ContextType>;
  KnockSighting?: KnockSightingResolvers<ContextType>;
  LeaveRoomPayload?: LeaveRoomPayloadResolvers<ContextType>;
  LogReader?: LogReaderResolvers<ContextType>;
  MarkKnockSeenPayload?: MarkKnockSeenPayloadResolvers<ContextType>;
  Member?: MemberResolvers<ContextType>;
  MemberConnection?: MemberConnectionResolvers<ContextType>;
  MemberEdge?: MemberEdgeResolvers<ContextType>;
  MembershipDiff?: MembershipDiffResolvers<ContextType>;
  MembershipDiffConnection?: MembershipDiffConnectionResolvers<ContextType>;
  MembershipDiffEdge?: MembershipDiffEdgeResolvers<ContextType>;
  MembershipPayload?: MembershipPayloadResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  NoteKnockPayload?: NoteKnockPayloadResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  PathConnection?: PathConnectionResolvers<ContextType>;
  PathEdge?: PathEdgeResolvers<ContextType>;
  PathStep?: PathStepResolvers<ContextType>;
  PowerLevels?: PowerLevelsResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  RejectKnockPayload?: RejectKnockPayloadResolvers<ContextType>;
  ReleaseKnockPayload?: ReleaseKnockPayloadResolvers<ContextType>;
  RetractKnockPayload?: RetractKnockPayloadResolvers<ContextType>;
  RetryDestinationPayload?: RetryDestinationPayloadResolvers<ContextType>;
  RevealEventPayload?: RevealEventPayloadResolvers<ContextType>;
  RevealReasonPayload?: RevealReasonPayloadResolvers<ContextType>;
  RevokeInvitePayload?: RevokeInvitePayloadResolvers<ContextType>;
  RevokeServiceTokenPayload?: RevokeServiceTokenPayloadResolvers<ContextType>;
  Room?: RoomResolvers<ContextType>;
  RoomConnection?: RoomConnectionResolvers<ContextType>;
  RoomEdge?: RoomEdgeResolvers<ContextType>;
  RoomStats?: RoomStatsResolvers<ContextType>;
  RoomWarning?: RoomWarningResolvers<ContextType>;
  RotateServiceTokenPayload?: RotateServiceTokenPayloadResolvers<ContextType>;
  Seal?: SealResolvers<ContextType>;
  Server?: ServerResolvers<ContextType>;
  ServiceToken?: ServiceTokenResolvers<ContextType>;
  ServiceTokenConnection?: ServiceTokenConnectionResolvers<ContextType>;
  ServiceTokenEdge?: ServiceTokenEdgeResolvers<ContextType>;
  SetJoinRulePayload?: SetJoinRulePayloadResolvers<ContextType>;
  StartRebuildPayload?: StartRebuildPayloadResolvers<ContextType>;
  StartVerifyPayload?: StartVerifyPayloadResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  TagKnockPayload?: TagKnockPayloadResolvers<ContextType>;
  Transition?: TransitionResolvers<ContextType>;
  TransitionConnection?: TransitionConnectionResolvers<ContextType>;
  TransitionEdge?: TransitionEdgeResolvers<ContextType>;
  UnbanUserPayload?: UnbanUserPayloadResolvers<ContextType>;
  UntagKnockPayload?: UntagKnockPayloadResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
  UserPowerLevel?: UserPowerLevelResolvers<ContextType>;
  VerifyRun?: VerifyRunResolvers<ContextType>;
  Viewer?: ViewerResolvers<ContextType>;
};

