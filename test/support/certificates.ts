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
  certify(names?: readonly string[]): Promise<Certificate>;
}

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
  return { ca: root.toString('pem'), certify: (names = ['localhost', '127.0.0.1']) => certify(root, keys, names) };
}

async function certify(
  root: X509Certificate,
  { privateKey: signingKey }: webcrypto.CryptoKeyPair,
  names: readonly string[],
): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    ...lifetime(),
    subject: `CN=${names[0] ?? ''}`,
    issuer: root.subject,
    publicKey: keys.publicKey,
    signingKey: signingKey,
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

const lifetime = (): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(Date.now() - HOUR_MS),
  notAfter: new Date(Date.now() + 24 * HOUR_MS),
});
