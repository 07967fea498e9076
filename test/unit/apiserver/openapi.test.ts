import { describe, expect, it } from 'vitest';
import { kindTable } from '../../../src/api/kinds.ts';
import { readFacts } from '../../../src/api/openapi/descriptions.mjs';
import { openapi } from '../../../src/apiserver/openapi.ts';
import { OpenApiFacts } from '../../../src/apiserver/openapi-facts.ts';
import { gzipSync } from 'node:zlib';
import type { Obj } from '../../../src/lib/json.ts';
import { seeded } from '../../fixtures/prng.ts';
import { nodeCrypto } from '../../host/crypto.ts';

const table = kindTable(false);
const crypto = nodeCrypto(seeded(1));
const facts = new OpenApiFacts(gzipSync(JSON.stringify(readFacts())).toString('base64'));
const body = (path: string, request = {}): Obj => JSON.parse(openapi(table, facts, crypto, path, request)?.body ?? 'null');

describe('openapi v3', () => {
  it('lists a document per group and version, under an address that holds its hash', () => {
    const { paths } = body('/openapi/v3');
    expect(Object.keys(paths)).toHaveLength(22);
    expect(paths['apis/apps/v1'].serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/);
    expect(paths['api/v1'].serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=/);
  });

  it('may be cached for ever by hash, and says 304, 301 and 404 as upstream does', () => {
    const url = new URL(`https://h${body('/openapi/v3').paths['apis/apps/v1'].serverRelativeURL}`);
    const now = Date.UTC(2026, 10, 21, 12, 6, 3);
    const fresh = openapi(table, facts, crypto, url.pathname, { query: url.search.slice(1), now });
    const etag = `"${url.searchParams.get('hash')}"`;
    expect(fresh?.headers).toEqual({
      etag,
      vary: 'Accept',
      'cache-control': 'public, immutable',
      expires: 'Sun, 21 Nov 2027 12:06:03 UTC',
      'content-type': 'application/json',
    });
    expect(openapi(table, facts, crypto, url.pathname, { ifNoneMatch: etag })).toMatchObject({ status: 304, body: '' });
    expect(openapi(table, facts, crypto, url.pathname)?.headers['cache-control']).toBe('no-cache, private');
    const old = openapi(table, facts, crypto, url.pathname, { query: 'hash=ABC' });
    expect([old?.status, old?.headers.location]).toEqual([301, url.pathname + url.search]);
    expect(openapi(table, facts, crypto, '/openapi/v3/apis/nope/v1')?.status).toBe(404);
    expect(openapi(table, facts, crypto, '/openapi/v3x')).toBeUndefined();
  });

  it('describes a struct with its references, list rules and Go zeros', () => {
    const { schemas } = body('/openapi/v3/apis/apps/v1').components;
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec'].required).toEqual(['selector', 'template']);
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec'].properties.strategy).toMatchObject({
      default: {},
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
      'x-kubernetes-patch-strategy': 'retainKeys',
    });
    expect(schemas['io.k8s.api.core.v1.PodSpec'].properties.containers).toMatchObject({
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(schemas['io.k8s.api.core.v1.ContainerPort'].properties.protocol).toMatchObject({
      default: 'TCP',
      enum: ['SCTP', 'TCP', 'UDP'],
    });
    expect(schemas['io.k8s.api.core.v1.ContainerPort'].properties.protocol.description).toContain(
      'Possible enum values:\n - `"SCTP"` is the SCTP protocol.\n',
    );
    expect(schemas['io.k8s.api.apps.v1.Deployment']['x-kubernetes-group-version-kind']).toEqual([
      { group: 'apps', kind: 'Deployment', version: 'v1' },
    ]);
  });

  it('refers to nothing that it does not define', () => {
    for (const name of Object.keys(body('/openapi/v3').paths)) {
      const text = openapi(table, facts, crypto, `/openapi/v3/${name}`)?.body ?? '';
      const defined = new Set(Object.keys(JSON.parse(text).components.schemas));
      const wanted = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((m) => m[1]));
      expect([...wanted].filter((ref) => !defined.has(ref))).toEqual([]);
    }
  });

  it('tells kubectl which parameters a patch takes', () => {
    const { paths } = body('/openapi/v3/api/v1');
    const { patch } = paths['/api/v1/namespaces/{namespace}/configmaps/{name}'];
    expect(patch.parameters.map((p: Obj) => p.name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: '', version: 'v1', kind: 'ConfigMap' });
    expect(patch.operationId).toBe('patchCoreV1NamespacedConfigMap');
    expect(paths['/api/v1/namespaces/{namespace}/configmaps'].delete.operationId).toBe(
      'deleteCoreV1CollectionNamespacedConfigMap',
    );
  });
});

describe('what a deletion answers with', () => {
  it.each([
    ['api/v1', 'namespaces/{name}', 'meta.v1.Status'],
    ['api/v1', 'namespaces/{namespace}/pods/{name}', 'core.v1.Pod'],
    ['apis/storage.k8s.io/v1', 'csinodes/{name}', 'storage.v1.CSINode'],
    ['apis/storage.k8s.io/v1', 'namespaces/{namespace}/csistoragecapacities/{name}', 'meta.v1.Status'],
  ])('%s/%s: %s, as in the documents of a 1.36.3 server', (version, path, answer) => {
    const { responses } = body(`/openapi/v3/${version}`).paths[`/${version}/${path}`].delete;
    expect(JSON.stringify(responses['200'])).toContain(`.${answer}"`);
  });
});

describe('openapi v2', () => {
  it('describes the same in the older form', () => {
    const swagger = body('/openapi/v2', { accept: 'application/json' });
    expect(swagger.swagger).toBe('2.0');
    expect(swagger.definitions['io.k8s.api.apps.v1.DeploymentSpec'].properties.strategy.$ref).toBe(
      '#/definitions/io.k8s.api.apps.v1.DeploymentStrategy',
    );
    expect(openapi(table, facts, crypto, '/openapi/v2', { accept: 'text/html' })?.status).toBe(406);
  });

  it('is empty in protobuf: kubectl asks only for what v3 does not know', () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const answer = openapi(table, facts, crypto, '/openapi/v2', { accept });
    expect(answer?.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(Buffer.from(answer?.body ?? '').toString('hex')).toBe('0a03322e3012120a0a4b756265726e657465731204312e333642004a00');
  });
});
