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
