import { existsSync, readFileSync } from 'node:fs';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Network of the Worker's outbound calls, limited to some addresses. Trusts the CAs of browsers, and those that Node was told to trust. */
export function network(...allow: ('public' | 'private')[]) {
  const { NODE_EXTRA_CA_CERTS: extra } = process.env;
  const found = extra && existsSync(extra) ? readFileSync(extra, 'utf8').match(CERTIFICATE) : null;
  return { network: { allow, tlsOptions: { trustBrowserCas: true, trustedCertificates: [...(found ?? [])] } } };
}
