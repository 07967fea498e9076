/** The one media type that aggregated discovery is asked for by. */
export const DISCOVERY_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The form that a discovery client accepts; undefined when none is served. `aggregates` is true for /api and /apis. */
export function acceptOf(header: string | null, aggregates: boolean): 'json' | 'yaml' | 'aggregated' | undefined {
  if (header === null || header.trim() === '') return 'json';
  for (const clause of clausesOf(header)) {
    const { type, g, v, as } = clause;
    if (as !== undefined || g !== undefined || v !== undefined) {
      const isAggregated =
        type === 'application/json' && g === 'apidiscovery.k8s.io' && v === 'v2' && as === 'APIGroupDiscoveryList';
      if (isAggregated && aggregates) return 'aggregated';
      continue;
    }
    if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
    if (type === 'application/yaml') return 'yaml';
  }
  return undefined;
}

/** Clauses by quality, as goautoneg orders them. */
function clausesOf(header: string): Record<string, string>[] {
  const clauses = header.split(',').map((text) => {
    const [type, ...params] = text.split(';').map((part) => part.trim());
    return { type, ...Object.fromEntries(params.map((param) => param.split('=', 2))) } as Record<string, string>;
  });
  return clauses.sort((a, b) => Number(b.q ?? 1) - Number(a.q ?? 1));
}
