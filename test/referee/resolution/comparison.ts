// Holds our resolutions of generated rooms against Synapse's.
import type { RoomVersionId } from '../../../src/matrix/room-versions.ts';
import {
  resolveMaps,
  separate,
  type ForkedEvent,
  type Resolver,
  type RoomHistory,
  type StateMap,
} from '../../support/forked-room.ts';
import type { OracleProcess } from '../oracle-process.ts';
import type { Story } from './stories.ts';

/** By merge, the positions of the events of the resolved state, ascending. */
export type Outcomes = readonly (readonly number[])[];

/** Asks how Synapse resolves every merge of a story. */
export async function askSynapse(oracle: OracleProcess, { room, merges, rejected }: Story): Promise<Outcomes> {
  const events = [...room.events.values()];
  const places = new Map(events.map(({ position }, place) => [position, place]));
  const placesOf = (state: StateMap): readonly number[] => [...state.values()].map((position) => places.get(position)!);
  const line = JSON.stringify({
    version: room.version.id,
    events: events.map(({ pdu }) => pdu),
    rejected: events.flatMap((event, place) => (isRejected(event, rejected) ? [place] : [])),
    merges: merges.map((states) => states.map(placesOf)),
  });
  const answer = JSON.parse(await oracle.ask(line)) as { readonly merges: readonly (readonly number[])[] };
  return answer.merges.map((state) => state.map((place) => events[place]!.position));
}

/** How we resolve a merge of the story. */
export function ourOutcome(story: Story, states: readonly StateMap[], resolver?: Resolver): readonly number[] {
  return [...resolveMaps(historyOf(story), states, resolver).values()].sort((a, b) => a - b);
}

/** A difference in words, or null when all merges come out the same. */
export function differenceOf(story: Story, synapse: Outcomes, resolver?: Resolver): string | null {
  for (const [at, states] of story.merges.entries()) {
    const ours = ourOutcome(story, states, resolver);
    const theirs = synapse[at]!;
    if (ours.join() === theirs.join()) continue;
    const [mine, other] = [ours.filter((one) => !theirs.includes(one)), theirs.filter((one) => !ours.includes(one))];
    const words = (positions: readonly number[]): string => positions.map((one) => describe(story, one)).join('; ');
    return `merge ${at} of ${states.length} states: we have ${words(mine)}, Synapse ${words(other)}\n${tale(story)}`;
  }
  return null;
}

/** The kinds of power event about which the states of some merge differ. */
export function powerEventsIn({ room, merges }: Story): ReadonlySet<string> {
  const kinds = new Set<string>();
  for (const states of merges) {
    for (const { values } of separate(states).conflicted) {
      for (const position of values) {
        const kind = position === null ? null : kindOf(room.events.get(position)!, room);
        if (kind !== null) kinds.add(kind);
      }
    }
  }
  return kinds;
}

export function hasConflict({ merges }: Story): boolean {
  return merges.some((states) => separate(states).conflicted.length > 0);
}

export const POWER_EVENTS = ['power levels', 'join rules', 'kick', 'ban', 'unban'];

function kindOf({ pdu, before }: ForkedEvent, { events }: RoomHistory): string | null {
  if (pdu.type === 'm.room.power_levels') return 'power levels';
  if (pdu.type === 'm.room.join_rules') return 'join rules';
  if (pdu.type !== 'm.room.member' || pdu.sender === pdu.state_key) return null;
  const { membership } = pdu.content;
  if (membership === 'ban') return 'ban';
  if (membership !== 'leave') return null;
  const previous = events.get(before.get(`m.room.member\0${pdu.state_key}`) ?? -1);
  return previous?.pdu.content['membership'] === 'ban' ? 'unban' : 'kick';
}

function historyOf({ room, rejected }: Story): RoomHistory {
  const events = new Map<number, ForkedEvent>();
  for (const [position, event] of room.events) {
    events.set(position, rejected.has(position) ? { ...event, rejectedBy: 'auth_events' } : event);
  }
  return { ...room, events };
}

function isRejected({ position, rejectedBy }: ForkedEvent, rejected: ReadonlySet<number>): boolean {
  return rejectedBy !== null || rejected.has(position);
}

function tale(story: Story): string {
  return [...story.room.events.keys()].map((position) => describe(story, position)).join('\n');
}

function describe({ room, rejected }: Story, position: number): string {
  const event = room.events.get(position)!;
  const { pdu, prev, auth } = event;
  const mark = isRejected(event, rejected) ? ' (rejected)' : '';
  const after = `after ${prev.map((one) => one.position).join()}, by ${auth.join()}, at ${pdu.origin_server_ts}`;
  return `${position}: ${pdu.type} ${pdu.state_key ?? '–'} by ${pdu.sender} ${JSON.stringify(pdu.content)} ${after}${mark}`;
}

/** The functions that resolve, from a folder like src/matrix. */
export async function loadResolver(folder: URL): Promise<Resolver> {
  return (await import(/* @vite-ignore */ new URL('state-resolution.ts', folder).href)) as Resolver;
}

/** Told stories of a version with what Synapse said to them. */
export interface Recording {
  readonly version: RoomVersionId;
  readonly story: Story;
  readonly synapse: Outcomes;
}
