import { beforeEach, describe, expect, it } from 'vitest';
import type { Pending } from '../../../src/apiserver/server.ts';
import { isStream } from '../../../src/apiserver/messages.ts';
import { ATTEMPT_MS } from '../../../src/apiserver/limits.ts';
import { ISSUED_TOKEN_MS, ISSUER_KEYS_MS, ISSUER_MODULUS_CHARACTERS, ISSUER_RETRY_MS } from '../../../src/authn/limits.ts';
import type { Reply } from '../../../src/lib/ask.ts';
import { textOf } from '../../fixtures/api.ts';
import {
  configuration,
  configured,
  curve,
  DISCOVERY,
  encoded,
  ISSUER,
  json,
  jwk,
  JWKS,
  rotated,
  rsa,
  START,
  tokenOf,
  TrustingCluster,
} from './trusting.ts';

let world: TrustingCluster;
beforeEach(() => {
  world = new TrustingCluster();
});

describe('[AUTHN4] a token of a trusted issuer', () => {
  it('is somebody, with the claims that the configuration names', () => {
    expect(world.who(tokenOf())).toEqual({ username: 'sso:alice', groups: ['sso:dev', 'system:authenticated'] });
    expect(world.who(tokenOf({ groups: 'ops' }))).toMatchObject({ groups: ['sso:ops', 'system:authenticated'] });
    expect(world.who(tokenOf({ groups: ['system:masters'] }))).toMatchObject({
      groups: ['sso:system:masters', 'system:authenticated'],
    });
    expect(world.who(tokenOf({}, { alg: 'ES256', kid: 'curve' }, curve.privateKey))).toMatchObject({ username: 'sso:alice' });
    expect(world.who(tokenOf({}, { kid: undefined })), 'without a key id each key is tried').toMatchObject({
      username: 'sso:alice',
    });
    expect(world.who(tokenOf({ groups: undefined }))).toEqual({ username: 'sso:alice', groups: ['system:authenticated'] });
    expect(world.who(tokenOf({ jti: 'x', exp: START / 1000 + 0.9, nbf: START / 1000 + 60 }))).toMatchObject({
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
    });
    expect(world.asked).toEqual([DISCOVERY, JWKS]);
  });

  it('is nobody when it is forged, of another audience, or at another time', () => {
    const good = tokenOf();
    expect(world.who(good)).toMatchObject({ username: 'sso:alice' });
    const [head, , signature] = good.split('.');
    const other = tokenOf({ sub: 'root' }).split('.')[1];
    const hmac = { alg: 'HS256', kid: 'first' };
    const forged: Record<string, string> = {
      'other claims under the signature': `${head}.${other}.${signature}`,
      'no signature': `${head}.${good.split('.')[1]}.`,
      'alg none': `${encoded({ alg: 'none' })}.${other}.`,
      'alg of a shared secret': tokenOf({ jti: '1' }, hmac),
      'another key': tokenOf({ jti: '2' }, {}, rotated.privateKey),
      'another key without an id': tokenOf({ jti: '2b' }, { kid: undefined }, rotated.privateKey),
      'an elliptic signature under the id of an RSA key': tokenOf({ jti: '3' }, { alg: 'ES256' }, curve.privateKey),
      'an RSA signature that says ES256': tokenOf({ jti: '4' }, { alg: 'ES256' }),
      'another hash than it says': tokenOf({ jti: '5' }, { alg: 'RS512' }),
      'RSA-PSS, which is not verified': tokenOf({ jti: '5b' }, { alg: 'PS256' }),
      'a critical header': tokenOf({ jti: '6' }, { crit: ['b64'] }),
      'another audience': tokenOf({ aud: 'other' }),
      'no audience': tokenOf({ aud: undefined }),
      'a list of other audiences': tokenOf({ aud: ['other', 'another'] }),
      expired: tokenOf({ exp: START / 1000 - 1 }),
      'without an expiry': tokenOf({ exp: undefined }),
      'an expiry that is text': tokenOf({ exp: 'never' }),
      'not yet good': tokenOf({ nbf: START / 1000 + 61 }),
      'a start that is text': tokenOf({ nbf: 'now' }),
      'groups that are told elsewhere': tokenOf({
        groups: undefined,
        _claim_names: { groups: 'graph' },
        _claim_sources: { graph: { endpoint: 'https://graph.example.com' } },
      }),
      'no name': tokenOf({ sub: undefined }),
      'a name that is no text': tokenOf({ sub: { toString: 'x' } }),
      'a group that is no text': tokenOf({ groups: [1] }),
      'another issuer': tokenOf({ iss: 'https://evil.example.com' }),
      'an issuer with a slash': tokenOf({ iss: `${ISSUER}/` }),
      'too long': tokenOf({ fill: 'x'.repeat(20_000) }),
    };
    for (const [why, token] of Object.entries(forged)) expect(world.who(token), why).toBe(401);
    expect(world.asked).toEqual([DISCOVERY, JWKS]);
  });

  it('has the names that it says, with the prefix of the configuration and no other rule', () => {
    const names = (prefix: string) => {
      const mappings = { username: { claim: 'sub', prefix }, groups: { claim: 'groups', prefix: '' } };
      world.cluster.authentication.set(configuration({}, mappings));
      return world.who(tokenOf({ sub: 'system:kube-scheduler', groups: ['system:masters'] }));
    };
    const groups = ['system:masters', 'system:authenticated'];
    expect(names('')).toEqual({ username: 'system:kube-scheduler', groups });
    expect(names('https://issuer.example.com#')).toEqual({
      username: 'https://issuer.example.com#system:kube-scheduler',
      groups,
    });
  });

  it('of Google may name it without a scheme', () => {
    const google = 'https://accounts.google.com';
    world.cluster.authentication.set(configuration({ issuer: { url: google, audiences: ['kubernetes'] } }));
    world.documents[`${google}/.well-known/openid-configuration`] = json({ issuer: google, jwks_uri: JWKS });
    for (const iss of [google, 'accounts.google.com'])
      expect(world.who(tokenOf({ iss }))).toMatchObject({ username: 'sso:alice' });
    expect(world.who(tokenOf({ iss: 'issuer.example.com' }))).toBe(401);
  });

  it('is signed with a key of its own issuer', () => {
    const other = 'https://other.example.com';
    const prefixed = (url: string) => ({
      issuer: { url, audiences: ['kubernetes'] },
      claimMappings: { username: { claim: 'sub', prefix: `${url}#` } },
    });
    world.cluster.authentication.set(configured(prefixed(ISSUER), prefixed(other)));
    world.documents[`${other}/.well-known/openid-configuration`] = json({ issuer: other, jwks_uri: `${other}/keys` });
    world.documents[`${other}/keys`] = json({ keys: [jwk(rotated.publicKey, 'first')] });
    expect(world.who(tokenOf())).toMatchObject({ username: `${ISSUER}#alice` });
    expect(world.who(tokenOf({ iss: other }, {}, rotated.privateKey))).toMatchObject({ username: `${other}#alice` });
    expect(world.who(tokenOf({ iss: other }))).toBe(401);
    expect(world.who(tokenOf({}, {}, rotated.privateKey))).toBe(401);
  });

  it('is for one of several audiences', () => {
    const issuer = { url: ISSUER, audiences: ['kubernetes', 'tools'], audienceMatchPolicy: 'MatchAny' };
    world.cluster.authentication.set(configuration({ issuer }));
    for (const aud of ['tools', ['other', 'tools'], 'kubernetes']) {
      expect(world.who(tokenOf({ aud }))).toMatchObject({ username: 'sso:alice' });
    }
    expect(world.who(tokenOf({ aud: 'other' }))).toBe(401);
  });

  it('is reviewed with the reason why it is refused', () => {
    const review = (token: string) => {
      const admin = world.cluster.credentials.issue('c', { user: { username: 'root', groups: ['system:masters'] } });
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
      const answer = world.finish(world.begin(admin, '/apis/authentication.k8s.io/v1/tokenreviews', body));
      return JSON.parse(textOf(answer as never)).status;
    };
    expect(review(tokenOf())).toMatchObject({ authenticated: true, user: { username: 'sso:alice' } });
    expect(review(tokenOf({ exp: 1 })).error).toBe('[invalid bearer token, oidc: verify token: token is expired]');
    world.cluster.authentication.set(configuration());
    delete world.documents[DISCOVERY];
    expect(review(tokenOf()).error).toBe('[invalid bearer token, oidc: authenticator not initialized: it could not be reached]');
  });

  it('must say what rules require, and an address that is not verified is none', () => {
    const rules = { claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }] };
    world.cluster.authentication.set(configuration(rules, { username: { claim: 'email', prefix: '' }, uid: { claim: 'sub' } }));
    const claims = { hd: 'example.com', email: 'a@example.com' };
    expect(world.who(tokenOf(claims))).toMatchObject({ username: 'a@example.com', uid: 'alice' });
    expect(world.who(tokenOf({ ...claims, email_verified: true }))).toMatchObject({ username: 'a@example.com' });
    expect(world.who(tokenOf({ ...claims, email_verified: false }))).toBe(401);
    expect(world.who(tokenOf({ ...claims, email_verified: 'true' }))).toBe(401);
    expect(world.who(tokenOf({ ...claims, hd: 'evil.com' }))).toBe(401);
    expect(world.who(tokenOf({ email: 'a@example.com' }))).toBe(401);
  });

  it('ends the watch that it opened when it expires', () => {
    world.cluster.authentication.set(configuration({}, { groups: { claim: 'groups', prefix: '' } }));
    const answer = world.finish(world.begin(tokenOf({ groups: ['system:masters'] }), '/api/v1/configmaps?watch=true'));
    expect(isStream(answer) && answer.spec.expires).toBe(START + 7_200_000);
    const endless = world.finish(
      world.begin(tokenOf({ groups: ['system:masters'], exp: 1e300 }), '/api/v1/configmaps?watch=true'),
    );
    expect(isStream(endless) && endless.spec.expires).toBe(START + ISSUED_TOKEN_MS);
  });
});

describe("[AUTHN5] an issuer's keys", () => {
  it('are kept over a sleep, and asked for anew when they are too old', () => {
    expect(world.who(tokenOf())).toMatchObject({ username: 'sso:alice' });
    world.wake();
    expect(world.who(tokenOf({ jti: 'a' }))).toMatchObject({ username: 'sso:alice' });
    expect(world.asked).toHaveLength(2);
    world.now += ISSUER_KEYS_MS;
    world.keys(jwk(rotated.publicKey, 'second'));
    expect(world.who(tokenOf({ jti: 'a' })), 'its key was withdrawn').toBe(401);
    expect(world.asked).toHaveLength(4);
  });

  it('are asked for anew for an unknown id, but not at will', () => {
    world.who(tokenOf());
    const next = tokenOf({}, { kid: 'second' }, rotated.privateKey);
    world.keys(jwk(rsa.publicKey, 'first'), jwk(rotated.publicKey, 'second'));
    expect(world.who(next), 'asked a moment ago').toBe(401);
    expect(world.asked).toHaveLength(2);
    world.now += ISSUER_RETRY_MS;
    expect(world.who(next)).toMatchObject({ username: 'sso:alice' });
    for (let i = 0; i < 5; i++) expect(world.who(tokenOf({}, { kid: `none-${i}` }))).toBe(401);
    expect(world.asked).toHaveLength(4);
  });

  it('are asked for anew when a key has changed under its id, and under none', () => {
    world.who(tokenOf());
    world.keys(jwk(rotated.publicKey, 'first'));
    world.now += ISSUER_RETRY_MS;
    expect(world.who(tokenOf({}, {}, rotated.privateKey))).toMatchObject({ username: 'sso:alice' });
    expect(world.asked).toHaveLength(4);
    world.keys(jwk(curve.publicKey, 'curve'));
    world.now += ISSUER_RETRY_MS;
    expect(world.who(tokenOf({}, { alg: 'ES256', kid: undefined }, curve.privateKey))).toMatchObject({ username: 'sso:alice' });
    expect(world.asked).toHaveLength(6);
  });

  it('are those of before while the issuer does not answer', () => {
    world.who(tokenOf());
    world.now += ISSUER_KEYS_MS;
    delete world.documents[DISCOVERY];
    expect(world.who(tokenOf())).toMatchObject({ username: 'sso:alice' });
    expect(world.who(tokenOf({ jti: 'a' }))).toMatchObject({ username: 'sso:alice' });
    expect(world.who(tokenOf({}, {}, rotated.privateKey))).toBe(401);
    expect(world.asked).toHaveLength(3);
    world.now += ISSUER_RETRY_MS;
    world.documents[DISCOVERY] = json({ issuer: ISSUER, jwks_uri: JWKS });
    world.keys(jwk(rotated.publicKey, 'first'));
    expect(world.who(tokenOf()), 'it was withdrawn').toBe(401);
    expect(world.asked).toHaveLength(5);
  });

  it('are left out when they are no public keys for signatures, or cost too much to verify with', () => {
    const long = { kty: 'RSA', n: 'x'.repeat(ISSUER_MODULUS_CHARACTERS + 1), e: 'AQAB', kid: 'first' };
    world.keys(long, { kty: 'oct', k: 'AA', kid: 'first' }, jwk(rsa.publicKey, 'first', { use: 'enc' }), 'none' as never);
    expect(world.who(tokenOf())).toBe(401);
    expect(world.cluster.authentication.keys(ISSUER)?.keys).toEqual([]);
  });

  it('of an issuer that fails let nobody in, cost no more questions for a while, and then do', () => {
    const good = world.documents[DISCOVERY];
    const plain = 'http://issuer.example.com/keys';
    world.documents[plain] = world.documents[JWKS];
    const wrong: Reply[] = [
      { failed: 'it could not be reached' },
      { status: 500, body: '{}' },
      { status: 302, body: '' },
      { status: 200, body: 'no JSON' },
      { status: 200, body: '[]' },
      { status: 200, body: `{"issuer":"${ISSUER}","jwks_uri":"${JWKS}"}${' '.repeat(300_000)}` },
      json({ issuer: 'https://evil.example.com', jwks_uri: JWKS }),
      json({ issuer: ISSUER }),
      json({ issuer: ISSUER, jwks_uri: plain }),
    ];
    for (const reply of wrong) {
      world.documents[DISCOVERY] = reply;
      expect(world.who(tokenOf()), JSON.stringify(reply).slice(0, 80)).toBe(401);
      world.documents[DISCOVERY] = good;
      const before = world.asked.length;
      expect(world.who(tokenOf())).toBe(401);
      expect(world.asked).toHaveLength(before);
      world.now += ISSUER_RETRY_MS;
    }
    for (const body of ['{}', '{"keys":{}}', JSON.stringify({ keys: Array(101).fill({}) })]) {
      world.documents[JWKS] = { status: 200, body };
      expect(world.who(tokenOf()), body.slice(0, 40)).toBe(401);
      world.now += ISSUER_RETRY_MS;
    }
    world.keys(
      { kty: 'RSA', n: '!', e: {}, kid: 'first' },
      jwk(rsa.publicKey, 'first'),
      jwk(rsa.publicKey, 'enc', { use: 'enc' }),
    );
    expect(world.who(tokenOf())).toMatchObject({ username: 'sso:alice' });
  });

  it('answer the very question only: of an issuer that is not trusted any more they are nothing', () => {
    const pending = world.begin(tokenOf());
    world.cluster.authentication.set(undefined);
    expect(world.finish(pending).status).toBe(401);
    expect(world.cluster.authentication.keys(ISSUER)).toBeUndefined();
    world.cluster.authentication.set(configuration());
    const twice = world.begin(tokenOf()) as Pending;
    const late = { [DISCOVERY]: json({ issuer: 'https://evil.example.com', jwks_uri: JWKS }) };
    const [question] = twice.questions;
    const second = world.cluster.answer(
      twice,
      [
        [question, world.answered(question)],
        [question, late[DISCOVERY]],
      ],
      world.now,
    );
    expect(world.finish(second).status, 'the first answer counts').toBe(201);
  });

  it('that never come end the request', () => {
    const pending = world.begin(tokenOf()) as Pending;
    const answer = world.cluster.answer(pending, [], world.now + ATTEMPT_MS);
    expect('status' in answer && answer.status).toBe(504);
  });
});
