import { KUBE_APISERVER_CLIENT, requestOf } from '../../api/certificates/signers.ts';
import { equal } from '../../lib/json.ts';
import type { UserInfo } from '../../api/machinery/user.ts';
import { type Plugin, type PluginPorts, refuse } from '../plugin.ts';

/** CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who may approve and sign what. */

const REQUESTS = 'certificates.k8s.io/certificatesigningrequests';

/** IsAuthorizedForSignerName: the verb on that signer, or on all of its domain. */
function mayUseSigner(ports: PluginPorts, user: UserInfo, verb: string, signer: string): boolean {
  const ask = (name: string) => ports.authorize(user, verb, 'certificates.k8s.io', 'signers', name);
  return ask(signer) || ask(`${signer.split('/')[0]}/*`);
}

export const certificateApproval: Plugin = {
  name: 'CertificateApproval',
  operations: ['UPDATE'],
  resources: [REQUESTS],
  review(request, _registry, ports) {
    if (request.subresource !== 'approval' || !request.old) return;
    const signer: string = request.old.spec.signerName;
    if (mayUseSigner(ports, request.user, 'approve', signer)) return;
    throw refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
  },
};

export const certificateSigning: Plugin = {
  name: 'CertificateSigning',
  operations: ['UPDATE'],
  resources: [REQUESTS],
  review(request, _registry, ports) {
    const { object, old } = request;
    if (request.subresource !== 'status' || !object || !old) return;
    const { certificate, conditions } = object.status ?? {};
    if (certificate === old.status?.certificate && equal(conditions ?? [], old.status?.conditions ?? [])) return;
    const signer: string = old.spec.signerName;
    if (mayUseSigner(ports, request.user, 'sign', signer)) return;
    throw refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
  },
};

export const certificateSubjectRestriction: Plugin = {
  name: 'CertificateSubjectRestriction',
  operations: ['CREATE'],
  resources: [REQUESTS],
  review(request) {
    const { object } = request;
    if (!object || request.subresource || object.spec.signerName !== KUBE_APISERVER_CLIENT) return;
    if (!requestOf(object)?.subject.organization.includes('system:masters')) return;
    throw refuse(request, `use of ${KUBE_APISERVER_CLIENT} signer with system:masters group is not allowed`);
  },
};
