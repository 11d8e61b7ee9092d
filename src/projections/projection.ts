/** What a projection is: tables that can be thrown away and made again from the log's facts, in order. */
import type { TxClient } from '../database/tx.ts';
import type { ServerName, UserId } from '../matrix/identifiers.ts';
import type { Membership, Verdict } from '../matrix/pdu.ts';
import type { PresenceChange } from '../log/judged-pdu.ts';
import type { TransitionKind } from '../log/transition.ts';

/** One verdict and what followed from it. All positions are the log's; `roomPosition` counts the room's own log. */
export interface Fact {
  readonly roomId: string;
  readonly version: string;
  readonly roomPosition: number;
  readonly event: number;
  readonly verdict: Verdict;
  readonly verdictPosition: number;
  /** The first verdict of the room, also where that is one on a membership out of band. */
  readonly startsRoom: boolean;
  /** It moves the room's present: an event of the past, found later, does not. */
  readonly live: boolean;
  /** What it takes the place of, if accepted, at the ends of the graph. */
  readonly replaces: readonly number[];
  /** Null where the event is no part of the room's graph here. */
  readonly afterLine: number | null;
  readonly afterAt: number | null;
  /** What became of the current state; one key for an event on a straight line, any number where branches met. */
  readonly changes: readonly FactChange[];
  readonly transitions: readonly FactTransition[];
  readonly presence: PresenceChange | null;
}

/** A key of the current state that has another event now. */
export interface FactChange {
  readonly type: string;
  readonly stateKey: string;
  /** Null: the key became absent. */
  readonly event: number | null;
  /** The key was absent. */
  readonly isNew: boolean;
  readonly membership: Membership | null;
  /** What the event says to those who look for rooms, if its words are still there. */
  readonly search: SearchFact | null;
}

export interface FactTransition {
  readonly position: number;
  readonly userId: UserId;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  readonly kind: TransitionKind;
  /** The member event now in force; null when a resolution left none. */
  readonly event: number | null;
  /** Position of the transition that it corrects. */
  readonly supersedes: number | null;
  readonly actor: UserId | null;
  /** The words of the event now in force; null when there are none or they were erased. */
  readonly reason: string | null;
  readonly displayName: string | null;
  /** False: out of band, while this server was not in the room. */
  readonly inRoom: boolean;
  /** Of a knock out of band: the server that it went through. */
  readonly via: string | null;
}

/** What one event says of its room to those who look for it. */
export interface SearchFact {
  readonly key: 'name' | 'topic' | 'alias' | 'type';
  readonly words: string | null;
  /** A redaction of the event leaves it. */
  readonly lasts: boolean;
}

/** What an erasure takes: all that a user said, or one event's words. Positions are the log's. */
export type Erased =
  | { readonly kind: 'user'; readonly userId: string }
  | {
      readonly kind: 'event';
      readonly roomId: string;
      readonly event: number;
      /** Of a member event: whom it is about. */
      readonly member: string | null;
      /** The redaction that takes them. */
      readonly redaction: number | null;
    };

export interface ProjectionContext {
  readonly serverName: ServerName;
}

/**
 * `apply` sends all its statements before it waits for the first, in an order that is right without their results. It
 * depends on nothing but its arguments and the projection's own tables, which it names without a schema:
 * a rebuild runs it on a copy through `search_path`. No clock, no network. `erase` takes out words that the projection
 * holds, after the facts before the erasures; with the same duties.
 */
export interface Projection {
  readonly name: string;
  readonly tables: readonly string[];
  apply(tx: TxClient, facts: readonly Fact[], context: ProjectionContext): Promise<void>;
  erase?(tx: TxClient, erased: readonly Erased[]): Promise<void>;
}

/** A room's facts in a batch, by room, in order. */
export function byRoom(facts: readonly Fact[]): ReadonlyMap<string, readonly Fact[]> {
  return Map.groupBy(facts, (fact) => fact.roomId);
}
