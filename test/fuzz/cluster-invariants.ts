import { apiVersionOf, type Kind, resourceOf } from '../../src/api/machinery/define-kind.ts';
import type { KubeObject } from '../../src/lib/json.ts';
import type { TestCluster } from '../host/make-cluster.ts';

const LOG_DELETED = 2;

function must(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

/** What holds whatever was asked: the tables agree, and every object can be read, listed and printed. */
export function checkCluster(host: TestCluster): void {
  must(({} as { polluted?: unknown }).polluted === undefined, () => 'every object has a new property');
  tables(host);
  const live = objects(host);
  served(host);
  host.crash();
  const again = objects(host);
  const at = live.findIndex((text, i) => text !== again[i]);
  must(at < 0 && live.length === again.length, () => `after a crash other objects are there: ${live[at]} is ${again[at]}`);
}

/** heads is what the log says is live, and refs what the live objects say of their owners. */
function tables({ sql }: TestCluster): void {
  const one = (text: string) => sql.all<{ found: string }>(text)[0]?.found;
  const key = "resource || ' ' || namespace || '/' || name";
  const stray = one(
    `SELECT ${key} AS found FROM heads h WHERE NOT EXISTS (SELECT 1 FROM log l WHERE l.rev = h.rev AND l.type < ${LOG_DELETED}
       AND l.resource = h.resource AND l.namespace = h.namespace AND l.name = h.name) LIMIT 1`,
  );
  must(stray === undefined, () => `a head without its log row: ${stray}`);
  const stale = one(
    `SELECT l.resource || ' ' || l.namespace || '/' || l.name AS found FROM log l LEFT JOIN heads h
       ON h.resource = l.resource AND h.namespace = l.namespace AND h.name = l.name
       WHERE l.rev = (SELECT max(rev) FROM log m WHERE m.resource = l.resource AND m.namespace = l.namespace AND m.name = l.name)
         AND coalesce(h.rev, -1) <> CASE WHEN l.type < ${LOG_DELETED} THEN l.rev ELSE -1 END LIMIT 1`,
  );
  must(stale === undefined, () => `a head that is not the last of the log: ${stale}`);
  const wanted = `SELECT DISTINCT json_extract(o.value, '$.uid') AS owner, h.resource, h.namespace, h.name FROM heads h
      JOIN log l ON l.rev = h.rev, json_each(l.json, '$.metadata.ownerReferences') o`;
  const held = 'SELECT owner, resource, namespace, name FROM refs';
  for (const [text, what] of [
    [`${wanted} EXCEPT ${held}`, 'an owner without its row'],
    [`${held} EXCEPT ${wanted}`, 'a row without its owner'],
  ]) {
    const found = sql.all<{ name: string; resource: string }>(`${text} LIMIT 1`)[0];
    must(found === undefined, () => `${what} in refs: ${found?.resource} ${found?.name}`);
  }
}

/** Every stored object, decoded: it says of itself what its key says, and no two have one uid. */
function objects({ cluster: { registry } }: TestCluster): string[] {
  const uids = new Set<string>();
  const out: string[] = [];
  for (const kind of registry.kinds.kinds) {
    for (const object of registry.objects(resourceOf(kind))) {
      const { name, namespace = '', uid } = object.metadata;
      const called = `${resourceOf(kind)} ${namespace}/${name}`;
      must(object.kind === kind.kind && object.apiVersion === apiVersionOf(kind), () => `${called} is a ${object.kind}`);
      must(typeof uid === 'string' && !uids.has(uid), () => `${called} has the uid ${uid}`);
      must(!!namespace === kind.namespaced, () => `${called} is in no right place`);
      must(registry.object(resourceOf(kind), namespace, name)?.metadata.uid === uid, () => `${called} is not found by its name`);
      uids.add(uid as string);
      out.push(sorted(object));
    }
  }
  return out.sort();
}

/** JSON whose keys are in order: a memo may hold an object in another one than the store. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const listable = (kind: Kind) => !kind.verbs || kind.verbs.includes('list');

/** Lists of everything in every version, as objects and as tables, and what is stored taken for an update of itself. */
function served(host: TestCluster): void {
  for (const { name, versions } of host.cluster.registry.kinds.groups()) {
    for (const { version, resources } of versions) {
      for (const { kind, served: other } of resources.filter((entry) => listable(entry.kind))) {
        const root = name ? `/apis/${name}/${version}` : `/api/${version}`;
        for (const accept of ['application/json', TABLE]) {
          const { status, body, text } = host.request('GET', `${root}/${other?.resource ?? kind.resource}`, undefined, {
            accept,
          });
          must(status === 200, () => `${root} ${kind.resource} as ${accept}: ${status} ${text.slice(0, 300)}`);
          if (accept === TABLE || kind.computed) continue;
          for (const item of body.items as KubeObject[]) reput(host, root, kind, other?.resource ?? kind.resource, item);
        }
      }
    }
  }
}

/** An object that is stored may be put back: refusing is fine, failing is not. */
function reput(host: TestCluster, root: string, kind: Kind, plural: string, item: KubeObject): void {
  const { namespace, name } = item.metadata;
  const path = `${root}/${namespace ? `namespaces/${namespace}/` : ''}${plural}/${encodeURIComponent(name)}?dryRun=All`;
  const { status, text } = host.request('PUT', path, { ...item, kind: kind.kind, apiVersion: root.replace(/^\/apis?\//, '') });
  must(status < 500, () => `put of what is stored, ${path}: ${status} ${text.slice(0, 300)}`);
}
