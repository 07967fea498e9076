import { ISSUER, keyIdOf, type Signer } from '../../authn/issuer.ts';
import { encodeBytes } from '../../authn/jwt.ts';
import type { Crypto } from '../../lib/crypto-port.ts';
import type { Answer } from '../messages.ts';

/** Bytes of one coordinate of P-256; an SPKI ends with both. */
const COORDINATE = 32;

/** Service account issuer discovery (pkg/routes/openidmetadata.go); undefined for other paths. */
export function openid(path: string, host: string, crypto: Crypto, signer: Signer): Answer | undefined {
  if (path === '/.well-known/openid-configuration') {
    const document = {
      issuer: ISSUER,
      jwks_uri: `https://${host || 'kubernetes.default.svc'}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    };
    return cached('application/json', JSON.stringify(document));
  }
  if (path !== '/openid/v1/jwks') return undefined;
  return cached('application/jwk-set+json', JSON.stringify({ keys: signer.publicKey ? [jwk(crypto, signer)] : [] }));
}

const cached = (type: string, body: string): Answer => ({
  status: 200,
  headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' },
  body,
});

function jwk(crypto: Crypto, signer: Signer) {
  const der = fromBase64(signer.publicKey.replace(/-----[^-]+-----|\s/g, ''));
  const [x, y] = [der.slice(-2 * COORDINATE, -COORDINATE), der.slice(-COORDINATE)].map(encodeBytes);
  return { use: 'sig', kty: 'EC', kid: keyIdOf(crypto, signer), crv: 'P-256', alg: 'ES256', x, y };
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
