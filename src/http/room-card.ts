/** What a room shows of itself to those outside: read from its current state, for a page of rooms in two queries. */
import type { Db } from '../database/database.ts';
import { readEvents } from '../log/read.ts';
import type { RoomId } from '../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import { allowedRooms, topicText } from '../matrix/room-words.ts';
import { currentEvents } from '../projections/room-queries.ts';

export interface RoomCard {
  readonly roomId: RoomId;
  readonly name: string | null;
  readonly topic: string | null;
  readonly canonicalAlias: string | null;
  readonly avatarUrl: string | null;
  readonly roomType: string | null;
  readonly encryption: string | null;
  readonly joinRule: string;
  readonly worldReadable: boolean;
  readonly guestCanJoin: boolean;
  /** Content of the join rules event. */
  readonly joinRules: JsonObject;
  /** Users of other servers may enter. */
  readonly federates: boolean;
}

const TYPES = [
  'm.room.create',
  'm.room.name',
  'm.room.topic',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
] as const;
type ShownType = (typeof TYPES)[number];

/** The cards of these rooms, in the order asked. */
export async function roomCards(db: Db, roomIds: readonly RoomId[]): Promise<readonly RoomCard[]> {
  const keys = roomIds.flatMap((roomId) => TYPES.map((type) => ({ roomId, type, stateKey: '' })));
  const positions = await currentEvents(db, keys);
  const wanted = keys.flatMap(({ roomId }, i) => {
    const position = positions[i] ?? null;
    return position === null ? [] : [{ roomId, position }];
  });
  const contents = new Map((await readEvents(db, wanted)).map(({ position, content }) => [position, content]));
  return roomIds.map((roomId, n) => {
    const of = (type: ShownType): JsonObject =>
      contents.get(positions[n * TYPES.length + TYPES.indexOf(type)] ?? -1) ?? jsonObject({});
    return cardOf(roomId, of);
  });
}

/** The card of a room by the contents of its state events with the empty key. */
export function cardOf(roomId: RoomId, of: (type: ShownType) => JsonObject): RoomCard {
  const text = (type: ShownType, key: string): string | null => stringIn(of(type), key) || null;
  return {
    roomId,
    name: text('m.room.name', 'name'),
    topic: topicText(of('m.room.topic')) || null,
    canonicalAlias: text('m.room.canonical_alias', 'alias'),
    avatarUrl: text('m.room.avatar', 'url'),
    roomType: text('m.room.create', 'type'),
    encryption: text('m.room.encryption', 'algorithm'),
    joinRule: text('m.room.join_rules', 'join_rule') ?? 'invite',
    worldReadable: stringIn(of('m.room.history_visibility'), 'history_visibility') === 'world_readable',
    guestCanJoin: stringIn(of('m.room.guest_access'), 'guest_access') === 'can_join',
    joinRules: of('m.room.join_rules'),
    federates: of('m.room.create')['m.federate'] !== false,
  };
}

const RESTRICTED: readonly string[] = ['restricted', 'knock_restricted'];

/** The rooms whose members the card's room lets in; null: it goes by no such rule. */
export function allowedBy({ joinRule, joinRules }: RoomCard): readonly RoomId[] | null {
  return RESTRICTED.includes(joinRule) ? allowedRooms(joinRules) : null;
}

/** What a summary tells beside the entry of the directory. */
export function summaryEntry(
  card: RoomCard,
  { joined, version }: { readonly joined: number; readonly version: string },
) {
  const allowed = allowedBy(card);
  return {
    ...publicEntry(card, joined),
    room_version: version,
    ...(card.encryption === null ? {} : { encryption: card.encryption }),
    ...(allowed === null ? {} : { allowed_room_ids: allowed }),
  };
}

/** As it stands in the public directory, and at the head of a summary. Absent is what the room does not say. */
export function publicEntry(card: RoomCard, joined: number) {
  return {
    room_id: card.roomId,
    num_joined_members: joined,
    world_readable: card.worldReadable,
    guest_can_join: card.guestCanJoin,
    join_rule: card.joinRule,
    ...(card.name === null ? {} : { name: card.name }),
    ...(card.topic === null ? {} : { topic: card.topic }),
    ...(card.canonicalAlias === null ? {} : { canonical_alias: card.canonicalAlias }),
    ...(card.avatarUrl === null ? {} : { avatar_url: card.avatarUrl }),
    ...(card.roomType === null ? {} : { room_type: card.roomType }),
  };
}
