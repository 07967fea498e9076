import type { KubeObject, Obj } from '../../lib/json.ts';
import { type CertificateRequest, parseRequest, RequestError } from '../../lib/x509/request.ts';

/** What signers of kubernetes.io demand of a request (pkg/apis/certificates/helpers.go). */

export const KUBE_APISERVER_CLIENT = 'kubernetes.io/kube-apiserver-client';
export const KUBE_APISERVER_CLIENT_KUBELET = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';
export const LEGACY_UNKNOWN = 'kubernetes.io/legacy-unknown';

export const conditionsOf = (object: KubeObject | undefined): Obj[] => object?.status?.conditions ?? [];

export const hasCondition = (object: KubeObject, type: string): boolean => conditionsOf(object).some((c) => c.type === type);

/** The request inside the object; undefined: it is none. */
export function requestOf({ spec }: KubeObject): CertificateRequest | undefined {
  try {
    return parseRequest(atob(spec?.request ?? ''));
  } catch (error) {
    if (error instanceof RequestError || error instanceof DOMException) return undefined;
    throw error;
  }
}

const NODES = 'system:nodes';
const NODE = 'system:node:';
const DIGITAL_SIGNATURE = 'digital signature';
const KEY_ENCIPHERMENT = 'key encipherment';

const isOfNodes = ({ subject: { organization } }: CertificateRequest): boolean =>
  organization.length === 1 && organization[0] === NODES;

/** Whether the usages are these, with or without key encipherment, which RSA keys alone have a use for. */
function areUsages(usages: readonly string[], wanted: string): boolean {
  const given = new Set(usages);
  const needed = [DIGITAL_SIGNATURE, wanted, ...(given.has(KEY_ENCIPHERMENT) ? [KEY_ENCIPHERMENT] : [])];
  return given.size === needed.length && needed.every((usage) => given.has(usage));
}

const mismatch = (wanted: string): string =>
  `usages did not match [${[DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, wanted].sort().join(' ')}]`;

/** ValidateKubeletServingCSR. */
export function kubeletServingProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { dns, emails, ips, uris } = request.names;
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (!dns.length && !ips.length) return 'DNS or IP subjectAltName is required';
  if (emails.length) return 'Email subjectAltNames are not allowed';
  if (uris.length) return 'URI subjectAltNames are not allowed';
  if (!areUsages(usages, 'server auth')) return mismatch('server auth');
  if (!request.subject.commonName.startsWith(NODE)) return 'subject common name does not begin with system:node:';
  return undefined;
}

/** ValidateKubeletClientCSR. */
export function kubeletClientProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { dns, emails, ips, uris } = request.names;
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (dns.length) return 'DNS subjectAltNames are not allowed';
  if (emails.length) return 'Email subjectAltNames are not allowed';
  if (ips.length) return 'IP subjectAltNames are not allowed';
  if (uris.length) return 'URI subjectAltNames are not allowed';
  if (!request.subject.commonName.startsWith(NODE)) return 'subject common name does not begin with system:node:';
  if (!areUsages(usages, 'client auth')) return mismatch('client auth');
  return undefined;
}

/** What a client certificate of people and programs may be used for (signer.go validAPIServerClientUsages). */
export function clientUsagesProblem(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => ![DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, 'client auth'].includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}
