/** The id in a cluster's own host name, which is `ID.DOMAIN`; undefined: the host is another. */
export function clusterOfHost(host: string, domain: string): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const end = name.length - domain.length - 1;
  if (end < 1 || name[end] !== '.' || !name.endsWith(domain)) return undefined;
  const id = name.slice(0, end);
  return id.includes('.') ? undefined : id;
}
