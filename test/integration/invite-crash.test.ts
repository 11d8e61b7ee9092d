/** A server that is killed between "signed by the other server" and "stored" (PROTOCOL §8, case 60): one invite, in the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/database.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../src/matrix/room-versions.ts';
import { knockRoom, type Client } from '../support/client.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { remoteMember, signsInvites, type RemoteMember } from '../support/remote-member.ts';
import { stallLog } from '../support/stalled-log.ts';
import { episodesOf, kindsOf, membershipIn } from '../support/story.ts';
import { verifiedClean } from '../support/verified.ts';

const INVITE = '/_matrix/federation/v2/invite/';

let story: FederatedStory;
let other: OtherServer;
let owner: Client;
let guest: RemoteMember;
let room: string;

beforeEach(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  [owner] = await story.people('owner');
  room = await knockRoom(owner);
  guest = remoteMember(other, 'guest');
  await guest.does('knock', room);
});

afterEach(() => story.close());

/** Ids of the invites that the other server was asked to sign, in their order. */
const asked = (): readonly string[] =>
  other.asked
    .filter(({ target }) => target.startsWith(INVITE))
    .map(({ body }) => {
      const { event, room_version: version } = JSON.parse(body) as { event: never; room_version: RoomVersionId };
      return eventIdOf(event, ROOM_VERSIONS[version]);
    });

const invite = (): Promise<unknown> =>
  owner
    .call('POST', `/rooms/${room}/invite`, { user_id: guest.userId, reason: 'come' })
    .catch((error: unknown) => error);

async function until(come: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await come()); waited += 50) {
    if (waited > 30_000) throw new Error('it did not come to that');
    await sleep(50);
  }
}

const isOpen = async (): Promise<boolean> => (await story.rows('select from handshakes')).length > 0;
const idOfInvite = async (): Promise<readonly string[]> =>
  (
    await story.rows<{ event_id: string }>(
      `select e.event_id from events e join transitions t on t.room_id = e.room_id and t.event = e.position
        where t.room_id = $1 and t.kind = 'KNOCK_ACCEPTED'`,
      [room],
    )
  ).map((row) => row.event_id);

/** Asked for its signature the other server gives it, and is not heard: ours is killed by then. */
async function killWhileSigning(): Promise<void> {
  const signed = Promise.withResolvers<void>();
  other.on(INVITE, () => {
    signed.resolve();
    return undefined;
  });
  const answered = invite();
  await signed.promise;
  await story.server().kill();
  expect(await answered).toBeInstanceOf(Error);
  expect(await isOpen()).toBe(true);
}

describe('60: a server that is killed', () => {
  it('while another one signs an invite goes on with the same invite when it is started again', async () => {
    await killWhileSigning();
    other.on(INVITE, signsInvites(other));
    await story.restart();
    await until(async () => !(await isOpen()));
    const ids = asked();
    expect(ids).toEqual([ids[0], ids[0]]);
    expect(await idOfInvite()).toEqual([ids[0]]);
    expect(await episodesOf(story, room, guest.userId)).toEqual(['ACCEPTED']);
    const acts = "select actor, outcome from actions where operation = 'inviteUser' and room_id = $1";
    expect(await story.rows(acts, [room])).toEqual([{ actor: owner.userId, outcome: 'ok' }]);
    await guest.does('join', room);
    await verifiedClean(story);
  });

  it('once the signed invite came back stores it when it is started again, and asks nobody', async () => {
    other.on(INVITE, signsInvites(other));
    const database = openDatabase({ url: story.databaseUrl, role: 'owner', max: 2 });
    const stalled = await stallLog({ owner: database });
    const answered = invite();
    await until(async () => (await story.rows('select from handshakes where answer is not null')).length > 0);
    await stalled.reached();
    await story.server().kill();
    await stalled.release();
    await database.close();
    expect(await answered).toBeInstanceOf(Error);
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED']);
    await story.restart();
    await until(async () => !(await isOpen()));
    expect(asked()).toHaveLength(1);
    expect(await idOfInvite()).toEqual(asked());
    await verifiedClean(story);
  });

  it('has nothing left of an invite that is refused when it is asked for again, and tells so in `actions`', async () => {
    await killWhileSigning();
    other.on(INVITE, (_asked, response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errcode: 'M_INVITE_BLOCKED', error: 'no' }));
      return undefined;
    });
    await story.restart();
    await until(async () => !(await isOpen()));
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED']);
    const acts = "select outcome from actions where operation = 'inviteUser' and room_id = $1";
    expect(await story.rows(acts, [room])).toEqual([{ outcome: 'M_INVITE_BLOCKED' }]);
  });

  it('does not make another invite when it is asked again before it has gone on', async () => {
    await killWhileSigning();
    // Silent for the first one who asks: whoever goes on with it on its own has to wait.
    let silent = true;
    other.on(INVITE, (one, response) => {
      if (!silent) return signsInvites(other)(one, response);
      response.destroy();
      return undefined;
    });
    await story.restart();
    await until(async () => asked().length >= 2);
    await until(async () => (await story.rows('select from handshakes where last_error is not null')).length > 0);
    silent = false;
    expect(await invite()).toMatchObject({ status: 200 });
    expect(new Set(asked()).size).toBe(1);
    expect(await membershipIn(owner, room, guest.userId)).toBe('invite');
    expect(await kindsOf(story, room, guest.userId)).toEqual(['KNOCK_REQUESTED', 'KNOCK_ACCEPTED']);
    expect(await isOpen()).toBe(false);
  });
});
