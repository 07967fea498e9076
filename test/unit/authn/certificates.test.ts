import { constants, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Obj } from '../../../src/lib/json.ts';
import { CertificateAuthority, makeAuthority } from '../../../src/lib/x509/authority.ts';
import { crypt } from '../../../src/worker/platform/host.worker.ts';
import { atOnce, textOf } from '../../fixtures/api.ts';
import { type PssChange, pssRequest, requestFor, type Wanted } from '../../fixtures/certificates.ts';
import { makeCluster, type TestCluster } from '../../host/make-cluster.ts';

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const HOUR = 3_600_000;
let host: TestCluster;
beforeEach(() => {
  host = makeCluster({ nodes: 0 });
});

/** A client certificate by way of a request and its approval; DER in base64. */
function certificateFor(wanted: Wanted, spec: Obj = {}): string {
  const asked = { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], expirationSeconds: 3600, ...spec };
  const body = { metadata: { name: 'r' }, spec: { request: requestFor(wanted).base64, ...asked } };
  const made = host.do('POST', CSRS, body).body;
  const conditions = [{ type: 'Approved', status: 'True' }];
  host.do('PUT', `${CSRS}/r/approval`, { ...made, status: { conditions } });
  const { certificate } = host.do('GET', `${CSRS}/r`).body.status;
  host.do('DELETE', `${CSRS}/r`);
  return new X509Certificate(atob(certificate)).raw.toString('base64');
}

function use(certificate: string | undefined, { token, path = WHOAMI }: { token?: string; path?: string } = {}) {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ...(token && { authorization: `Bearer ${token}` }),
  };
  const body = '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}';
  const answer = atOnce(
    host.cluster.handle({
      method: path === WHOAMI ? 'POST' : 'GET',
      url: path,
      header: (name) => headers[name] ?? null,
      body: path === WHOAMI ? body : '',
      now: host.now,
      ...(certificate !== undefined && { certificate }),
    }),
  );
  const text = 'open' in answer ? '' : textOf(answer);
  return { status: answer.status, user: answer.status === 201 ? JSON.parse(text).status.userInfo : undefined };
}

describe('client certificates', () => {
  it('[AUTHN8] of the cluster say who: CN is the name, O the groups', () => {
    const certificate = certificateFor({ commonName: 'zed', organization: ['devs', 'alpha'] });
    const hash = crypt.sha256(Buffer.from(certificate, 'base64'));
    expect(use(certificate)).toEqual({
      status: 201,
      user: {
        username: 'zed',
        groups: ['devs', 'alpha', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${hash}`] },
      },
    });
  });

  it('[AUTHN8] count from five minutes before they were made until they expire', () => {
    const certificate = certificateFor({ commonName: 'zed' });
    host.now += HOUR;
    expect(use(certificate).status).toBe(201);
    host.now += 1000;
    expect(use(certificate).status).toBe(401);
    host.now -= HOUR + 302_000;
    expect(use(certificate).status).toBe(401);
  });

  it('[AUTHN8] another authority, a serving certificate, a changed one and what is none are 401, on open paths too', () => {
    const other = new CertificateAuthority(makeAuthority(crypt, 'kubernetes', Uint8Array.of(1), host.now), crypt);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const foreign = other.issue({
      serial: Uint8Array.of(2),
      subject: { commonName: 'zed', organization: ['system:masters'], others: {} },
      notBefore: host.now - 1000,
      notAfter: host.now + HOUR,
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
      keyUsage: 1,
      extendedUsages: ['1.3.6.1.5.5.7.3.2'],
    });
    const serving = certificateFor(
      { commonName: 'system:node:n', organization: ['system:nodes'], dns: ['n'] },
      { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] },
    );
    const good = certificateFor({ commonName: 'zed' });
    const changed = Buffer.from(good, 'base64');
    changed[changed.indexOf('zed')] ^= 1;
    for (const bad of [new X509Certificate(foreign).raw.toString('base64'), serving, changed.toString('base64'), '-', 'AAAA']) {
      expect(use(bad).status).toBe(401);
      expect(use(bad, { path: '/version' }).status).toBe(401);
    }
    expect(use(undefined, { path: '/version' }).status).toBe(200);
  });

  it('[AUTHN8] a good one goes before a token, a bad one does not stand in its way, one without a name is nobody', () => {
    const { token } = host;
    expect(use(certificateFor({ commonName: 'zed' }), { token }).user.username).toBe('zed');
    expect(use('-', { token }).user.username).toBe('kubernetes-admin');
    const nameless = certificateFor({ organization: ['devs'] });
    expect(use(nameless).status).toBe(401);
    expect(use(nameless, { path: '/version' }).status).toBe(200);
  });

  it('[AUTHN8] are of their own cluster alone, and outlive a crash', () => {
    const certificate = certificateFor({ commonName: 'zed' });
    host.crash();
    expect(use(certificate).status).toBe(201);
    host = makeCluster({ seed: 2, nodes: 0 });
    expect(use(certificate).status).toBe(401);
  });
});

describe('certificate requests', () => {
  const refusal = (spec: Obj) => {
    const all = { signerName: 'example.com/x', usages: ['client auth'], ...spec };
    return host.do('POST', CSRS, { metadata: { name: 'r' }, spec: all }).body.details?.causes?.[0]?.message.replace(/^.*": /, '');
  };

  it('[CTL216] must be one, whole and signed by their own key', () => {
    const { pem } = requestFor({ commonName: 'zed' });
    const der = (change: (bytes: Buffer) => Buffer) => {
      const bytes = change(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
      return btoa(`-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`);
    };
    const flipped = (bytes: Buffer) => {
      bytes[bytes.length - 3] ^= 1;
      return bytes;
    };
    expect(refusal({ request: der(flipped) })).toBe('x509: ECDSA verification failure');
    expect(refusal({ request: der((bytes) => bytes.subarray(0, 90)) })).toBe('asn1: syntax error: data truncated');
    expect(refusal({ request: der((bytes) => Buffer.concat([bytes, Buffer.from('x')])) })).toBe(
      'asn1: syntax error: trailing data',
    );
    expect(refusal({ request: btoa(pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')) })).toBe(
      'PEM block type must be CERTIFICATE REQUEST',
    );
    expect(refusal({ request: btoa(pem) })).toBeUndefined();
  });

  it.each([
    ['sha256', 1024],
    ['sha384', 2049],
    ['sha512', 2048],
  ])('[CTL351] may be signed by RSASSA-PSS with %s and a key of %i bits, and by nothing near it', (digest, bits) => {
    const asked = (change: PssChange = {}) => refusal({ request: pssRequest(digest, bits, change).base64 });
    expect(asked()).toBeUndefined();
    expect(asked({ flip: true })).toBe('crypto/rsa: verification error');
    expect(asked({ padding: constants.RSA_PKCS1_PADDING })).toBe('crypto/rsa: verification error');
    expect(asked({ salt: 8 })).toBe('crypto/rsa: verification error');
    expect(asked({ saidSalt: 8 })).toBe('x509: cannot verify signature: algorithm unimplemented');
    expect(asked({ bare: true, trailer: true })).toBeUndefined();
  });

  it('[CTL216] a certificate in the status is PEM of certificates', () => {
    const made = host.do('POST', CSRS, {
      metadata: { name: 'r' },
      spec: { request: requestFor({ commonName: 'x' }).base64, signerName: 'example.com/x', usages: ['client auth'] },
    }).body;
    const set = (certificate: string) =>
      host.do('PUT', `${CSRS}/r/status`, { ...made, status: { certificate: btoa(certificate) } }).body.details?.causes?.[0]
        ?.message;
    expect(set('x')).toBe('Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block');
    expect(set(requestFor({}).pem)).toMatch(/only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"/);
  });
});

describe('whoever approves and signs', () => {
  const as = { 'impersonate-user': 'ann' };
  const RBAC = '/apis/rbac.authorization.k8s.io/v1';
  const SIGNER = 'kubernetes.io/kube-apiserver-client';
  const may = (rules: Obj[]) => {
    host.do('POST', `${RBAC}/clusterroles`, { metadata: { name: 'r' }, rules });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }];
    host.do('POST', `${RBAC}/clusterrolebindings`, { metadata: { name: 'b' }, roleRef, subjects });
  };
  const CERTIFICATES = { apiGroups: ['certificates.k8s.io'] };
  const UPDATES = ['certificatesigningrequests/approval', 'certificatesigningrequests/status'];
  const signers = (verb: string, name: string) => ({
    ...CERTIFICATES,
    resources: ['signers'],
    verbs: [verb],
    resourceNames: [name],
  });
  const ask = (organization: string[] = []) =>
    host.do('POST', CSRS, {
      metadata: { name: 'r' },
      spec: { request: requestFor({ commonName: 'zed', organization }).base64, signerName: SIGNER, usages: ['client auth'] },
    });
  const change = (subresource: string, status: Obj) => {
    const { body } = host.do('GET', `${CSRS}/r`);
    return host.do('PUT', `${CSRS}/r/${subresource}`, { ...body, status: { ...body.status, ...status } }, as);
  };
  const approve = () => change('approval', { conditions: [{ type: 'Approved', status: 'True' }] });
  const refused = (verb: string) =>
    `certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to ${verb} requests with signerName "${SIGNER}"`;

  it('[CTL217] may do so for that signer, or for its domain, beside updating requests', () => {
    const updates = { ...CERTIFICATES, resources: UPDATES, verbs: ['update'] };
    may([updates, signers('approve', 'example.com/*'), signers('sign', SIGNER)]);
    ask();
    expect(approve().body.message).toBe(refused('approve'));
    host.do('PUT', `${RBAC}/clusterroles/r`, {
      metadata: { name: 'r' },
      rules: [updates, signers('approve', 'kubernetes.io/*')],
    });
    const failed = { conditions: [{ type: 'Failed', status: 'True' }] };
    expect(change('status', failed).body.message).toBe(refused('sign'));
    expect(change('status', {}).status).toBe(200);
    expect(approve().status).toBe(200);
  });

  it('[CTL217] nobody requests a client certificate of masters', () => {
    const { status, body } = ask(['devs', 'system:masters']);
    expect([status, body.message]).toEqual([
      403,
      `certificatesigningrequests.certificates.k8s.io "r" is forbidden: use of ${SIGNER} signer with system:masters group is not allowed`,
    ]);
  });
});
