/** Reads the log back as the facts that projections were given when it was written. */
import type { PoolClient } from 'pg';
import { mergeEvent } from '../log/content.ts';
import type { PresenceChange } from '../log/judged-pdu.ts';
import type { TransitionKind } from '../log/transition.ts';
import { serverOf, type ServerName, type UserId } from '../matrix/identifiers.ts';
import { stringIn, type Membership, type Verdict } from '../matrix/pdu.ts';
import type { Erased, Fact, FactTransition, SearchFact } from './projection.ts';
import { readSearchFacts } from './rebuild-search.ts';

/** What a replay remembers from page to page; starts empty at position 0. */
export interface ReplayMemory {
  readonly versions: Map<string, string>;
  /** Joined members by room and server. */
  readonly joined: Map<string, Map<ServerName, number>>;
}

export function replayMemory(): ReplayMemory {
  return { versions: new Map(), joined: new Map() };
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
  readonly after_line: number;
  readonly after_at: number;
}

interface ChangeRow {
  readonly room_id: string;
  readonly at: number;
  readonly event: number | null;
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
  readonly to: Membership;
  readonly kind: TransitionKind;
  readonly event: number | null;
  readonly actor: UserId;
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
    `select x.position, x.kind, x.subject, x.room_id, x.event, r.position as redaction,
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
    `select room_id, room_position, position, event, verdict, prev, after_line, after_at
       from verdicts where position > $1 and position <= $2 order by position`,
    range,
  );
  const changes = await client.query<ChangeRow>(
    `select room_id, at, event, type, state_key, membership
       from state_changes where position > $1 and position <= $2 and line = 0`,
    range,
  );
  // A verdict's transitions follow it, so those of the page's last verdict may lie beyond the page.
  const transitions = await client.query<TransitionRow>(
    `select room_id, at, position, user_id, "from", "to", kind, event, actor from transitions
      where position > $1 and position <= coalesce((select min(position) from verdicts where position > $2), 9223372036854775807)`,
    range,
  );
  const words = await knockWords(client, transitions.rows);
  await rememberVersions(client, memory, verdicts.rows);
  const searched = await readSearchFacts(client, changes.rows, memory.versions);
  const changeAt = new Map(changes.rows.map((row) => [`${row.room_id}\u0000${row.at}\u0000${row.event}`, row]));
  const transitionAt = new Map(transitions.rows.map((row) => [`${row.room_id}\u0000${row.at}\u0000${row.event}`, row]));
  return verdicts.rows.map((row) => {
    const name = `${row.room_id}\u0000${row.room_position}\u0000${row.event}`;
    const moved = transitionAt.get(name);
    const transition = moved === undefined ? null : transitionOf(moved, words);
    return factOf(row, changeAt.get(name), { transition, search: searched.get(row.event) ?? null }, memory);
  });
}

function factOf(
  row: VerdictRow,
  change: ChangeRow | undefined,
  { transition, search }: { readonly transition: FactTransition | null; readonly search: SearchFact | null },
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
    prev: row.prev,
    afterLine: row.after_line,
    afterAt: row.after_at,
    change:
      change === undefined ? null : { type: change.type, stateKey: change.state_key, membership: change.membership },
    transition,
    presence: transition === null ? null : presenceOf(memory, row.room_id, transition),
    search,
  };
}

function transitionOf(row: TransitionRow, words: ReadonlyMap<string, KnockWords>): FactTransition {
  const said = words.get(`${row.room_id}\u0000${row.event}`) ?? { reason: null, displayName: null };
  const { position, from, to, kind, actor } = row;
  return { position, userId: row.user_id, from, to, kind, actor, ...said };
}

interface KnockWords {
  readonly reason: string | null;
  readonly displayName: string | null;
}

async function knockWords(
  client: PoolClient,
  transitions: readonly TransitionRow[],
): Promise<ReadonlyMap<string, KnockWords>> {
  const knocks = transitions.filter((row) => row.to === 'knock');
  if (knocks.length === 0) return new Map();
  const { rows } = await client.query<{ room_id: string; event: number; proof: Buffer; content: Buffer }>(
    `select e.room_id, e.position as event, e.proof, c.content
       from unnest($1::text[], $2::int8[]) as k (room_id, event)
       join events e on e.room_id = k.room_id and e.position = k.event
       join event_content c on c.room_id = k.room_id and c.event = k.event`,
    [knocks.map((row) => row.room_id), knocks.map((row) => row.event)],
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
  const { rows } = await client.query<{ room_id: string; proof: Buffer; auth_extra: Buffer | null }>(
    `select e.room_id, e.proof, e.auth_extra from unnest($1::text[], $2::int8[]) as k (room_id, event)
       join events e on e.room_id = k.room_id and e.position = k.event`,
    [started.map((row) => row.room_id), started.map((row) => row.event)],
  );
  for (const row of rows) {
    const version = stringIn(mergeEvent(row.proof, null, row.auth_extra).content, 'room_version');
    if (version !== null) memory.versions.set(row.room_id, version);
  }
}

// A server is in a room while one of its users is joined: it arrives with the first and departs with the last.
function presenceOf(memory: ReplayMemory, roomId: string, { userId, from, to }: FactTransition): PresenceChange | null {
  const step = Number(to === 'join') - Number(from === 'join');
  if (step === 0) return null;
  let servers = memory.joined.get(roomId);
  if (servers === undefined) memory.joined.set(roomId, (servers = new Map()));
  const server = serverOf(userId);
  const before = servers.get(server) ?? 0;
  servers.set(server, before + step);
  if (before === 0 && step === 1) return { arrived: [server], departed: [] };
  return before === 1 && step === -1 ? { arrived: [], departed: [server] } : null;
}
