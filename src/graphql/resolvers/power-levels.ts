/** Resolvers of PowerLevels. */
import { MatrixError } from '../../matrix/errors.ts';
import { MAX_PAGE } from '../paging.ts';
import type { PowerLevelsResolvers, UserPowerLevelResolvers } from '../schema.generated.ts';

export const powerLevels: PowerLevelsResolvers = {
  invite: ({ levels }) => levels.invite,
  kick: ({ levels }) => levels.kick,
  ban: ({ levels }) => levels.ban,
  redact: ({ levels }) => levels.redact,
  stateDefault: ({ levels }) => levels.stateDefault,
  eventsDefault: ({ levels }) => levels.eventsDefault,
  usersDefault: ({ levels }) => levels.usersDefault,
  joinRule: ({ levels }) => levels.forEvent('m.room.join_rules', true),
  users: ({ users }, { first }) => {
    const size = first ?? MAX_PAGE;
    if (size < 0 || size > MAX_PAGE) {
      throw new MatrixError('M_INVALID_PARAM', `first must be between 0 and ${MAX_PAGE}; it is ${size}.`);
    }
    return users.slice(0, size);
  },
  creators: ({ creators }) => creators.slice(0, MAX_PAGE).map((userId) => ({ userId })),
};

export const userPowerLevel: UserPowerLevelResolvers = {
  user: ({ userId }) => ({ userId }),
};
