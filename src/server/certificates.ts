import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writePrivate } from '../local/kubeconfigs.ts';
import { clusterDomain, publicUrl } from '../local/settings.ts';

const IP = /^[\d.:]+$/;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const SERVER_DAYS = 825;
/** A server certificate with less validity left is renewed. */
const RENEW_DAYS = 30;

/** Server certificate and key of the proxy, and the CA for clients. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/** Names and addresses of this machine for clients on it or its network. */
export function hostNames(): string[] {
  const url = publicUrl();
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname().toLowerCase(), ...(url ? [new URL(url).hostname] : [])])];
}

/** Subject alternative names: these, and the host names of clusters. */
function certifiedNames(): string[] {
  const domain = clusterDomain();
  return [...hostNames(), ...(domain === undefined ? [] : [`*.${domain}`])];
}

function usable(ca: string, cert: string, now: number): boolean {
  const server = new X509Certificate(cert);
  if (!server.verify(new X509Certificate(ca).publicKey)) return false;
  if (Date.parse(server.validTo) - now < RENEW_DAYS * DAY_MS) return false;
  return certifiedNames().every((name) => (IP.test(name) ? server.checkIP(name) : server.checkHost(name.replace('*', 'x'))));
}

const pem = (label: string, bytes: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(bytes)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;

/** Creates missing certificates: the CA once, the server's when it expires or this machine was renamed. */
async function make(files: { ca: string; caKey: string; cert: string; key: string }, now: number): Promise<void> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const fresh = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const until = (days: number) => ({
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + days * DAY_MS),
    signingAlgorithm: algorithm,
  });
  const serial = () => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
  if (!existsSync(files.ca) || !existsSync(files.caKey)) {
    const keys = await fresh();
    const { KeyUsageFlags: use } = x509;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...until(CA_DAYS),
      keys,
      name: 'CN=Atoll local CA',
      serialNumber: serial(),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(use.keyCertSign | use.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    writePrivate(files.caKey, pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', keys.privateKey)));
    writePrivate(files.ca, `${certificate.toString('pem')}\n`);
  }
  const ca = new x509.X509Certificate(readFileSync(files.ca, 'utf8'));
  const caKey = Buffer.from(readFileSync(files.caKey, 'utf8').replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const signingKey = await crypto.subtle.importKey('pkcs8', caKey, algorithm, false, ['sign']);
  const keys = await fresh();
  const names = certifiedNames().map((value) => ({ type: IP.test(value) ? ('ip' as const) : ('dns' as const), value }));
  const certificate = await x509.X509CertificateGenerator.create({
    ...until(SERVER_DAYS),
    subject: 'CN=Atoll',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey,
    serialNumber: serial(),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  writePrivate(files.key, pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', keys.privateKey)));
  writePrivate(files.cert, `${certificate.toString('pem')}\n`);
}

/** Certificates of a data folder; clients trust `ca.crt`. */
export async function certificates(folder: string, now: number): Promise<Certificates> {
  const files = {
    ca: join(folder, 'ca.crt'),
    caKey: join(folder, 'ca.key'),
    cert: join(folder, 'server.crt'),
    key: join(folder, 'server.key'),
  };
  const read = (): Certificates => ({
    ca: readFileSync(files.ca, 'utf8'),
    cert: readFileSync(files.cert, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  });
  if (Object.values(files).every((file) => existsSync(file))) {
    const found = read();
    if (usable(found.ca, found.cert, now)) return found;
  }
  await make(files, now);
  return read();
}
