// Lets a homeserver on this machine answer about a room, over the wire.
import { parseEventId, parseServerName, type EventId } from '../../src/matrix/identifiers.ts';
import { isJsonArray, parseJsonObject } from '../../src/matrix/json.ts';
import type { SignedPdu } from '../../src/matrix/pdu.ts';
import type { Answer } from '../../src/federation/answer.ts';
import type { Asked, FakeHomeserver } from './fake-homeserver.ts';
import { remotesOf, type ForeignRoom } from './foreign-room.ts';

const FEDERATION = '/_matrix/federation/v1';

/** Answers what is asked about the room, as somebody does who has all of it. */
export function serveRoom(homeserver: FakeHomeserver, room: ForeignRoom): void {
  const remotes = remotesOf(room);
  const { roomId } = room;
  const us = parseServerName('us.test')!;
  const lastOf = ({ target }: Asked): EventId => parseEventId(decodeURIComponent(target.split('/').at(-1)!))!;
  homeserver.on(`${FEDERATION}/event/`, async (asked) =>
    answered(await remotes.event(us, { roomId, eventId: lastOf(asked) }), (pdu) => ({ pdus: [pdu] })),
  );
  homeserver.on(`${FEDERATION}/event_auth/`, async (asked) =>
    answered(await remotes.eventAuth(us, { roomId, eventId: lastOf(asked) }), (chain) => ({ auth_chain: chain })),
  );
  homeserver.on(`${FEDERATION}/state_ids/`, async ({ target }) => {
    const eventId = parseEventId(new URL(target, 'https://us.test').searchParams.get('event_id') ?? '')!;
    return answered(await remotes.stateIds(us, { roomId, eventId }), ({ state, authChain }) => ({
      pdu_ids: state,
      auth_chain_ids: authChain,
    }));
  });
  homeserver.on(`${FEDERATION}/get_missing_events/`, async ({ body }) => {
    const asked = parseJsonObject(body);
    const ids = (key: string): EventId[] => (isJsonArray(asked[key]) ? (asked[key] as unknown as EventId[]) : []);
    const [earliest, latest] = [ids('earliest_events'), ids('latest_events')];
    const limits = { limit: Number(asked['limit']), minDepth: Number(asked['min_depth']) };
    return answered(await remotes.getMissingEvents(us, { roomId, earliest, latest, ...limits }), (events) => ({
      events,
    }));
  });
}

/** Lets others join the room, as a server that is in it. */
export function letJoin(homeserver: FakeHomeserver, room: ForeignRoom): void {
  homeserver.on(`${FEDERATION}/make_join/`, ({ target }) => {
    const userId = decodeURIComponent(target.split(/[/?]/)[6] ?? '');
    const newest = room.newest();
    const cited = ['m.room.create\0', 'm.room.power_levels\0', 'm.room.join_rules\0', `m.room.member\0${userId}`];
    const events = cited.flatMap((name) => newest.state.get(name) ?? []);
    const event = {
      type: 'm.room.member',
      room_id: room.roomId,
      sender: userId,
      state_key: userId,
      content: { membership: 'join', displayname: 'as you say' },
      depth: newest.pdu.depth + 1,
      auth_events: events
        .filter(({ pdu }) => pdu.type !== 'm.room.create' || !room.version.roomIdIsCreateHash)
        .map(({ eventId }) => eventId),
      prev_events: [newest.eventId],
    };
    return { room_version: room.version.id, event };
  });
  homeserver.on('/_matrix/federation/v2/send_join/', ({ body }) => {
    const state = [...room.newest().state.values()];
    const join = room.take(parseJsonObject(body) as unknown as SignedPdu);
    return {
      state: state.map(({ pdu }) => pdu),
      auth_chain: room.authChain([...state, join]).map(({ pdu }) => pdu),
      event: join.pdu,
      members_omitted: false,
    };
  });
}

function answered<T>(answer: Answer<T>, body: (value: T) => object): object {
  return answer.ok ? body(answer.value) : {};
}

/** The part of a target that says what is asked for. */
export function callsOf({ asked }: FakeHomeserver): readonly string[] {
  return asked.map(({ target }) => target.split(/[/?]/)[4] ?? '');
}
