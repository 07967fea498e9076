import type { KubeObject, Obj } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { Store } from '../store/store.ts';
import bootstrap from './bootstrap/objects.generated.json' with { type: 'json' };

/** Stands for the time of creation in the generated objects. */
const UID = '\u0001';
const REV = '\u0002';
const TIME = '\u0003';

interface Template {
  resource: string;
  namespace: string;
  name: string;
  /** The stored text, cut at the marks: what follows each mark begins with its character. */
  parts: string[];
}

let templates: Template[] | undefined;

/** What a fresh 1.36 server holds (roles, priority classes, flow schemas, namespaces ...), made ready to be stored as text. */
function bootTemplates(): Template[] {
  templates ??= (bootstrap as { resource: string; object: Obj }[]).map(({ resource, object }) => {
    const { kind, apiVersion, metadata, ...rest } = object;
    const { name, namespace, ...more } = metadata;
    const meta = { name, ...(namespace && { namespace }), uid: UID, resourceVersion: REV, creationTimestamp: TIME, ...more };
    const text = JSON.stringify({ kind, apiVersion, metadata: meta, ...rest }).replaceAll('<time>', TIME);
    return {
      resource,
      namespace: namespace ?? '',
      name,
      parts: text.replaceAll(/\\u000[123]/g, (m) => String.fromCharCode(Number(m[5]))).split(/(?=[\u0001-\u0003])/),
    };
  });
  return templates;
}

/** Writes the bootstrap objects: one row each, no pipeline, since they are known to be valid. */
export function writeBootstrap(store: Store, random: Random, now: number): void {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  for (const template of bootTemplates()) {
    const rev = store.revision() + 1;
    const fill: Record<string, string> = { [UID]: random.uuid(), [REV]: String(rev), [TIME]: time };
    let json = template.parts[0];
    for (let i = 1; i < template.parts.length; i++) json += fill[template.parts[i][0]] + template.parts[i].slice(1);
    store.put(template.resource, template.namespace, template.name, rev, json, [], undefined);
  }
}

/** The nodes of the cluster's own making, as requests to the registry. */
export type NodeSource = (count: number, now: number) => KubeObject[];
