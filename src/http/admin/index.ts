/** Endpoints for the tools of admins. */
import type { Endpoint } from '../endpoint.ts';
import { getRegistrationNonce, registerWithSecret } from './register-with-secret.ts';

export const adminEndpoints: readonly Endpoint[] = [getRegistrationNonce, registerWithSecret];
