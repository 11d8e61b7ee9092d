/** What people at the door wrote, which others are shown only after they revealed it to themselves: an act on the record. */
import { seesReasons } from '../access/room-access.ts';
import { isOwn, standingIn } from '../access/scopes.ts';
import type { StoredEvent } from '../log/read.ts';
import { jsonObject } from '../matrix/json.ts';
import { membershipOf, stringIn } from '../matrix/pdu.ts';
import { viewerOf, type Context } from './context.ts';

/** A reason as the viewer sees it. */
export interface ShownReason {
  readonly reason: string | null;
  /** There is one, and the viewer is not shown it. */
  readonly isHidden: boolean;
}

const NO_REASON: ShownReason = { reason: null, isHidden: false };

/** The viewer sees the words that come with what is visible of the room, except for those at its door. */
export function seesWords(context: Context, roomId: string): boolean {
  return seesReasons(standingIn(viewerOf(context), roomId, 'none'));
}

/** The reason in a visible event, by its position. */
export async function reasonAt(context: Context, roomId: string, position: number | null): Promise<ShownReason> {
  if (position === null) return NO_REASON;
  const event = await context.loaders.event.load({ roomId, position });
  const reason = event === null ? null : stringIn(event.content, 'reason');
  if (event === null || reason === null) return NO_REASON;
  return shown(reason, seesWords(context, roomId) && !(await hidesWords(context, event)));
}

/** The reason of a visible knock. */
export async function reasonOfKnock(
  context: Context,
  knock: { readonly roomId: string; readonly userId: string; readonly event: number; readonly reason: string | null },
): Promise<ShownReason> {
  const { roomId, userId, event, reason } = knock;
  if (reason === null) return NO_REASON;
  return shown(reason, seesWords(context, roomId) && (await isRevealed(context, userId, event)));
}

function shown(reason: string, isShown: boolean): ShownReason {
  return { reason: isShown ? reason : null, isHidden: !isShown };
}

/** The event says something at a door, and the viewer has not revealed it. */
export async function hidesWords(context: Context, event: StoredEvent): Promise<boolean> {
  const { roomId, position, sender, stateKey, content } = event;
  if (sender !== stateKey || Object.keys(content).every((key) => NO_WORDS.includes(key))) return false;
  const membership = membershipOf(event);
  if (membership !== 'knock' && membership !== 'leave') return false;
  if (await isRevealed(context, sender, position)) return false;
  if (membership === 'knock') return true;
  // What the room did not take has no place from which it could be told whether its sender was in.
  if ((await context.loaders.verdict.load({ roomId, position })) !== 'accepted') return true;
  return context.loaders.tookBackKnock.load({ roomId, userId: sender, event: position });
}

async function isRevealed(context: Context, writer: string, event: number): Promise<boolean> {
  const viewer = viewerOf(context);
  return isOwn(viewer, writer) || context.loaders.revealed.load({ reader: viewer.userId, event });
}

// Besides these a server may send anything it likes with a knock.
const NO_WORDS: readonly string[] = ['membership', 'displayname', 'avatar_url'];

/** What is shown of such an event's content: who it is, and not what they say. */
export function contentWithoutWords({ content }: StoredEvent): StoredEvent['content'] {
  return jsonObject(Object.fromEntries(Object.entries(content).filter(([key]) => NO_WORDS.includes(key))));
}
