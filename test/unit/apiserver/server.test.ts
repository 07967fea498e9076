import { describe, expect, it } from 'vitest';
import { REQUEST_BODY_BYTES } from '../../../src/apiserver/limits.ts';
import { ApiFixture } from '../../fixtures/api.ts';

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const CM = '/api/v1/namespaces/default/configmaps';

describe('addresses', () => {
  const api = new ApiFixture();

  it.each([
    ['GET', '/foo', 404, '404 page not found\n'],
    ['GET', '/apis/foo/v1/x', 404, '404 page not found\n'],
    ['GET', '//api/v1/namespaces', 404, '404 page not found\n'],
    ['GET', '/livez/foo', 404, '404 page not found\n'],
  ])('[API4] %s %s', (method, url, status, text) => {
    expect(api.ask(method, url)).toMatchObject({ status, text });
  });

  it.each([
    ['GET', '/api/v1/foos'],
    ['GET', '/api/v1/pods/x'],
    ['GET', '/api/v1/namespaces/default/nodes'],
    ['GET', '/api/v1/namespaces/default/namespaces'],
    ['GET', '/api/v1/namespaces/default/namespaces/default'],
    ['GET', '/api/v1/namespaces/default/pods/x/foo'],
    ['GET', '/api/v1/namespaces/default/pods/x/status/more'],
    ['GET', '/api/v1/proxy/namespaces'],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews/x'],
  ])('[API4] no route: %s %s', (method, url) => {
    const { status, body } = api.ask(method, url);
    expect(status).toBe(404);
    expect(body).toMatchObject({ reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });
  });

  it.each([
    ['POST', '/api/v1/pods'],
    ['DELETE', '/api/v1/pods'],
    ['DELETE', '/api/v1/namespaces'],
    ['POST', '/api/v1/namespaces/default'],
    ['PUT', '/api/v1/namespaces'],
    ['HEAD', '/api/v1/namespaces/default'],
    ['OPTIONS', '/api/v1/namespaces/default'],
    ['POST', '/version'],
    ['HEAD', '/version'],
    ['HEAD', '/api'],
    ['HEAD', '/api/v1'],
    ['HEAD', '/apis/apps/v1'],
    ['HEAD', '/openid/v1/jwks'],
    ['HEAD', '/.well-known/openid-configuration'],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
  ])('[API4] no method: %s %s', (method, url) => {
    const { status, body } = api.ask(method, url);
    expect(status).toBe(405);
    expect(body).toMatchObject({ reason: 'MethodNotAllowed', details: {} });
  });

  it.each(['/', '/index.html', '/apis', '/apis/apps', '/healthz', '/statusz'])('[API4] any method: %s', (path) => {
    const [got, ...others] = ['GET', 'HEAD', 'POST', 'DELETE'].map((method) => api.ask(method, path));
    expect(got.status).toBe(200);
    for (const other of others) expect([other.status, other.text]).toEqual([200, got.text]);
  });

  it('answers what is no resource', () => {
    expect(api.ask('GET', '/version').body.gitVersion).toBe('v1.36.3');
    expect(api.ask('GET', '/livez').text).toBe('ok');
    expect(api.ask('GET', '/livez/ping').text).toBe('ok');
    expect(api.ask('GET', '/readyz?verbose').text).toMatch(/^\[\+\]ping ok\n[^]*\[\+\]shutdown ok\nreadyz check passed\n$/);
    expect(api.ask('GET', '/livez?verbose&exclude=etcd&exclude=bad').text).toContain('[+]etcd excluded: ok\n');
    expect(api.ask('GET', '/').body.paths).toContain('/apis/apps/v1');
    expect(api.ask('GET', '/openid/v1/jwks').body.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256' });
    expect(api.ask('GET', '/.well-known/openid-configuration').body.issuer).toBe('https://kubernetes.default.svc');
  });
});

describe('forms of an answer', () => {
  const api = new ApiFixture();
  api.configMap('a', { x: 'y' });
  api.configMap('b');
  const stored = api.registry.store.get('configmaps', 'default', 'a')?.json as string;

  it('[API6] GET is the stored text, a list its items without kind and apiVersion', () => {
    expect(api.ask('GET', `${CM}/a`).text).toBe(`${stored}\n`);
    const { text, body } = api.ask('GET', CM);
    expect(Object.keys(body)).toEqual(['kind', 'apiVersion', 'metadata', 'items']);
    expect(body.kind).toBe('ConfigMapList');
    expect(text).toContain(`"items":[{${stored.slice('{"kind":"ConfigMap","apiVersion":"v1",'.length)},`);
    expect(body.items.map((o: { metadata: { name: string } }) => o.metadata.name)).toEqual(['a', 'b']);
  });

  it('[API7] people get indented text', () => {
    const pretty = JSON.stringify(JSON.parse(stored), null, 2);
    expect(api.ask('GET', `${CM}/a?pretty=true`).text).toBe(pretty);
    expect(api.ask('GET', `${CM}/a`, undefined, { 'user-agent': 'curl/8' }).text).toBe(pretty);
    expect(api.ask('GET', `${CM}/a?pretty=0`, undefined, { 'user-agent': 'curl/8' }).text).toBe(`${stored}\n`);
    expect(api.ask('GET', `${CM}/a`, undefined, { accept: 'application/yaml' }).text).toMatch(
      /^apiVersion: v1\ndata:\n {2}a: b\nkind: ConfigMap\n/,
    );
  });

  it('[API7] YAML has numbers that a double does not hold', () => {
    const url = '/apis/apps/v1/namespaces/default/controllerrevisions';
    const data = '{"big":9007199254740995,"huge":-9223372036854775808,"float":2.0,"power":1e3,"text":"1e3"}';
    expect(api.ask('POST', url, `{"metadata":{"name":"a"},"revision":9007199254740995,"data":${data}}`).status).toBe(201);
    const { status, text } = api.ask('GET', `${url}/a`, undefined, { accept: 'application/yaml' });
    expect([status, text]).toEqual([200, expect.stringContaining('\nrevision: 9007199254740995\n')]);
    expect(text).toContain('big: 9007199254740995\n  float: 2\n  huge: -9223372036854775808\n  power: 1000\n  text: "1e3"\n');
  });

  it('[API5] lists of types', () => {
    const ask = (accept: string) => api.ask('GET', `${CM}/a`, undefined, { accept });
    expect(ask('application/vnd.kubernetes.protobuf,application/json').text).toBe(`${stored}\n`);
    expect(ask('text/html, */*;q=0.8').text).toBe(`${stored}\n`);
    expect(ask('application/json;q=0.5, application/yaml').headers['content-type']).toBe('application/yaml');
    expect(ask('application/vnd.kubernetes.protobuf')).toMatchObject({ status: 406, body: { reason: 'NotAcceptable' } });
    expect(ask('text/html').body.message).toMatch(/^406: Not Acceptable\n/);
    expect(ask('application/json;as=Foo;v=v1;g=meta.k8s.io').status).toBe(406);
    const review = (accept: string) =>
      api.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { spec: { namespace: 'x' } }, { accept }).status;
    expect(review(TABLE.accept)).toBe(406);
    expect(review(`${TABLE.accept},application/json`)).toBe(201);
    expect(api.ask('GET', `${CM}/a`, undefined, { accept: 'text/html', authorization: '' }).status).toBe(401);
    expect(api.ask('POST', CM, '{}', { 'content-type': 'text/plain' }).status).toBe(415);
    expect(api.ask('PATCH', `${CM}/a`, '{}', { 'content-type': 'application/json' }).body.message).toBe(
      '415: Unsupported Media Type',
    );
  });

  it("[API8] a Table's rows are in the kind's order", () => {
    const { body } = api.ask('GET', '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas', undefined, TABLE);
    const precedences: number[] = body.rows.map(({ cells }: { cells: unknown[] }) => cells[2]);
    expect(precedences.length).toBeGreaterThan(5);
    expect(precedences).toEqual([...precedences].sort((a, b) => a - b));
    expect(body.rows[0].cells[0]).toBe('exempt');
  });

  it('[API8] Tables', () => {
    const { body } = api.ask('GET', CM, undefined, TABLE);
    expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(body.metadata.resourceVersion).toBe(String(api.registry.store.revision()));
    expect(body.columnDefinitions[0]).toMatchObject({ name: 'Name', type: 'string', format: 'name', priority: 0 });
    expect(body.rows[0].cells[0]).toBe('a');
    expect(body.rows[0].object).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: JSON.parse(stored).metadata,
    });
    expect(api.ask('GET', `${CM}?includeObject=None`, undefined, TABLE).body.rows[0].object).toBe(null);
    expect(api.ask('GET', `${CM}?includeObject=Object`, undefined, TABLE).body.rows[0].object).toEqual(JSON.parse(stored));
    expect(api.ask('GET', `${CM}?includeObject=Foo`, undefined, TABLE).body.message).toBe(
      "Unable to convert to Table as requested: includeObject: Invalid value: \"Foo\": must be 'Metadata', 'Object', 'None', or empty",
    );
    const first = api.ask('GET', `${CM}?limit=1`, undefined, TABLE).body;
    expect(first.metadata).toMatchObject({ remainingItemCount: 1, continue: expect.any(String) });
  });

  it('[API9] metadata alone', () => {
    const { metadata } = JSON.parse(stored);
    expect(api.ask('GET', `${CM}/a`, undefined, PARTIAL).body).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
    });
    const list = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
    expect(api.ask('GET', CM, undefined, list).body.items[0]).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
    });
    expect(api.ask('GET', `${CM}/a`, undefined, list).status).toBe(406);
    expect(api.ask('GET', CM, undefined, PARTIAL).status).toBe(406);
  });

  it('[API9] braces and quotes in metadata do not end it', () => {
    const annotations = { weird: '}"\\', 'a/b': '{{' };
    api.ask('POST', CM, { metadata: { name: 'c', annotations }, data: { z: '}' } });
    expect(api.ask('GET', `${CM}/c`, undefined, PARTIAL).body.metadata.annotations).toEqual(annotations);
  });

  it('serves another version of a kind in its own form', () => {
    const object = {
      metadata: { name: 'e' },
      regarding: {},
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'x/y',
      reportingInstance: 'z',
      action: 'a',
      reason: 'r',
      type: 'Normal',
      note: 'hello',
    };
    expect(api.ask('POST', '/apis/events.k8s.io/v1/namespaces/default/events', object).status).toBe(201);
    expect(api.ask('GET', '/api/v1/namespaces/default/events/e').body).toMatchObject({ apiVersion: 'v1', message: 'hello' });
    expect(api.ask('GET', '/apis/events.k8s.io/v1/namespaces/default/events/e').body).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      note: 'hello',
    });
    const list = api.ask('GET', '/apis/events.k8s.io/v1/namespaces/default/events').body;
    expect(list).toMatchObject({ apiVersion: 'events.k8s.io/v1', kind: 'EventList' });
    expect(list.items[0]).toMatchObject({ note: 'hello' });
    expect(list.items[0]).not.toHaveProperty('kind');
  });
});

describe('options', () => {
  const api = new ApiFixture();

  it.each([
    ['GET', `${CM}?limit=xx`, 400, 'strconv.ParseInt: parsing "xx": invalid syntax'],
    [
      'GET',
      `${CM}?resourceVersionMatch=Exact`,
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
    [
      'GET',
      `${CM}?watch=1&sendInitialEvents=true`,
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    [
      'GET',
      `${CM}?watch=1&fieldSelector=a%3Db`,
      400,
      '"a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
    [
      'GET',
      `${CM}?watch=1&resourceVersion=abc`,
      500,
      'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [
      'DELETE',
      `${CM}/x?propagationPolicy=Foo`,
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Foo": supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
  ])('[API10] %s %s', (method, url, status, message) => {
    expect(api.ask(method, url)).toMatchObject({ status, body: { message } });
  });

  it('[API10] of writes', () => {
    expect(api.ask('POST', `${CM}?fieldValidation=x&dryRun=y&fieldManager=a%0ab`, {}).body.message).toBe(
      'CreateOptions.meta.k8s.io "" is invalid: [fieldManager: Invalid value: "a\\nb": invalid character U+000A (at position 1), ' +
        'dryRun: Unsupported value: ["y"]: supported values: "All", ' +
        'fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"]',
    );
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    expect(api.ask('PATCH', `${CM}/x`, '{}', apply).body.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect(api.ask('PATCH', `${CM}/x?force=true`, '{}', merge).body.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    );
    expect(api.ask('DELETE', `${CM}/x`, { kind: 'Pod', apiVersion: 'v1' }).body.message).toBe(
      'no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    );
    const old = { kind: 'DeleteOptions', apiVersion: 'apps/v1', propagationPolicy: 'Background', orphanDependents: true };
    expect(api.ask('DELETE', `${CM}/x`, old).status).toBe(422);
  });

  it('[API11] large bodies', () => {
    expect(api.ask('POST', CM, 'x'.repeat(REQUEST_BODY_BYTES + 1))).toMatchObject({
      status: 413,
      body: { reason: 'RequestEntityTooLarge' },
    });
  });

  it('[API12] revisions of the future', () => {
    const current = api.registry.store.revision();
    for (const url of [`${CM}?resourceVersion=99999`, '/api/v1/namespaces/default?resourceVersion=99999']) {
      const { status, body, headers } = api.ask('GET', url);
      expect(status).toBe(504);
      expect(headers['retry-after']).toBe('1');
      expect(body).toMatchObject({
        reason: 'Timeout',
        message: `Timeout: Too large resource version: 99999, current: ${current}`,
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
      });
    }
  });

  it('[API13] warnings', () => {
    expect(api.ask('GET', '/api/v1/endpoints').headers.warning).toBe(
      '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
    );
    expect(api.ask('POST', CM, { metadata: { name: 'w' }, foo: 1 }).headers.warning).toBe('299 - "unknown field \\"foo\\""');
    expect(api.ask('GET', CM).headers).not.toHaveProperty('warning');
  });
});

describe('what needs a kubelet', () => {
  const api = new ApiFixture();
  const PODS = '/api/v1/namespaces/default/pods';
  api.ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  const pod = (name: string, nodeName: string | undefined, ...containers: string[]) =>
    api.ask('POST', PODS, {
      metadata: { name },
      spec: { nodeName, containers: containers.map((c) => ({ name: c, image: 'i' })) },
    });
  pod('one', 'n1', 'c');
  pod('two', 'n1', 'c', 'd');
  pod('waiting', undefined, 'c');

  it.each([
    ['GET', 'nope/log', 404, 'pods "nope" not found'],
    ['GET', 'two/log', 400, 'a container name must be specified for pod two, choose one of: [c d]'],
    ['POST', 'one/exec?container=x', 400, 'container x is not valid for pod one'],
    ['POST', 'waiting/exec?command=ls', 400, 'pod waiting does not have a host assigned'],
    ['GET', 'one/log', 404, 'the server could not find the requested resource ( pods/log one)'],
    ['GET', 'one:80/proxy/x/y', 500, 'Internal error occurred: error dialing backend: no kubelet answers on node n1'],
    ['GET', 'a:b:c:d/proxy/', 400, 'invalid pod request "a:b:c:d"'],
  ])('[API14] %s %s', (method, url, status, message) => {
    expect(api.ask(method, `${PODS}/${url}`)).toMatchObject({ status, body: { message } });
  });

  it('[API14] a pod that is nowhere has no logs yet', () => {
    expect(api.ask('GET', `${PODS}/waiting/log`)).toMatchObject({ status: 200, text: '' });
  });
});

describe('kinds that are not stored', () => {
  const api = new ApiFixture();

  it('[API8] component statuses', () => {
    expect(api.ask('GET', '/api/v1/componentstatuses').body.items.map((o: { metadata: object }) => o.metadata)).toEqual([
      { name: 'controller-manager' },
      { name: 'scheduler' },
      { name: 'etcd-0' },
    ]);
    expect(api.ask('GET', '/api/v1/componentstatuses', undefined, TABLE).body.rows[0].cells).toEqual([
      'controller-manager',
      'Healthy',
      'ok',
      '',
    ]);
    expect(api.ask('GET', '/api/v1/componentstatuses/x').body.message).toBe('componentstatus "x" not found');
  });

  it('[API8] a scale has columns of its own', () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { replicas: 3, selector: { matchLabels: { a: 'b' } }, template };
    const url = '/apis/apps/v1/namespaces/default/deployments';
    expect(api.ask('POST', url, { metadata: { name: 'd' }, spec }).status).toBe(201);
    const { body } = api.ask('GET', `${url}/d/scale`, undefined, TABLE);
    expect(body.columnDefinitions.map((c: { name: string }) => c.name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
    expect(body.rows[0].cells).toEqual(['d', 3, 0, '0s']);
    const scale = api.ask('PUT', `${url}/d/scale`, { metadata: { name: 'd' }, spec: { replicas: 5 } }).body;
    expect(scale).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 5 },
      status: { selector: 'a=b' },
    });
  });
});

describe('[API33] an eviction', () => {
  const EVICTION = '/api/v1/namespaces/default/pods/p/eviction';
  const evict = (api: ApiFixture, apiVersion: string) =>
    api.ask('POST', `${EVICTION}?dryRun=All`, { apiVersion, kind: 'Eviction', metadata: { name: 'p' } });
  const withPod = () => {
    const api = new ApiFixture();
    api.ask('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
    const made = api.ask('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name: 'p', labels: { app: 'p' } },
      spec: { containers: [{ name: 'c', image: 'x' }] },
    });
    expect(made.status).toBe(201);
    return api;
  };

  it('is taken in both versions of its group, and in no other', () => {
    const api = withPod();
    expect(evict(api, 'policy/v1beta1')).toMatchObject({ status: 201, body: { kind: 'Status', status: 'Success' } });
    expect(evict(api, 'policy/v1')).toMatchObject({ status: 201, body: { kind: 'Status', status: 'Success' } });
    expect(evict(api, 'policy/v2')).toMatchObject({ status: 400 });
  });

  it('has the code of the Status that it is answered with', () => {
    const api = withPod();
    for (const name of ['a', 'b']) {
      const spec = { selector: { matchLabels: { app: 'p' } }, minAvailable: 0 };
      api.ask('POST', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', { metadata: { name }, spec });
    }
    const running = api.ask('PATCH', '/api/v1/namespaces/default/pods/p/status', { status: { phase: 'Running' } }, MERGE);
    expect(running.status).toBe(200);
    expect(evict(api, 'policy/v1')).toMatchObject({ status: 500, body: { status: 'Failure', code: 500 } });
  });
});
