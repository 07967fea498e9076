import { rfc3339 } from '../api/machinery/time.ts';
import type { Obj } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { Store } from '../store/store.ts';
import bootstrap from './bootstrap/objects.generated.json' with { type: 'json' };

/** Placeholders in the generated objects for values that differ between clusters. */
const UID = '@uid@';
const REV = '@rev@';
const TIME = '@time@';
const DATE = '@date@';
const CA = '@ca@';
const PLACEHOLDERS = /(@uid@|@rev@|@time@|@date@|@ca@)/;

interface Template {
  resource: string;
  namespace: string;
  name: string;
  /** Stored text split at the placeholders, which are the odd parts. */
  parts: string[];
}

let templates: Template[] | undefined;

/** Objects of a fresh 1.36 server (roles, priority classes, flow schemas, namespaces ...) as templates, in the order of writing. */
const bootTemplates = (): Template[] =>
  (templates ??= (bootstrap as { resource: string; object: Obj }[]).map(templateOf).sort((a, b) => orderOf(a) - orderOf(b)));

/**
 * What metrics-server is installed with for readers of metrics.k8s.io (its manifests/base/rbac.yaml), and the like for readers of explanations.
 * The roles that they are aggregated to follow from them, so controllers look at them.
 */
const READERS = [
  readerOf('system:aggregated-metrics-reader', ['get', 'list', 'watch'], 'metrics.k8s.io', ['pods', 'nodes']),
  readerOf('atoll:explanations-reader', ['get'], 'explain.atoll.dev', ['podschedulings']),
];

function readerOf(name: string, verbs: string[], group: string, resources: string[]): Template {
  const labels = Object.fromEntries(
    ['admin', 'edit', 'view'].map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']),
  );
  return templateOf({
    resource: 'rbac.authorization.k8s.io/clusterroles',
    object: {
      kind: 'ClusterRole',
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name, labels },
      rules: [{ verbs, apiGroups: [group], resources }],
    },
  });
}

function templateOf({ resource, object }: { resource: string; object: Obj }): Template {
  const { name, namespace = '' } = object.metadata;
  return { resource, namespace, name, parts: partsOf(object) };
}

function partsOf({ kind, apiVersion, metadata, ...rest }: Obj): string[] {
  const { name, namespace, ...more } = metadata;
  const meta = { name, ...(namespace && { namespace }), uid: UID, resourceVersion: REV, creationTimestamp: TIME, ...more };
  const text = JSON.stringify({ kind, apiVersion, metadata: meta, ...rest });
  return text.replaceAll('<time>', TIME).replaceAll('<date>', DATE).replaceAll('<ca>', CA).split(PLACEHOLDERS);
}

/** The only bootstrap resource that controllers act on; the other objects come from an idle server, with their controllers' work done. */
const WORK = 'namespaces';
/** A text as it stands inside a string of JSON. */
export const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Sort order: cluster-scoped objects, namespaces, namespaced objects. */
const orderOf = ({ resource, namespace }: Template): number => (resource === WORK ? 1 : namespace ? 2 : 0);

interface BootOptions {
  /** PEM of the authority of client certificates. */
  clientCa: string;
  /** Nothing acts in the cluster. */
  apiOnly?: boolean | undefined;
}

/**
 * Writes the bootstrap objects: one row each, without the pipeline, since they are known to be valid. Returns the reconciler's first cursor,
 * the revision before the namespaces: mapping the two hundred rows before it would take longer than writing them.
 */
export function writeBootstrap(store: Store, random: Random, now: number, { clientCa, apiOnly }: BootOptions): number {
  const time = rfc3339(now);
  const common = { [TIME]: time, [DATE]: time.slice(0, 10), [CA]: inJson(clientCa) };
  const all = apiOnly ? bootTemplates() : [...bootTemplates(), ...READERS];
  for (const template of all) {
    const rev = store.revision() + 1;
    const fill: Record<string, string> = { ...common, [UID]: random.uuid(), [REV]: String(rev) };
    const json = template.parts.map((part, i) => (i % 2 ? fill[part] : part)).join('');
    store.put(template.resource, template.namespace, template.name, rev, json, [], undefined);
  }
  return all.findIndex(({ resource }) => resource === WORK);
}
