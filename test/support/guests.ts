/** Users of other servers in rooms of this one: their events are made as their servers would make them, and received. */
import { judgeProposed } from '../../src/commands/judge/judge-proposed.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { keysToPropose, propose, type EventDraft } from '../../src/commands/judge/propose.ts';
import { createReceiver } from '../../src/commands/receive/receive-pdu.ts';
import type { Received } from '../../src/commands/receive/receive-turn.ts';
import { fails } from '../../src/federation/answer.ts';
import { serverOf, type RoomId, type ServerName, type UserId } from '../../src/matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import type { Membership } from '../../src/matrix/pdu.ts';
import { isRejection } from '../../src/matrix/rejection.ts';
import { checkSignatures } from './foreign-room.ts';
import type { TestLog } from './history.ts';
import { identityOf } from './rooms.ts';

export interface Guests {
  /** A member event by `sender`, signed by their server, received from it. Taken on its behalf (`relay`) by default. */
  member(
    roomId: RoomId,
    sender: UserId,
    membership: Membership,
    more?: { readonly target?: UserId; readonly relay?: boolean; readonly origin?: ServerName },
  ): Promise<Received>;
  message(roomId: RoomId, sender: UserId, body: string): Promise<Received>;
  /** A user of this server invites one of another, which has signed the invite. */
  invite(roomId: RoomId, sender: UserId, target: UserId): Promise<void>;
}

const nobody = () => Promise.resolve(fails({ kind: 'unreachable', code: 'NOBODY' }));

export function guestsOf({ deps }: TestLog): Guests {
  const receiver = createReceiver({
    db: deps.db,
    lanes: deps.lanes,
    serverName: deps.identity.serverName,
    checkSignatures,
    judge: judgeReceived,
    now: Date.now,
    remotes: { event: nobody, eventAuth: nobody, getMissingEvents: nobody, stateIds: nobody },
  });
  const made = (roomId: RoomId, draft: EventDraft): Promise<JsonObject> =>
    deps.lanes.run(roomId, async (room) => {
      if (room === null) throw new Error(`there is no room ${roomId}`);
      const state = await room.state(keysToPropose(draft, room.head));
      const proposed = propose(draft, room.head, state, identityOf(serverOf(draft.sender)), Date.now());
      if (isRejection(proposed)) throw new Error(`the event is refused: ${proposed.message}`);
      return { judged: [], actions: [], answer: proposed.pdu };
    });
  return {
    async member(roomId, sender, membership, { target = sender, relay = true, origin = serverOf(sender) } = {}) {
      const content = jsonObject({ membership });
      const value = await made(roomId, { type: 'm.room.member', sender, stateKey: target, content });
      return receiver.receive({ origin, value, relay });
    },
    async message(roomId, sender, body) {
      const content = jsonObject({ msgtype: 'm.text', body });
      const value = await made(roomId, { type: 'm.room.message', sender, content });
      return receiver.receive({ origin: serverOf(sender), value, relay: false });
    },
    async invite(roomId, sender, target) {
      const content = jsonObject({ membership: 'invite' });
      const draft = { type: 'm.room.member', sender, stateKey: target, content };
      await deps.lanes.run(roomId, async (room) => {
        if (room === null) throw new Error(`there is no room ${roomId}`);
        const state = await room.state([...keysToPropose(draft, room.head), [draft.type, target]]);
        const proposed = propose(draft, room.head, state, deps.identity, Date.now());
        if (isRejection(proposed)) throw new Error(`the invite is refused: ${proposed.message}`);
        return { judged: [await judgeProposed(room, proposed, state, null)], actions: [], answer: null };
      });
    },
  };
}
