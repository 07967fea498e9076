import type { KindTable } from '../api/kinds.ts';
import type { Kind, Verb } from '../api/machinery/define-kind.ts';
import { failure, type StatusError } from '../api/machinery/status-errors.ts';
import { subresourceOf } from '../api/machinery/subresources.ts';
import type { Target } from './call.ts';
import type { Answer } from './messages.ts';
import { pageNotFound } from './respond.ts';
import type { RequestInfo } from './request-info.ts';

const ALL: readonly Verb[] = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const COLLECTION: readonly Verb[] = ['list', 'create', 'deletecollection'];
const ITEM: readonly Verb[] = ['get', 'update', 'patch', 'delete'];
const METHODS: Record<string, { collection?: Verb; item?: Verb; sub?: Verb }> = {
  GET: { collection: 'list', item: 'get', sub: 'get' },
  POST: { collection: 'create', sub: 'create' },
  PUT: { item: 'update', sub: 'update' },
  PATCH: { item: 'patch', sub: 'patch' },
  DELETE: { collection: 'deletecollection', item: 'delete', sub: 'delete' },
};

/** go-restful's answers for an address, or a method of it, that no route has. */
export const noRoute = (): StatusError => failure(404, 'NotFound', 'the server could not find the requested resource', {});
export const noMethod = (): StatusError =>
  failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

const byTable = new WeakMap<KindTable, Set<string>>();

/** Whether the group and version of an address are served. */
export function servesVersion(kinds: KindTable, group: string, version: string): boolean {
  let versions = byTable.get(kinds);
  if (!versions) {
    versions = new Set(kinds.groups().flatMap((g) => g.versions.map((v) => `${g.name}/${v.version}`)));
    byTable.set(kinds, versions);
  }
  return versions.has(`${group}/${version}`);
}

/** The answer to an unserved address: go-restful's below the root of an existing service, else that of the last handler. */
export function unserved(kinds: KindTable, path: string): Answer {
  if (path.startsWith('//')) return pageNotFound();
  const [root, group, ...rest] = path.split('/').slice(1);
  const known = group !== undefined && (root === 'api' || root === 'version' || root === 'logs');
  if (known || (root === 'apis' && rest.length > 0 && kinds.groups().some(({ name }) => name === group && name))) throw noRoute();
  return pageNotFound();
}

/** The target of an address. Throws 404 when there is none, 405 when it has not this method. */
export function findTarget(info: RequestInfo, method: string, kinds: KindTable): Target {
  const found = kinds.served(info.group, info.version, info.resource);
  if (!found || info.verb === 'proxy') throw noRoute();
  const { kind, served } = found;
  const everywhere = checkScope(info, kind);
  const verbs = verbsOf(kind, info.subresource);
  if (!verbs || (info.parts.length > 3 && !subresourceOf(kind, info.subresource)?.proxies)) throw noRoute();
  const place = info.subresource ? 'sub' : info.parts.length > 1 ? 'item' : 'collection';
  // Read-only when it spans namespaces or is an old watch address.
  const readOnly = everywhere || info.watchPath;
  const offered =
    place === 'sub' ? verbs : verbs.filter((verb) => (place === 'item' && !info.watchPath ? ITEM : COLLECTION).includes(verb));
  if (!offered.length || (readOnly && !verbs.includes('list'))) throw noRoute();
  const verb = METHODS[method]?.[info.watchPath ? 'collection' : place];
  if (!verb || !offered.includes(verb) || (readOnly && verb !== 'list')) throw noMethod();
  return { kind, served, group: info.group, version: info.version, resource: info.resource, subresource: info.subresource };
}

/** Whether the address is a namespaced kind's list over all namespaces. Throws 404 for a namespace that the kind lacks, or needs. */
function checkScope(info: RequestInfo, kind: Kind): boolean {
  if (info.namespaced && !kind.namespaced) throw noRoute();
  const everywhere = kind.namespaced && !info.namespaced;
  if (everywhere && info.parts.length > 1) throw noRoute();
  return everywhere;
}

/** The verbs of a kind or of one of its subresources; undefined when it has no such subresource. */
function verbsOf(kind: Kind, subresource: string): readonly Verb[] | undefined {
  if (!subresource) return kind.verbs ?? ALL;
  return subresourceOf(kind, subresource)?.verbs;
}
