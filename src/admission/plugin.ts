import { type Resource, resourceOf } from '../api/machinery/define-kind.ts';
import { isPathSegmentName } from '../api/machinery/names.ts';
import { forbiddenError, type StatusError } from '../api/machinery/status-errors.ts';
import type { AdmissionRequest, ClusterObjects } from '../registry/ports.ts';
import type { UserInfo } from '../api/machinery/user.ts';

/** Ports of plugins beside the objects of the cluster, filled by the composition root. */
export interface PluginPorts {
  /** Whether the user is authorized. CSR plugins ask for verbs on signers. */
  authorize(user: UserInfo, verb: string, group: string, resource: string, name: string): boolean;
}

export type Operation = AdmissionRequest['operation'];

/** One admission plugin (apiserver pkg/admission). A refusal is a thrown StatusError. */
export interface Plugin {
  name: string;
  operations: Operation[];
  /** Resources that the plugin applies to; absent means all. */
  resources?: Resource[];
  /** Changes the object (Admit). */
  mutate?(request: AdmissionRequest, cluster: ClusterObjects, ports: PluginPorts): void;
  /** Validates the final object (Validate). */
  review?(request: AdmissionRequest, cluster: ClusterObjects, ports: PluginPorts): void;
}

/** admission.NewForbidden: names the object, or its generateName, or "Unknown". */
export function refuse(request: AdmissionRequest, why: string): StatusError {
  const meta = request.object?.metadata;
  const name = request.name || meta?.name || meta?.generateName || 'Unknown';
  return forbiddenError({ group: request.kind.group, resource: request.kind.resource }, name, why);
}

/** The problem for which a client refuses to request an object of that name (client-go rest.Request.Name), or undefined. */
export function nameProblem(name: string): string | undefined {
  if (!name) return 'resource name may not be empty';
  const problems = isPathSegmentName(name);
  return problems.length ? `invalid resource name ${JSON.stringify(name)}: [${problems.join(' ')}]` : undefined;
}

export const resourceOfRequest = (request: AdmissionRequest): Resource => resourceOf(request.kind);
