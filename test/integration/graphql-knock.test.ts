/** A knock from end to end through GraphQL alone: rooms, requests, decisions, and what the history says of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, refusedAct, revealReasons, TRANSITION, type Desk } from '../support/graphql.ts';

let desk: Desk;
let owner: Client;
let kim: Client;

beforeAll(async () => {
  desk = await openDesk();
  [owner, kim] = await Promise.all([desk.join('owner'), desk.join('kim')]);
});

afterAll(() => desk.close());

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const user = (client: Client) => ({ userId: client.userId });

describe('a knock that is accepted', () => {
  it('waits, is renewed by other words, lets the knocker in, and tells all of it', async () => {
    const roomId = await makeRoom(owner);
    const first = await act(kim, 'knock', { roomId, reason: 'let me in' });
    expect(first).toMatchObject({
      // Who only knocks sees the name of the room, as its stripped state shows it.
      room: { roomId, name: 'The door' },
      member: { membership: 'KNOCK', user: user(kim) },
      transition: {
        ...{ kind: 'KNOCK_REQUESTED', from: 'NONE', to: 'KNOCK', cause: 'SELF', reason: 'let me in', outOfBand: false },
        ...{ actor: user(kim), user: user(kim), room: { roomId }, previous: null, supersedes: null, onBehalfOf: null },
        ...{ occurredAt: expect.stringMatching(TIME), recordedAt: expect.stringMatching(TIME) },
      },
      event: {
        ...{ type: 'm.room.member', stateKey: kim.userId, sender: user(kim), verdict: 'ACCEPTED', erased: false },
        content: { membership: 'knock', reason: 'let me in' },
      },
      knock: {
        ...{ status: 'PENDING', reason: 'let me in', decidedAt: null, decidedBy: null, decisionReason: null },
        ...{ secondsToDecision: null, knockedAt: first.transition.recordedAt, user: user(kim), room: { roomId } },
      },
    });
    expect(first.member.since).toBe(first.transition.recordedAt);
    expect(first.transition).toMatchObject({
      event: { eventId: first.event.eventId },
      trigger: { eventId: first.event.eventId },
      knock: { id: first.knock.id, status: 'PENDING' },
    });

    const same = await act(kim, 'knock', { roomId, reason: 'let me in' });
    expect(same).toEqual(first);
    const renewed = await act(kim, 'knock', { roomId, reason: 'please let me in' });
    expect(renewed).toMatchObject({
      transition: { kind: 'KNOCK_RENEWED', from: 'KNOCK', to: 'KNOCK', previous: { eventId: first.event.eventId } },
      knock: { id: first.knock.id, status: 'PENDING', reason: 'please let me in', knockedAt: first.knock.knockedAt },
      member: { since: first.member.since },
    });

    await revealReasons(owner, { roomId });
    const accepted = await act(owner, 'acceptKnock', { roomId, userId: kim.userId, reason: 'welcome' });
    expect(accepted).toMatchObject({
      member: { membership: 'INVITE' },
      transition: { kind: 'KNOCK_ACCEPTED', from: 'KNOCK', to: 'INVITE', cause: 'MODERATOR', actor: user(owner) },
      event: { sender: user(owner), stateKey: kim.userId, content: { membership: 'invite', reason: 'welcome' } },
      knock: {
        ...{ id: first.knock.id, status: 'ACCEPTED', reason: 'please let me in', decisionReason: 'welcome' },
        ...{ decidedBy: user(owner), decidedAt: accepted.transition.recordedAt },
      },
    });
    const seconds = (Date.parse(accepted.knock.decidedAt) - Date.parse(first.knock.knockedAt)) / 1000;
    expect(accepted.knock.secondsToDecision).toBeCloseTo(seconds, 6);

    const joined = await act(kim, 'joinRoom', { roomId, reason: 'thanks' });
    expect(joined).toMatchObject({
      room: { name: 'The door' },
      member: { membership: 'JOIN' },
      transition: { kind: 'INVITE_ACCEPTED', from: 'INVITE', to: 'JOIN', reason: 'thanks', knock: null },
      // The invite had ended it.
      knock: null,
    });
    expect(await act(kim, 'joinRoom', { roomId })).toEqual(joined);

    const { knock } = await ask(
      kim,
      `query ($id: ID!) { knock(id: $id) { transitions { nodes { kind actor { userId } } } attempts { totalCount } } }`,
      { id: first.knock.id },
    );
    expect(knock).toEqual({
      transitions: {
        nodes: [
          { kind: 'KNOCK_REQUESTED', actor: user(kim) },
          { kind: 'KNOCK_RENEWED', actor: user(kim) },
          { kind: 'KNOCK_ACCEPTED', actor: user(owner) },
        ],
      },
      attempts: { totalCount: 0 },
    });
  });
});

describe('a knock that is turned away', () => {
  it('ends, and knocking again opens a new episode that knows the ones before', async () => {
    const roomId = await makeRoom(owner);
    const first = await act(kim, 'knock', { roomId, reason: 'one' });
    const rejected = await act(owner, 'rejectKnock', { roomId, userId: kim.userId, reason: 'not today' });
    expect(rejected).toMatchObject({
      member: { membership: 'LEAVE' },
      transition: { kind: 'KNOCK_REJECTED', from: 'KNOCK', to: 'LEAVE', reason: 'not today' },
      knock: { id: first.knock.id, status: 'REJECTED', decisionReason: 'not today', decidedBy: user(owner) },
    });
    const second = await act(kim, 'knock', { roomId, reason: 'two' });
    expect(second).toMatchObject({ transition: { kind: 'KNOCK_REQUESTED', from: 'LEAVE' }, knock: { reason: 'two' } });
    const retracted = await act(kim, 'retractKnock', { roomId, reason: 'never mind' });
    expect(retracted).toMatchObject({
      transition: { kind: 'KNOCK_RETRACTED', cause: 'SELF', actor: user(kim) },
      knock: { id: second.knock.id, status: 'RETRACTED', decidedBy: user(kim), decisionReason: 'never mind' },
    });
    const third = await act(kim, 'knock', { roomId });
    expect(third.knock).toMatchObject({ status: 'PENDING', reason: null });
    await revealReasons(owner, { roomId });
    const { knock } = await ask(
      owner,
      'query ($id: ID!) { knock(id: $id) { attempts { totalCount nodes { id status reason } } } }',
      { id: third.knock.id },
    );
    expect(knock.attempts).toEqual({
      totalCount: 2,
      nodes: [
        { id: second.knock.id, status: 'RETRACTED', reason: 'two' },
        { id: first.knock.id, status: 'REJECTED', reason: 'one' },
      ],
    });
  });

  it('by a ban stays shut until the ban is lifted', async () => {
    const roomId = await makeRoom(owner);
    await act(kim, 'knock', { roomId, reason: 'buy my things' });
    const banned = await act(owner, 'banUser', { roomId, userId: kim.userId, reason: 'spam' });
    expect(banned).toMatchObject({
      member: { membership: 'BAN' },
      transition: { kind: 'BANNED', from: 'KNOCK', to: 'BAN' },
      knock: { status: 'BANNED', decisionReason: 'spam', decidedBy: user(owner) },
    });
    expect((await refusedAct(kim, 'knock', { roomId })).extensions.code).toBe('M_FORBIDDEN');
    const again = await act(owner, 'banUser', { roomId, userId: kim.userId, reason: 'more spam' });
    expect(again).toMatchObject({ transition: { kind: 'BAN_RENEWED' }, knock: null });
    const lifted = await act(owner, 'unbanUser', { roomId, userId: kim.userId, reason: 'served' });
    expect(lifted).toMatchObject({
      member: { membership: 'LEAVE' },
      transition: { kind: 'UNBANNED', reason: 'served' },
    });
    expect((await act(kim, 'knock', { roomId, reason: 'sorry' })).knock).toMatchObject({ status: 'PENDING' });
    // Removing a knocker is rejecting.
    const kicked = await act(owner, 'kickUser', { roomId, userId: kim.userId });
    expect(kicked).toMatchObject({ transition: { kind: 'KNOCK_REJECTED' }, knock: { status: 'REJECTED' } });
  });

  it('is superseded when the room opens its door and the knocker walks in', async () => {
    const roomId = await makeRoom(owner);
    await act(kim, 'knock', { roomId, reason: 'anyone there?' });
    const set = `mutation { setJoinRule(input: { roomId: "${roomId}", joinRule: PUBLIC }) { room { joinRule } } }`;
    expect(await ask(owner, set)).toEqual({ setJoinRule: { room: { joinRule: 'PUBLIC' } } });
    const joined = await act(kim, 'joinRoom', { roomId });
    expect(joined).toMatchObject({
      transition: { kind: 'JOINED', from: 'KNOCK', to: 'JOIN' },
      knock: { status: 'SUPERSEDED', decidedBy: user(kim), decisionReason: null },
    });
  });
});

describe('invites', () => {
  it('accept a pending knock, are renewed, revoked and declined; members leave and are removed', async () => {
    const roomId = await makeRoom(owner);
    const target = { roomId, userId: kim.userId };
    await act(kim, 'knock', { roomId, reason: 'hello' });
    expect(await act(owner, 'inviteUser', target)).toMatchObject({
      transition: { kind: 'KNOCK_ACCEPTED' },
      knock: { status: 'ACCEPTED', decisionReason: null },
    });
    expect(await act(owner, 'inviteUser', { ...target, reason: 'do come' })).toMatchObject({
      transition: { kind: 'INVITE_RENEWED' },
      knock: null,
    });
    expect(await act(owner, 'revokeInvite', target)).toMatchObject({
      member: { membership: 'LEAVE' },
      transition: { kind: 'INVITE_REVOKED' },
    });
    expect(await act(owner, 'inviteUser', target)).toMatchObject({ transition: { kind: 'INVITE_SENT' }, knock: null });
    expect(await act(kim, 'leaveRoom', { roomId, reason: 'no thanks' })).toMatchObject({
      room: { name: null },
      transition: { kind: 'INVITE_DECLINED', reason: 'no thanks' },
    });
    await act(owner, 'inviteUser', target);
    await act(kim, 'joinRoom', { roomId });
    expect(await act(kim, 'leaveRoom', { roomId })).toMatchObject({ transition: { kind: 'LEFT' }, knock: null });
    await act(owner, 'inviteUser', target);
    await act(kim, 'joinRoom', { roomId });
    expect(await act(owner, 'kickUser', target)).toMatchObject({
      transition: { kind: 'KICKED', from: 'JOIN' },
      knock: null,
    });
    await act(kim, 'knock', { roomId });
    // Leaving takes a knock back.
    expect(await act(kim, 'leaveRoom', { roomId })).toMatchObject({ knock: { status: 'RETRACTED' } });
    // Having left already is no error.
    expect(await act(kim, 'leaveRoom', { roomId })).toMatchObject({ transition: { kind: 'KNOCK_RETRACTED' } });
  });
});

describe('the history', () => {
  it('of a room holds each kind of transition once it happened, in the order of the log', async () => {
    const { transitions } = await ask(
      owner,
      `{ transitions(first: 100) { nodes { ${TRANSITION} } pageInfo { hasNextPage } } }`,
    );
    const kinds = new Set(transitions.nodes.map((node: { kind: string }) => node.kind));
    expect([...kinds].toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ...['BANNED', 'BAN_RENEWED', 'INVITE_ACCEPTED', 'INVITE_DECLINED', 'INVITE_RENEWED', 'INVITE_REVOKED'],
      ...['INVITE_SENT', 'JOINED', 'KICKED', 'KNOCK_ACCEPTED', 'KNOCK_REJECTED', 'KNOCK_RENEWED', 'KNOCK_REQUESTED'],
      ...['KNOCK_RETRACTED', 'LEFT', 'UNBANNED'],
    ]);
    const positions = transitions.nodes.map((node: { position: string }) => Number(node.position));
    expect(positions).toEqual(positions.toSorted((a: number, b: number) => a - b));
    for (const { kind, event, trigger, actor, cause } of transitions.nodes) {
      expect(event, kind).toEqual({ eventId: trigger.eventId, sender: actor });
      expect(cause, kind).toMatch(/^(SELF|MODERATOR)$/);
    }
  });

  it('of a knock gives each status that a room of one server can have', async () => {
    const statuses = ['PENDING', 'ACCEPTED', 'REJECTED', 'RETRACTED', 'BANNED', 'SUPERSEDED'];
    for (const status of statuses) {
      const { knocks } = await ask(
        owner,
        'query ($s: KnockStatus!) { knocks(where: { status: [$s] }) { totalCount nodes { status } } }',
        { s: status },
      );
      expect(knocks.totalCount, status).toBeGreaterThan(0);
      expect(knocks.nodes).toHaveLength(knocks.totalCount);
      expect(new Set(knocks.nodes.map((node: { status: string }) => node.status))).toEqual(new Set([status]));
    }
  });
});
