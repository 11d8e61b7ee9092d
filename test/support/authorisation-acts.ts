/** Does each act as each viewer, on a scene that is put right before, and tells who may. */
import { getNamedType, isObjectType, type GraphQLObjectType, type GraphQLSchema } from 'graphql';
import { isOfAct } from './authorisation.ts';
import type { Client } from './client.ts';
import type { Scene } from './authorisation-scene.ts';
import { act, ask } from './graphql.ts';

interface Stage extends Scene {
  readonly viewer: Client;
  /** Whom acts are done on: somebody who waits at the door, and somebody who is nobody there. */
  readonly petra: Client;
  readonly guest: Client;
  /** A room with a door, and one that is open, where only their owner is. */
  readonly door: string;
  readonly open: string;
  readonly nth: number;
}

type Input = Readonly<Record<string, unknown>>;

/** Petra waits at the door; the knock's id. */
async function knocking({ petra, owner, roomId }: Stage): Promise<string> {
  await owner.call('POST', `/rooms/${roomId}/unban`, { user_id: petra.userId });
  await petra.call('POST', `/rooms/${roomId}/leave`, {});
  return (await act(petra, 'knock', { roomId, reason: 'petra waits' })).knock.id;
}

/** The guest is neither in the room nor invited. */
async function gone({ guest, owner, roomId }: Stage): Promise<void> {
  await owner.call('POST', `/rooms/${roomId}/unban`, { user_id: guest.userId });
  await guest.call('POST', `/rooms/${roomId}/leave`, {});
}

const onPetra = async (stage: Stage): Promise<Input> => {
  await knocking(stage);
  return { roomId: stage.roomId, userId: stage.petra.userId };
};
const onHerKnock =
  (more: Input = {}) =>
  async (stage: Stage): Promise<Input> => ({ knockId: await knocking(stage), ...more });

const token = async ({ viewers, owner, nth }: Stage): Promise<string> => {
  const input = { name: `Made ${nth}`, userId: owner.userId, scopes: ['ROOMS_READ'] };
  const document = `mutation ($input: CreateServiceTokenInput!) { createServiceToken(input: $input) { serviceToken { id } } }`;
  return (await ask(viewers.admin, document, { input })).createServiceToken.serviceToken.id;
};

/** What each act is given, once the scene is right for it. */
const INPUTS: Readonly<Record<string, (stage: Stage) => Promise<Input | null>>> = {
  createRoom: async () => ({ name: 'Mine' }),
  setJoinRule: async ({ roomId }) => ({ roomId, joinRule: 'KNOCK' }),
  knock: async ({ door: roomId, viewer }) => {
    await viewer.call('POST', `/rooms/${roomId}/leave`, {});
    return { roomId };
  },
  retractKnock: async ({ door: roomId, viewer }) => {
    await viewer.call('POST', `/knock/${roomId}`, {});
    return { roomId };
  },
  acceptKnock: onPetra,
  rejectKnock: onPetra,
  decideKnocks: async (stage) => ({ knockIds: [await knocking(stage)], decision: 'REJECT' }),
  revealReason: onHerKnock(),
  revealEvent: async (stage) => {
    const { knock } = await ask(stage.petra, `{ knock(id: "${await knocking(stage)}") { event { id } } }`);
    return { eventId: knock.event.id };
  },
  claimKnock: onHerKnock(),
  releaseKnock: onHerKnock(),
  markKnockSeen: onHerKnock(),
  noteKnock: onHerKnock({ text: 'noted' }),
  tagKnock: onHerKnock({ tag: 'later' }),
  untagKnock: onHerKnock({ tag: 'later' }),
  inviteUser: async (stage) => {
    await gone(stage);
    return { roomId: stage.roomId, userId: stage.guest.userId };
  },
  revokeInvite: async (stage) => {
    await gone(stage);
    await act(stage.owner, 'inviteUser', { roomId: stage.roomId, userId: stage.guest.userId });
    return { roomId: stage.roomId, userId: stage.guest.userId };
  },
  joinRoom: async ({ open: roomId, viewer }) => {
    await viewer.call('POST', `/rooms/${roomId}/leave`, {});
    return { roomId };
  },
  leaveRoom: async ({ open: roomId, viewer }) => {
    await viewer.call('POST', `/join/${roomId}`, {});
    return { roomId };
  },
  kickUser: onPetra,
  banUser: onPetra,
  unbanUser: async ({ roomId, owner, guest }) => {
    await owner.call('POST', `/rooms/${roomId}/ban`, { user_id: guest.userId });
    return { roomId, userId: guest.userId };
  },
  eraseUser: async ({ guest }) => ({ userId: guest.userId }),
  startVerify: async () => null,
  startRebuild: async () => null,
  retryDestination: async ({ server }) => ({ server }),
  giveUpDeliveries: async ({ server }) => ({ server, roomId: '!none:localhost:8448' }),
  createServiceToken: async ({ owner, nth }) => ({ name: `Try ${nth}`, userId: owner.userId, scopes: ['ROOMS_READ'] }),
  rotateServiceToken: async (stage) => ({ id: await token(stage) }),
  revokeServiceToken: async (stage) => ({ id: await token(stage) }),
};

export type Stages = Omit<Stage, 'viewer' | 'nth'>;

/** Who waits at doors, who is a guest, and rooms for acts on one's own membership. */
export async function stagesOf(scene: Scene): Promise<Stages> {
  const [petra, guest] = [await scene.desk.join('petra'), await scene.desk.join('somebody')];
  const made = async (joinRule: string): Promise<string> => {
    const document = `mutation ($input: CreateRoomInput!) { createRoom(input: $input) { room { roomId } } }`;
    return (await ask(scene.owner, document, { input: { version: '11', joinRule } })).createRoom.room.roomId;
  };
  return { ...scene, petra, guest, door: await made('KNOCK'), open: await made('PUBLIC') };
}

type Answer = Readonly<Record<string, unknown>>;

/** All that an act answers: each field, and of things only that they are there. An act on many says of each what came of it. */
function answerOf(type: GraphQLObjectType): string {
  const fields = Object.values(type.getFields()).map((field) => {
    const inner = getNamedType(field.type);
    if (!isObjectType(inner)) return field.name;
    return `${field.name} { __typename ${isOfAct(inner.name) ? answerOf(inner) : ''} }`;
  });
  return fields.join(' ');
}

/** What each field of an act's answer says, with those of the answers within. */
function cellsOfAnswer(type: GraphQLObjectType, answer: Answer): readonly (readonly [string, string])[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const value = answer[field.name];
    const inner = getNamedType(field.type);
    const first = Array.isArray(value) ? (value[0] as unknown) : value;
    const within = isObjectType(inner) && isOfAct(inner.name) ? cellsOfAnswer(inner, first as Answer) : [];
    return [[`${type.name}.${field.name}`, cellOf(first)] as const, ...within];
  });
}

function cellOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'y' : 'n';
  return value === null || value === undefined ? '-' : '+';
}

let nth = 0;

/**
 * The rows of an act and of all that it answers, in the order of `viewers`: the act `+` done, `x` refused, `-` as if what it is about
 * were not there; each field of the answer as in the table, and as the act where there is no answer.
 */
export async function actCells(
  schema: GraphQLSchema,
  stages: Stages,
  name: string,
  viewers: readonly Client[],
): Promise<Readonly<Record<string, string>>> {
  const prepare = INPUTS[name];
  if (prepare === undefined) throw new Error(`nobody knows what to give ${name}: test/support/authorisation-acts.ts`);
  const payload = getNamedType(schema.getMutationType()!.getFields()[name]!.type) as GraphQLObjectType;
  const rows: Record<string, string> = {};
  const write = (path: string, cell: string): void => void (rows[path] = (rows[path] ?? '') + cell);
  for (const viewer of viewers) {
    nth += 1;
    const input = await prepare({ ...stages, viewer, nth });
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input!`;
    const asked = `{ ${answerOf(payload)} }`;
    const document =
      input === null
        ? `mutation { ${name} ${asked} }`
        : `mutation ($input: ${type}) { ${name}(input: $input) ${asked} }`;
    const { data, errors } = await viewer.graphql(document, input === null ? {} : { input });
    const code: string = errors?.[0].extensions.code ?? data[name].results?.[0].errorCode ?? 'done';
    const done = { done: '+', M_FORBIDDEN: 'x', M_NOT_FOUND: '-' }[code] ?? `(${code})`;
    write(`Mutation.${name}`, done);
    const answer = (data?.[name] ?? null) as Answer | null;
    if (answer !== null) for (const [path, cell] of cellsOfAnswer(payload, answer)) write(path, cell);
    else for (const path of pathsOfAct(payload)) write(path, done);
  }
  return rows;
}

function pathsOfAct(type: GraphQLObjectType): readonly string[] {
  return Object.values(type.getFields()).flatMap((field) => {
    const inner = getNamedType(field.type);
    return [`${type.name}.${field.name}`, ...(isObjectType(inner) && isOfAct(inner.name) ? pathsOfAct(inner) : [])];
  });
}
