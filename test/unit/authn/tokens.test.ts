import { beforeEach, describe, expect, it } from 'vitest';
import { decodeText, encodeText, parseJwt } from '../../../src/authn/jwt.ts';
import { ApiFixture } from '../../fixtures/api.ts';

const SA = '/api/v1/namespaces/default/serviceaccounts';
const REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const ISSUER = 'https://kubernetes.default.svc';
const MINUTE = 60_000;
let api: ApiFixture;
let uid: string;

const request = (spec: object = {}) => api.ask('POST', `${SA}/robot/token`, { spec }).body;
const tokenOf = (spec: object = {}): string => request(spec).status.token;
const use = (token: string) => api.ask('GET', '/api', undefined, { authorization: `Bearer ${token}` }).status;
const review = (token: string, audiences?: string[]) => api.ask('POST', REVIEWS, { spec: { token, audiences } }).body.status;

beforeEach(() => {
  api = new ApiFixture();
  uid = api.ask('POST', SA, { metadata: { name: 'robot' } }).body.metadata.uid;
});

describe('tokens of service accounts', () => {
  it('[AUTHN2] say who, by whom, for whom and how long', () => {
    const { spec, status } = request();
    expect(spec).toMatchObject({ audiences: [ISSUER], expirationSeconds: 3600 });
    expect(status.expirationTimestamp).toBe('2026-01-01T01:00:00Z');
    const jwt = parseJwt(status.token);
    expect(jwt?.header).toMatchObject({ alg: 'ES256', kid: api.ask('GET', '/openid/v1/jwks').body.keys[0].kid });
    const now = api.now / 1000;
    expect(jwt?.claims).toEqual({
      aud: [ISSUER],
      exp: now + 3600,
      iat: now,
      iss: ISSUER,
      jti: expect.any(String),
      nbf: now,
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot', uid } },
      sub: 'system:serviceaccount:default:robot',
    });
  });

  it('[API31] [AUTHN2] are somebody', () => {
    const token = tokenOf();
    expect(use(token)).toBe(200);
    expect(review(token)).toEqual({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:default:robot',
        uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${parseJwt(token)?.claims.jti}`] },
      },
      audiences: [ISSUER],
    });
  });

  it('[API31] are for an audience', () => {
    const token = tokenOf({ audiences: ['vault'] });
    expect(use(token)).toBe(401);
    expect(review(token).error).toBe(
      `[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["${ISSUER}"]]`,
    );
    expect(review(token, ['vault', 'other'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
    expect(review('x')).toEqual({ user: {}, error: 'invalid bearer token' });
    expect(api.ask('POST', REVIEWS, { spec: {} }).body.message).toBe('token is required for TokenReview in authentication');
  });

  it('[AUTHN2] end with their time', () => {
    const token = tokenOf({ expirationSeconds: 600 });
    api.now += 11 * MINUTE - 1;
    expect(use(token)).toBe(200);
    api.now += 2;
    expect(use(token)).toBe(401);
    expect(review(token).error).toContain('service account token has expired');
    expect(request({ expirationSeconds: 10 }).message).toContain('may not specify a duration less than 10 minutes');
  });

  it('[AUTHN2] end with their account', () => {
    const token = tokenOf();
    api.ask('DELETE', `${SA}/robot`);
    expect(use(token)).toBe(401);
    api.ask('POST', SA, { metadata: { name: 'robot' } });
    expect(use(token)).toBe(401);
    expect(review(token).error).toContain(`does not match claim (${uid})`);
  });

  it('[AUTHN2] end with what they are bound to', () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    api.ask('POST', secrets, { metadata: { name: 's' } });
    const token = tokenOf({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's' } });
    expect(parseJwt(token)?.claims['kubernetes.io'].secret.name).toBe('s');
    expect(use(token)).toBe(200);
    api.ask('DELETE', `${secrets}/s`);
    expect(use(token)).toBe(401);
    expect(review(token).error).toContain('service account token has been invalidated');
    api.ask('POST', secrets, { metadata: { name: 's' } });
    expect(review(token).error).toContain('does not match service account secret ref claim');
  });

  it('[AUTHN2] cannot be altered', () => {
    const [head, claims, signature] = tokenOf().split('.') as [string, string, string];
    const forged = encodeText((decodeText(claims) as string).replace('robot', 'admin'));
    expect(use(`${head}.${forged}.${signature}`)).toBe(401);
    expect(use(`${encodeText('{"alg":"none"}')}.${claims}.`)).toBe(401);
    expect(use(`${head}.${claims}`)).toBe(401);
    expect(use(`${head}.${claims}.${signature}`)).toBe(200);
  });

  it('[AUTHN3] are verified once', () => {
    const token = tokenOf();
    for (let i = 0; i < 5; i++) expect(use(token)).toBe(200);
    expect(api.verified).toHaveLength(1);
  });
});

describe('base64url', () => {
  it('is there and back', () => {
    for (const text of ['', 'a', 'ab', 'abc', 'zürich ✓', '{"a":1}']) {
      expect(encodeText(text)).toBe(Buffer.from(text).toString('base64url'));
      expect(decodeText(encodeText(text))).toBe(text);
    }
    expect(decodeText('a*b')).toBe(undefined);
    expect(decodeText('_w')).toBe(undefined);
  });
});
