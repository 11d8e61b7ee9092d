/** What our users do in rooms that this server is not in: asked for by the acts of the same names, which find the room not here. */
import type { EventId, RoomId, ServerName, UserId } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';

/** Who acts; as Actor. */
export interface ActorElsewhere {
  readonly userId: UserId;
  readonly token: string | null;
  readonly onBehalfOf: string | null;
}

export interface ElsewhereInput {
  readonly roomId: RoomId;
  /** Servers that may know the room, in the order in which to ask them. */
  readonly via?: readonly ServerName[] | undefined;
  /** Of the member event: what is said besides the membership. */
  readonly content: JsonObject;
}

export interface LeaveElsewhere extends ElsewhereInput {
  /** Nothing else is left. */
  readonly only?: 'knock' | undefined;
}

export interface DoneElsewhere {
  readonly roomId: RoomId;
  readonly eventId: EventId | null;
}

/**
 * Each resolves once it is stored here, and throws MatrixError: what the room's servers refuse it with, M_NOT_FOUND where
 * there is no server to ask, M_UNKNOWN (502) where none could be asked.
 */
export interface Elsewhere {
  knock(actor: ActorElsewhere, input: ElsewhereInput): Promise<DoneElsewhere>;
  join(actor: ActorElsewhere, input: ElsewhereInput): Promise<DoneElsewhere>;
  /**
   * Takes a knock back, or declines an invite. It ends here also where no server of the room can be reached: they are told
   * later, for a day. Null: the user has neither, or not what is to be left.
   */
  leave(actor: ActorElsewhere, input: LeaveElsewhere): Promise<DoneElsewhere | null>;
  /** Asks the room's server whether a pending knock still stands, unless it was asked just now. Never rejects. */
  lookAgain(roomId: RoomId, userId: UserId): Promise<void>;
}

/** Thrown in a room's turn: the room is not here, and the act goes elsewhere. No refusal, so nothing tells of it. */
export const notHere = new Error('The room is not here.');
