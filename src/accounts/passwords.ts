/** Passwords: hashed with argon2id, and checked at the same cost whether or not there is an account. */
import { hash, verify } from '@node-rs/argon2';
import { createGate } from './gate.ts';

/** Longer ones would cost memory and add nothing. */
export const MAX_PASSWORD_LENGTH = 512;

// OWASP's parameters for argon2id (19 MiB, 2 passes).
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

// Strangers ask for this work: it must not take the processors from everybody else, nor pile up for minutes.
const gate = createGate({ atOnce: 2, waiting: 200 });

/** The hash in PHC format. Throws M_LIMIT_EXCEEDED when too many passwords wait to be hashed. */
export async function hashPassword(password: string): Promise<string> {
  return gate.pass(() => hash(password, OPTIONS));
}

/** Whether the password is right. With no hash the answer is no, after the same work. Throws as hashPassword(). */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  if (password.length > MAX_PASSWORD_LENGTH) return false;
  if (stored !== null) return gate.pass(() => verify(stored, password));
  // Hashing and verifying are the same work, from the first time on.
  await hashPassword(password);
  return false;
}
