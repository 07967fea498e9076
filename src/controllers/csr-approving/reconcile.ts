import {
  conditionsOf,
  hasCondition,
  KUBE_APISERVER_CLIENT_KUBELET,
  kubeletClientProblem,
  requestOf,
} from '../../api/certificates/signers.ts';
import type { UserInfo } from '../../api/machinery/user.ts';
import type { KubeObject } from '../../lib/json.ts';
import type { CertificateRequest } from '../../lib/x509/request.ts';
import { byObject, type Controller, type Mapping, type Plan } from '../../reconcile/plan.ts';

const CSRS = 'certificates.k8s.io/certificatesigningrequests';

/** Whether a user may create a subresource of certificatesigningrequests (a SubjectAccessReview). */
export type MayRequest = (user: UserInfo, subresource: string) => boolean;

interface Recognizer {
  recognizes(csr: KubeObject, request: CertificateRequest): boolean;
  subresource: string;
  message: string;
}

const isKubelets = ({ spec }: KubeObject, request: CertificateRequest): boolean =>
  spec.signerName === KUBE_APISERVER_CLIENT_KUBELET && kubeletClientProblem(request, spec.usages ?? []) === undefined;

const RECOGNIZERS: readonly Recognizer[] = [
  {
    recognizes: (csr, request) => csr.spec.username === request.subject.commonName && isKubelets(csr, request),
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
  },
  {
    recognizes: isKubelets,
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
  },
];

const isOpen = (csr: KubeObject): boolean =>
  !csr.status?.certificate && !hasCondition(csr, 'Approved') && !hasCondition(csr, 'Denied');

/** Requests that were not allowed wait for permissions; upstream tries them again and again. */
const byPermission = (resource: string): Mapping => ({
  resource,
  keys: (_, view) =>
    view
      .list(CSRS)
      .filter((csr) => csr.spec?.signerName === KUBE_APISERVER_CLIENT_KUBELET && isOpen(csr))
      .map(({ metadata: { name } }) => ({ namespace: '', name })),
});

/** Approves client certificates of kubelets whose requester may have them (pkg/controller/certificates/approver). */
export const csrApproving = (mayRequest: MayRequest): Controller => ({
  name: 'csrapproving',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:certificate-controller',
  watches: [
    byObject(CSRS),
    byPermission('rbac.authorization.k8s.io/clusterrolebindings'),
    byPermission('rbac.authorization.k8s.io/clusterroles'),
  ],
  reconcile: ({ name }, view) => {
    const csr = view.get(CSRS, '', name);
    return csr && isOpen(csr) ? approve(csr, mayRequest) : { actions: [] };
  },
});

function approve(csr: KubeObject, mayRequest: MayRequest): Plan {
  const request = requestOf(csr);
  const found = request && RECOGNIZERS.find((one) => one.recognizes(csr, request) && mayRequest(userOf(csr), one.subresource));
  if (!found) return { actions: [] };
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message: found.message };
  const object = { ...csr, status: { ...csr.status, conditions: [...conditionsOf(csr), condition] } };
  return { actions: [{ verb: 'update', resource: CSRS, subresource: 'approval', object }] };
}

const userOf = ({ spec: { username = '', uid, groups = [], extra } }: KubeObject): UserInfo => ({
  username,
  groups,
  ...(uid && { uid }),
  ...(extra && { extra }),
});
