/** Knock rooms and knocks as a client of the Matrix API makes them. */
import type { Request } from './http-load.ts';
import { reasonOf } from './knocks.ts';
import type { Person } from './people.ts';

/** Rooms of one person; only level 50 invites. */
export async function createKnockRooms(url: string, token: string, count: number): Promise<readonly string[]> {
  const body = JSON.stringify({
    preset: 'private_chat',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }],
    power_level_content_override: { invite: 50 },
  });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const make = async (): Promise<string> => {
    const answer = await fetch(`${url}/_matrix/client/v3/createRoom`, { method: 'POST', headers, body });
    if (answer.status !== 200) throw new Error(await answer.text());
    return ((await answer.json()) as { readonly room_id: string }).room_id;
  };
  const rooms: string[] = [];
  while (rooms.length < count) {
    rooms.push(...(await Promise.all(Array.from({ length: Math.min(20, count - rooms.length) }, make))));
  }
  return rooms;
}

/** Everybody knocks once; `shift` sends them to other rooms than another shift does. */
export function knockRequests(people: readonly Person[], rooms: readonly string[], shift = 0): readonly Request[] {
  return people.map(({ token }, n) => ({
    path: `/_matrix/client/v3/knock/${encodeURIComponent(rooms[(n + shift) % rooms.length]!)}`,
    token,
    body: JSON.stringify({ reason: reasonOf(n) }),
  }));
}
