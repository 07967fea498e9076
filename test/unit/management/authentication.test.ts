import { describe, expect, it } from 'vitest';
import { makeManagement } from './world.ts';

const CLUSTERS = '/v1/accounts/self/clusters';
const CONFIGURATION = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthenticationConfiguration',
  jwt: [
    {
      issuer: { url: 'https://issuer.example.com', audiences: ['kubernetes'] },
      claimMappings: { username: { claim: 'sub', prefix: 'sso:' } },
    },
  ],
};
const YAML = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {url: https://other.example.com, audiences: [a, b], audienceMatchPolicy: MatchAny}
  claimMappings: {username: {claim: email, prefix: ""}}
`;

describe('[AUTHN6] the issuers that a cluster trusts', () => {
  it('are named by admins only, as JSON or YAML, and stay with the cluster: a fork trusts none', async () => {
    const { call, account } = makeManagement();
    const { token } = await account('alice');
    await call(token, 'POST', CLUSTERS, { name: 'demo' });
    const at = `${CLUSTERS}/demo/authentication`;
    expect((await call(token, 'GET', at)).status).toBe(404);
    const put = await call(token, 'PUT', at, CONFIGURATION);
    expect([put.status, put.body]).toEqual([200, CONFIGURATION]);
    const bad = await call(token, 'PUT', at, YAML.replace('https:', 'http:'), { 'content-type': 'application/yaml' });
    expect([bad.status, bad.body.detail]).toEqual([400, expect.stringContaining('jwt[0].issuer.url: Invalid value')]);
    const [jwt] = CONFIGURATION.jwt;
    const cel = { ...jwt, claimMappings: { username: { expression: 'claims.sub' } } };
    const refused = await call(token, 'PUT', at, { ...CONFIGURATION, jwt: [cel] });
    expect([refused.status, refused.body.detail], 'the cluster says what is wrong, in JSON too').toEqual([
      400,
      'jwt[0].claimMappings.username.expression: Invalid value: "claims.sub": CEL expressions are not supported yet',
    ]);
    expect((await call(token, 'GET', at)).body).toEqual(CONFIGURATION);
    const yaml = await call(token, 'PUT', at, YAML, { 'content-type': 'application/yaml' });
    expect(yaml.body.jwt[0].issuer.url).toBe('https://other.example.com');
    expect((await call(token, 'GET', at)).body).toEqual(yaml.body);

    expect((await call(token, 'POST', `${CLUSTERS}/demo/fork`, { name: 'copy' })).body.state).toBe('ready');
    const forked = await call(token, 'GET', `${CLUSTERS}/copy/authentication`);
    expect(forked.status).toBe(404);

    const writer = (await call(token, 'POST', '/v1/accounts/self/tokens', { name: 'ci', scope: 'write' })).body;
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const forbidden = await call(writer.token, method, at, method === 'PUT' ? CONFIGURATION : undefined);
      expect(forbidden.status, method).toBe(403);
    }
    expect((await call(token, 'DELETE', at)).status).toBe(204);
    expect((await call(token, 'GET', at)).status).toBe(404);
  });
});
