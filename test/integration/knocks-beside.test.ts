/** Knocks from elsewhere on templates of any age, many at once, between everything else that goes on: the log is what the rules say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonObject } from '../../src/matrix/json.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { seededRandom } from '../support/dice.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { remoteMember, signsInvites, type RemoteMember, type Template } from '../support/remote-member.ts';
import { membershipIn } from '../support/story.ts';
import { verifiedClean } from '../support/verified.ts';

let story: FederatedStory;
let other: OtherServer;
let owner: Client;
let people: readonly Client[];

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  other.on('/_matrix/federation/v2/invite/', signsInvites(other));
  [owner, ...people] = await story.people('owner', 'ann', 'ben', 'cat');
});

afterAll(() => story.close());

interface Held {
  readonly guest: RemoteMember;
  readonly template: Template;
}

/** Template of one made out for another: all that differs is whose it is. */
const madeFor = ({ template }: Held, { userId }: RemoteMember): Template => ({
  ...template,
  event: { ...template.event, sender: userId, state_key: userId },
});

const ROUNDS = 14;
const AT_ONCE = 8;

describe.each([
  ['9', 1],
  ['11', 2],
  ['12', 3],
  ['12', 4],
])('in a room of version %s, by the dice of seed %i', (version, seed) => {
  it(
    'every knock that is taken is one of a state that allows it, and nothing is lost',
    { timeout: 120_000 },
    async () => {
      const random = seededRandom(seed);
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
      const room = await knockRoom(owner, { room_version: version });
      const guests = Array.from({ length: 40 }, (_, n) => remoteMember(other, `g${seed}-${n}`));
      const held: Held[] = [];
      const taken = new Set<RemoteMember>();
      let message = 0;
      const hold = async (): Promise<void> => {
        const guest = pick(guests);
        const made = await guest.make('knock', room);
        if (made.status === 200)
          held.push({ guest, template: { version: made.json.room_version, event: made.json.event } });
      };
      const send = async (): Promise<void> => {
        if (held.length === 0) return;
        const guest = pick(guests);
        const signed = guest.sign(madeFor(pick(held), guest), jsonObject({ reason: `${(message += 1)}` }));
        const { status } = await guest.send('knock', room, signed);
        expect([200, 403]).toContain(status);
        if (status === 200) taken.add(guest);
      };
      const acts: readonly (() => Promise<unknown>)[] = [
        ...Array.from({ length: 4 }, () => hold),
        ...Array.from({ length: 14 }, () => send),
        () => owner.call('PUT', `/rooms/${room}/send/m.room.message/${seed}-${(message += 1)}`, { body: 'x' }),
        () => owner.call('PUT', `/rooms/${room}/state/m.room.topic`, { topic: `${(message += 1)}` }),
        () =>
          owner.call('PUT', `/rooms/${room}/state/m.room.join_rules`, {
            join_rule: random() < 0.7 ? 'knock' : 'invite',
          }),
        () => owner.call('POST', `/rooms/${room}/kick`, { user_id: pick(guests).userId }),
        () => owner.call('POST', `/rooms/${room}/ban`, { user_id: pick(guests).userId }),
        () => owner.call('POST', `/rooms/${room}/unban`, { user_id: pick(guests).userId }),
        () => owner.call('POST', `/rooms/${room}/invite`, { user_id: pick(guests).userId }),
        () => pick(people).call('POST', `/knock/${room}`, {}),
        () => pick(people).call('POST', `/rooms/${room}/leave`, {}),
        async () => {
          const guest = pick(guests);
          const made = await guest.make('leave', room);
          if (made.status !== 200) return;
          await guest.send('leave', room, guest.sign({ version: made.json.room_version, event: made.json.event }));
        },
      ];
      await hold();
      for (let round = 0; round < ROUNDS; round += 1)
        await Promise.all(Array.from({ length: AT_ONCE }, () => pick(acts)()));
      expect(taken.size).toBeGreaterThan(5);
      for (const guest of taken) expect(await membershipIn(owner, room, guest.userId)).toBeDefined();
      await verifiedClean(story);
    },
  );
});

describe('a storm of knocks on one template', () => {
  it('is taken whole, and leaves the room with no more ends than an event can cite', async () => {
    const room = await knockRoom(owner, { room_version: '12' });
    const guests = Array.from({ length: 150 }, (_, n) => remoteMember(other, `storm${n}`));
    const template = await guests[0]!.template('knock', room);
    const sent = await Promise.all(
      guests.map((guest) => guest.send('knock', room, guest.sign(madeFor({ guest, template }, guest)))),
    );
    expect(sent.map(({ status }) => status)).toEqual(guests.map(() => 200));
    const waiting = "select from knocks where room_id = $1 and status = 'PENDING'";
    expect(await story.rows(waiting, [room])).toHaveLength(150);
    await owner.ok('PUT', `/rooms/${room}/send/m.room.message/storm`, { body: 'and now' });
    const { guest, again } = { guest: guests[1]!, again: remoteMember(other, 'after') };
    await guest.does('leave', room);
    await again.does('knock', room);
    const ends = await story.rows('select from extremities where room_id = $1', [room]);
    expect(ends.length).toBeLessThanOrEqual(11);
    await verifiedClean(story);
  });
});
