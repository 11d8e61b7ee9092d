/** A story with other servers on this machine, which ours believes and may ask. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { expect } from 'vitest';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { parseRoomId, parseUserId, type EventId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { eventTemplate } from '../../src/matrix/pdu.ts';
import { roomVersion } from '../../src/matrix/room-versions.ts';
import { signEvent } from '../../src/matrix/signatures.ts';
import { asking, type Asks } from './asking.ts';
import { createAuthority } from './certificates.ts';
import { startHomeserver, type FakeHomeserver } from './fake-homeserver.ts';
import { openStory, type Story } from './story.ts';

export interface OtherServer extends FakeHomeserver {
  /** Asks ours, on the port for clients. */
  readonly ask: Asks;
  /** A user of it joins a room of ours that anybody may join. */
  join(roomId: string, localpart: string): Promise<string>;
}

export interface FederatedStory extends Story {
  /** Starts one more server; `host` stands in its name. */
  otherServer(host?: string): Promise<OtherServer>;
}

interface Cited {
  readonly event_id: EventId;
  readonly depth: number;
  readonly cited: boolean;
  readonly version: string;
}

/** The join stands in a transaction, as if another server had let its user in. */
async function join(
  story: Story,
  { name, identity }: FakeHomeserver,
  ask: Asks,
  roomId: string,
  localpart: string,
): Promise<string> {
  const rows = await story.rows<Cited>(
    `select e.event_id, e.depth, true as cited, r.version from room_state s join rooms r using (room_id)
       join events e on e.room_id = s.room_id and e.position = s.event
      where s.room_id = $1 and s.type = any('{m.room.create,m.room.power_levels,m.room.join_rules}')
        and (r.version <> '12' or s.type <> 'm.room.create')
     union all
     select e.event_id, e.depth, false, r.version from extremities x join rooms r using (room_id)
       join events e on e.room_id = x.room_id and e.position = x.event where x.room_id = $1`,
    [roomId],
  );
  const userId = parseUserId(`@${localpart}:${name}`)!;
  const version = roomVersion(rows[0]!.version)!;
  const ids = (cited: boolean): readonly EventId[] => rows.flatMap((row) => (row.cited === cited ? row.event_id : []));
  const template = eventTemplate({
    type: 'm.room.member',
    room_id: parseRoomId(roomId)!,
    sender: userId,
    state_key: userId,
    content: jsonObject({ membership: 'join' }),
    origin_server_ts: Date.now(),
    depth: 1 + Math.max(...rows.map((row) => row.depth)),
    prev_events: ids(false),
    auth_events: ids(true),
  });
  const event = signEvent(template, version, identity);
  const body = jsonObject({ origin: name, origin_server_ts: Date.now(), pdus: [event] });
  const answer = await ask('PUT', `/v1/send/join-${localpart}-${rows.length}-${Date.now()}`, body);
  expect(answer.json, answer.text).toEqual({ pdus: { [eventIdOf(event, version)]: {} } });
  return userId;
}

export async function openFederatedStory(env: Readonly<Record<string, string>> = {}): Promise<FederatedStory> {
  const authority = await createAuthority();
  const folder = await mkdtemp(pathOf(tmpdir(), 'vestibule-ca-'));
  const ca = pathOf(folder, 'ca.pem');
  await writeFile(ca, authority.ca);
  const others: FakeHomeserver[] = [];
  const story = await openStory({ FEDERATION_CA_FILE: ca, FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8', ...env });
  return {
    ...story,
    async otherServer(host) {
      const homeserver = await startHomeserver(authority, host);
      others.push(homeserver);
      const ask = asking(story.server().port, homeserver.identity);
      return { ...homeserver, ask, join: (roomId, localpart) => join(story, homeserver, ask, roomId, localpart) };
    },
    async close() {
      await story.close();
      await Promise.all(others.map((other) => other.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
