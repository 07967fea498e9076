import { X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { BasicConstraints, Certificate, id_ce_basicConstraints } from '@peculiar/asn1-x509';
import { describe, expect, it } from 'vitest';
import { clusterAuthenticationTrust } from '../../../src/controllers/cluster-authentication-trust/reconcile.ts';
import { csrApproving, type MayRequest } from '../../../src/controllers/csr-approving/reconcile.ts';
import { csrCleaner } from '../../../src/controllers/csr-cleaner/reconcile.ts';
import { csrSigning } from '../../../src/controllers/csr-signing/reconcile.ts';
import type { Obj } from '../../../src/lib/json.ts';
import { CertificateAuthority } from '../../../src/lib/x509/authority.ts';
import { crypt } from '../../../src/worker/platform/host.worker.ts';
import { AUTHORITY, requestFor, type Wanted } from '../../fixtures/certificates.ts';
import { active } from '../../fixtures/workloads.ts';
import { ControllerBench } from '../../host/controller-bench.ts';

const CSRS = 'certificates.k8s.io/certificatesigningrequests';
const HOUR = 3_600_000;
const authority = new CertificateAuthority(AUTHORITY, crypt);

const bench = (mayRequest: MayRequest = () => false) =>
  new ControllerBench([csrApproving(mayRequest), csrSigning({ authority: () => authority, crypto: crypt }), csrCleaner]);

function ask(on: ControllerBench, name: string, wanted: Wanted, spec: Obj): void {
  on.add({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { request: requestFor(wanted).base64, ...spec },
  });
}

const CLIENT = { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['digital signature', 'client auth'] };
const KUBELET = { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] };
const SERVING = { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] };
const NODE = { commonName: 'system:node:n', organization: ['system:nodes'] };

/** What became of an approved request: the certificate, or the message of its failure. */
function approved(wanted: Wanted, spec: Obj): X509Certificate | string | undefined {
  const on = bench();
  ask(on, 'r', wanted, spec);
  on.decide('r');
  on.settle();
  const { status } = on.get(CSRS, '', 'r') as Obj;
  if (status.certificate) return new X509Certificate(atob(status.certificate));
  const failed = status.conditions.find((c: Obj) => c.type === 'Failed');
  return failed && `${failed.status} ${failed.reason}: ${failed.message}`;
}

/** What the certificate says; `ca` of node:crypto also asks for the key usage. */
function isAuthority({ raw }: X509Certificate): boolean | undefined {
  const { extensions } = AsnConvert.parse(raw, Certificate).tbsCertificate;
  const found = extensions?.find(({ extnID }) => extnID === id_ce_basicConstraints);
  return found && AsnConvert.parse(found.extnValue.buffer, BasicConstraints).cA;
}

describe('signing', () => {
  it('[CTL210] gives an approved request a certificate of the authority with its subject, names and key', () => {
    const wanted = { commonName: 'zed', organization: ['devs', 'alpha'], dns: ['a.b'], ips: ['10.0.0.1'], emails: ['x@y.z'] };
    const made = approved(wanted, CLIENT) as X509Certificate;
    expect(made.checkIssued(new X509Certificate(AUTHORITY.certificate))).toBe(true);
    expect(made.verify(new X509Certificate(AUTHORITY.certificate).publicKey)).toBe(true);
    // One set for all organizations, in the order of their encodings.
    expect(made.subject).toBe('O=devs + O=alpha\nCN=zed');
    expect(made.subjectAltName).toBe('DNS:a.b, email:x@y.z, IP Address:10.0.0.1');
    expect(made.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(isAuthority(made)).toBe(false);
    expect(made.serialNumber.length).toBeGreaterThan(24);
  });

  it.each([
    ['a year by default, less the backdating', undefined, '2025-12-31T23:55:00Z', '2026-12-31T23:55:00Z'],
    ['shorter where it is asked for', 86_400, '2025-12-31T23:55:00Z', '2026-01-01T23:55:00Z'],
    ['whole below eight hours', 3600, '2025-12-31T23:55:00Z', '2026-01-01T01:00:00Z'],
    ['no longer than a year', 10 * 365 * 86_400, '2025-12-31T23:55:00Z', '2026-12-31T23:55:00Z'],
  ])('[CTL211] its life is %s', (_, expirationSeconds, from, to) => {
    const made = approved(
      { commonName: 'zed' },
      { ...CLIENT, ...(expirationSeconds && { expirationSeconds }) },
    ) as X509Certificate;
    const times = [made.validFrom, made.validTo].map((text) => new Date(text).toISOString().replace('.000', ''));
    expect(times).toEqual([from, to]);
  });

  it.each([
    [
      { commonName: 'x' },
      { ...CLIENT, usages: ['server auth', 'client auth'] },
      'invalid usage for client certificate: server auth',
    ],
    [
      { commonName: 'x' },
      { ...CLIENT, usages: ['digital signature'] },
      'missing required usage for client certificate: client auth',
    ],
    [{ commonName: 'system:node:n' }, KUBELET, 'subject organization is not system:nodes'],
    [{ ...NODE, commonName: 'n' }, KUBELET, 'subject common name does not begin with system:node:'],
    [{ ...NODE, dns: ['n'] }, KUBELET, 'DNS subjectAltNames are not allowed'],
    [{ ...NODE, ips: ['10.0.0.1'] }, KUBELET, 'IP subjectAltNames are not allowed'],
    [NODE, { ...KUBELET, usages: ['client auth'] }, 'usages did not match [client auth digital signature key encipherment]'],
    [NODE, SERVING, 'DNS or IP subjectAltName is required'],
    [{ ...NODE, dns: ['n'], uris: ['a://b'] }, SERVING, 'URI subjectAltNames are not allowed'],
  ])('[CTL212] a request that its signer may not sign fails: %j', (wanted, spec, message) => {
    expect(approved(wanted, spec)).toBe(`True SignerValidationFailure: ${message}`);
  });

  it('[CTL212] kubelets get both of theirs, others of other signers nothing', () => {
    expect(approved(NODE, KUBELET)).toBeInstanceOf(X509Certificate);
    expect(approved({ ...NODE, dns: ['n'] }, SERVING)).toBeInstanceOf(X509Certificate);
    expect(approved({ commonName: 'x' }, { ...CLIENT, signerName: 'example.com/signer' })).toBeUndefined();
  });

  it('[CTL210] neither a pending request nor a denied one is signed', () => {
    const on = bench();
    ask(on, 'pending', { commonName: 'x' }, CLIENT);
    ask(on, 'denied', { commonName: 'x' }, CLIENT);
    on.decide('denied', 'Denied');
    on.settle();
    expect(on.list(CSRS).map((csr) => csr.status?.certificate)).toEqual([undefined, undefined]);
  });
});

describe('approving', () => {
  it('[CTL213] approves a kubelet that may request for itself, or for any node, and nobody else', () => {
    const asked: string[] = [];
    let allowed = 'nodeclient';
    const on = bench((user, subresource) => {
      asked.push(`${user.username} ${subresource}`);
      return subresource === allowed;
    });
    ask(on, 'node', NODE, KUBELET);
    ask(on, 'person', { commonName: 'zed' }, CLIENT);
    on.settle();
    const { status } = on.get(CSRS, '', 'node') as Obj;
    expect(status.conditions).toMatchObject([
      {
        type: 'Approved',
        status: 'True',
        reason: 'AutoApproved',
        message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
        lastUpdateTime: '2026-01-01T00:00:00Z',
      },
    ]);
    expect(status.certificate).toBeDefined();
    expect(on.get(CSRS, '', 'person')?.status?.conditions).toBeUndefined();
    expect(asked).toEqual(['admin nodeclient']);
    allowed = 'selfnodeclient';
    ask(on, 'self', { ...NODE, commonName: 'admin' }, KUBELET);
    on.settle();
    expect(on.get(CSRS, '', 'self')?.status?.conditions).toBeUndefined();
  });

  it('[CTL213] one that was not allowed is approved when it is', () => {
    let allowed = false;
    const on = bench(() => allowed);
    ask(on, 'node', NODE, KUBELET);
    on.settle();
    expect(on.get(CSRS, '', 'node')?.status?.conditions).toBeUndefined();
    allowed = true;
    const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'x' };
    on.add({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'b' }, roleRef: role });
    on.settle();
    expect(on.get(CSRS, '', 'node')?.status?.certificate).toBeDefined();
  });
});

describe('cleaning', () => {
  it.each([
    ['issued, after an hour', 1, (on: ControllerBench) => on.decide('r')],
    ['denied, after an hour', 1, (on: ControllerBench) => on.decide('r', 'Denied')],
    ['pending, after a day', 24, () => {}],
  ])('[CTL214] requests that are over go: %s', (_, hours, decide) => {
    const on = bench();
    ask(on, 'r', { commonName: 'zed' }, CLIENT);
    decide(on);
    on.advance(hours * HOUR);
    expect(on.get(CSRS, '', 'r')).toBeDefined();
    on.advance(1);
    expect(on.get(CSRS, '', 'r')).toBeUndefined();
  });

  it('[CTL214] approved without a certificate after a day, failed after an hour, issued when the certificate expires', () => {
    const on = bench();
    ask(on, 'unissued', { commonName: 'x' }, { ...CLIENT, signerName: 'example.com/s' });
    ask(on, 'failed', { commonName: 'x' }, { ...CLIENT, usages: ['signing'] });
    ask(on, 'expires', { commonName: 'x' }, { ...CLIENT, expirationSeconds: 600 });
    for (const name of ['unissued', 'failed', 'expires']) on.decide(name);
    const left = () => on.list(CSRS).map(({ metadata }) => metadata.name);
    on.advance(600_001);
    expect(left()).toEqual(['failed', 'unissued']);
    on.advance(HOUR);
    expect(left()).toEqual(['unissued']);
    on.advance(23 * HOUR);
    expect(left()).toEqual([]);
  });
});

it("[CTL215] extension servers are told of the cluster's own authority", () => {
  const on = new ControllerBench([clusterAuthenticationTrust(() => authority)]);
  const name = 'extension-apiserver-authentication';
  on.add(active('kube-system'));
  on.add({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data: { 'client-ca-file': pemOf() },
  });
  on.edit('configmaps', name, (map) => Object.assign(map.data, { 'client-ca-file': 'forged', more: 'x' }), 'kube-system');
  on.settle();
  expect(on.get('configmaps', 'kube-system', name)?.data).toEqual({ 'client-ca-file': pemOf(), more: 'x' });
  on.remove('configmaps', name, { namespace: 'kube-system' });
  on.settle();
  expect(on.get('configmaps', 'kube-system', name)?.data).toEqual({ 'client-ca-file': pemOf() });
});

const pemOf = () => AUTHORITY.certificate;
