import { describe, expect, it } from 'vitest';
import { bootstrapSigner } from '../../../src/controllers/bootstrap-signer/reconcile.ts';
import { legacyTokenCleaner } from '../../../src/controllers/legacy-token-cleaner/reconcile.ts';
import { serviceAccountTokens } from '../../../src/controllers/serviceaccount-token/reconcile.ts';
import { tokenCleaner } from '../../../src/controllers/token-cleaner/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { crypt } from '../../../src/worker/platform/host.worker.ts';
import { active, pod } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const DAY = 86_400_000;
const ACCOUNT = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';
const tokens = { issueForSecret: (account: Obj, secret: Obj) => `${account.metadata.name} ${secret.metadata.name}` };
const decoded = (data: Obj = {}) => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, atob(value)]));

function accounts(...names: string[]): ControllerBench {
  const bench = new ControllerBench([...serviceAccountTokens({ tokens, caPem: 'CA' }), legacyTokenCleaner]);
  for (const namespace of ['default', 'kube-system']) bench.add(active(namespace));
  for (const name of names) bench.add({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
  return bench;
}

function token(bench: ControllerBench, name: string, account: string, more: Obj = {}): void {
  const annotations = { [ACCOUNT]: account, ...more };
  bench.add({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/service-account-token', metadata: { name, annotations } });
}

describe('token Secrets', () => {
  it('[CTL220] get token, CA and namespace, and the uid of their account; what is taken out comes back', () => {
    const bench = accounts('robot');
    token(bench, 't', 'robot');
    bench.settle();
    const secret = bench.get('secrets', 'default', 't');
    expect(decoded(secret?.data)).toEqual({ 'ca.crt': 'CA', namespace: 'default', token: 'robot t' });
    expect(secret?.metadata.annotations?.[UID]).toBe(bench.get('serviceaccounts', 'default', 'robot')?.metadata.uid);
    bench.edit('secrets', 't', (object) => Object.assign(object, { data: { token: btoa('kept'), 'ca.crt': btoa('old') } }));
    bench.settle();
    expect(decoded(bench.get('secrets', 'default', 't')?.data)).toEqual({ 'ca.crt': 'CA', namespace: 'default', token: 'kept' });
  });

  it('[CTL221] go without their account, or when it is another of that name', () => {
    const bench = accounts('robot');
    token(bench, 'lost', 'nobody');
    token(bench, 'other', 'robot', { [UID]: 'another' });
    token(bench, 't', 'robot');
    bench.settle();
    expect(bench.list('secrets').map(({ metadata }) => metadata.name)).toEqual(['t']);
    bench.remove('serviceaccounts', 'robot');
    bench.settle();
    expect(bench.list('secrets')).toEqual([]);
  });

  it('[CTL221] that are deleted leave the list of their account', () => {
    const bench = accounts('robot');
    token(bench, 't', 'robot');
    bench.edit('serviceaccounts', 'robot', (object) => Object.assign(object, { secrets: [{ name: 't' }, { name: 'made-up' }] }));
    bench.settle();
    bench.remove('secrets', 't');
    bench.settle();
    expect(bench.get('serviceaccounts', 'default', 'robot')?.secrets).toEqual([{ name: 'made-up' }]);
  });

  it('[CTL222] listed ones that nobody uses are marked after a year, and deleted a year later', () => {
    const bench = accounts('robot');
    const map = { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' };
    bench.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: map, data: { since: '2026-01-01' } });
    for (const name of ['listed', 'free', 'used', 'mounted']) token(bench, name, 'robot');
    const secrets = ['listed', 'used', 'mounted'].map((name) => ({ name }));
    bench.edit('serviceaccounts', 'robot', (object) => Object.assign(object, { secrets }));
    bench.edit('secrets', 'used', ({ metadata }) =>
      Object.assign(metadata, { labels: { 'kubernetes.io/legacy-token-last-used': '2026-06-01' } }),
    );
    const volumes = [{ name: 'v', secret: { secretName: 'mounted' } }];
    const user = pod('user', {});
    bench.add({ ...user, spec: { ...user.spec, volumes } });
    const marks = () =>
      bench
        .list('secrets')
        .map(({ metadata }) => `${metadata.name} ${metadata.labels?.['kubernetes.io/legacy-token-invalid-since']}`);
    bench.advance(366 * DAY - 1);
    expect(marks()).toEqual(['free undefined', 'listed undefined', 'mounted undefined', 'used undefined']);
    bench.advance(1);
    expect(marks()).toEqual(['free undefined', 'listed 2027-01-02', 'mounted undefined', 'used undefined']);
    bench.remove('pods', 'user', { grace: 0 });
    bench.advance(DAY);
    expect(marks()).toContain('mounted 2027-01-03');
    bench.advance(365 * DAY);
    expect(marks()).toEqual(['free undefined', 'mounted 2027-01-03', 'used 2027-06-02']);
  });
});

describe('bootstrap tokens', () => {
  const make = () => {
    const bench = new ControllerBench([tokenCleaner, bootstrapSigner(crypt.hmac)]);
    for (const namespace of ['kube-system', 'kube-public']) bench.add(active(namespace));
    const metadata = { name: 'cluster-info', namespace: 'kube-public' };
    bench.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { kubeconfig: 'some: text\n' } });
    return bench;
  };
  const add = (bench: ControllerBench, id: string, more: Obj = {}) =>
    bench.add({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'bootstrap.kubernetes.io/token',
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      stringData: { 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...more },
    });
  const info = (bench: ControllerBench) => bench.get('configmaps', 'kube-public', 'cluster-info')?.data;

  it('[CTL230] expire to the second', () => {
    const bench = make();
    add(bench, 'abcdef', { expiration: '2026-01-01T00:00:10Z' });
    add(bench, 'ghijkl', { expiration: 'soon' });
    add(bench, 'mnopqr');
    bench.settle();
    const names = () => bench.list('secrets').map(({ metadata }) => metadata.name.slice(-6));
    expect(names()).toEqual(['abcdef', 'mnopqr']);
    bench.advance(9999);
    expect(names()).toEqual(['abcdef', 'mnopqr']);
    bench.advance(1);
    expect(names()).toEqual(['mnopqr']);
  });

  it('[CTL231] sign cluster-info, as long as they are there and may', () => {
    const bench = make();
    add(bench, 'abcdef');
    add(bench, 'ghijkl', { 'usage-bootstrap-signing': 'false' });
    add(bench, 'mnopqr', { 'token-id': 'stuvwx' });
    bench.settle();
    // What a 1.36.3 server writes for this token and this text.
    const signature = 'eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..NSXpv0yUipR4CUKDYrz9-WJcbXEDpdclWE5XtKGXSZo';
    expect(info(bench)).toEqual({ kubeconfig: 'some: text\n', 'jws-kubeconfig-abcdef': signature });
    bench.remove('secrets', 'bootstrap-token-abcdef', { namespace: 'kube-system' });
    bench.settle();
    expect(info(bench)).toEqual({ kubeconfig: 'some: text\n' });
  });
});
