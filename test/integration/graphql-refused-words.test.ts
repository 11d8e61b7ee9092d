/** What somebody says at a door in events that the room did not take: hidden like a knock's words, and shown to who reveals them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { ask, refusal, type Data } from '../support/graphql.ts';
import { remoteMember, type RemoteMember, type SignedMember } from '../support/remote-member.ts';

let story: FederatedStory;
let other: OtherServer;
let owner: Client;
let mod: Client;
let member: Client;
let room: string;
let sent = 0;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  [owner, mod, member] = await story.people('owner', 'mod', 'member');
  room = await knockRoom(owner);
  for (const client of [mod, member]) {
    await owner.ok('POST', `/rooms/${room}/invite`, { user_id: client.userId });
    await client.ok('POST', `/join/${room}`, {});
  }
  const levels = await owner.ok('GET', `/rooms/${room}/state/m.room.power_levels`);
  await owner.ok('PUT', `/rooms/${room}/state/m.room.power_levels`, { ...levels, users: { [mod.userId]: 50 } });
});

afterAll(() => story.close());

const EVENT = 'id verdict content reasonIsHidden pdu transitions { nodes { kind } }';

/** The event as somebody finds it in the room's events. */
async function found(client: Client, eventId: string): Promise<Data> {
  const document = `query ($room: String!) { room(roomId: $room) { events(first: 100) { nodes { eventId ${EVENT} } } } }`;
  const data = await ask(client, document, { room });
  return data.room.events.nodes.find((event: Data) => event.eventId === eventId) ?? null;
}

const REVEAL = `mutation ($id: ID!) { revealEvent(input: { eventId: $id }) { event { ${EVENT} } } }`;

async function handIn({ pdu, eventId }: SignedMember): Promise<void> {
  const body = jsonObject({ origin: other.name, origin_server_ts: Date.now(), pdus: [pdu] });
  const answer = await other.ask('PUT', `/v1/send/refused-${(sent += 1)}`, body);
  expect(answer, answer.text).toMatchObject({ status: 200, json: { pdus: { [eventId]: expect.anything() } } });
}

const banned = (userId: string): Promise<unknown> => owner.ok('POST', `/rooms/${room}/ban`, { user_id: userId });

type Refused = (guest: RemoteMember, content: JsonObject) => Promise<SignedMember>;

const REFUSED: readonly (readonly [string, string, Refused])[] = [
  [
    'a knock that comes after its sender was banned',
    'SOFT_FAILED',
    async (guest, content) => {
      const signed = guest.sign(await guest.template('knock', room), content);
      await banned(guest.userId);
      return signed;
    },
  ],
  [
    'a knock that is taken back after its sender was banned',
    'SOFT_FAILED',
    async (guest, content) => {
      await guest.does('knock', room);
      const signed = guest.sign(await guest.template('leave', room), content);
      await banned(guest.userId);
      return signed;
    },
  ],
  [
    'a leave of somebody who was nothing in the room',
    'REJECTED',
    async (guest, content) =>
      guest.sign(await guest.template('knock', room), jsonObject({ ...content, membership: 'leave' })),
  ],
];

describe.each(REFUSED)('the words of %s', (_what, verdict, refused) => {
  const words = `words of ${verdict.toLowerCase()}`;
  let guest: RemoteMember;
  let eventId: string;
  let id: string;

  beforeAll(async () => {
    guest = remoteMember(other, `guest${(sent += 1)}`);
    const signed = await refused(guest, jsonObject({ reason: words, 'org.example.more': 'more words' }));
    await handIn(signed);
    eventId = signed.eventId;
  });

  it('are hidden from who keeps the door, and the event from all others', async () => {
    for (const client of [owner, mod]) {
      const event = await found(client, eventId);
      expect(event).toMatchObject({ verdict, reasonIsHidden: true });
      expect(JSON.stringify(event)).not.toContain('words of');
      expect(JSON.stringify(event)).not.toContain('more words');
      expect(event.content).toEqual({ membership: expect.any(String) });
      id = event.id;
    }
    expect(await found(member, eventId)).toBeNull();
  });

  it('are shown to who reveals them and to nobody else, and that is on record', async () => {
    const { revealEvent } = await ask(mod, REVEAL, { id });
    expect(revealEvent.event).toMatchObject({ verdict, reasonIsHidden: false, content: { reason: words } });
    expect(await found(mod, eventId)).toMatchObject({
      content: { reason: words, 'org.example.more': 'more words' },
      pdu: { content: { reason: words } },
    });
    expect(JSON.stringify(await found(owner, eventId))).not.toContain('words of');
    await ask(mod, REVEAL, { id });
    const acts = await story.rows(
      `select a.operation, a.outcome, a.target, e.event_id from actions a left join events e on e.position = a.event
        where a.actor = $1 order by a.position desc limit 2`,
      [mod.userId],
    );
    const act = { operation: 'revealReason', target: guest.userId };
    expect(acts).toEqual([
      { ...act, outcome: 'unchanged', event_id: null },
      { ...act, outcome: 'ok', event_id: eventId },
    ]);
  });

  it('are revealed to nobody who does not see the event, nor said of any that there is not', async () => {
    const answer = await refusal(member, REVEAL, { id });
    expect(answer.extensions).toEqual({ code: 'M_NOT_FOUND' });
    const nowhere = Buffer.from(`Event\0${room}\u00009999999`).toString('base64url');
    expect(await refusal(member, REVEAL, { id: nowhere })).toEqual(answer);
    expect((await refusal(member, REVEAL, { id: 'nonsense' })).extensions.code).toBe('M_INVALID_PARAM');
    const [act] = await story.rows(
      `select room_id, target from actions where actor = $1 order by position desc limit 1`,
      [member.userId],
    );
    expect(act).toEqual({ room_id: null, target: null });
  });
});
