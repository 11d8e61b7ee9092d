/** What other servers ask about this one's users, aliases, rooms and keys, and about the keys of others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonObject, type JsonObject } from '../../src/matrix/json.ts';
import { objectIn, stringIn } from '../../src/matrix/pdu.ts';
import { verifyJson } from '../../src/matrix/signatures.ts';
import { publicKeyFromBase64 } from '../../src/matrix/signing-keys.ts';
import { knockRoom, publicRoom, type Client } from '../support/client.ts';
import { keyObject } from '../support/fake-homeserver.ts';
import { openFederatedStory, type FederatedStory, type OtherServer } from '../support/federated-story.ts';
import { expectError, rawRequest, type RawAnswer } from '../support/raw.ts';
import { SERVER_NAME } from '../support/story.ts';

let story: FederatedStory;
let other: OtherServer;
let kim: Client;
const enc = encodeURIComponent;

beforeAll(async () => {
  story = await openFederatedStory();
  other = await story.otherServer();
  [kim] = await story.people('kim');
});

afterAll(() => story.close());

describe('an alias', () => {
  it('is followed when it is of this server, and to the servers that are there', async () => {
    const room = await publicRoom(kim, [], { room_alias_name: 'door' });
    const at = '/v1/query/directory?room_alias=';
    const alone = await other.ask('GET', `${at}${enc(`#door:${SERVER_NAME}`)}`);
    expect(alone.json).toEqual({ room_id: room, servers: [SERVER_NAME] });
    await other.join(room, 'lee');
    expect((await other.ask('GET', `${at}${enc(`#door:${SERVER_NAME}`)}`)).json.servers).toEqual([
      SERVER_NAME,
      other.name,
    ]);
    expectError(await other.ask('GET', `${at}${enc(`#nothing:${SERVER_NAME}`)}`), 404, 'M_NOT_FOUND');
    expectError(await other.ask('GET', `${at}${enc(`#door:${other.name}`)}`), 400, 'M_INVALID_PARAM');
    expectError(await other.ask('GET', `${at}door`), 400, 'M_INVALID_PARAM');
    expectError(await other.ask('GET', '/v1/query/directory'), 400, 'M_MISSING_PARAM');
  });
});

describe('the directory', () => {
  it('20: lists a room that one knocks on as such, and no room that is for users of this server alone', async () => {
    const list = async (room: string): Promise<void> => {
      await kim.ok('PUT', `/directory/list/room/${room}`, { visibility: 'public' });
    };
    const knocked = await knockRoom(kim, { name: 'Knock here' });
    const own = await publicRoom(kim, [], { name: 'Ours alone', creation_content: { 'm.federate': false } });
    await list(knocked);
    await list(own);
    const told = (answer: RawAnswer): readonly JsonObject[] => answer.json.chunk;
    const all = told(await other.ask('GET', '/v1/publicRooms?limit=100'));
    expect(all.find(({ room_id: id }) => id === knocked)).toMatchObject({ name: 'Knock here', join_rule: 'knock' });
    expect(all.map(({ room_id: id }) => id)).not.toContain(own);
    const search = (term: string, more: JsonObject = {}): Promise<RawAnswer> =>
      other.ask('POST', '/v1/publicRooms', jsonObject({ filter: jsonObject({ generic_search_term: term }), ...more }));
    expect(told(await search('knock HERE')).map(({ room_id: id }) => id)).toEqual([knocked]);
    expect(told(await search('ours alone'))).toEqual([]);
    expectError(await search('x', { third_party_instance_id: 'irc' }), 400, 'M_INVALID_PARAM');
    expectError(await search('x', { since: 'nonsense' }), 400, 'M_INVALID_PARAM');
    expectError(await other.ask('GET', '/v1/publicRooms?limit=x'), 400, 'M_INVALID_PARAM');
  });
});

describe('a summary', () => {
  const hierarchy = (room: string, more = ''): Promise<RawAnswer> =>
    other.ask('GET', `/v1/hierarchy/${enc(room)}${more}`);

  it('shows a room that one may knock on, and hides one that nobody of the server could enter', async () => {
    const open = await knockRoom(kim, { name: 'Knock', topic: 'Softly' });
    expect((await hierarchy(open)).json).toEqual({
      room: {
        room_id: open,
        name: 'Knock',
        topic: 'Softly',
        join_rule: 'knock',
        num_joined_members: 1,
        world_readable: false,
        guest_can_join: expect.any(Boolean),
        room_version: '12',
        children_state: [],
      },
      children: [],
      inaccessible_children: [],
    });
    const closed = await knockRoom(kim, { initial_state: [] });
    expectError(await hierarchy(closed), 404, 'M_NOT_FOUND');
    expectError(await hierarchy('!nothing:here'), 404, 'M_NOT_FOUND');
    expectError(await hierarchy('nothing'), 400, 'M_INVALID_PARAM');
    const own = await publicRoom(kim, [], { creation_content: { 'm.federate': false } });
    expectError(await hierarchy(own), 404, 'M_NOT_FOUND');
  });

  it('shows a restricted room to servers in the rooms that lead to it', async () => {
    const lobby = await publicRoom(kim, []);
    const inner = await knockRoom(kim, {
      initial_state: [
        {
          type: 'm.room.join_rules',
          state_key: '',
          content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: lobby }] },
        },
      ],
    });
    expectError(await hierarchy(inner), 404, 'M_NOT_FOUND');
    await other.join(lobby, 'ann');
    expect((await hierarchy(inner)).json.room).toMatchObject({ room_id: inner, allowed_room_ids: [lobby] });
  });

  it('shows a space with its rooms: those that could be entered, and the ids of those that could not', async () => {
    const [one, two] = [await publicRoom(kim, [], { name: 'One' }), await knockRoom(kim, { initial_state: [] })];
    const space = await publicRoom(kim, [], { creation_content: { type: 'm.space' } });
    const link = (room: string, content: object): Promise<unknown> =>
      kim.ok('PUT', `/rooms/${space}/state/m.space.child/${enc(room)}`, content);
    await link(one, { via: [SERVER_NAME], suggested: true });
    await link(two, { via: [SERVER_NAME] });
    await link('!elsewhere:example.org', { via: ['example.org'] });
    await link('!taken:away', {});
    await link('no id', { via: [SERVER_NAME] });
    const { json } = await hierarchy(space);
    expect(json.room).toMatchObject({ room_id: space, room_type: 'm.space' });
    const links = json.room.children_state as readonly { readonly state_key: string }[];
    expect(links.map(({ state_key: key }) => key).sort()).toEqual(['!elsewhere:example.org', one, two].sort());
    expect(links[0]).toEqual({
      type: 'm.space.child',
      state_key: expect.any(String),
      sender: kim.userId,
      content: expect.any(Object),
      origin_server_ts: expect.any(Number),
    });
    expect(json.children).toEqual([expect.objectContaining({ room_id: one, name: 'One' })]);
    expect(json.inaccessible_children).toEqual([two]);
    const suggested = (await hierarchy(space, '?suggested_only=true')).json;
    expect(suggested).toMatchObject({ children: [{ room_id: one }], inaccessible_children: [] });
  });
});

describe('a room of ours', () => {
  it('has nothing before its create event, and everything after it, for a server that has come in', async () => {
    const room = await publicRoom(kim, []);
    await other.join(room, 'max');
    const { event_id: sent } = await kim.ok('PUT', `/rooms/${room}/send/m.room.message/1`, {
      body: 'x',
      msgtype: 'm.text',
    });
    const create = (await kim.ok('GET', `/rooms/${room}/state/m.room.create?format=event`)).event_id;
    const stateIds = (id: string): Promise<RawAnswer> =>
      other.ask('GET', `/v1/state_ids/${enc(room)}?event_id=${enc(id)}`);
    expect((await stateIds(create)).json).toEqual({ pdu_ids: [], auth_chain_ids: [] });
    const { pdu_ids: ids } = (await stateIds(sent)).json;
    expect(ids).toContain(create);
    const back = await other.ask('GET', `/v1/backfill/${enc(room)}?limit=100&v=${enc(sent)}`);
    expect(back.json.pdus.at(-1)).toMatchObject({ type: 'm.room.create', prev_events: [] });
    expect(back.json.pdus[0]).toMatchObject({ content: { body: 'x' } });
  });
});

describe('keys of encryption', () => {
  it('are nobody’s here', async () => {
    const devices = await other.ask('GET', `/v1/user/devices/${enc(kim.userId)}`);
    expect(devices.json).toEqual({ user_id: kim.userId, stream_id: 0, devices: [] });
    expectError(await other.ask('GET', `/v1/user/devices/${enc(`@nobody:${SERVER_NAME}`)}`), 404, 'M_NOT_FOUND');
    expectError(await other.ask('GET', `/v1/user/devices/${enc(`@kim:${other.name}`)}`), 404, 'M_NOT_FOUND');
    const query = jsonObject({ device_keys: jsonObject({ [kim.userId]: [] }) });
    expect((await other.ask('POST', '/v1/user/keys/query', query)).json).toEqual({ device_keys: {} });
    const claim = jsonObject({ one_time_keys: jsonObject({ [kim.userId]: jsonObject({ DEVICE: 'x' }) }) });
    expect((await other.ask('POST', '/v1/user/keys/claim', claim)).json).toEqual({ one_time_keys: {} });
    expectError(await other.ask('POST', '/v1/user/keys/query', jsonObject({})), 400, 'M_BAD_JSON');
  });
});

describe('the keys of servers', () => {
  const query = async (servers: object): Promise<readonly JsonObject[]> => {
    const body = JSON.stringify({ server_keys: servers });
    const answer = await rawRequest(story.server().port, { method: 'POST', path: '/_matrix/key/v2/query', body });
    expect(answer, answer.text).toMatchObject({ status: 200 });
    return answer.json.server_keys;
  };
  const signers = (object: JsonObject): readonly string[] => Object.keys(objectIn(object, 'signatures') ?? {}).sort();

  it('are told to anybody as their server signed them, with the signature of this one', async () => {
    const third = await story.otherServer();
    const [own] = await query({ [SERVER_NAME]: {} });
    const [[keyId, entry]] = Object.entries(objectIn(own!, 'verify_keys')!) as [[string, JsonObject]];
    const ours = publicKeyFromBase64(stringIn(entry, 'key')!);
    const [told] = await query({ [third.name]: { 'ed25519:fake': { minimum_valid_until_ts: 1 } } });
    expect(signers(told!)).toEqual([SERVER_NAME, third.name].sort());
    expect(verifyJson(told!, SERVER_NAME, keyId, ours)).toBe(true);
    const { keyId: theirId, publicKey } = third.identity.key;
    expect(verifyJson(told!, third.name, theirId, publicKey)).toBe(true);
    const path = `/_matrix/key/v2/query/${third.name}`;
    const one = await rawRequest(story.server().port, { method: 'GET', path });
    expect(one.json.server_keys).toEqual([told]);
    const self = await rawRequest(story.server().port, { method: 'GET', path: `/_matrix/key/v2/query/${SERVER_NAME}` });
    expect(signers(self.json.server_keys[0])).toEqual([SERVER_NAME]);
  });

  it('are asked for once while they are vouched for, again where that ends too soon, and remembered where they cannot', async () => {
    const third = await story.otherServer();
    const until = Date.now() + 3_600_000;
    third.on('/_matrix/key/v2/server', () => keyObject(third.identity, { valid_until_ts: until }));
    const ask = (minimum: number): Promise<readonly JsonObject[]> =>
      query({ [third.name]: { 'ed25519:fake': { minimum_valid_until_ts: minimum } } });
    const first = await ask(until);
    expect(await ask(until - 5)).toEqual(first);
    expect(await query({ [third.name]: {} })).toEqual(first);
    expect(third.asked).toHaveLength(1);
    await third.close();
    expect(await ask(until + 5)).toEqual(first);
  });

  it('are left out of servers that cannot be asked, or answer for others', async () => {
    const [gone, liar] = [await story.otherServer(), await story.otherServer()];
    await gone.close();
    liar.on('/_matrix/key/v2/server', () => keyObject(other.identity));
    expect(await query({ [gone.name]: {}, [liar.name]: {}, 'no name': {} })).toEqual([]);
    const { port } = story.server();
    expectError(
      await rawRequest(port, { method: 'GET', path: '/_matrix/key/v2/query/no%20name' }),
      400,
      'M_INVALID_PARAM',
    );
    expectError(
      await rawRequest(port, { method: 'POST', path: '/_matrix/key/v2/query', body: '[]' }),
      400,
      'M_BAD_JSON',
    );
  });
});
