// The rules that generated cases try, in the order of the specification.
import { auth, rooms } from './auth-events.ts';
import { create } from './create.ts';
import { creatorsFirstJoin, federate, malformedMembers, restrictedJoins } from './members.ts';
import { creators, redactions, requiredLevels, senderMembership, stateKeys } from './power.ts';
import {
  creatorEntries,
  eventEdits,
  levelEdits,
  levelFormats,
  notificationEdits,
  stringLevels,
  userEdits,
} from './power-levels.ts';
import type { Rule } from './room.ts';
import { redeemedInvites, thirdPartyInvites } from './third-party.ts';

export const RULES: readonly Rule[] = [
  create,
  rooms,
  auth,
  federate,
  malformedMembers,
  creatorsFirstJoin,
  restrictedJoins,
  redeemedInvites,
  senderMembership,
  thirdPartyInvites,
  requiredLevels,
  stateKeys,
  levelFormats,
  stringLevels,
  levelEdits,
  eventEdits,
  notificationEdits,
  userEdits,
  creatorEntries,
  creators,
  redactions,
];
