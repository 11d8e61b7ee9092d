/** The admin registration call of existing tools: a nonce, and an HMAC over it with a shared secret. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomId } from './secrets.ts';

export interface SharedSecretRegistration {
  /** A nonce that counts for a minute, once. */
  nonce(): string;
  /** Whether the caller knows the secret; the nonce is used up either way. */
  check(request: SignedRegistration): boolean;
}

export interface SignedRegistration {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  readonly admin: boolean;
  /** Only signed when given. */
  readonly userType: string | null;
  /** Hexadecimal HMAC-SHA1. */
  readonly mac: string;
}

const LIFETIME_MS = 60_000;
const MAX_NONCES = 1_000;

export function sharedSecretRegistration(secret: string, now: () => number): SharedSecretRegistration {
  const nonces = new Map<string, number>();
  return {
    nonce() {
      for (const [known, expires] of nonces) if (expires < now() || nonces.size >= MAX_NONCES) nonces.delete(known);
      const nonce = randomId(64);
      nonces.set(nonce, now() + LIFETIME_MS);
      return nonce;
    },
    check(request) {
      const expires = nonces.get(request.nonce);
      nonces.delete(request.nonce);
      const given = Buffer.from(request.mac.toLowerCase());
      const wanted = Buffer.from(macOf(secret, request));
      return (
        expires !== undefined && expires >= now() && given.length === wanted.length && timingSafeEqual(given, wanted)
      );
    },
  };
}

// The fields are joined by NUL, in this order, as Synapse's register_new_matrix_user does.
function macOf(secret: string, { nonce, username, password, admin, userType }: SignedRegistration): string {
  const fields = [nonce, username, password, admin ? 'admin' : 'notadmin', ...(userType === null ? [] : [userType])];
  return createHmac('sha1', secret).update(fields.join('\u0000')).digest('hex');
}
