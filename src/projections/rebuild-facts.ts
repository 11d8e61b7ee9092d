/** Reads the log back as the facts that projections were given when it was written. */
import type { PoolClient } from 'pg';
import { mergeEvent } from '../log/content.ts';
import type { PresenceChange } from '../log/judged-pdu.ts';
import { countMembers, movesPresence, presenceChange } from '../log/presence.ts';
import type { TransitionKind } from '../log/transition.ts';
import type { ServerName, UserId } from '../matrix/identifiers.ts';
import { stringIn, type Membership, type Verdict } from '../matrix/pdu.ts';
import type { Erased, Fact, FactChange, FactTransition, SearchFact } from './projection.ts';
import { readSearchFacts } from './rebuild-search.ts';

/** What a replay remembers from page to page; starts empty at position 0. */
export interface ReplayMemory {
  readonly versions: Map<string, string>;
  /** Joined members by room and server. */
  readonly joined: Map<string, Map<ServerName, number>>;
  /** The events that were refused, by position, with what they cite. */
  readonly refused: Map<number, readonly number[]>;
}

export function replayMemory(): ReplayMemory {
  return { versions: new Map(), joined: new Map(), refused: new Map() };
}

/** A stretch of the log: facts in order, and what was erased after them. */
export interface Stretch {
  readonly facts: readonly Fact[];
  readonly erased: readonly Erased[];
}

interface VerdictRow {
  readonly room_id: string;
  readonly room_position: number;
  readonly position: number;
  readonly event: number;
  readonly verdict: Verdict;
  readonly prev: readonly number[];
  readonly after_line: number | null;
  readonly after_at: number | null;
  readonly live: boolean;
}

interface ChangeRow {
  readonly room_id: string;
  /** Of the verdict that wrote it. */
  readonly position: number;
  readonly event: number | null;
  readonly previous: number | null;
  readonly type: string;
  readonly state_key: string;
  readonly membership: Membership | null;
}

interface TransitionRow {
  readonly room_id: string;
  readonly at: number;
  readonly position: number;
  readonly user_id: UserId;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  readonly kind: TransitionKind;
  readonly event: number | null;
  readonly supersedes: number | null;
  readonly actor: UserId | null;
  readonly in_room: boolean;
  /** The server that its event came from or, if it is ours and out of band, went through. */
  readonly origin: string | null;
}

/** The facts of the verdicts at positions in (after, upto], cut where a user's words were erased. One snapshot's worth of reads. */
export async function readStretches(
  client: PoolClient,
  memory: ReplayMemory,
  after: number,
  upto: number,
): Promise<readonly Stretch[]> {
  const facts = await readFacts(client, memory, after, upto);
  const stretches: Stretch[] = [];
  let [from, erased]: [number, Erased[]] = [0, []];
  for (const row of await readErasures(client, after, upto)) {
    erased.push(row.erased);
    // Nothing that comes later brings an event's words back: only what a user says next must not be taken with the rest.
    if (row.erased.kind === 'event') continue;
    let to = from;
    while (to < facts.length && facts[to]!.verdictPosition < row.position) to += 1;
    stretches.push({ facts: facts.slice(from, to), erased });
    [from, erased] = [to, []];
  }
  stretches.push({ facts: facts.slice(from), erased });
  return stretches;
}

interface DatedErasure {
  readonly position: number;
  readonly erased: Erased;
}

interface ErasureRow {
  readonly position: number;
  readonly kind: string;
  readonly subject: string | null;
  readonly room_id: string | null;
  readonly event: number | null;
  readonly member: string | null;
  readonly redaction: number | null;
}

async function readErasures(client: PoolClient, after: number, upto: number): Promise<readonly DatedErasure[]> {
  const { rows } = await client.query<ErasureRow>(
    `select x.position, x.kind, x.subject, x.room_id, x.event, case when not t.out_of_band then r.position end as redaction,
            case when t.type = 'm.room.member' then t.state_key end as member
       from erasures x
       left join events r on x.kind = 'event' and r.event_id = x.subject and r.room_id = x.room_id
       left join events t on x.kind = 'event' and t.room_id = x.room_id and t.position = x.event
      where x.position > $1 and x.position <= $2 order by x.position`,
    [after, upto],
  );
  return rows.flatMap<DatedErasure>(({ position, kind, subject, room_id: roomId, event, member, redaction }) => {
    if (kind === 'user' && subject !== null) return [{ position, erased: { kind, userId: subject } }];
    if (kind !== 'event' || roomId === null || event === null) return [];
    return [{ position, erased: { kind, roomId, event, member, redaction } }];
  });
}

async function readFacts(
  client: PoolClient,
  memory: ReplayMemory,
  after: number,
  upto: number,
): Promise<readonly Fact[]> {
  const range = [after, upto];
  const verdicts = await client.query<VerdictRow>(
    `select room_id, room_position, position, event, verdict, prev, after_line, after_at, anchor = room_position and back = 0 as live
       from verdicts where position > $1 and position <= $2 order by position`,
    range,
  );
  const changes = await client.query<ChangeRow>(
    `select room_id, position, event, previous, type, state_key, membership
       from state_changes where position > $1 and position <= $2 and line = 0 order by position, at, type, state_key`,
    range,
  );
  // A verdict's transitions follow it, so those of the page's last verdict may lie beyond the page.
  const transitions = await client.query<TransitionRow>(
    `select t.room_id, t.at, t.position, t.user_id, t."from", t."to", t.kind, t.event, t.supersedes, t.actor, t.in_room, e.origin
       from transitions t
       left join events e on not t.in_room and t."to" = 'knock' and e.room_id = t.room_id and e.position = t.event
      where t.position > $1
        and t.position <= coalesce((select min(position) from verdicts where position > $2), 9223372036854775807)
      order by t.position`,
    range,
  );
  const words = await wordsOfEvents(client, transitions.rows);
  await rememberVersions(client, memory, verdicts.rows);
  const searched = await readSearchFacts(client, changes.rows, memory.versions);
  const changesOf = Map.groupBy(changes.rows, (row) => row.position);
  const transitionsAt = Map.groupBy(transitions.rows, (row) => `${row.room_id}\u0000${row.at}`);
  return verdicts.rows.map((row) => {
    const moved = transitionsAt.get(`${row.room_id}\u0000${row.room_position}`) ?? [];
    const changed = (changesOf.get(row.position) ?? []).map((change) => changeOf(change, searched));
    return factOf(
      row,
      changed,
      moved.map((each) => transitionOf(each, words)),
      memory,
    );
  });
}

function changeOf(
  { type, state_key: stateKey, event, previous, membership }: ChangeRow,
  searched: ReadonlyMap<number, SearchFact>,
): FactChange {
  const search = event === null ? null : (searched.get(event) ?? null);
  return { type, stateKey, event, isNew: previous === null, membership, search };
}

function factOf(
  row: VerdictRow,
  changes: readonly FactChange[],
  transitions: readonly FactTransition[],
  memory: ReplayMemory,
): Fact {
  return {
    roomId: row.room_id,
    version: memory.versions.get(row.room_id) ?? '',
    roomPosition: row.room_position,
    event: row.event,
    verdict: row.verdict,
    verdictPosition: row.position,
    startsRoom: row.room_position === 1,
    live: row.live,
    replaces: replacedBy(row, memory),
    afterLine: row.after_line,
    afterAt: row.after_at,
    changes,
    transitions,
    presence: presenceOf(memory, row.room_id, transitions),
  };
}

/** What an accepted event cites, and through events that were refused what those cite. */
function replacedBy({ event, verdict, prev }: VerdictRow, { refused }: ReplayMemory): readonly number[] {
  if (verdict !== 'accepted') {
    if (verdict !== 'out_of_band') refused.set(event, prev);
    return prev;
  }
  refused.delete(event);
  const replaced = new Set(prev);
  for (const one of replaced) for (const cited of refused.get(one) ?? []) replaced.add(cited);
  return [...replaced];
}

function transitionOf(row: TransitionRow, words: ReadonlyMap<string, EventWords>): FactTransition {
  const said = words.get(`${row.room_id}\u0000${row.event}`) ?? { reason: null, displayName: null };
  const { position, from, to, kind, event, supersedes, actor, in_room: inRoom, origin: via } = row;
  return { position, userId: row.user_id, from, to, kind, event, supersedes, actor, ...said, inRoom, via };
}

interface EventWords {
  readonly reason: string | null;
  readonly displayName: string | null;
}

async function wordsOfEvents(
  client: PoolClient,
  transitions: readonly TransitionRow[],
): Promise<ReadonlyMap<string, EventWords>> {
  const worded = transitions.filter((row) => row.event !== null);
  if (worded.length === 0) return new Map();
  const { rows } = await client.query<{ room_id: string; event: number; proof: Buffer; content: Buffer }>(
    `select e.room_id, e.position as event, e.proof, c.content
       from unnest($1::text[], $2::int8[]) as k (room_id, event)
       join events e on e.room_id = k.room_id and e.position = k.event
       join event_content c on c.room_id = k.room_id and c.event = k.event`,
    [worded.map((row) => row.room_id), worded.map((row) => row.event)],
  );
  return new Map(
    rows.map((row) => {
      const { content } = mergeEvent(row.proof, row.content);
      return [
        `${row.room_id}\u0000${row.event}`,
        { reason: stringIn(content, 'reason'), displayName: stringIn(content, 'displayname') },
      ];
    }),
  );
}

async function rememberVersions(
  client: PoolClient,
  memory: ReplayMemory,
  verdicts: readonly VerdictRow[],
): Promise<void> {
  const started = verdicts.filter((row) => row.room_position === 1);
  if (started.length === 0) return;
  // Of a room that nobody here has been in, there is what was told last.
  const { rows } = await client.query<{
    room_id: string;
    proof: Buffer | null;
    auth_extra: Buffer | null;
    told: string;
  }>(
    `select k.room_id, e.proof, e.auth_extra, o.room_version as told from unnest($1::text[]) as k (room_id)
       left join lateral (
         select s.event from state_changes s
          where s.room_id = k.room_id and s.line = 0 and s.type = 'm.room.create' and s.state_key = '' order by s.at limit 1) c on true
       left join events e on e.room_id = k.room_id and e.position = c.event
       left join lateral (
         select room_version from out_of_band where room_id = k.room_id order by since desc limit 1) o on e.position is null`,
    [started.map((row) => row.room_id)],
  );
  for (const { room_id: roomId, proof, auth_extra: extra, told } of rows) {
    const version = proof === null ? told : stringIn(mergeEvent(proof, null, extra).content, 'room_version');
    if (version !== null) memory.versions.set(roomId, version);
  }
}

function presenceOf(
  memory: ReplayMemory,
  roomId: string,
  transitions: readonly FactTransition[],
): PresenceChange | null {
  if (!transitions.some(movesPresence)) return null;
  let joined = memory.joined.get(roomId);
  if (joined === undefined) memory.joined.set(roomId, (joined = new Map()));
  const presence = presenceChange(joined, transitions);
  countMembers(joined, transitions);
  return presence;
}
