import type { ApiGroup, KindTable, ServedKind } from '../api/kinds.ts';
import type { Kind, Verb } from '../api/machinery/define-kind.ts';
import { subresourcesOf } from '../api/machinery/subresources.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Obj } from '../lib/json.ts';
import { acceptOf, DISCOVERY_TYPE } from './discovery-accept.ts';
import { toYaml } from './respond.ts';
import { textsPerTable } from './texts-per-table.ts';

const textOnce = textsPerTable();
type Hashes = Pick<Crypto, 'sha256' | 'sha512'>;

/** A whole answer. */
export interface DiscoveryAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Facts of a request besides path and Accept. */
export interface DiscoveryRequest {
  /** host:port under which the client reached us; named in /api. */
  host?: string;
  ifNoneMatch?: string | null;
}

/**
 * /api, /api/v1, /apis, /apis/GROUP and /apis/GROUP/VERSION, plain and aggregated; undefined for any other path. Texts are made once
 * per table. Models apiserver endpoints/discovery (and its aggregated part).
 */
export function discovery(
  kinds: KindTable,
  crypto: Hashes,
  path: string,
  accept: string | null,
  request: DiscoveryRequest = {},
): DiscoveryAnswer | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts[0] !== 'api' && parts[0] !== 'apis') return undefined;
  const make = documentOf(kinds, crypto, parts, request.host ?? '');
  if (!make) return undefined;
  const format = acceptOf(accept, parts.length === 1);
  if (format === undefined) return notAcceptable;
  if (make === 'missing')
    return parts[0] === 'apis' && !kinds.groups().some(({ name }) => name === parts[1]) ? pageNotFound : notFound;
  if (format === 'aggregated') return aggregated(kinds, crypto, parts[0], request.ifNoneMatch);
  const plain = () => JSON.stringify(make());
  // /api names the host, which the client says; all others are texts of the table.
  const text = parts.length === 1 && parts[0] === 'api' ? plain() : textOnce(kinds, parts.join('/'), plain);
  if (format === 'yaml') return { status: 200, headers: { 'content-type': 'application/yaml' }, body: toYaml(JSON.parse(text)) };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: `${text}\n` };
}

/** The function that makes the plain document of a path; undefined when discovery does not serve the path. */
function documentOf(kinds: KindTable, crypto: Hashes, parts: string[], host: string): (() => Obj) | 'missing' | undefined {
  const [root, ...rest] = parts;
  const [name, version] = root === 'api' ? ['', rest[0]] : rest;
  if (rest.length > (root === 'api' ? 1 : 2)) return undefined;
  if (!rest.length) return root === 'api' ? () => apiVersions(host) : () => groupList(kinds);
  const group = kinds.groups().find((g) => g.name === name);
  if (!group || (root === 'apis' && !name)) return 'missing';
  if (root === 'apis' && rest.length === 1) return () => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) });
  const found = group.versions.find((v) => v.version === version);
  return found ? () => resourceList(crypto, group.name, found) : 'missing';
}

const apiVersions = (host: string): Obj => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
});

const groupList = (kinds: KindTable): Obj => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: kinds
    .groups()
    .filter((g) => g.name)
    .map(groupOf),
});

function groupOf({ name, versions }: ApiGroup): Obj {
  const list = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] };
}

const ALL_VERBS: Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const verbsOf = (verbs: readonly Verb[] | undefined): Verb[] => (verbs ? [...verbs].sort() : ALL_VERBS);

interface Sub {
  name: string;
  group?: string;
  version?: string;
  kind: string;
  verbs: Verb[];
}

/** Subresources by name. */
function subresources(kind: Kind): Sub[] {
  const list = Object.entries(subresourcesOf(kind)).map(([name, { takes, verbs }]): Sub => {
    const { group, version } = takes ?? {};
    return { name, ...(group && { group, version }), kind: takes?.kind ?? kind.kind, verbs: verbsOf(verbs) };
  });
  return list.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function resourceList(crypto: Hashes, group: string, { version, resources }: ApiGroup['versions'][number]): Obj {
  return {
    kind: 'APIResourceList',
    ...(group && { apiVersion: 'v1' }),
    groupVersion: group ? `${group}/${version}` : version,
    resources: resources.flatMap((served) => plainEntries(crypto, served)),
  };
}

function plainEntries(crypto: Hashes, { kind, served }: ServedKind): Obj[] {
  const name = served?.resource ?? kind.resource;
  const entry: Obj = {
    name,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: verbsOf(kind.verbs),
  };
  nicknames(entry, { kind, served });
  if (isStored(kind)) entry.storageVersionHash = storageVersionHash(crypto, kind);
  const subs = subresources(kind).map((sub) => ({
    name: `${name}/${sub.name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(sub.group && { group: sub.group, version: sub.version }),
    kind: sub.kind,
    verbs: sub.verbs,
  }));
  return [entry, ...subs];
}

/** Short names and categories; not in a dropped group, or `kubectl get all` would show its kinds twice and warn of both. */
function nicknames(entry: Obj, { kind, served }: ServedKind): void {
  if (served?.deprecated && served.group !== kind.group) return;
  if (kind.shortNames) entry.shortNames = kind.shortNames;
  if (kind.categories) entry.categories = kind.categories;
}

const isStored = (kind: Kind) => !kind.verbs || kind.verbs.includes('watch');

/** discovery.StorageVersionHash: eight bytes of the hash of what etcd would hold. */
function storageVersionHash(crypto: Hashes, kind: Kind): string {
  const hash = crypto.sha256(`${kind.group}/${kind.storageVersion ?? kind.version}/${kind.kind}`);
  const bytes = hash.slice(0, 16).match(/../g) ?? [];
  return btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))));
}

function aggregated(kinds: KindTable, crypto: Hashes, root: string, ifNoneMatch: string | null | undefined): DiscoveryAnswer {
  const text = textOnce(kinds, `aggregated ${root}`, () => {
    const groups = kinds.groups().filter((g) => (root === 'api') === (g.name === ''));
    return JSON.stringify({ metadata: {}, items: groups.map(aggregatedGroup) });
  });
  // The ETag is made before kind and apiVersion are set (calculateETag of the bare list).
  const etag = textOnce(kinds, `etag ${root}`, () => `"${crypto.sha512(text).toUpperCase()}"`);
  const headers = { 'cache-control': 'public', etag, vary: 'Accept' };
  if (ifNoneMatch === etag) return { status: 304, headers, body: '' };
  const body = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2",${text.slice(1)}\n`;
  return { status: 200, headers: { ...headers, 'content-type': DISCOVERY_TYPE }, body };
}

const aggregatedGroup = (group: ApiGroup): Obj => ({
  metadata: group.name ? { name: group.name } : {},
  versions: group.versions.map(({ version, resources }) => ({
    version,
    resources: resources.map(aggregatedResource),
    freshness: 'Current',
  })),
});

const kindOf = (kind: string, group = '', version = ''): Obj => ({ group, version, kind });

function aggregatedResource({ kind, served }: ServedKind): Obj {
  const entry: Obj = {
    resource: served?.resource ?? kind.resource,
    responseKind: kindOf(kind.kind),
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind.verbs),
  };
  nicknames(entry, { kind, served });
  const subs = subresources(kind);
  if (subs.length) {
    entry.subresources = subs.map((sub) => ({
      subresource: sub.name,
      responseKind: kindOf(sub.kind, sub.group, sub.version),
      verbs: sub.verbs,
    }));
  }
  return entry;
}

function failure(code: number, message: string, reason: string, details?: Obj): DiscoveryAnswer {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code,
  };
  return { status: code, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(status, null, 2)}` };
}

const notFound = failure(404, 'the server could not find the requested resource', 'NotFound', {});
const notAcceptable = failure(
  406,
  'only the following media types are accepted: application/json, application/yaml',
  'NotAcceptable',
);
const pageNotFound: DiscoveryAnswer = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: '404 page not found\n',
};
