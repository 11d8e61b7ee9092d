/** What becomes of knocks where forks met: an episode goes on, is pending again, or ends otherwise than it was told. */
import type { TxClient } from '../database/tx.ts';
import { serverOf } from '../matrix/identifiers.ts';
import { outcomeOf, searchable, type RoomMove } from './knock-outcome.ts';

/**
 * Applies one MEMBERSHIP_RECONCILED. An event of an episode that is in force again makes the same episode pending; any other
 * knock goes on with a pending one, or begins its own. Away from a knock, the pending episode ends; and where the transition
 * that is corrected was an episode's end, that gets the outcome now in force.
 */
export function reconcileEpisode(tx: TxClient, move: RoomMove): Promise<void> {
  if (move.transition.to === 'knock') return knockAgain(tx, move);
  return move.transition.from === 'knock' ? endPending(tx, move) : endOtherwise(tx, move);
}

async function knockAgain(tx: TxClient, { roomId, transition }: RoomMove): Promise<void> {
  const { userId, position, event, reason, displayName } = transition;
  await tx.query({
    name: 'knock-again',
    text: `with episode as (
             select opened from knocks
              where room_id = $1 and user_id = $2 and (status = 'PENDING' or $4::int8 between first_event and event)
              order by status = 'PENDING' desc, opened desc limit 1),
           again as (
             update knocks k set status = 'PENDING', closed = null, decided_by = null, event = $4::int8, reason = $5, display_name = $6
               from episode where k.room_id = $1 and k.opened = episode.opened returning k.opened)
           insert into knocks (room_id, opened, user_id, server, status, first_event, event, in_room, reason, display_name)
           select $1::text, $3::int8, $2::text, $7::text, 'PENDING', $4::int8, $4::int8, true, $5::text, $6::text where not exists (select from again)`,
    values: [roomId, userId, position, event, searchable(reason), searchable(displayName), serverOf(userId)],
  });
}

// What was in force before the knock, and is again, did not answer it: the knock itself is gone.
async function endPending(tx: TxClient, { roomId, transition }: RoomMove): Promise<void> {
  const { userId, position, event, actor } = transition;
  await tx.query({
    name: 'end-pending-knock',
    text: `update knocks k set status = case when $3::int8 < first_event then 'VOIDED' else $4 end, closed = $5,
                  decided_by = case when $3::int8 < first_event then null else $6 end
            where room_id = $1 and user_id = $2 and status = 'PENDING'`,
    values: [roomId, userId, event, outcomeOf(transition), position, actor],
  });
}

async function endOtherwise(tx: TxClient, { roomId, transition }: RoomMove): Promise<void> {
  const { userId, position, event, actor, supersedes } = transition;
  await tx.query({
    name: 'end-knock-otherwise',
    text: `update knocks k set status = case when $3::int8 < first_event then 'VOIDED' else $4 end, closed = $5,
                  decided_by = case when $3::int8 < first_event then null else $6 end
            where room_id = $1 and user_id = $2 and closed = $7`,
    values: [roomId, userId, event, outcomeOf(transition), position, actor, supersedes],
  });
}
