/** What a change of the current state says of somebody's membership: the row of `transitions`, if there is one. */
import type { StateChange, TransitionCause, TransitionRecord } from '../../log/judged-pdu.ts';
import { transitionKind } from '../../log/transition.ts';
import type { UserId } from '../../matrix/identifiers.ts';
import { membershipOf, type PduFields } from '../../matrix/pdu.ts';

/** Who brought it about: the event that set the key, here or elsewhere, or the meeting of branches. */
export interface Cause {
  readonly by: 'own' | 'federation' | 'resolution';
  readonly onBehalfOf: string | null;
}

/**
 * The transition of a change of the current state; `before` is the member event that stood there. Null where nothing is
 * to be told: no member event, a changed profile, a leave of somebody who is not there.
 *
 * What no single event may do comes about by branches that meet, whatever event completes it: cause `resolution`, kind
 * MEMBERSHIP_RECONCILED, and the caller adds which transition it corrects.
 */
export function transitionOf(
  { type, stateKey, event, pdu, previous }: StateChange,
  before: Pick<PduFields, 'type' | 'content'> | undefined,
  { by, onBehalfOf }: Cause,
): TransitionRecord | null {
  if (type !== 'm.room.member') return null;
  const from = (before && membershipOf(before)) ?? 'none';
  const to = pdu === null ? 'none' : (membershipOf(pdu) ?? 'none');
  const self = pdu?.sender === stateKey;
  const told = to === 'none' ? (from === 'none' ? null : 'MEMBERSHIP_RECONCILED') : transitionKind(from, to, self);
  if (told === null) return null;
  const reconciled = by === 'resolution' || told === 'MEMBERSHIP_RECONCILED';
  return {
    userId: stateKey as UserId,
    from,
    to,
    kind: reconciled ? 'MEMBERSHIP_RECONCILED' : told,
    cause: reconciled ? 'resolution' : causeOf(by, self),
    event,
    pdu,
    previous,
    supersedes: null,
    actor: pdu?.sender ?? null,
    onBehalfOf,
    occurredAt: pdu?.origin_server_ts ?? null,
  };
}

function causeOf(by: Cause['by'], self: boolean): TransitionCause {
  if (by !== 'own') return by;
  return self ? 'self' : 'moderator';
}
