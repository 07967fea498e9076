import { beforeEach, describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { type TestCluster, makeCluster } from '../../host/make-cluster.ts';

const NAMESPACE = '/api/v1/namespaces/default';
let host: TestCluster;
beforeEach(() => {
  host = makeCluster();
});

const pod = (spec: Obj = {}, container: Obj = {}): Obj => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'i', ...container }], ...spec },
});
const create = (resource: string, body: Obj) => host.request('POST', `${NAMESPACE}/${resource}`, body);
const limited = (name: string, spec: Obj, kind: string): Obj => ({ apiVersion: 'v1', kind, metadata: { name }, spec });

describe('ServiceAccount', () => {
  it('mounts the token of the account', () => {
    const { spec } = create('pods', pod()).body;
    expect(spec.serviceAccountName).toBe('default');
    const [volume] = spec.volumes;
    expect(volume.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume.projected.sources.map((source: Obj) => Object.keys(source)[0])).toEqual([
      'serviceAccountToken',
      'configMap',
      'downwardAPI',
    ]);
    expect(spec.containers[0].volumeMounts).toEqual([
      { name: volume.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
  });

  it('leaves pods alone that want no token', () => {
    expect(create('pods', pod({ automountServiceAccountToken: false })).body.spec.volumes).toBeUndefined();
  });

  it('refuses a name that no account can have', () => {
    expect(create('pods', pod({ serviceAccountName: 'a/b' })).body.message).toBe(
      `pods "p" is forbidden: error looking up service account default/a/b: invalid resource name "a/b": [may not contain '/']`,
    );
  });

  it('refuses overhead without a class, also an empty one', () => {
    for (const overhead of [{ cpu: '1' }, {}]) {
      expect(create('pods', pod({ overhead })).body.message).toMatch(
        /pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead$/,
      );
    }
  });

  it('refuses an account that is not there', () => {
    const answer = create('pods', pod({ serviceAccountName: 'x' }));
    expect(answer.status).toBe(403);
    expect(answer.body.message).toBe(
      'pods "p" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    );
  });
});

describe('DefaultTolerationSeconds', () => {
  it('gives five minutes to nodes that are not ready or not reachable', () => {
    const tolerations: Obj[] = create('pods', pod()).body.spec.tolerations;
    expect(tolerations.map((t) => [t.key, t.effect, t.tolerationSeconds])).toEqual([
      ['node.kubernetes.io/not-ready', 'NoExecute', 300],
      ['node.kubernetes.io/unreachable', 'NoExecute', 300],
    ]);
  });
});

describe('Priority', () => {
  it('resolves the class', () => {
    const { spec } = create('pods', pod({ priorityClassName: 'system-node-critical' })).body;
    expect([spec.priority, spec.preemptionPolicy]).toEqual([2000001000, 'PreemptLowerPriority']);
  });

  it('refuses a class that is not there', () => {
    expect(create('pods', pod({ priorityClassName: 'x' })).body.message).toBe(
      'pods "p" is forbidden: no PriorityClass with name x was found',
    );
  });
});

describe('LimitRanger', () => {
  const range = (limit: Obj) => create('limitranges', limited('l', { limits: [{ type: 'Container', ...limit }] }, 'LimitRange'));

  it('gives defaults and says so', () => {
    range({ default: { cpu: '1' }, defaultRequest: { cpu: '100m' } });
    const { metadata, spec } = create('pods', pod()).body;
    expect(spec.containers[0].resources).toEqual({ limits: { cpu: '1' }, requests: { cpu: '100m' } });
    expect(metadata.annotations['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
    );
  });

  it('refuses what is out of bounds', () => {
    range({ max: { cpu: '1' } });
    const answer = create('pods', pod({}, { resources: { limits: { cpu: '2' } } }));
    expect(answer.status).toBe(403);
    expect(answer.body.message).toBe('pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2');
  });
});

describe('ResourceQuota', () => {
  const quota = (hard: Obj) => {
    create('resourcequotas', limited('q', { hard }, 'ResourceQuota'));
    host.settle();
    const live = host.request('GET', `${NAMESPACE}/resourcequotas/q`).body;
    if (live.status?.hard) return;
    const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
    host.request('PUT', `${NAMESPACE}/resourcequotas/q/status`, { ...live, status: { hard, used } });
  };

  it('counts and refuses', () => {
    quota({ pods: '1' });
    expect(create('pods', pod()).status).toBe(201);
    expect(host.request('GET', `${NAMESPACE}/resourcequotas/q`).body.status.used).toEqual({ pods: '1' });
    const second = create('pods', { ...pod(), metadata: { name: 'p2' } });
    expect(second.status).toBe(403);
    expect(second.body.message).toBe(
      'pods "p2" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    );
  });

  it('wants requests to be named', () => {
    quota({ 'requests.cpu': '1' });
    expect(create('pods', pod()).body.message).toBe('pods "p" is forbidden: failed quota: q: must specify requests.cpu for: c');
  });
});

describe('PodSecurity', () => {
  const enforce = (level: string) =>
    host.do('PATCH', NAMESPACE, JSON.stringify({ metadata: { labels: { 'pod-security.kubernetes.io/enforce': level } } }), {
      'content-type': 'application/merge-patch+json',
    });

  it('refuses what the level of the namespace forbids', () => {
    enforce('baseline');
    expect(create('pods', pod({ hostNetwork: true })).body.message).toBe(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    );
    expect(create('pods', pod()).status).toBe(201);
  });

  it('lists every violation', () => {
    enforce('restricted');
    expect(create('pods', pod()).body.message).toBe(
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": ' +
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });
});

describe('NamespaceLifecycle', () => {
  it('keeps three namespaces', () => {
    expect(host.request('DELETE', NAMESPACE).body.message).toBe(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });

  it('wants the namespace', () => {
    const answer = host.request('POST', '/api/v1/namespaces/x/configmaps', { metadata: { name: 'c' } });
    expect([answer.status, answer.body.message]).toEqual([404, 'namespaces "x" not found']);
  });
});

describe('NotEnforced', () => {
  const hook = {
    name: 'a.example.com',
    clientConfig: { url: 'https://x.example' },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };
  const ROOT = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  const config = (name: string) => ({ metadata: { name }, webhooks: [hook] });

  it('says that what is accepted does nothing, to whoever writes it', () => {
    const made = host.request('POST', ROOT, config('h'));
    expect([made.status, made.headers.warning]).toEqual([
      201,
      '299 - "this ValidatingWebhookConfiguration is stored but not enforced yet: no webhook is called"',
    ]);
    const again = host.request('PUT', `${ROOT}/h`, { ...made.body, webhooks: [{ ...hook, name: 'b.example.com' }] });
    expect(again.headers.warning).toContain('not enforced yet');
    expect(host.request('DELETE', `${ROOT}/h`).headers.warning).toBeUndefined();
  });

  it('says it of what asks for something that is missing only', () => {
    const made = (spec: Obj) =>
      host.request('POST', '/apis/apiregistration.k8s.io/v1/apiservices', { metadata: { name: 'v1.x.example' }, spec });
    const spec = { group: 'x.example', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100 };
    const { status, headers } = made({ ...spec, service: { name: 's', namespace: 'default' }, insecureSkipTLSVerify: true });
    expect([status, headers.warning]).toEqual([
      201,
      '299 - "this APIService is stored but not served yet: no request reaches its service"',
    ]);
  });
});
