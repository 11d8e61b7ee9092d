/** Members who mean harm: what the API lets nobody do to others, whatever the authorization rules would allow. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { expectRefusal, kindsOf, membershipIn, openStory, type Story } from '../support/story.ts';

let story: Story;
let owner: Client;
let mallory: Client;

beforeAll(async () => {
  story = await openStory();
  [owner, mallory] = await story.people('owner', 'mallory');
});

afterAll(() => story.close());

/** A third-party invite of the sender's own making, and its redemption for whom the sender likes. */
function forgedInvite(target: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const public_key = publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('base64');
  const signed = { mxid: target, token: 'token' };
  const signature = sign(null, Buffer.from(JSON.stringify(signed)), privateKey).toString('base64');
  const signatures = { 'identity.example': { 'ed25519:0': signature } };
  return {
    offer: { display_name: 'somebody', key_validity_url: 'https://identity.example', public_key },
    redemption: {
      membership: 'invite',
      third_party_invite: { display_name: 'somebody', signed: { ...signed, signatures } },
    },
  };
}

describe('a member who may invite and nothing else', () => {
  // The rules do not ask where the target of a third-party invite stands: redeeming one would undo a join.
  it.each(['7', '11', '12'])(
    'cannot put the creator out of a room of version %s by a third-party invite',
    async (v) => {
      const { room_id: room } = await owner.ok('POST', '/createRoom', { room_version: v, invite: [mallory.userId] });
      await mallory.ok('POST', `/join/${room}`, {});
      const { offer, redemption } = forgedInvite(owner.userId);
      await mallory.ok('PUT', `/rooms/${room}/state/m.room.third_party_invite/token`, offer);
      const path = `/rooms/${room}/state/m.room.member/${owner.userId}`;
      expectRefusal(await mallory.call('PUT', path, redemption), 400, 'M_INVALID_PARAM');
      expect(await membershipIn(mallory, room, owner.userId)).toBe('join');
      expect(await kindsOf(story, room, owner.userId)).toEqual(['JOINED']);
    },
  );
});

describe('a createRoom request', () => {
  const state = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ type: 'x.y', state_key: `${n}`, content: {} }));

  it('makes no more events than fit into one batch', async () => {
    const before = await story.counts();
    const refused = await mallory.call('POST', '/createRoom', { initial_state: state(101) });
    expectRefusal(refused, 413, 'M_TOO_LARGE');
    expect((await story.counts()).events).toBe(before.events);
    await mallory.ok('POST', '/createRoom', { initial_state: state(100) });
  });
});
