// The error class and its table.
import { expect, test } from 'vitest';
import { ERRCODES, MatrixError } from '../../../src/matrix/errors.ts';

test('an error takes status and words from the table', () => {
  const error = new MatrixError('M_MISSING_TOKEN');
  expect(error.status).toBe(401);
  expect(error.message).toBe(ERRCODES.M_MISSING_TOKEN.meaning);
  expect(error.extra).toEqual({});
});

test('an error may name another status, which stays out of its body', () => {
  const error = new MatrixError('M_UNKNOWN', 'No server answered.', { status: 502, room_version: '12' });
  expect(error.status).toBe(502);
  expect(error.extra).toEqual({ room_version: '12' });
});

test('a status in words is part of the body', () => {
  const error = new MatrixError('KNOCK_ALREADY_DECIDED', 'Too late.', { status: 'ACCEPTED' });
  expect(error.status).toBe(409);
  expect(error.extra).toEqual({ status: 'ACCEPTED' });
});

test('every code has a status of the 400s or 500s and a sentence', () => {
  for (const { status, meaning } of Object.values(ERRCODES)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
  }
});
