// Lets a homeserver on this machine answer about a room, over the wire.
import { parseEventId, parseServerName, type EventId } from '../../src/matrix/identifiers.ts';
import { isJsonArray, parseJsonObject } from '../../src/matrix/json.ts';
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

function answered<T>(answer: Answer<T>, body: (value: T) => object): object {
  return answer.ok ? body(answer.value) : {};
}

/** The part of a target that says what is asked for. */
export function callsOf({ asked }: FakeHomeserver): readonly string[] {
  return asked.map(({ target }) => target.split(/[/?]/)[4] ?? '');
}
