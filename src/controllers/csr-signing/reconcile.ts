import {
  clientUsagesProblem,
  conditionsOf,
  hasCondition,
  KUBE_APISERVER_CLIENT,
  KUBE_APISERVER_CLIENT_KUBELET,
  KUBELET_SERVING,
  kubeletClientProblem,
  kubeletServingProblem,
  LEGACY_UNKNOWN,
  requestOf,
} from '../../api/certificates/signers.ts';
import { rfc3339 } from '../../api/machinery/time.ts';
import type { Crypto } from '../../lib/crypto-port.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import { ownProperty } from '../../lib/own-property.ts';
import type { CertificateAuthority } from '../../lib/x509/authority.ts';
import type { CertificateRequest } from '../../lib/x509/request.ts';
import { serialOf } from '../../lib/x509/serial.ts';
import { signatureProblem } from '../../lib/x509/signature.ts';
import { byObject, type Controller, type Plan, type ReconcileCx } from '../../reconcile/plan.ts';
import { usagesOf, validityOf } from './policy.ts';

const CSRS = 'certificates.k8s.io/certificatesigningrequests';

export interface SigningPorts {
  /** Undefined while the cluster has none. */
  authority(): CertificateAuthority | undefined;
  crypto: Pick<Crypto, 'verifyBytes'>;
}

/** Why a signer does not sign a request; undefined: it does. */
type Check = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

const SIGNERS: Record<string, Check> = {
  [KUBE_APISERVER_CLIENT]: (_, usages) => clientUsagesProblem(usages),
  [KUBE_APISERVER_CLIENT_KUBELET]: kubeletClientProblem,
  [KUBELET_SERVING]: kubeletServingProblem,
  // Signs anything, as it did before there were signers.
  [LEGACY_UNKNOWN]: () => undefined,
};

/** Whether somebody approved the request, and nothing speaks against it. */
const isApproved = (csr: KubeObject): boolean =>
  hasCondition(csr, 'Approved') &&
  !hasCondition(csr, 'Denied') &&
  !conditionsOf(csr).some(({ type, status }) => type === 'Failed' && (!status || status === 'True'));

/** Signs approved requests of the four signers with the cluster's own authority (pkg/controller/certificates/signer). */
export const csrSigning = (ports: SigningPorts): Controller => ({
  name: 'csrsigning',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:certificate-controller',
  watches: [byObject(CSRS)],
  reconcile: ({ name }, view, cx) => {
    const csr = view.get(CSRS, '', name);
    return csr && !csr.status?.certificate && isApproved(csr) ? sign(csr, ports, cx) : { actions: [] };
  },
});

function sign(csr: KubeObject, ports: SigningPorts, cx: ReconcileCx): Plan {
  const check = ownProperty(SIGNERS, csr.spec.signerName);
  const request = check && requestOf(csr);
  if (!request) return { actions: [] };
  const problem = check(request, csr.spec.usages ?? []);
  if (problem !== undefined) return failed(csr, problem, cx.now);
  const certificate = certificateFor(csr, request, ports, cx);
  return certificate === undefined ? { actions: [] } : written(csr, { certificate: btoa(certificate) });
}

function failed(csr: KubeObject, message: string, now: number): Plan {
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: rfc3339(now),
  };
  return written(csr, { conditions: [...conditionsOf(csr), condition] });
}

const written = (csr: KubeObject, status: Obj): Plan => ({
  actions: [{ verb: 'update', resource: CSRS, subresource: 'status', object: { ...csr, status: { ...csr.status, ...status } } }],
});

/** PEM of the certificate; undefined: it cannot be made. */
function certificateFor(
  { spec }: KubeObject,
  request: CertificateRequest,
  { authority, crypto }: SigningPorts,
  { now, random }: ReconcileCx,
): string | undefined {
  const by = authority();
  const usages = usagesOf(spec.usages ?? []);
  const validity = by && validityOf(spec.expirationSeconds, now, by.notAfter);
  if (!usages || !validity || signatureProblem(request, request.publicKey, crypto) !== undefined) return undefined;
  const { subject, names, publicKey } = request;
  return by.issue({ serial: serialOf(random), subject, names, publicKey, ...usages, ...validity });
}
