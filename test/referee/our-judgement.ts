// Our side of the comparison: an event judged as one that another server sent, by src/matrix or a mutated copy of it.
import type * as authEvents from '../../src/matrix/auth-events.ts';
import type * as eventAuth from '../../src/matrix/event-auth.ts';
import type { PduFields } from '../../src/matrix/pdu.ts';
import type * as pduFormat from '../../src/matrix/pdu-format.ts';
import { isRejection, type Rejection } from '../../src/matrix/rejection.ts';
import type { RoomState, StateEvent } from '../../src/matrix/room-state.ts';
import type * as roomVersions from '../../src/matrix/room-versions.ts';
import type { Case, CitedEvent } from './cases.ts';

/** The functions of src/matrix that judge. */
export type Rules = Pick<typeof eventAuth, 'checkAuthEvents' | 'checkRules'> &
  Pick<typeof authEvents, 'stateKeysForAuth'> &
  Pick<typeof pduFormat, 'checkPduFormat'> &
  Pick<typeof roomVersions, 'ROOM_VERSIONS'>;

/** The rules in a folder like src/matrix. */
export async function loadRules(folder: URL): Promise<Rules> {
  const load = (file: string): Promise<object> => import(/* @vite-ignore */ new URL(file, folder).href);
  const files = ['event-auth.ts', 'auth-events.ts', 'pdu-format.ts', 'room-versions.ts'];
  return Object.assign({}, ...(await Promise.all(files.map(load)))) as Rules;
}

/**
 * What our rules say to the case; null allows. The order is that of the checks on receipt (server-server API, Checks
 * performed on receipt of a PDU): format, auth_events, the state these make, the state before the event.
 */
export function judge(rules: Rules, { version: id, state, others = [], event }: Case): Rejection | null {
  const version = rules.ROOM_VERSIONS[id];
  const pdu = rules.checkPduFormat(event, version);
  if (isRejection(pdu)) return pdu;
  const known = new Map([...state, ...others].map((other): [string, CitedEvent] => [other.eventId, other]));
  const cited = pdu.auth_events.map((eventId) => known.get(eventId));
  if (cited.some((other) => other === undefined)) throw new Error('The case cites an event that it does not bring.');
  const found = cited.filter((other) => other !== undefined);
  const unfit = rules.checkAuthEvents(pdu, version, found);
  if (unfit !== null) return unfit;
  const before = stateFor(rules, pdu, id, state);
  // Since v12 the create event is never cited: the room id stands for it.
  const create = version.roomIdIsCreateHash ? state.filter((other) => other.pdu.type === 'm.room.create') : [];
  return (
    rules.checkRules(pdu, version, stateFor(rules, pdu, id, [...create, ...found])) ??
    rules.checkRules(pdu, version, before)
  );
}

/** Only what an event of its kind is judged by: a rule that read more would find nothing. */
function stateFor(rules: Rules, pdu: PduFields, id: Case['version'], events: readonly StateEvent[]): RoomState {
  const keys = rules.stateKeysForAuth(pdu, rules.ROOM_VERSIONS[id]);
  return {
    get: (type, stateKey) =>
      keys.some((key) => key[0] === type && key[1] === stateKey)
        ? events.find((other) => other.pdu.type === type && other.pdu.state_key === stateKey)
        : undefined,
  };
}
