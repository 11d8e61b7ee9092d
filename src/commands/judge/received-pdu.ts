/** What a lane is handed of an event from elsewhere: checked as far as that goes without the room's state. */
import type { EventSlot } from '../../log/judged-pdu.ts';
import type { EventId, ServerName } from '../../matrix/identifiers.ts';
import type { SignedPdu } from '../../matrix/pdu.ts';
import type { Rejection } from '../../matrix/rejection.ts';

/** An event with good signatures; its redacted copy where the content did not match its hash. */
export interface ReceivedPdu {
  readonly pdu: SignedPdu;
  readonly eventId: EventId;
  /** The server that sent it here. */
  readonly origin: ServerName;
  /** Ours to deliver to the room's other servers. */
  readonly relay: boolean;
  /** Its auth events, all of them stored. */
  readonly auth: readonly EventSlot[];
  /** What its own auth events say against it (server-server API, Checks performed on receipt, 4); null: nothing. */
  readonly authRejection: Rejection | null;
  /** Position of its row in `events` where it is stored already, as an outlier or out of band; null: it is new. */
  readonly known: number | null;
  /** States after those of its prev_events that nobody could be found to send, as another server claims them. */
  readonly holes: readonly Hole[];
}

/** A missing event of the room's graph, with the state that a server says was after it. */
export interface Hole {
  readonly missing: EventId;
  /** The whole state, by type and state key (`stateKeyText`); every event of it is stored. */
  readonly state: ReadonlyMap<string, EventSlot>;
}
