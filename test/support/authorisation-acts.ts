/** Does each act as each viewer, on a scene that is put right before, and tells who may. */
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

/** An act on many says of each what came of it. */
const EACH = 'results { errorCode }';

let nth = 0;

/** `+` done, `x` refused, `-` as if what it is about were not there, in the order of `viewers`. */
export async function actCells(stages: Stages, name: string, viewers: readonly Client[]): Promise<string> {
  const prepare = INPUTS[name];
  if (prepare === undefined) throw new Error(`nobody knows what to give ${name}: test/support/authorisation-acts.ts`);
  let cells = '';
  for (const viewer of viewers) {
    nth += 1;
    const input = await prepare({ ...stages, viewer, nth });
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input!`;
    const document =
      input === null
        ? `mutation { ${name} { __typename } }`
        : `mutation ($input: ${type}) { ${name}(input: $input) { __typename ${name === 'decideKnocks' ? EACH : ''} } }`;
    const { data, errors } = await viewer.graphql(document, input === null ? {} : { input });
    const code: string = errors?.[0].extensions.code ?? data[name].results?.[0].errorCode ?? 'done';
    cells += { done: '+', M_FORBIDDEN: 'x', M_NOT_FOUND: '-' }[code] ?? `(${code})`;
  }
  return cells;
}
