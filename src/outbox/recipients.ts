/** Who has to hear of an event: pure, over what the log says of it and which servers were in the room before it. */
import { serverOf, type ServerName, type UserId } from '../matrix/identifiers.ts';
import type { Membership } from '../matrix/pdu.ts';

/** An accepted event as far as its recipients depend on it. */
export interface OwedEvent {
  readonly roomId: string;
  /** Of the verdict, in the log. */
  readonly position: number;
  /** Of the verdict, in the room. */
  readonly roomPosition: number;
  /** Position of the event. */
  readonly event: number;
  /** Made here, or taken through send_knock, send_join or send_leave. */
  readonly relay: boolean;
  readonly sender: UserId;
  /** The server that it came from. */
  readonly origin: ServerName;
  /** Null where it is no member event, or changed nobody's membership. */
  readonly move: MembershipMove | null;
}

export interface MembershipMove {
  readonly target: UserId;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  /** Out of the room, and citing an invite of the target among its auth events. */
  readonly citesInvite: boolean;
  /** What it ends is a knock that was taken here, on behalf of the knocker's server. */
  readonly endsServedKnock: boolean;
}

/** A stay of a server in a room, by room position: from the join of its first member to the end of its last. */
export interface Stay {
  readonly server: ServerName;
  readonly from: number;
  /** Null: it is there still. */
  readonly to: number | null;
}

/**
 * The servers that an event has to be sent to: those in the room before it, without this one and the one it came from,
 * and the target's where the event tells its user what nobody else will. Of an event that others deliver, at most that
 * last one: if the knock that it answers went through here, nobody else's word counts there.
 */
export function recipientsOf(event: OwedEvent, stays: readonly Stay[], self: ServerName): ReadonlySet<ServerName> {
  const { roomPosition, origin, move } = event;
  const present = new Set(stays.filter((stay) => wasThere(stay, roomPosition)).map(({ server }) => server));
  const target = move === null ? null : serverOf(move.target);
  const isTold = move !== null && (event.relay ? isForTarget(move, event.sender) : isServedDenial(move, event.sender));
  const told = target !== null && isTold && !present.has(target) ? [target] : [];
  const recipients = new Set([...(event.relay ? present : []), ...told]);
  recipients.delete(self);
  recipients.delete(origin);
  return recipients;
}

/** Whether an event is never left out for newer ones: invites, and what ends an invite, a knock or a ban. */
export function isKept({ move }: OwedEvent): boolean {
  if (move === null) return false;
  const { from, to } = move;
  return to === 'invite' || (isOut(to) && (from === 'invite' || from === 'knock' || move.citesInvite)) || isUnban(move);
}

// A server hears of an event that made its last member leave, and not of the one that brought its first.
function wasThere({ from, to }: Stay, at: number): boolean {
  return from < at && (to === null || to >= at);
}

/** A retracted invite, a denial, an unban. */
function isForTarget(move: MembershipMove, sender: UserId): boolean {
  return sender !== move.target && (isDenial(move) || (move.to === 'leave' && move.citesInvite) || isUnban(move));
}

function isServedDenial(move: MembershipMove, sender: UserId): boolean {
  return sender !== move.target && move.from === 'knock' && isOut(move.to) && move.endsServedKnock;
}

function isDenial({ from, to }: MembershipMove): boolean {
  return (from === 'invite' || from === 'knock') && isOut(to);
}

function isUnban({ from, to }: MembershipMove): boolean {
  return from === 'ban' && to === 'leave';
}

function isOut(membership: Membership | 'none'): boolean {
  return membership === 'leave' || membership === 'ban';
}
