/** Asks whether a membership out of band still stands (PROTOCOL §6.5): by a template for leaving, which changes nothing. */
import { claimProbe, dueProbes, noteMaybeAccepted, outOfBandOf, type OutOfBand } from '../../log/out-of-band.ts';
import { jsonObject } from '../../matrix/json.ts';
import { roomVersion } from '../../matrix/room-versions.ts';
import { leaveHere } from './make-leave.ts';
import { decideOutside } from './out-of-band.ts';
import { candidatesFor, type OutsideParts } from './outside-parts.ts';
import { nextProbeAt, PROBE_PAUSE_MS } from './probe-times.ts';

/**
 * `pending`: it stands. `other`: another member event does, most likely an invite that never arrived. `ended`: nothing that could be
 * left. `unknown`: nobody could be asked. `asked`: somebody was, just now.
 */
export type ProbeResult = 'pending' | 'other' | 'ended' | 'unknown' | 'asked';

export interface ProbeParts extends Pick<OutsideParts, 'db' | 'lanes' | 'identity' | 'now' | 'calls'> {
  /** In [0, 1). */
  readonly random: () => number;
}

const EACH_MS = 20_000;
const PAGE = 50;
const MAX_PAGES = 20;
const AT_ONCE = 8;

/** Of one user in one room at most once a minute. */
export async function probe(parts: ProbeParts, known: OutOfBand): Promise<ProbeResult> {
  const { db, calls } = parts;
  const now = parts.now();
  const nextAt = nextProbeAt(known.probes + 1, known.beganAt, now, parts.random());
  if (!(await claimProbe(db, known, { now, since: now - PROBE_PAUSE_MS, nextAt }))) return 'asked';
  const { servers } = await candidatesFor(parts, known.roomId, known.userId);
  for (const server of servers) {
    const made = await calls.makeLeave(server, known, AbortSignal.timeout(EACH_MS));
    if (made.ok) {
      const { auth_events: cited } = made.value;
      return cited.length === 0 || cited.includes(known.eventId) ? 'pending' : 'other';
    }
    const { failure } = made;
    if (failure.kind === 'stopped' && parts.now() - now < EACH_MS) return 'unknown';
    if (failure.kind === 'refused' && failure.errcode === 'M_FORBIDDEN') return 'ended';
  }
  return 'unknown';
}

/** Ends it here: by a leave that no other server will see. Nobody knows who brought it about. */
export async function endInferred(parts: ProbeParts, known: OutOfBand): Promise<void> {
  const { db, lanes, now, identity } = parts;
  const { roomId, userId } = known;
  const version = roomVersion(known.version);
  if (version === null) return;
  const { eventId, pdu } = leaveHere(parts, { roomId, userId }, version, jsonObject({}));
  const [through = identity.serverName] = known.via;
  const event = { roomId, version, userId, eventId, pdu, through, cause: 'probe', onBehalfOf: null } as const;
  await lanes.run(roomId, (room) =>
    decideOutside(
      { db, serverName: identity.serverName, now },
      room,
      { ...event, stripped: null, onlyAfter: known.eventId },
      () => ({ actions: [] }),
    ),
  );
}

/** Asks about a knock, and does what follows from the answer. */
export async function probeKnock(parts: ProbeParts, known: OutOfBand): Promise<void> {
  const result = await probe(parts, known);
  if (result === 'ended') await endInferred(parts, known);
  else if (result !== 'unknown' && result !== 'asked') await noteMaybeAccepted(parts.db, known, result === 'other');
}

/** Asks about all knocks of which it is time to; what is left of very many, the next time. */
export async function probeDue(parts: ProbeParts, signal: AbortSignal): Promise<void> {
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const due = await dueProbes(parts.db, parts.now(), PAGE);
    const left = [...due];
    const walk = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined && !signal.aborted; one = left.shift())
        await probeKnock(parts, one);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, walk));
    if (due.length < PAGE || signal.aborted) return;
  }
}

/** Asks about a user's knock now, if there is one. */
export async function probeOf(
  parts: ProbeParts,
  roomId: OutOfBand['roomId'],
  userId: OutOfBand['userId'],
): Promise<void> {
  const known = await outOfBandOf(parts.db, roomId, userId);
  if (known?.membership === 'knock') await probeKnock(parts, known);
}
