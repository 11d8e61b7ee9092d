/** Service tokens as an admin makes them. */
import { clientWith, type Client } from './client.ts';
import { ask, type Data, type Desk } from './graphql.ts';

export const TOKEN = `id name scopes roomIds user { userId } createdBy { userId } createdAt expiresAt rotatedAt revokedAt
  revokedBy { userId } lastUsedAt`;

export const CREATE = `mutation ($input: CreateServiceTokenInput!) {
  createServiceToken(input: $input) { secret serviceToken { ${TOKEN} } } }`;

export interface MadeToken {
  /** What the program that has it can do. */
  readonly client: Client;
  readonly secret: string;
  readonly token: Data;
}

/** Makes a token of a user, and a client that comes with it. */
export async function makeToken(desk: Desk, admin: Client, user: Client, input: object): Promise<MadeToken> {
  const { createServiceToken } = await ask(admin, CREATE, { input: { userId: user.userId, ...input } });
  const { secret, serviceToken } = createServiceToken;
  return { client: clientWith(desk.server.url, secret, user.userId), secret, token: serviceToken };
}
