/** The check that every answer in the tests passes: it sees what is not declared. */
import { expect, it } from 'vitest';
import { undeclared } from '../../support/declared.ts';

const ban = '/_matrix/client/v3/rooms/!a:b/ban';

it('a success is held against the declared shape, under either prefix', () => {
  expect(undeclared('POST', ban, 200, {})).toBeNull();
  expect(undeclared('POST', ban, 200, { extra: 1 })).toContain('ban answers what it does not declare');
  expect(undeclared('POST', ban.replace('v3', 'r0'), 200, { extra: 1 })).not.toBeNull();
  expect(undeclared('GET', '/_matrix/client/v3/account/whoami', 200, { user_id: '@a:b' })).toContain('device_id');
});

it('a refusal needs the errcode and the status that are declared', () => {
  expect(undeclared('POST', ban, 403, { errcode: 'M_FORBIDDEN' })).toBeNull();
  expect(undeclared('POST', ban, 400, { errcode: 'M_NOT_JSON' })).toBeNull();
  expect(undeclared('POST', ban, 404, { errcode: 'M_FORBIDDEN' })).toContain('ban refuses with 404 M_FORBIDDEN');
  expect(undeclared('POST', ban, 403, { errcode: 'M_USER_IN_USE' })).not.toBeNull();
});

it('the nearest of several paths is meant, and others are not ours', () => {
  expect(undeclared('GET', '/_matrix/client/v3/register/available?username=x', 200, { available: 1 })).toContain(
    'checkUsernameAvailability',
  );
  expect(undeclared('GET', '/_matrix/client/v3/nothing', 404, { errcode: 'M_UNRECOGNIZED' })).toBeNull();
});
