/** Endpoints for the tools of admins. */
import { named, type Endpoint } from '../endpoint.ts';
import { getRegistrationNonce, registerWithSecret } from './register-with-secret.ts';

export const adminEndpoints: readonly Endpoint[] = named({ getRegistrationNonce, registerWithSecret });
