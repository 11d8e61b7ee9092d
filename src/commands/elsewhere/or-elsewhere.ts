/** Does here what can be done here, and the rest through other servers. */
import { MatrixError, type Errcode } from '../../matrix/errors.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import type { ActResult, Actor, CommandDeps } from '../act.ts';
import { notHere } from './elsewhere.ts';
import { memberDraft, profileFields, type SelfInput } from '../member-draft.ts';

/** Others may know better, or have somebody who may vouch. */
const OTHERS_MAY: readonly Errcode[] = ['M_UNABLE_TO_AUTHORISE_JOIN', 'M_UNABLE_TO_GRANT_JOIN'];

/** The act of the same name, where nobody of this server is in the room; a join also where nobody here can vouch for it. */
export async function orElsewhere(
  deps: CommandDeps,
  actor: Actor,
  input: SelfInput,
  act: 'knock' | 'join',
  here: () => Promise<ActResult>,
): Promise<ActResult> {
  const { elsewhere } = deps;
  try {
    return await here();
  } catch (error) {
    if (elsewhere === undefined || (error !== notHere && !(act === 'join' && isUnable(error)))) throw error;
    const { userId } = actor;
    const { roomId, reason } = input;
    const profile = await profileFields(deps.db, userId, deps.identity.serverName);
    const { content } = memberDraft({
      ...{ sender: userId, target: userId, membership: act, reason, profile },
      content: input.content,
    });
    const via = input.via as readonly ServerName[] | undefined;
    const done = elsewhere[act](actor, { roomId, via, content });
    // Where there is nobody else to ask, what was said here holds.
    return await (error === notHere ? done : done.catch(() => Promise.reject(error as Error)));
  }
}

function isUnable(error: unknown): boolean {
  return error instanceof MatrixError && OTHERS_MAY.includes(error.errcode);
}
