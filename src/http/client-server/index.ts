/** Every endpoint of the client-server API that is served. */
import type { Endpoint } from '../endpoint.ts';
import { checkUsernameAvailability } from './check-username-availability.ts';
import { deleteProfileField } from './delete-profile-field.ts';
import { getCapabilities } from './get-capabilities.ts';
import { getLoginFlows } from './get-login-flows.ts';
import { getProfileField } from './get-profile-field.ts';
import { getTokenOwner } from './get-token-owner.ts';
import { getUserProfile } from './get-user-profile.ts';
import { getVersions } from './get-versions.ts';
import { getWellknown } from './get-wellknown.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { register } from './register.ts';
import { setProfileField } from './set-profile-field.ts';

export const clientServerEndpoints: readonly Endpoint[] = [
  getVersions,
  getWellknown,
  getCapabilities,
  getLoginFlows,
  login,
  logout,
  register,
  checkUsernameAvailability,
  getTokenOwner,
  getUserProfile,
  getProfileField,
  setProfileField,
  deleteProfileField,
];
