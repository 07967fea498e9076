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

/**
 * Base URL of a cluster's Kubernetes API for a caller at `url`: the one without a path if there is one, since not every client takes a
 * path. The path works in any case.
 */
export function serverOf({ url: configured, clusterDomain }: ManagementDeps, { id, port }: ClusterRow, url: string): string {
  const base = new URL(configured ?? url);
  if (port !== null) base.port = String(port);
  else if (clusterDomain !== undefined) base.hostname = `${id}.${clusterDomain}`;
  else return `${base.origin}/clusters/${id}`;
  return base.origin;
}

/** Kubeconfig of a cluster for a caller at `url`. */
export const kubeconfigFor = (deps: ManagementDeps, row: ClusterRow, url: string, token: string): string =>
  kubeconfig({ name: row.name, server: serverOf(deps, row, url), token, ...(deps.ca !== undefined && { ca: deps.ca }) });
