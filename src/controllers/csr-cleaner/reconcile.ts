import { conditionsOf } from '../../api/certificates/signers.ts';
import type { KubeObject } from '../../lib/json.ts';
import { certificateOf } from '../../lib/x509/certificate.ts';
import { byObject, type Controller } from '../../reconcile/plan.ts';

const CSRS = 'certificates.k8s.io/certificatesigningrequests';

const HOUR_MS = 3_600_000;
const DECIDED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

/** When the request is to go, ms: the earliest of what cleaner.go looks at; undefined: never. */
function endOf(csr: KubeObject): number | undefined {
  const conditions = conditionsOf(csr);
  const certificate: string = csr.status?.certificate ?? '';
  const ends: number[] = conditions.length ? [] : [Date.parse(csr.metadata.creationTimestamp) + PENDING_MS];
  for (const { type, lastUpdateTime } of conditions) {
    const at = Date.parse(lastUpdateTime ?? '');
    if (type === 'Denied' || type === 'Failed') ends.push(at + DECIDED_MS);
    if (type !== 'Approved') continue;
    ends.push(at + (certificate ? DECIDED_MS : PENDING_MS));
    if (certificate) ends.push(expiryOf(certificate) ?? Number.NaN);
  }
  const known = ends.filter((end) => !Number.isNaN(end));
  return known.length ? Math.min(...known) : undefined;
}

function expiryOf(base64: string): number | undefined {
  try {
    return certificateOf(atob(base64))?.notAfter;
  } catch {
    return undefined;
  }
}

/**
 * Deletes requests that are over: an hour after they were denied, failed or issued, a day after they were made or approved and nothing followed, or
 * when the certificate has expired (pkg/controller/certificates/cleaner, which looks once an hour).
 */
export const csrCleaner: Controller = {
  name: 'csrcleaner',
  manager: 'kube-controller-manager',
  user: 'system:serviceaccount:kube-system:certificate-controller',
  watches: [byObject(CSRS)],
  reconcile: ({ name }, view, { now }) => {
    const csr = view.get(CSRS, '', name);
    const end = csr && !csr.metadata.deletionTimestamp ? endOf(csr) : undefined;
    if (!csr || end === undefined) return { actions: [] };
    if (now <= end) return { actions: [], requeueAt: end + 1 };
    return { actions: [{ verb: 'delete', resource: CSRS, namespace: '', name, uid: csr.metadata.uid }] };
  },
};
