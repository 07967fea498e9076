import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kindTable } from '../../../src/api/kinds.ts';
import { discovery } from '../../../src/apiserver/discovery.ts';
import { acceptOf, DISCOVERY_TYPE } from '../../../src/apiserver/discovery-accept.ts';
import { seeded } from '../../fixtures/prng.ts';
import { nodeCrypto } from '../../host/crypto.ts';

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../golden/discovery/${name}.json`, import.meta.url), 'utf8'));
const table = kindTable(false);
const crypto = nodeCrypto(seeded(1));
const get = (path: string, accept: string | null = null, request = {}) => discovery(table, crypto, path, accept, request);
const json = (path: string, accept: string | null = null) => JSON.parse(get(path, accept)?.body ?? 'null');

describe('discovery equals that of a Kubernetes 1.36 server', () => {
  const resources = golden('resources');

  it.each(Object.keys(resources))('resources of %s', (groupVersion) => {
    const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
    expect(json(path)).toEqual(resources[groupVersion]);
  });

  it('serves no version beyond those', () => {
    const served = table.groups().flatMap((g) => g.versions.map((v) => (g.name ? `${g.name}/${v.version}` : v.version)));
    expect(served.sort()).toEqual(Object.keys(resources).sort());
  });

  it('groups, in order', () => {
    expect(json('/apis').groups).toEqual(golden('groups'));
    for (const group of golden('groups'))
      expect(json(`/apis/${group.name}`)).toEqual({ kind: 'APIGroup', apiVersion: 'v1', ...group });
  });

  it.each([
    [
      'api',
      '"4D7E1BED90B364BC86049DD9E636494980AEF65B7F8CFAA267616FA062B514A8A3CC2C2851CC9337B8D28B4C80960E2353DE5E0B152E87CC223E02EA3C5C37AC"',
    ],
    [
      'apis',
      '"A74552DF419C4697E3A22F67B8FE55FD8F2CC33F6134FF206B16341598294CDE9896C7F67B2819217E6BB70E74F97FCC864DDFCDB02FDA565699CC7D6E3CC377"',
    ],
  ])('aggregated /%s, to its ETag', (root, etag) => {
    const answer = get(`/${root}`, DISCOVERY_TYPE);
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: golden(`aggregated-${root}`),
    });
    expect(answer?.headers).toEqual({ 'cache-control': 'public', etag, vary: 'Accept', 'content-type': DISCOVERY_TYPE });
    const again = get(`/${root}`, DISCOVERY_TYPE, { ifNoneMatch: etag });
    expect([again?.status, again?.body]).toEqual([304, '']);
  });

  it('names the address of the server in /api', () => {
    const body = JSON.parse(get('/api', 'application/json', { host: 'localhost:8443' })?.body ?? '');
    expect(body).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: 'localhost:8443' }],
    });
  });

  it('answers what it does not have as upstream does', () => {
    expect(get('/apis/nope')).toMatchObject({ status: 404, body: '404 page not found\n' });
    expect(json('/apis/apps/v2')).toMatchObject({ code: 404, message: 'the server could not find the requested resource' });
    expect(json('/api/v2')).toMatchObject({ code: 404, reason: 'NotFound' });
    expect(get('/api/v1/pods')).toBeUndefined();
    expect(get('/apis/apps/v1/deployments')).toBeUndefined();
    expect(get('/healthz')).toBeUndefined();
  });

  it('chooses by Accept, the best first', () => {
    const kubectl = `${DISCOVERY_TYPE},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`;
    expect(acceptOf(kubectl, true)).toBe('aggregated');
    expect(acceptOf(kubectl, false)).toBe('json');
    expect(acceptOf(`application/json;q=0.5,${DISCOVERY_TYPE}`, true)).toBe('aggregated');
    expect(acceptOf('application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList', true)).toBeUndefined();
    expect(acceptOf('application/vnd.kubernetes.protobuf,application/json', true)).toBe('json');
    expect(acceptOf('text/html', true)).toBeUndefined();
    expect(get('/apis', 'text/html')?.status).toBe(406);
    expect(get('/apis/apps', 'application/yaml')?.body).toContain('preferredVersion:\n  groupVersion: apps/v1\n');
  });
});

describe('discovery with legacy APIs', () => {
  const legacy = kindTable(true);
  const list = (path: string) => JSON.parse(discovery(legacy, crypto, path, null)?.body ?? '');

  it('advertises the versions that books use, after the living ones', () => {
    expect(list('/apis/apps').versions.map((v: { version: string }) => v.version)).toEqual(['v1', 'v1beta2', 'v1beta1']);
    expect(list('/apis/apps').preferredVersion.version).toBe('v1');
    const names = list('/apis/extensions/v1beta1').resources.map((r: { name: string }) => r.name);
    expect(names).toEqual([
      'daemonsets',
      'daemonsets/status',
      'deployments',
      'deployments/scale',
      'deployments/status',
      'ingresses',
      'ingresses/status',
      'networkpolicies',
      'replicasets',
      'replicasets/scale',
      'replicasets/status',
    ]);
  });

  it('keeps short names and categories to the group where a kind lives', () => {
    const entry = (path: string, name: string) => list(path).resources.find((r: { name: string }) => r.name === name);
    expect(entry('/apis/extensions/v1beta1', 'deployments').shortNames).toBeUndefined();
    expect(entry('/apis/extensions/v1beta1', 'deployments').categories).toBeUndefined();
    expect(entry('/apis/apps/v1beta1', 'deployments')).toMatchObject({ shortNames: ['deploy'], categories: ['all'] });
  });
});
