import type { ServedKind } from '../../src/api/kinds.ts';
import { apiVersionOf } from '../../src/api/machinery/define-kind.ts';
import { minimal } from '../fixtures/objects.ts';
import type { TestCluster } from '../host/make-cluster.ts';
import { type Chance, garble, odd, TEXTS } from './chance.ts';
import { disturb, type Schema, shaped } from './json.ts';

export interface FuzzRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: Record<string, string>;
  body?: string;
}

interface Place {
  group: string;
  version: string;
  entry: ServedKind;
}

const NAMESPACES = ['default', 'team', 'kube-system', 'nosuch'];
const NAMES = ['one', 'two', 'three'];
/** YAML that is small until its aliases are followed. */
const BOMB = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bomb\ndata:\n${Array.from(
  { length: 30 },
  (_, i) => `  l${i}: &l${i} [${i ? `*l${i - 1},*l${i - 1},*l${i - 1}` : 'x,x'}]`,
).join('\n')}\n`;
const METHODS = ['GET', 'GET', 'POST', 'POST', 'POST', 'POST', 'PUT', 'PUT', 'PATCH', 'PATCH', 'PATCH', 'DELETE'];
const JSON_TYPE = 'application/json';
const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const ACCEPTS = [
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;pretty=1',
  '*/*;q=0.1, text/html',
  'application/json;q=x;as=;g=;;,',
];

/** Makes requests to a cluster: mostly ones that could be meant, each with something odd about it. */
export class ClusterRequests {
  readonly #chance: Chance;
  readonly #places: Place[];
  readonly #schemas: (group: string, version: string) => Record<string, Schema>;
  /** Continue tokens and revisions that answers told. */
  readonly seen: string[] = ['1', '2'];
  /** What was made, to be asked about again. */
  readonly made: { place: Place; name: string }[] = [];
  #last: { place: Place; name: string } | undefined;

  constructor(host: TestCluster, chance: Chance) {
    this.#chance = chance;
    this.#places = host.cluster.registry.kinds
      .groups()
      .flatMap(({ name, versions }) =>
        versions.flatMap(({ version, resources }) => resources.map((entry) => ({ group: name, version, entry }))),
      );
    this.#schemas = (group, version) => schemasOf(host, group, version);
  }

  /** The last request made something. */
  succeeded(): void {
    if (this.#last && this.made.length < 200) this.made.push(this.#last);
  }

  next(): FuzzRequest {
    const chance = this.#chance;
    const known = this.made.length > 0 && chance.maybe(0.6) ? chance.pick(this.made) : undefined;
    const place = known?.place ?? chance.pick(this.#places);
    const method = chance.maybe(0.03) ? chance.pick(['HEAD', 'OPTIONS', 'TRACE', 'FOO', 'get', '']) : chance.pick(METHODS);
    const name = known?.name ?? chance.pick(NAMES);
    const isItem = method === 'PUT' || method === 'PATCH' || (method !== 'POST' && chance.maybe(0.5));
    const subresource = chance.maybe(isItem ? 0.2 : 0.05) ? this.#subresource(place) : undefined;
    const path = this.#path(place, isItem || subresource ? name : undefined, subresource);
    const headers: Record<string, string> = { accept: JSON_TYPE };
    const body = this.#body(place, method, name, subresource, headers);
    this.#headers(headers);
    this.#last = { place, name };
    return { method, url: `${this.#bent(path)}${this.#query(method)}`, headers, ...(body !== undefined && { body }) };
  }

  #subresource({ entry: { kind } }: Place): string {
    return this.#chance.pick(['status', 'scale', 'nosuch', ...Object.keys(kind.subresources ?? {})]);
  }

  #path({ group, version, entry: { kind, served } }: Place, name?: string, subresource?: string): string {
    const chance = this.#chance;
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const namespaced = chance.maybe(0.02) ? !kind.namespaced : kind.namespaced && (name !== undefined || chance.maybe(0.9));
    const within = namespaced ? `/namespaces/${chance.maybe(0.9) ? 'default' : chance.pick(NAMESPACES)}` : '';
    const watch = chance.maybe(0.02) ? '/watch' : '';
    const tail = [name, subresource].filter((part) => part !== undefined).map((part) => `/${part}`);
    return `${root}${watch}${within}/${served?.resource ?? kind.resource}${tail.join('')}`;
  }

  /** Another way to write a path, now and then. */
  #bent(path: string): string {
    const chance = this.#chance;
    if (chance.maybe(0.93)) return path;
    const parts = path.split('/');
    const at = chance.int(parts.length);
    const paths = [
      '/healthz',
      '/metrics',
      '/openapi/v3',
      '/openapi/v2',
      '/apis',
      '/version',
      '/logs',
      '/.well-known/openid-configuration',
    ];
    switch (chance.int(5)) {
      case 0:
        parts[at] = encodeURIComponent(wellFormed(chance.pick(TEXTS))).slice(0, 3000);
        return parts.join('/');
      case 1:
        return parts.toSpliced(at, 1).join('/') || '/';
      case 2:
        return parts
          .toSpliced(at, 0, chance.pick(['', '.', '..', '%2e%2e', '%', '%zz', '%ff', '%00', 'proxy', 'watch']))
          .join('/');
      case 3:
        return `${chance.pick(paths)}${chance.pick(['', '/', '//', '/x', '/apis/apps/v1'])}`;
      default:
        return chance.maybe(0.5) ? path.toUpperCase() : `${path}/`;
    }
  }

  #query(method: string): string {
    const chance = this.#chance;
    const pairs: string[] = [];
    const add = (share: number, name: string, values: readonly string[]) => {
      if (!chance.maybe(share)) return;
      const value = chance.maybe(0.15) ? chance.pick(TEXTS) : chance.pick(values);
      pairs.push(`${name}=${chance.maybe(0.03) ? value.replaceAll(/[&#\s]/g, '') : encodeURIComponent(wellFormed(value))}`);
    };
    if (method === 'GET') {
      add(0.15, 'labelSelector', ['app=x', 'app in (x,y)', '!app', 'app', 'app!=x', 'a>1', ',', 'a in ()', 'app=x,app=y']);
      add(0.15, 'fieldSelector', [
        'metadata.name=one',
        'metadata.namespace!=x',
        'status.phase=Running',
        'spec.nodeName=',
        'x=y',
        'a=b=c',
        ',,',
      ]);
      add(0.15, 'limit', ['1', '0', '-1', '500', '9223372036854775807', '9223372036854775808', '1e3']);
      add(0.1, 'continue', this.seen);
      add(0.15, 'resourceVersion', [
        '0',
        '1',
        '99999999',
        '-1',
        'abc',
        '18446744073709551615',
        '18446744073709551616',
        ...this.seen,
      ]);
      add(0.05, 'resourceVersionMatch', ['Exact', 'NotOlderThan', 'exact']);
      add(0.12, 'watch', ['1', 'true', 'false', '0', 'yes', '']);
      add(0.05, 'allowWatchBookmarks', ['true', '1', 'x']);
      add(0.05, 'sendInitialEvents', ['true', 'false', 'x']);
      add(0.05, 'timeoutSeconds', ['0', '1', '-1', '99999999999', 'x']);
      add(0.05, 'includeObject', ['None', 'Object', 'Metadata', 'x']);
      add(0.03, 'container', ['c', 'x']);
      add(0.03, 'tailLines', ['1', '-1', 'x']);
    } else {
      add(0.15, 'dryRun', ['All', 'all', 'None', '']);
      add(0.3, 'fieldManager', ['me', 'you', 'x'.repeat(129), 'a\u0001b']);
      add(0.1, 'fieldValidation', ['Strict', 'Warn', 'Ignore', 'x']);
      add(0.1, 'force', ['true', 'false', 'x']);
      add(0.1, 'propagationPolicy', ['Foreground', 'Background', 'Orphan', 'x']);
      add(0.1, 'gracePeriodSeconds', ['0', '1', '-1', '99999999999', 'x']);
      add(0.03, 'orphanDependents', ['true', 'x']);
    }
    add(0.1, 'pretty', ['true', 'false', '0', 'x']);
    if (chance.maybe(0.03)) pairs.push(chance.pick(['%', '%zz=%ff', '&&&', '=', '?', 'a=%E0%A4%A', 'watch', '__proto__=1']));
    return pairs.length ? `?${pairs.join('&')}` : '';
  }

  #headers(headers: Record<string, string>): void {
    const chance = this.#chance;
    if (chance.maybe(0.12)) headers.accept = chance.pick(ACCEPTS);
    if (chance.maybe(0.05))
      headers['content-type'] = chance.pick([
        ...PATCHES,
        JSON_TYPE,
        'text/plain',
        'application/yaml',
        'application/cbor',
        ';',
        'x/y;charset=',
      ]);
    if (chance.maybe(0.04))
      headers['impersonate-user'] = header(
        chance.pick(['alice', 'system:anonymous', 'system:serviceaccount:default:default', ...TEXTS]),
      );
    if (chance.maybe(0.03)) headers['impersonate-group'] = header(chance.pick(['system:masters', 'a,b', ',', ...TEXTS]));
    if (chance.maybe(0.02)) headers[`impersonate-extra-${chance.pick(['scopes', '%zz', '__proto__', 'a%2fb'])}`] = 'x';
    if (chance.maybe(0.05)) headers['user-agent'] = header(chance.pick(['kubectl/v1.36.3', 'Mozilla/5.0', ...TEXTS]));
    if (chance.maybe(0.02)) headers['if-none-match'] = header(chance.pick(['*', '""', ...TEXTS]));
  }

  #body(
    place: Place,
    method: string,
    name: string,
    subresource: string | undefined,
    headers: Record<string, string>,
  ): string | undefined {
    const chance = this.#chance;
    if (method === 'GET' || method === 'HEAD') return undefined;
    if (method === 'DELETE') return chance.maybe(0.5) ? undefined : this.#finish(this.#deleteOptions(), headers);
    if (method === 'PATCH') return this.#patch(place, name, headers);
    return this.#finish(this.#object(place, name, subresource), headers);
  }

  /** An object as JSON text or, now and then, something else that claims to be it. */
  #finish(value: unknown, headers: Record<string, string>): string {
    const chance = this.#chance;
    headers['content-type'] = JSON_TYPE;
    let text = JSON.stringify(value) ?? '';
    if (chance.maybe(0.12)) text = garble(text, chance);
    if (chance.maybe(0.03)) headers['content-type'] = 'application/yaml';
    if (chance.maybe(0.01)) text = BOMB;
    if (chance.maybe(0.03)) {
      headers['content-type'] = 'application/vnd.kubernetes.protobuf';
      text = `k8s\0${String.fromCharCode(...chance.bytes(chance.int(300)))}`;
    }
    return text;
  }

  #object({ group, version, entry: { kind, served } }: Place, name: string, subresource?: string): unknown {
    const chance = this.#chance;
    const gvk = { apiVersion: apiVersionOf({ group, version }), kind: kind.kind };
    const metadata = { name, labels: { app: 'x' } };
    const other = subresource ? kind.subresources?.[subresource]?.takes?.kind : undefined;
    const type = (served ?? kind).schema.name;
    const schema = { $ref: `x/${type}` };
    const all = this.#schemas(group, version);
    const drawn = () =>
      Object.assign(toObject(shaped(schema, all, chance)), chance.maybe(0.95) && gvk, chance.maybe(0.9) && { metadata });
    if (chance.maybe(0.03)) return odd(chance);
    if (other && chance.maybe(0.7))
      return {
        ...drawn(),
        kind: other,
        apiVersion: chance.pick(['v1', 'autoscaling/v1', 'policy/v1', 'authentication.k8s.io/v1']),
        spec: { replicas: chance.pick([0, 3, -1, 2 ** 31]) },
      };
    if (chance.maybe(0.3)) return drawn();
    const object = { ...minimal(kind, name), ...gvk };
    if (chance.maybe(0.5)) Object.assign(object, chance.maybe(0.3) && { spec: toObject(drawn()).spec });
    for (let n = chance.pick([0, 1, 1, 2, 3, 6]); n > 0; n--) disturb(object, chance);
    return object;
  }

  #deleteOptions(): unknown {
    const chance = this.#chance;
    const options: Record<string, unknown> = {};
    for (const [key, values] of Object.entries({
      kind: ['DeleteOptions', 'x'],
      apiVersion: ['v1', 'meta.k8s.io/v1', 'x'],
      propagationPolicy: ['Foreground', 'Orphan', 'Background', 'x'],
      gracePeriodSeconds: [0, 1, -1, 2 ** 63, '1'],
      preconditions: [{}, { uid: 'x' }, { resourceVersion: '1' }, []],
      dryRun: [['All'], ['x'], 'All'],
    })) {
      if (chance.maybe(0.3)) options[key] = chance.maybe(0.1) ? odd(chance) : chance.pick<unknown>(values);
    }
    return options;
  }

  #patch(place: Place, name: string, headers: Record<string, string>): string {
    const chance = this.#chance;
    const type = chance.pick(PATCHES);
    const object = toObject(this.#object(place, name));
    let value: unknown = object;
    if (type === PATCHES[0]) value = this.#operations(object);
    else if (chance.maybe(0.6)) value = Object.fromEntries(chance.some(Object.entries(object), type === PATCHES[3] ? 0.95 : 0.6));
    if (type === PATCHES[2] && chance.maybe(0.3)) this.#directives(value);
    const text = this.#finish(value, headers);
    headers['content-type'] = type;
    return text;
  }

  /** JSON Patch over what the object has, and over what it has not. */
  #operations(object: object): unknown {
    const chance = this.#chance;
    const pointers = [
      '',
      '/',
      '/metadata/labels/app',
      '/metadata/name',
      '/spec',
      '/metadata/labels/a~1b',
      '/metadata/finalizers/-',
      '/spec/template/spec/containers/0',
      '/~2',
      '/__proto__/x',
      '/metadata/labels/__proto__',
      ...Object.keys(object).map((key) => `/${key}`),
    ];
    return Array.from({ length: chance.pick([1, 1, 2, 5, 1000]) }, () => ({
      op: chance.pick(['add', 'add', 'remove', 'replace', 'move', 'copy', 'test', 'x']),
      path: chance.maybe(0.05) ? odd(chance) : chance.pick(pointers),
      ...(chance.maybe(0.4) && { from: chance.pick(pointers) }),
      ...(chance.maybe(0.8) && { value: chance.maybe(0.5) ? odd(chance) : chance.pick<unknown>(['x', { app: 'x' }, ['x']]) }),
    }));
  }

  #directives(value: unknown): void {
    const chance = this.#chance;
    const inner = toObject(value) as Record<string, Record<string, unknown>>;
    const target = inner.spec ?? inner.metadata ?? inner;
    Object.assign(target, {
      [chance.pick(['$patch', '$retainKeys', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers'])]:
        chance.pick<unknown>(['delete', 'replace', 'merge', 'x', ['a'], [{ name: 'c' }], null, 1]),
    });
  }
}

const toObject = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** Without halves of surrogate pairs, which no address can hold. */
const wellFormed = (text: string): string => text.toWellFormed();
/** What a header can hold. */
const header = (text: string): string => text.replaceAll(/[^\x20-\xff]/g, '').trim();

const documents = new Map<string, Record<string, Schema>>();

/** The schemas of a version as the server itself publishes them. */
function schemasOf(host: TestCluster, group: string, version: string): Record<string, Schema> {
  const path = group ? `apis/${group}/${version}` : `api/${version}`;
  let found = documents.get(path);
  if (!found) {
    found = (host.request('GET', `/openapi/v3/${path}`).body.components?.schemas ?? {}) as Record<string, Schema>;
    documents.set(path, found);
  }
  return found;
}
