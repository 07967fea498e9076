import { existsSync, readFileSync } from 'node:fs';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** A way out for calls of the Worker, to such addresses alone. It trusts the CAs of browsers, and those that Node was told to trust. */
export function network(...allow: ('public' | 'private')[]) {
  const { NODE_EXTRA_CA_CERTS: extra } = process.env;
  const found = extra && existsSync(extra) ? readFileSync(extra, 'utf8').match(CERTIFICATE) : null;
  return { network: { allow, tlsOptions: { trustBrowserCas: true, trustedCertificates: [...(found ?? [])] } } };
}
