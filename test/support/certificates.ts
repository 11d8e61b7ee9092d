/** Certificates for a test run: an authority of its own, and what it signs for servers on this machine. */
import { createPrivateKey, webcrypto } from 'node:crypto';
// oxlint-disable-next-line import/no-unassigned-import -- what comes next asks for it
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** PEM, for those who are to trust it. */
  readonly ca: string;
  /** A certificate for these names and addresses; by default `localhost` and 127.0.0.1. */
  certify(names?: readonly string[], flaw?: Flaw): Promise<Certificate>;
}

/** Why nobody should accept a certificate. */
export type Flaw = 'expired' | 'notYet' | 'selfSigned';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;

export async function createAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const name = 'CN=Authority of a test';
  const root = await X509CertificateGenerator.createSelfSigned({
    ...lifetime(),
    name,
    keys: keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    ca: root.toString('pem'),
    certify: (names = ['localhost', '127.0.0.1'], flaw) => certify(root, keys, names, flaw),
  };
}

async function certify(
  root: X509Certificate,
  authority: webcrypto.CryptoKeyPair,
  names: readonly string[],
  flaw?: Flaw,
): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const subject = `CN=${names[0] ?? ''}`;
  const isOwn = flaw === 'selfSigned';
  const certificate = await X509CertificateGenerator.create({
    ...lifetime(flaw),
    subject,
    issuer: isOwn ? subject : root.subject,
    publicKey: keys.publicKey,
    signingKey: (isOwn ? keys : authority).privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return { cert: certificate.toString('pem'), key: key.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

/** Of a day, which is over or has not begun where that is the flaw. */
function lifetime(flaw?: Flaw): { readonly notBefore: Date; readonly notAfter: Date } {
  const shift = flaw === 'expired' ? -48 : flaw === 'notYet' ? 48 : 0;
  const at = (hours: number): Date => new Date(Date.now() + (shift + hours) * HOUR_MS);
  return { notBefore: at(-1), notAfter: at(24) };
}
