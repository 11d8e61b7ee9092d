/** A rejection, ban or revocation that another server tells of, in a room that this server is not in: when it is believed (PROTOCOL §6.5). */
import { hastenProbe, outOfBandOf, type OutOfBand } from '../../log/out-of-band.ts';
import { isUserId, parseRoomId, serverOf, type ServerName, type UserId } from '../../matrix/identifiers.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { checkNameSizes } from '../../matrix/pdu-format.ts';
import { membershipOf, stringIn } from '../../matrix/pdu.ts';
import { roomVersion, type RoomVersion } from '../../matrix/room-versions.ts';
import { decideOutside } from './out-of-band.ts';
import { probe, type ProbeParts } from './probe-elsewhere.ts';
import { PROBE_PAUSE_MS } from './probe-times.ts';
import { checkEvents, isUnfit, nameEvent, type CheckedPdu } from '../receive/receive-checks.ts';
import type { CheckSignatures } from '../receive/remotes.ts';

export interface DenialParts extends ProbeParts {
  readonly checkSignatures: CheckSignatures;
  /** Told of what goes wrong behind the answer. */
  readonly onFailure: (error: unknown) => void;
}

export interface Denials {
  /** Whether the event ends a membership that one of our users has there. What follows from it is done behind the answer. */
  receive(origin: ServerName, value: JsonObject): Promise<boolean>;
  /** Resolves when nothing is being done any more. */
  settled(): Promise<void>;
}

export function receiveDenials(parts: DenialParts): Denials {
  const open = new Set<Promise<void>>();
  return {
    async receive(origin, value) {
      const denial = await believed(parts, origin, value);
      if (denial === null) return false;
      const work = carryOut(parts, origin, denial).catch(parts.onFailure);
      open.add(work);
      void work.finally(() => open.delete(work));
      return true;
    },
    settled: async () => void (await Promise.all(open)),
  };
}

interface Denial {
  readonly known: OutOfBand;
  readonly event: CheckedPdu;
  readonly version: RoomVersion;
}

async function believed(parts: DenialParts, origin: ServerName, value: JsonObject): Promise<Denial | null> {
  const known = await deniable(parts, value);
  const version = roomVersion(known?.version ?? '');
  if (known === null || version === null) return null;
  const named = nameEvent(value, version);
  if (isUnfit(named) || checkNameSizes(named.pdu) !== null || named.roomId !== known.roomId) return null;
  const { pdu } = named;
  const membership = membershipOf(pdu);
  const ends = pdu.type === 'm.room.member' && (membership === 'leave' || membership === 'ban');
  if (!ends || pdu.sender === known.userId || !pdu.auth_events.includes(known.eventId)) return null;
  if (!speaksFor(known, origin, pdu.sender)) return null;
  const [event] = await checkEvents([named], version, parts.checkSignatures);
  return event === undefined || isUnfit(event) ? null : { known, event, version };
}

/** What a local user has in the room from outside, if it could be denied. */
async function deniable({ db, identity }: DenialParts, value: JsonObject): Promise<OutOfBand | null> {
  const roomId = parseRoomId(stringIn(value, 'room_id') ?? '');
  const target = value['state_key'];
  if (roomId === null || !isUserId(target) || serverOf(target) !== identity.serverName) return null;
  const known = await outOfBandOf(db, roomId, target);
  return known?.membership === 'invite' || known?.membership === 'knock' ? known : null;
}

/** Of an invite: who sent it, or their server. Of a knock: the server that it went through, or one whose users the room showed. */
function speaksFor(known: OutOfBand, origin: ServerName, sender: UserId): boolean {
  if (known.membership === 'invite') return sender === known.sender || origin === serverOf(known.sender);
  if (origin === known.via[0]) return true;
  return known.stripped.some(({ sender: shown }) => isUserId(shown) && serverOf(shown) === serverOf(sender));
}

/**
 * A room's server that says otherwise is right; where none can be asked, it is taken, and said to be unverified. Who says
 * it again at once is not believed for that: within the minute, a knock is ended by the server that it went through alone.
 */
async function carryOut(parts: DenialParts, origin: ServerName, { known, event, version }: Denial): Promise<void> {
  const result = await probe(parts, known);
  if (result === 'pending' || result === 'other') return;
  const { db, lanes, now, identity } = parts;
  if (result === 'asked' && known.membership === 'knock' && origin !== known.via[0])
    return hastenProbe(db, known, now() + PROBE_PAUSE_MS);
  const { roomId, userId } = known;
  const { eventId, pdu } = event;
  const told = {
    roomId,
    version,
    userId,
    eventId,
    pdu,
    through: origin,
    cause: 'federation',
    onBehalfOf: null,
  } as const;
  await lanes.run(roomId, (room) =>
    decideOutside(
      { db, serverName: identity.serverName, now },
      room,
      { ...told, stripped: null, onlyAfter: known.eventId, unverified: result !== 'ended' },
      () => ({ actions: [] }),
    ),
  );
}
