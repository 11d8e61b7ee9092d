/** Redactions that come from elsewhere, before and after their target, by those who may and by those who may not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { HOST, type ForeignRoom, type SentEvent } from '../support/foreign-room.ts';
import { kim, openWorld, type World } from '../support/receiving.ts';
import { user } from '../support/rooms.ts';
import type { UserId } from '../../src/matrix/identifiers.ts';

const lee = user('lee', 'elsewhere');
const sam = user('sam', 'elsewhere');

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world.close());

/** A room with people of two other servers in it. */
async function crowdedRoom(version: RoomVersionId): Promise<ForeignRoom> {
  const room = await world.joinedRoom(version);
  const ears = world.earsFor(room);
  for (const who of [lee, sam]) {
    await ears.hear(room.member(HOST, who, 'invite'));
    await ears.hear(room.member(who, who, 'join'));
  }
  return room;
}

function redaction(room: ForeignRoom, sender: UserId, target: SentEvent, after?: readonly SentEvent[]): SentEvent {
  const place = after === undefined ? {} : { after };
  return room.version.redactsInContent
    ? room.send({ type: 'm.room.redaction', sender, content: { redacts: target.eventId }, ...place })
    : room.send({ type: 'm.room.redaction', sender, content: {}, fields: { redacts: target.eventId }, ...place });
}

describe.each(['9', '12'] as const)('in version %s', (version) => {
  it('55: a redaction takes the words of a target that is here', async () => {
    const room = await crowdedRoom(version);
    const ears = world.earsFor(room);
    const said = room.message(lee, 'hasty words');
    await ears.hear(said);
    const by = redaction(room, sam, said);
    expect(await ears.hear(by)).toMatchObject({ is: 'accepted' });
    expect((await world.stored(room, said))?.erased).toBe(true);
    expect((await world.stored(room, said))?.redactedBecause?.eventId).toBe(by.eventId);
    expect((await world.stored(room, by))?.withheld).toBe(false);
    expect(await world.findings()).toEqual([]);
  });

  it('55: a redaction that comes before its target is applied when the target comes', async () => {
    const room = await crowdedRoom(version);
    const ears = world.earsFor(room);
    const start = room.newest();
    const said = room.message(lee, 'never to be read');
    const named = room.send({
      type: 'm.room.name',
      sender: HOST,
      stateKey: '',
      content: { name: 'A bad name' },
      after: [start],
    });
    const [first, second] = [redaction(room, HOST, said, [start]), redaction(room, HOST, named, [start])];
    expect(await ears.hear(first)).toMatchObject({ is: 'accepted' });
    expect(await ears.hear(second)).toMatchObject({ is: 'accepted' });
    expect((await world.stored(room, first))?.withheld).toBe(true);
    expect(await ears.hear(said)).toMatchObject({ is: 'accepted' });
    expect(await ears.hear(named)).toMatchObject({ is: 'accepted' });
    for (const [target, by] of [
      [said, first],
      [named, second],
    ] as const) {
      expect((await world.stored(room, target))?.erased).toBe(true);
      expect((await world.stored(room, target))?.redactedBecause?.eventId).toBe(by.eventId);
      expect((await world.stored(room, by))?.withheld).toBe(false);
    }
    const { db } = world.test.database;
    const words = await db.selectFrom('room_search').selectAll().where('room_id', '=', room.roomId).execute();
    expect(JSON.stringify(words)).not.toContain('bad name');
    expect(await world.findings()).toEqual([]);
  });

  it('55: all at once, whatever comes first, the words are gone', async () => {
    const room = await crowdedRoom(version);
    const ears = world.earsFor(room);
    const start = room.newest();
    const pairs = Array.from({ length: 10 }, (_, n) => {
      const said = room.message(lee, `words ${n}`, { after: [start] });
      return [said, redaction(room, lee, said, [start])] as const;
    });
    const order = pairs.flatMap(([said, by], n) => (n % 2 === 0 ? [said, by] : [by, said]));
    // Two servers send them side by side.
    await Promise.all(order.map((event, n) => ears.hear(event, n % 3 === 0 ? 'elsewhere' : 'there')));
    for (const [said] of pairs) expect((await world.stored(room, said))?.erased).toBe(true);
    expect(await world.findings()).toEqual([]);
  });

  it('55: a redaction by somebody of another server without the power has no effect, before or after', async () => {
    const room = await crowdedRoom(version);
    const ears = world.earsFor(room);
    const said = room.message(lee, 'still here');
    const early = redaction(room, kim, said, [...said.pdu.prev_events.map((id) => room.events.get(id)!)]);
    expect(await ears.hear(early)).toMatchObject({ is: 'accepted' });
    expect(await ears.hear(said)).toMatchObject({ is: 'accepted' });
    const late = redaction(room, kim, said);
    expect(await ears.hear(late)).toMatchObject({ is: 'accepted' });
    expect((await world.stored(room, said))?.content).toMatchObject({ body: 'still here' });
    for (const by of [early, late]) expect((await world.stored(room, by))?.withheld).toBe(true);
    expect(await world.findings()).toEqual([]);
  });

  it('a redaction may name anything at all', async () => {
    const room = await crowdedRoom(version);
    const ears = world.earsFor(room);
    const targets = room.version.redactsInContent ? ['a\0b', 'x'.repeat(5_000), '', 7, null, {}] : ['', 'no id'];
    for (const target of targets) {
      const by = room.version.redactsInContent
        ? room.send({ type: 'm.room.redaction', sender: kim, content: { redacts: target } })
        : room.send({ type: 'm.room.redaction', sender: kim, content: {}, fields: { redacts: target } });
      expect([target, await ears.hear(by)]).toMatchObject([target, { is: 'accepted' }]);
    }
    expect(await world.findings()).toEqual([]);
  });
});
