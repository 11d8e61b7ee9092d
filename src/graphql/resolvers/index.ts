/** The resolvers of every type. */
import type { Resolvers } from '../schema.generated.ts';
import { action } from './action.ts';
import { connections } from './connections.ts';
import { knockDecisionResult } from './decide-knocks.ts';
import { delivery, destination } from './destination.ts';
import { event } from './event.ts';
import { evidenceEvent, evidenceSignature } from './evidence.ts';
import { knockOutcomes, logReader, seal, server, verifyRun } from './health.ts';
import { job } from './job.ts';
import { knock } from './knock.ts';
import { member } from './member.ts';
import { mutation } from './mutations.ts';
import { membershipDiff, pathStep } from './path.ts';
import { payloads } from './payloads.ts';
import { powerLevels, userPowerLevel } from './power-levels.ts';
import { query } from './queries.ts';
import { room, roomStats } from './room.ts';
import { scalars } from './scalars.ts';
import { serviceToken } from './service-token.ts';
import { subscription } from './subscriptions.ts';
import { transition } from './transition.ts';
import { user } from './user.ts';
import { viewer } from './viewer.ts';

export const resolvers: Resolvers = {
  Query: query,
  Mutation: mutation,
  Subscription: subscription,
  Viewer: viewer,
  User: user,
  Room: room,
  RoomStats: roomStats,
  PathStep: pathStep,
  MembershipDiff: membershipDiff,
  PowerLevels: powerLevels,
  UserPowerLevel: userPowerLevel,
  Member: member,
  Knock: knock,
  EvidenceEvent: evidenceEvent,
  EvidenceSignature: evidenceSignature,
  KnockDecisionResult: knockDecisionResult,
  Transition: transition,
  Event: event,
  Action: action,
  Destination: destination,
  Delivery: delivery,
  ServiceToken: serviceToken,
  Job: job,
  KnockOutcomes: knockOutcomes,
  Server: server,
  LogReader: logReader,
  Seal: seal,
  VerifyRun: verifyRun,
  ...connections,
  ...payloads,
  ...scalars,
};
