import type { Obj } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { Store } from '../store/store.ts';
import bootstrap from './bootstrap/objects.generated.json' with { type: 'json' };

/** Stands for the time of creation in the generated objects. */
const UID = '@uid@';
const REV = '@rev@';
const TIME = '@time@';
const DATE = '@date@';
const MARKS = /(@uid@|@rev@|@time@|@date@)/;

interface Template {
  resource: string;
  namespace: string;
  name: string;
  /** The stored text, cut at the marks; the marks are the odd parts. */
  parts: string[];
}

let templates: Template[] | undefined;

/** What a fresh 1.36 server holds (roles, priority classes, flow schemas, namespaces ...), made ready to be stored as text. */
function bootTemplates(): Template[] {
  templates ??= (bootstrap as { resource: string; object: Obj }[]).map(({ resource, object }) => {
    const { kind, apiVersion, metadata, ...rest } = object;
    const { name, namespace, ...more } = metadata;
    const meta = { name, ...(namespace && { namespace }), uid: UID, resourceVersion: REV, creationTimestamp: TIME, ...more };
    const text = JSON.stringify({ kind, apiVersion, metadata: meta, ...rest })
      .replaceAll('<time>', TIME)
      .replaceAll('<date>', DATE);
    return { resource, namespace: namespace ?? '', name, parts: text.split(MARKS) };
  });
  return templates;
}

/** Writes the bootstrap objects: one row each, no pipeline, since they are known to be valid. */
export function writeBootstrap(store: Store, random: Random, now: number): void {
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  for (const template of bootTemplates()) {
    const rev = store.revision() + 1;
    const fill: Record<string, string> = { [UID]: random.uuid(), [REV]: String(rev), [TIME]: time, [DATE]: time.slice(0, 10) };
    const json = template.parts.map((part, i) => (i % 2 ? fill[part] : part)).join('');
    store.put(template.resource, template.namespace, template.name, rev, json, [], undefined);
  }
}
