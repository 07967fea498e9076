import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { configuration, configured, json, JWKS, signed, tokenOf, TrustingCluster } from './trusting.ts';

/** What the validation and the OIDC authenticator of kube-apiserver 1.36.3 said. */
const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../golden/authentication/${name}.json`, import.meta.url), 'utf8'));
const CONFIGURATIONS: { name: string; configuration: Obj; errors: string[] }[] = golden('configurations');
const TOKENS: { name: string; jwt: Obj; claims: Obj; user?: Obj }[] = golden('tokens');

let world: TrustingCluster;
beforeEach(() => {
  world = new TrustingCluster();
});

describe('what kube-apiserver says', () => {
  it.each(CONFIGURATIONS)('[AUTHN6] of a configuration: $name', ({ configuration: value, errors }) => {
    const { refused } = world.cluster.authentication.set(JSON.stringify(value)) as { refused?: string };
    expect(refused ?? '').toBe(errors.join(', '));
  });

  it.each(TOKENS)('[AUTHN4] of a token: $name', ({ jwt, claims, user }) => {
    expect(world.cluster.authentication.set(configured(jwt))).not.toHaveProperty('refused');
    const { url } = jwt.issuer;
    world.documents[`${url}/.well-known/openid-configuration`] = json({ issuer: url, jwks_uri: JWKS });
    const wanted = user && { ...user, groups: [...user.groups, 'system:authenticated'] };
    expect(world.who(signed({ alg: 'RS256', kid: 'first' }, claims))).toEqual(wanted ?? 401);
  });
});

describe('[AUTHN6] a configuration', () => {
  const set = (value: Obj | string) =>
    world.cluster.authentication.set(typeof value === 'string' ? value : JSON.stringify(value)) as { refused?: string };

  it('is refused with what is wrong, and the one of before stays in force', () => {
    const text = (change: (jwt: Obj) => void) => {
      const value = JSON.parse(configuration());
      change(value.jwt[0]);
      return value;
    };
    const cel = (field: string) => `jwt[0].${field}: Invalid value: "VALUE": CEL expressions are not supported yet`;
    const refusals: [Obj | string, RegExp | string][] = [
      ['a: [', /^failed decoding: /],
      [{ kind: 'Policy', apiVersion: 'v1' }, /^no kind "Policy" is known for version "v1"/],
      [text((j) => (j.claimMappings.username = { expression: 'claims.sub' })), cel('claimMappings.username.expression')],
      [text((j) => (j.claimMappings.groups = { expression: 'claims.sub' })), cel('claimMappings.groups.expression')],
      [text((j) => (j.claimMappings.uid = { expression: 'claims.sub' })), cel('claimMappings.uid.expression')],
      [
        text((j) => (j.claimMappings.extra = [{ key: 'x.io/y', valueExpression: 'claims.y' }])),
        cel('claimMappings.extra[0].valueExpression'),
      ],
      [text((j) => (j.claimValidationRules = [{ expression: 'true' }])), cel('claimValidationRules[0].expression')],
      [text((j) => (j.userValidationRules = [{ expression: 'true' }])), cel('userValidationRules[0].expression')],
      [
        text((j) => (j.issuer.certificateAuthority = 'x')),
        /certificateAuthority: Invalid value: "<omitted>": .* not supported yet/,
      ],
      [text((j) => (j.issuer.egressSelectorType = 'cluster')), /egressSelectorType: .*egress selectors are not supported yet/],
      [{ ...JSON.parse(configuration()), anonymous: { enabled: true } }, /anonymous\.enabled: .*not supported yet/],
      [{ ...JSON.parse(configuration()), jwt: Array(65).fill({}) }, /jwt: Too many: 65: must have at most 64 items/],
      [' '.repeat(70_000), /at most 65536 characters/],
    ];
    for (const [value, why] of refusals) {
      const { refused } = set(value);
      if (why instanceof RegExp) expect(refused).toMatch(why);
      else expect(refused?.replace(/"(true|claims\.\w+)"/, '"VALUE"')).toBe(why);
    }
    expect(world.who(tokenOf())).toMatchObject({ username: 'sso:alice' });
  });

  it('may be of any version, and say that nobody is let in without a token', () => {
    const written = { ...JSON.parse(configuration()), anonymous: { enabled: false } };
    for (const version of ['v1alpha1', 'v1beta1', 'v1']) {
      const apiVersion = `apiserver.config.k8s.io/${version}`;
      expect(set({ ...written, apiVersion })).toEqual({ configuration: { ...written, apiVersion } });
    }
  });

  it('ends the watches that tokens of issuers opened, also those that slept, and no others', () => {
    const masters = tokenOf({ groups: ['system:masters'] });
    const admin = world.cluster.credentials.issue('c', { user: { username: 'root', groups: ['system:masters'] } });
    const mappings = { groups: { claim: 'groups', prefix: '' } };
    for (const change of [configuration({}, mappings), undefined]) {
      world.cluster.authentication.set(configuration({}, mappings));
      const [issued, own] = [world.watch(masters), world.watch(admin)];
      world.wake();
      issued.resume();
      own.resume();
      expect([issued.open, own.open]).toEqual([true, true]);
      world.cluster.authentication.set(change);
      expect([issued.open, own.open]).toEqual([false, true]);
    }
  });

  it('counts at once, also when it is taken away', () => {
    const token = tokenOf();
    expect(world.who(token)).toMatchObject({ username: 'sso:alice' });
    world.cluster.authentication.set(configuration({}, { username: { claim: 'sub', prefix: '' } }));
    expect(world.who(token)).toMatchObject({ username: 'alice' });
    expect(world.cluster.authentication.set(undefined)).toEqual({ configuration: undefined });
    expect(world.who(token)).toBe(401);
    world.wake();
    expect(world.cluster.authentication.configuration()).toBeUndefined();
  });
});
