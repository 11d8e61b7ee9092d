/** Resolvers of ServiceToken, its list and its mutations. */
import { mayManageToken } from '../../access/acts.ts';
import { countServiceTokens, pageServiceTokens, type ServiceToken } from '../../accounts/service-tokens.ts';
import {
  createServiceToken as create,
  revokeServiceToken as revoke,
  rotateServiceToken as rotate,
} from '../../commands/service-tokens.ts';
import type { Scope } from '../../access/scopes.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { viewerOf, type Context } from '../context.ts';
import { roomIdsOf } from '../filters.ts';
import type { ServiceTokenPage } from '../models.ts';
import { given, userIdOf } from '../names.ts';
import { nodeId, parseNodeId } from '../node-ids.ts';
import { CURSORS, listPage, pageOf, type PageArgs } from '../paging.ts';
import type {
  MutationResolvers,
  ServiceTokenFilter,
  ServiceTokenResolvers,
  ServiceTokenScope,
} from '../schema.generated.ts';
import { readInput } from './read-input.ts';

const SCOPE_NAMES: Readonly<Record<ServiceTokenScope, Scope>> = {
  ROOMS_READ: 'rooms:read',
  KNOCKS_READ: 'knocks:read',
  REASONS_READ: 'reasons:read',
  KNOCKS_DECIDE: 'knocks:decide',
  AUDIT_READ: 'audit:read',
  ADMIN: 'admin',
};

export const serviceToken: ServiceTokenResolvers = {
  id: ({ id }) => nodeId('ServiceToken', id),
  user: ({ userId }) => ({ userId }),
  scopes: ({ scopes }) =>
    (Object.keys(SCOPE_NAMES) as ServiceTokenScope[]).filter((name) => scopes.includes(SCOPE_NAMES[name])),
  createdBy: ({ createdBy }) => ({ userId: createdBy }),
  revokedBy: ({ revokedBy }) => (revokedBy === null ? null : { userId: revokedBy }),
};

export interface ServiceTokenArgs extends PageArgs {
  readonly where?: ServiceTokenFilter | null | undefined;
}

/** By the order in which they were made. Throws M_FORBIDDEN unless an admin asks. */
export async function serviceTokenList(context: Context, args: ServiceTokenArgs): Promise<ServiceTokenPage> {
  const permission = mayManageToken(viewerOf(context), 'see', false);
  if (!permission.allowed) throw new MatrixError('M_FORBIDDEN', permission.why);
  const page = pageOf(args, CURSORS.serviceToken);
  const { usable = null, userId = null } = args.where ?? {};
  const now = new Date(context.commands.now());
  const condition = { usable, userId: userId === null ? null : userIdOf(userId), now };
  const read = await pageServiceTokens(context.db, condition, page);
  const count = (): Promise<number> => countServiceTokens(context.db, condition);
  return { ...listPage(read, CURSORS.serviceToken, ({ number }) => number), count };
}

/** For admins, and for the token itself; else null. */
export async function visibleServiceToken(context: Context, id: string): Promise<ServiceToken | null> {
  const viewer = viewerOf(context);
  const isItself = viewer.grant !== null && viewer.token === id;
  return mayManageToken(viewer, 'see', isItself).allowed ? context.loaders.serviceToken.load(id) : null;
}

export const createServiceToken: NonNullable<MutationResolvers['createServiceToken']> = async (
  _root,
  { input },
  context,
) => {
  const wish = await readInput(context, 'createServiceToken', () => ({
    name: input.name,
    userId: userIdOf(input.userId),
    scopes: input.scopes.map((scope) => SCOPE_NAMES[scope]),
    roomIds: roomIdsOf(input.roomIds),
    expiresAt: given(input.expiresAt) ?? null,
  }));
  const { id, secret } = await create(context.commands, viewerOf(context), wish);
  return { serviceToken: await changed(context, id), secret };
};

export const rotateServiceToken: NonNullable<MutationResolvers['rotateServiceToken']> = async (
  _root,
  { input },
  context,
) => {
  const id = await readInput(context, 'rotateServiceToken', () => tokenIdOf(input.id));
  const { secret } = await rotate(context.commands, viewerOf(context), { id, graceSeconds: input.graceSeconds ?? 0 });
  return { serviceToken: await changed(context, id), secret };
};

export const revokeServiceToken: NonNullable<MutationResolvers['revokeServiceToken']> = async (
  _root,
  { input },
  context,
) => {
  const id = await readInput(context, 'revokeServiceToken', () => tokenIdOf(input.id));
  await revoke(context.commands, viewerOf(context), { id });
  return { serviceToken: await changed(context, id) };
};

function tokenIdOf(id: string): string {
  const key = parseNodeId(id);
  if (key.type !== 'ServiceToken') throw new MatrixError('M_INVALID_PARAM', 'This is not the id of a service token.');
  return key.token;
}

async function changed(context: Context, id: string): Promise<ServiceToken> {
  context.loaders.forget();
  const token = await context.loaders.serviceToken.load(id);
  if (token === null) throw new Error('the service token that was just changed is not there');
  return token;
}
