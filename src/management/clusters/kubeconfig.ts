import type { ManagementDeps } from '../deps.ts';
import type { ClusterRow } from './rows.ts';

/** A kubeconfig for one cluster and one bearer token, as JSON: YAML reads it too. */
export function kubeconfig(o: { name: string; server: string; token: string; ca?: string }): string {
  const context = `atoll-${o.name}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [
      { name: context, cluster: { server: o.server, ...(o.ca !== undefined && { 'certificate-authority-data': btoa(o.ca) }) } },
    ],
    users: [{ name: context, user: { token: o.token } }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Base address of a cluster's Kubernetes API, as whoever asked at `url` reaches it. */
export const serverOf = (deps: ManagementDeps, id: string, url: string): string =>
  `${deps.url ?? new URL(url).origin}/clusters/${id}`;

/** The kubeconfig of a cluster for whoever asked at `url`. */
export const kubeconfigFor = (deps: ManagementDeps, row: ClusterRow, url: string, token: string): string =>
  kubeconfig({ name: row.name, server: serverOf(deps, row.id, url), token, ...(deps.ca !== undefined && { ca: deps.ca }) });
