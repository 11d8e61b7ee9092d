/** How a knock ends. */
import type { FactTransition } from './projection.ts';

export type KnockStatus =
  'PENDING' | 'ACCEPTED' | 'REJECTED' | 'RETRACTED' | 'BANNED' | 'SUPERSEDED' | 'VOIDED' | 'LAPSED';

/** A transition and its room. */
export interface RoomMove {
  readonly roomId: string;
  readonly transition: FactTransition;
}

/** How a transition away from `knock` ends the episode; what it corrects may be an earlier end. */
export function outcomeOf({ to, kind, actor, userId }: FactTransition): KnockStatus {
  if (kind === 'KNOCK_LAPSED') return 'LAPSED';
  switch (to) {
    case 'invite':
      return 'ACCEPTED';
    case 'join':
      return 'SUPERSEDED';
    case 'ban':
      return 'BANNED';
    case 'none':
      return 'VOIDED';
    case 'leave':
      return actor === userId ? 'RETRACTED' : 'REJECTED';
    case 'knock':
      return 'PENDING';
    default:
      return to satisfies never;
  }
}

/** Postgres text holds no NUL; the event itself keeps every character. */
export function searchable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\u0000', '');
}
