import { failure, forbiddenError, notFoundError } from '../../api/machinery/status-errors.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse, resourceOfRequest } from '../plugin.ts';

/** NamespaceLifecycle: nothing new in a namespace that is absent or terminating, and three namespaces that cannot be deleted. */

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);
const NAMESPACES = { group: '', resource: 'namespaces' };

function admit(request: AdmissionRequest, cluster: ClusterObjects): void {
  const resource = resourceOfRequest(request);
  if (resource === 'namespaces') {
    if (request.operation === 'DELETE' && IMMORTAL.has(request.name)) {
      throw forbiddenError(NAMESPACES, request.name, 'this namespace may not be deleted');
    }
    return;
  }
  const { namespace } = request;
  if (!namespace || request.operation === 'DELETE' || resource === 'authorization.k8s.io/localsubjectaccessreviews') return;
  const found = cluster.object('namespaces', '', namespace);
  if (!found) throw notFoundError(NAMESPACES, namespace);
  if (request.operation !== 'CREATE' || found.status?.phase !== 'Terminating') return;
  const error = refuse(request, `unable to create new content in namespace ${namespace} because it is being terminated`);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  const { code, reason, message, details } = error.status;
  throw failure(code, reason, message, { ...details, causes: [cause] });
}

export const namespaceLifecycle: Plugin = {
  name: 'NamespaceLifecycle',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  mutate: admit,
};
