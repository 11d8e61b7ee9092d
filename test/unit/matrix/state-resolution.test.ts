// One state out of several: the membership races of PROTOCOL §5.4, and what must not change the outcome.
import { describe, expect, test } from 'vitest';
import { stateKeyText } from '../../../src/matrix/auth-events.ts';
import { ROOM_VERSIONS } from '../../../src/matrix/room-versions.ts';
import { eventsToLoad, fullConflictedSet, resolveState } from '../../../src/matrix/state-resolution.ts';
import { forkedRoom, resolveMaps, type ForkedEvent, type StateMap } from '../../support/forked-room.ts';
import { MARA, member, OWNER, races, runRace, sceneOf, standing, TARGET } from '../../support/races.ts';
import { ALL_VERSIONS } from '../../support/rooms.ts';

describe.each(ALL_VERSIONS)('in version %s', (version) => {
  describe.each([...new Set(races(version).map(({ row }) => row))])('%s', (row) => {
    test.each(races(version).filter((race) => race.row === row))('ends in $winner when $when', (race) => {
      const { room, a, b } = runRace(version, race);
      expect(standing(room, room.stateOf([a, b]))).toBe(race.winner);
      expect(standing(room, room.stateOf([b, a]))).toBe(race.winner);
    });
  });

  test.each(races(version))('a third branch changes nothing: $row, $when', (race) => {
    const { room, fork, a, b } = runRace(version, race);
    const topic = { type: 'm.room.topic', state_key: '', sender: OWNER, content: { topic: 'a third' } };
    const c = room.must([fork], topic);
    const [ab, ac, bc] = [
      [a, b],
      [a, c],
      [b, c],
    ].map((tips) => room.add(tips, { type: 'm.room.message', sender: OWNER, content: {} }));
    const outcomes = [
      [a, b, c],
      [c, b, a],
      [ab!, c],
      [c, ab!],
      [ac!, b],
      [b, ac!],
      [bc!, a],
      [ac!, bc!],
      [ab!, bc!],
    ];
    for (const tips of outcomes) expect(standing(room, room.stateOf(tips))).toBe(race.winner);
  });
});

describe('a resolution', () => {
  const race = races('12')[0]!;

  test('is the same on another thread', () => {
    const { room, a, b } = runRace('12', race);
    const conflicted = [{ type: 'm.room.member', stateKey: TARGET, values: [a.position, b.position] }];
    const full = fullConflictedSet(
      room.version,
      room.graph,
      conflicted,
      (position) => [...room.stateOf([a]).values()].includes(position) && position !== a.position,
    );
    const wanted = new Set([...eventsToLoad(room.graph, full), room.create.position]);
    const events = new Map(
      [...room.events]
        .filter(([position]) => wanted.has(position))
        .map(([position, { eventId, pdu, rejectedBy }]) => [position, { position, eventId, pdu, rejectedBy }]),
    );
    const here = {
      version: room.version,
      graph: room.graph,
      conflicted,
      full,
      events,
      unconflicted: new Map(),
      create: 0,
    };
    const resolved = resolveState(structuredClone(here));
    expect(resolved).toEqual(resolveState(here));
    expect([...resolved]).toContainEqual([stateKeyText('m.room.member', TARGET), a.position]);
  });

  test('says of a key that nothing is left of it', () => {
    const knock = races('11').find(({ winner }) => winner === 'none')!;
    const { room, a, b } = runRace('11', knock);
    const state = room.stateOf([a, b]);
    expect(state.has(stateKeyText('m.room.member', TARGET))).toBe(false);
  });

  test('misses an event that was not loaded aloud', () => {
    const { room, a, b } = runRace('11', race);
    const conflicted = [{ type: 'm.room.member', stateKey: TARGET, values: [a.position, b.position] }];
    const full = [a.position, b.position];
    expect(() =>
      resolveState({ ...room, conflicted, full, events: new Map(), unconflicted: new Map(), create: 0 }),
    ).toThrow('has not been loaded');
  });

  test('leaves alone what all states have, whatever is replayed beside it', () => {
    const state: StateMap = new Map([['m.room.create\0', 0]]);
    expect(resolveMaps(forkedRoom('11', OWNER), [state, state])).toBe(state);
    const version = ROOM_VERSIONS['11'];
    const room = runRace('11', race).room;
    expect(fullConflictedSet(version, room.graph, [], () => true)).toEqual([]);
  });

  test('admits an event that was rejected by the state before it, never one rejected by its auth events', () => {
    for (const version of ALL_VERSIONS) {
      const { room, fork, a } = runRace(version, race);
      const b = room.must([fork], member(OWNER, 'ban', 7_000));
      const outcomes = (['state', 'auth_events'] as const).map((rejectedBy) => {
        const events = new Map([...room.events, [b.position, { ...b, rejectedBy }]]);
        return standing(room, resolveMaps({ ...room, events }, [a.after, b.after]));
      });
      expect(outcomes).toEqual([`ban by ${OWNER}`, race.winner]);
    }
  });

  test('does not take a rejected event for what entitles another', () => {
    // In version 12 nothing is resolved when the topics are judged: each goes by its own auth events.
    const { room, fork } = sceneOf('12', {});
    const topic = (sender: string, at: number): ForkedEvent =>
      room.must([fork], { type: 'm.room.topic', state_key: '', sender, content: { topic: sender }, at });
    const [early, late] = [topic(OWNER, 7_000), topic(MARA, 8_000)];
    const key = stateKeyText('m.room.topic', '');
    expect(room.stateOf([early, late]).get(key)).toBe(late.position);
    const join = room.events.get(fork.after.get(stateKeyText('m.room.member', MARA))!)!;
    for (const rejectedBy of ['state', 'auth_events'] as const) {
      const events = new Map([...room.events, [join.position, { ...join, rejectedBy }]]);
      expect(resolveMaps({ ...room, events }, [early.after, late.after]).get(key)).toBe(early.position);
    }
  });
});
