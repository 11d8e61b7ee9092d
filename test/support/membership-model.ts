/** What membership acts in a room of this server come to, by PROTOCOL's tables alone: a simple model to hold the server against. */
export type Standing = 'none' | 'knock' | 'invite' | 'join' | 'leave' | 'ban';
export type ActName = 'knock' | 'join' | 'leave' | 'invite' | 'kick' | 'ban' | 'unban';

export const STANDINGS: readonly Standing[] = ['none', 'knock', 'invite', 'join', 'leave', 'ban'];
export const ACTS: readonly ActName[] = ['knock', 'join', 'leave', 'invite', 'kick', 'ban', 'unban'];

/** The levels that this model's rooms ask for an invite, a kick and a ban. */
export const MODERATOR_LEVEL = 50;

export interface Member {
  standing: Standing;
  /** Who said so last, and with which words. */
  said: string | null;
}

export interface ModelRoom {
  joinRule: string;
  /** Whether the room's version lets people knock under the join rule. */
  readonly knockRules: readonly string[];
  readonly levels: ReadonlyMap<string, number>;
  readonly members: Map<string, Member>;
  /** In the order of the log. */
  readonly transitions: { readonly user: string; readonly kind: string }[];
  /** The outcomes of each user's knocks, oldest first; the last may be PENDING. */
  readonly episodes: Map<string, string[]>;
}

export interface Act {
  readonly name: ActName;
  readonly actor: string;
  readonly target: string;
  readonly reason?: string | undefined;
}

export type Refusal = 'M_FORBIDDEN' | 'M_BAD_STATE' | 'M_NOT_FOUND';

/** `sent`: the standing that follows, and the kind of the transition. */
export type Predicted =
  | { readonly is: 'refused'; readonly errcode: Refusal }
  | { readonly is: 'unchanged' }
  | { readonly is: 'sent'; readonly to: Standing; readonly kind: string };

const refused = (errcode: Refusal = 'M_FORBIDDEN'): Predicted => ({ is: 'refused', errcode });
const UNCHANGED: Predicted = { is: 'unchanged' };

function words({ actor, reason }: Act): string {
  return `${actor} ${reason ?? ''}`;
}

export function standingIn(room: ModelRoom, user: string): Standing {
  return room.members.get(user)?.standing ?? 'none';
}

/** PROTOCOL §1.3 with §4.2 and §6.1, for users of one server in a room without forks. */
export function predict(room: ModelRoom, act: Act): Predicted {
  const { name, actor, target } = act;
  const known = [...room.members.values()].some(({ standing }) => standing === 'join');
  if (name === 'knock' || name === 'join') return known ? goIn(room, act) : refused('M_NOT_FOUND');
  if (name === 'leave') return goOut(standingIn(room, actor));
  if (standingIn(room, actor) !== 'join' || (actor === target && name !== 'ban')) return refused();
  return name === 'invite' ? invite(room, act) : putOut(room, act);
}

function goIn(room: ModelRoom, act: Act): Predicted {
  const standing = standingIn(room, act.actor);
  if (act.name === 'join') {
    if (standing === 'join') return UNCHANGED;
    if (standing === 'ban') return refused();
    if (standing === 'invite') return { is: 'sent', to: 'join', kind: 'INVITE_ACCEPTED' };
    return room.joinRule === 'public' ? { is: 'sent', to: 'join', kind: 'JOINED' } : refused();
  }
  if (!room.knockRules.includes(room.joinRule)) return refused();
  if (standing === 'ban' || standing === 'invite' || standing === 'join') return refused();
  if (standing !== 'knock') return { is: 'sent', to: 'knock', kind: 'KNOCK_REQUESTED' };
  return room.members.get(act.actor)?.said === words(act)
    ? UNCHANGED
    : { is: 'sent', to: 'knock', kind: 'KNOCK_RENEWED' };
}

function goOut(standing: Standing): Predicted {
  if (standing === 'leave') return UNCHANGED;
  const kinds: Partial<Record<Standing, string>> = {
    join: 'LEFT',
    invite: 'INVITE_DECLINED',
    knock: 'KNOCK_RETRACTED',
  };
  const kind = kinds[standing];
  return kind === undefined ? refused() : { is: 'sent', to: 'leave', kind };
}

function invite(room: ModelRoom, act: Act): Predicted {
  const standing = standingIn(room, act.target);
  if (standing === 'join' || standing === 'ban' || levelOf(room, act.actor) < MODERATOR_LEVEL) return refused();
  if (standing === 'knock') return { is: 'sent', to: 'invite', kind: 'KNOCK_ACCEPTED' };
  if (standing !== 'invite') return { is: 'sent', to: 'invite', kind: 'INVITE_SENT' };
  return room.members.get(act.target)?.said === words(act)
    ? UNCHANGED
    : { is: 'sent', to: 'invite', kind: 'INVITE_RENEWED' };
}

function putOut(room: ModelRoom, act: Act): Predicted {
  const standing = standingIn(room, act.target);
  const level = levelOf(room, act.actor);
  const mayNot = level < MODERATOR_LEVEL || levelOf(room, act.target) >= level;
  if (act.name === 'ban') {
    if (mayNot) return refused();
    if (standing !== 'ban') return { is: 'sent', to: 'ban', kind: 'BANNED' };
    return room.members.get(act.target)?.said === words(act)
      ? UNCHANGED
      : { is: 'sent', to: 'ban', kind: 'BAN_RENEWED' };
  }
  if (level < MODERATOR_LEVEL) return refused();
  if (act.name === 'unban') {
    if (standing !== 'ban') return refused('M_BAD_STATE');
    return mayNot ? refused() : { is: 'sent', to: 'leave', kind: 'UNBANNED' };
  }
  const kinds: Partial<Record<Standing, string>> = {
    join: 'KICKED',
    invite: 'INVITE_REVOKED',
    knock: 'KNOCK_REJECTED',
  };
  const kind = kinds[standing];
  return kind === undefined || mayNot ? refused() : { is: 'sent', to: 'leave', kind };
}

function levelOf(room: ModelRoom, user: string): number {
  return room.levels.get(user) ?? 0;
}

const OUTCOMES: Readonly<Record<string, string>> = {
  invite: 'ACCEPTED',
  join: 'SUPERSEDED',
  ban: 'BANNED',
  KNOCK_RETRACTED: 'RETRACTED',
  KNOCK_REJECTED: 'REJECTED',
};

/** Predicts an act and lets it happen. */
export function perform(room: ModelRoom, act: Act): Predicted {
  const predicted = predict(room, act);
  if (predicted.is !== 'sent') return predicted;
  const before = standingIn(room, act.target);
  const { to, kind } = predicted;
  room.members.set(act.target, { standing: to, said: words(act) });
  room.transitions.push({ user: act.target, kind });
  const episodes = room.episodes.get(act.target) ?? [];
  if (before === 'knock' && to !== 'knock') episodes[episodes.length - 1] = OUTCOMES[kind] ?? OUTCOMES[to] ?? '?';
  if (before !== 'knock' && to === 'knock') episodes.push('PENDING');
  if (episodes.length > 0) room.episodes.set(act.target, episodes);
  return predicted;
}
