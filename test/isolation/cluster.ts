import { atOnce } from '../fixtures/api.ts';
import { apiVersionOf, type Kind, resourceOf } from '../../src/api/machinery/define-kind.ts';
import type { ServedKind } from '../../src/api/kinds.ts';
import { isStream } from '../../src/apiserver/messages.ts';
import type { StreamPort } from '../../src/lib/stream.ts';
import { minimal } from '../fixtures/objects.ts';
import { textOf } from '../fixtures/api.ts';
import { type TestCluster, makeCluster } from '../host/make-cluster.ts';

/** Two namespaces: what somebody may do in one says nothing of the other. */
export const TEAM = 'team';
export const OTHER = 'other';
/** A name that exists for every kind, and one that never did; kinds with special names have their own. */
const NAME = 'zz-present';
const GHOST = 'zz-missing';
const SPECIAL: Record<string, [string, string]> = {
  'networking.k8s.io/ipaddresses': ['10.0.0.9', '10.0.0.77'],
  'apiextensions.k8s.io/customresourcedefinitions': ['ones.example.com', 'zeros.example.com'],
  'apiregistration.k8s.io/apiservices': ['v1.example.com', 'v1.missing.example.com'],
  componentstatuses: ['etcd-0', 'etcd-7'],
};

/** What stands in every object, and in each namespace's secrets: nobody may read it who may not read those. */
export const MARK = 'zz-mark-of-an-object';
export const secretMark = (namespace: string): string => `zz-secret-of-${namespace}`;

export const namesOf = (kind: Kind): [present: string, missing: string] => SPECIAL[resourceOf(kind)] ?? [NAME, GHOST];

/** One request to the Kubernetes API, and what a careful reader takes it for. */
export interface Ask {
  method: string;
  path: string;
  query?: string;
  body?: string;
  type?: string;
  /** Resource requests. */
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  isResource: boolean;
  /** The same request for a name that never was. */
  twin?: string;
  /** Reading it must succeed for whoever may. */
  present: boolean;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  text: string;
}

const ITEM_VERBS: Record<string, string> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  OPTIONS: '',
};
const COLLECTION_VERBS: Record<string, string> = { ...ITEM_VERBS, GET: 'list', HEAD: 'list', DELETE: 'deletecollection' };

/** Every request that can be made of a kind as one version serves it: verbs x subresources x scopes. */
export function asksOf(group: string, version: string, { kind, served }: ServedKind): Ask[] {
  const plural = served?.resource ?? kind.resource;
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const places = kind.namespaced ? [TEAM, OTHER] : [''];
  const subresources = new Set(['status', 'scale', 'nosuch', ...Object.keys(kind.subresources ?? {})]);
  const out: Ask[] = [];
  const add = (method: string, path: string, more: Partial<Ask>) => {
    const base = { group, resource: plural, subresource: '', namespace: '', name: '', isResource: true, present: false };
    out.push({ ...base, verb: ITEM_VERBS[method], method, path, ...bodyFor(kind, group, version, method, more), ...more });
  };
  const [name, ghost] = namesOf(kind);
  const isWatched = !kind.verbs || kind.verbs.includes('watch');
  // What clients do not make is there only under names of its own.
  const isStored = name !== NAME || !kind.verbs || kind.verbs.includes('create');
  for (const namespace of places) {
    const within = namespace ? `${root}/namespaces/${namespace}/${plural}` : `${root}/${plural}`;
    for (const [method, verb] of Object.entries(COLLECTION_VERBS))
      add(method, within, { verb, namespace, present: method === 'GET' });
    add('GET', within, { verb: 'watch', namespace, query: 'watch=1', present: isWatched });
    add('GET', within.replace(root, `${root}/watch`), { verb: 'watch', namespace });
    for (const method of Object.keys(ITEM_VERBS)) {
      add(method, `${within}/${name}`, { namespace, name, twin: `${within}/${ghost}`, present: method === 'GET' && isStored });
      for (const subresource of subresources) {
        const more = { namespace, name, subresource, twin: `${within}/${ghost}/${subresource}` };
        add(method, `${within}/${name}/${subresource}`, more);
      }
    }
  }
  if (!kind.namespaced) return out;
  for (const [method, verb] of Object.entries(COLLECTION_VERBS))
    add(method, `${root}/${plural}`, { verb, present: method === 'GET' });
  add('GET', `${root}/${plural}`, { verb: 'watch', query: 'watch=1', present: isWatched });
  return out;
}

/** The same resources by name, in a group that nobody was given anything in: a right is of a group. */
export const unservedAsksOf = (kind: Kind): Ask[] =>
  asksOf('zz.example.com', 'v1', { kind })
    .filter(({ method, subresource }) => !subresource && method !== 'HEAD' && method !== 'OPTIONS')
    .map((ask) => ({ ...ask, present: false }));

function bodyFor(kind: Kind, group: string, version: string, method: string, { namespace, name }: Partial<Ask>) {
  if (method === 'PATCH') return { body: `{"metadata":{"labels":{"zz":"written"}}}`, type: 'application/merge-patch+json' };
  if (method !== 'POST' && method !== 'PUT') return {};
  const object = minimal(kind, name || 'zz-created');
  const apiVersion = apiVersionOf({ group, version });
  const metadata = { ...object.metadata, ...(namespace && { namespace }) };
  return { body: JSON.stringify({ ...object, apiVersion, metadata }), type: 'application/json' };
}

/** Paths that are no resources: those the server itself lists, and those that somebody might try. */
export function pathsOf(host: TestCluster): Ask[] {
  const listed: string[] = host.request('GET', '/').body.paths;
  const tried = [
    '/',
    '/api/',
    '/version/',
    '/metrics',
    '/metrics/slis',
    '/logs',
    '/debug/pprof',
    '/swagger.json',
    '/configz',
    '/statusz',
  ];
  const more = [
    '/flagz',
    '/nosuch',
    '/healthz/nosuch',
    '/openapi/v3/apis/apps/v1',
    '/apis/nosuch.io',
    '/clusters',
    '/v1/me',
    '/healthz//',
    '/healthzz',
  ];
  const blank = { group: '', resource: '', subresource: '', namespace: '', name: '', isResource: false };
  return [...new Set([...listed, ...tried, ...more])].flatMap((path) =>
    ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'].map((method) => ({
      ...blank,
      method,
      path,
      verb: method.toLowerCase(),
      present: false,
    })),
  );
}

/** A cluster with one object of every kind in each place, all of them marked. */
export function furnished(seed: number): TestCluster {
  const host = makeCluster({ seed, nodes: 1 });
  for (const namespace of [TEAM, OTHER])
    must(host.do('POST', '/api/v1/namespaces', { metadata: { name: namespace } }), 'a namespace');
  for (const kind of host.cluster.registry.kinds.kinds) {
    if (kind.verbs && !(kind.verbs.includes('create') && kind.verbs.includes('get'))) continue;
    for (const namespace of kind.namespaced ? [TEAM, OTHER] : ['']) {
      const object = minimal(kind, namesOf(kind)[0], { annotations: { mark: MARK }, ...(namespace && { namespace }) });
      if (kind.resource === 'events') object.involvedObject.namespace = namespace;
      if (kind.resource === 'secrets') Object.assign(object, { stringData: { key: secretMark(namespace) } });
      const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
      const path = `${root}/${namespace ? `namespaces/${namespace}/` : ''}${kind.resource}`;
      must(host.request('POST', path, object), `${kind.kind} in "${namespace}"`);
    }
  }
  return host;
}

function must(answer: { status: number; text: string }, what: string): void {
  if (answer.status >= 300 && answer.status !== 409) throw new Error(`${what}: ${answer.status} ${answer.text}`);
}

/** Sends one request as it is; of a watch the first frames are the text. */
export function send(
  host: TestCluster,
  ask: Pick<Ask, 'method' | 'path' | 'query' | 'body' | 'type'>,
  headers: Record<string, string>,
): Reply {
  const all: Record<string, string> = { accept: 'application/json', ...(ask.type && { 'content-type': ask.type }), ...headers };
  const answer = atOnce(
    host.cluster.handle({
      method: ask.method,
      url: ask.query ? `${ask.path}?${ask.query}` : ask.path,
      header: (name) => all[name.toLowerCase()] ?? null,
      headerNames: () => Object.keys(all),
      body: ask.body ?? '',
      now: host.now,
    }),
  );
  if (!isStream(answer)) return { status: answer.status, headers: answer.headers, text: textOf(answer) };
  let text = '';
  const port: StreamPort = { send: (frame) => void (text += frame), save: () => undefined, close: () => undefined };
  host.cluster.closed(answer.open(port), host.now);
  return { status: 200, headers: answer.headers, text };
}
