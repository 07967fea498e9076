import type { KindTable, ServedKind } from '../api/kinds.ts';
import { subresourcesOf } from '../api/machinery/subresources.ts';
import type { StructType } from '../api/schema/go-types.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Obj } from '../lib/json.ts';
import type { OpenApiFacts } from './openapi-facts.ts';
import { PathWriter } from './openapi-paths.ts';
import { type GvkOf, SchemaWriter } from './openapi-schemas.ts';
import { textsPerTable } from './texts-per-table.ts';

const textOnce = textsPerTable();
type Hash = Pick<Crypto, 'sha512'>;

/** A whole answer. */
export interface OpenApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Facts of a request besides its path. `query` is without the question mark; `now` in ms. */
export interface OpenApiRequest {
  query?: string;
  accept?: string | null;
  ifNoneMatch?: string | null;
  now?: number;
}

const INFO = { title: 'Kubernetes', version: '1.36' };
/** Raised by hand when this code writes other documents from the same tables. */
const WRITER_VERSION = 1;
const YEAR_MS = 365 * 24 * 3600 * 1000;
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const SECURITY = {
  BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
};

/** /openapi/v3, its documents, and /openapi/v2; undefined for any other path. Models kube-openapi's handler3. */
export function openapi(
  kinds: KindTable,
  facts: OpenApiFacts,
  crypto: Hash,
  path: string,
  request: OpenApiRequest = {},
): OpenApiAnswer | undefined {
  if (path === '/openapi/v2') return version2(kinds, facts, crypto, request);
  if (path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return undefined;
  const name = path.slice('/openapi/v3/'.length).replace(/\/$/, '');
  return name ? document(kinds, facts, crypto, name, request) : index(kinds, facts, crypto);
}

function index(kinds: KindTable, facts: OpenApiFacts, crypto: Hash): OpenApiAnswer {
  const paths: Obj = {};
  for (const group of kinds.groups()) {
    for (const { version } of group.versions) {
      const name = nameOf(group.name, version);
      paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${hashOf(kinds, facts, crypto, name)}` };
    }
  }
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: JSON.stringify({ paths }) };
}

/** The hash of a document, from the build and the served kinds, without the document. */
function hashOf(kinds: KindTable, facts: OpenApiFacts, crypto: Hash, name: string): string {
  return textOnce(kinds, `${facts.mark} ${name}`, () => {
    const served = kinds.groups().map((g) => `${g.name}:${g.versions.map((v) => `${v.version}(${v.resources.length})`)}`);
    const about = kinds.groups().flatMap((g) => g.versions.filter((v) => name === 'v2' || name === nameOf(g.name, v.version)));
    const resources = about.flatMap((v) => v.resources.map(describe));
    return crypto.sha512([WRITER_VERSION, facts.mark, name, ...served, ...resources].join(' ')).toUpperCase();
  });
}

const nameOf = (group: string, version: string): string => (group ? `apis/${group}/${version}` : `api/${version}`);

/** The text of a served kind, for the hash of a document. */
const describe = ({ kind, served }: ServedKind): string =>
  JSON.stringify([
    kind.kind,
    served?.resource ?? kind.resource,
    kind.namespaced,
    kind.verbs,
    kind.status,
    kind.scale,
    Object.entries(subresourcesOf(kind)).map(([name, { verbs, takes }]) => [name, verbs, takes?.schema?.mark]),
    (served ?? kind).schema.mark,
  ]);

function document(kinds: KindTable, facts: OpenApiFacts, crypto: Hash, name: string, request: OpenApiRequest): OpenApiAnswer {
  const [root, ...rest] = name.split('/');
  const [group, version] = root === 'api' ? ['', rest[0]] : rest;
  const served = kinds
    .groups()
    .find((g) => g.name === group)
    ?.versions.find((v) => v.version === version);
  if (!served || (root !== 'api' && root !== 'apis') || rest.length > (root === 'api' ? 1 : 2)) {
    return { status: 404, headers: {}, body: '' };
  }
  const etag = hashOf(kinds, facts, crypto, name);
  const headers: Record<string, string> = { etag: `"${etag}"`, vary: 'Accept', 'cache-control': 'no-cache, private' };
  const asked = new URLSearchParams(request.query ?? '').get('hash');
  if (asked !== null && asked !== etag) {
    return { status: 301, headers: { ...headers, location: `/openapi/v3/${name}?hash=${etag}` }, body: '' };
  }
  if (asked !== null) {
    headers['cache-control'] = 'public, immutable';
    headers.expires = new Date((request.now ?? 0) + YEAR_MS).toUTCString().replace('GMT', 'UTC');
  }
  if (request.ifNoneMatch?.includes(etag)) return { status: 304, headers, body: '' };
  headers['content-type'] = 'application/json';
  const schemas = new SchemaWriter('v3', gvksOf(kinds, { group, version }), facts.read());
  const paths = new PathWriter('v3', schemas, group, version).write(served.resources);
  const components = { schemas: schemas.definitions(), securitySchemes: SECURITY };
  return { status: 200, headers, body: JSON.stringify({ openapi: '3.0.0', info: INFO, paths, components }) };
}

function version2(kinds: KindTable, facts: OpenApiFacts, crypto: Hash, request: OpenApiRequest): OpenApiAnswer {
  const format = v2Format(request.accept);
  if (!format) return { status: 406, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '' };
  if (format === 'protobuf')
    return { status: 200, headers: { 'content-type': V2_PROTOBUF.replace('@', '.'), vary: 'Accept' }, body: EMPTY_PROTOBUF };
  const etag = `"${hashOf(kinds, facts, crypto, 'v2')}"`;
  const headers: Record<string, string> = { etag, vary: 'Accept', 'cache-control': 'no-cache, private' };
  if (request.ifNoneMatch === etag) return { status: 304, headers, body: '' };
  const schemas = new SchemaWriter('v2', gvksOf(kinds), facts.read());
  let paths: Obj = {};
  for (const { name, versions } of kinds.groups()) {
    for (const { version, resources } of versions) {
      paths = { ...paths, ...new PathWriter('v2', schemas, name, version).write(resources) };
    }
  }
  const body = {
    swagger: '2.0',
    info: INFO,
    paths,
    definitions: schemas.definitions(),
    securityDefinitions: SECURITY,
    security: [{ BearerToken: [] }],
  };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/**
 * kubectl asks for v2 in protobuf only when v3 knows nothing of a kind, and then wants to hear that v2 knows nothing either, to go on to
 * its "no matches for kind". So that document is empty: swagger "2.0", info, no paths, no definitions. All its bytes are ASCII. (The
 * "@" of the name is no part of a media type: upstream answers with a dot, and so do we.)
 */
const EMPTY_PROTOBUF = `\n\x032.0\x12\x12\n\n${INFO.title}\x12\x04${INFO.version}B\0J\0`;

function v2Format(accept: string | null | undefined): 'json' | 'protobuf' | undefined {
  if (!accept) return 'json';
  for (const clause of accept.split(',')) {
    const type = clause.split(';')[0].trim();
    if (type === V2_PROTOBUF) return 'protobuf';
    if (type === 'application/json' || type === 'application/*' || type === '*/*') return 'json';
  }
  return undefined;
}

const EVERY_GROUP = new Set(['DeleteOptions', 'WatchEvent']);
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/**
 * x-kubernetes-group-version-kind of a definition, from the table of kinds. Options belong to every group: to the one the document is
 * about (`only`), or to all.
 */
function gvksOf(kinds: KindTable, only?: { group: string; version: string }): GvkOf {
  const versions = kinds
    .groups()
    .flatMap((g) => g.versions.map((v) => ({ group: g.name, version: v.version, resources: v.resources })));
  const homes = new Map<string, { group: string; version: string }>();
  for (const { group, version, resources } of versions) {
    for (const { kind, served } of resources) homes.set(homeOf((served ?? kind).schema.name), { group, version });
  }
  const legacy = { group: '', version: 'v1' };
  const everywhere = only ? (only.group ? [legacy, only] : [legacy]) : versions;
  return (type: StructType) => {
    const gvk = ({ group, version }: { group: string; version: string }) => ({ group, kind: type.go, version });
    if (type.name.startsWith(META)) return EVERY_GROUP.has(type.go) ? everywhere.map(gvk) : [gvk(legacy)];
    const home = homes.get(homeOf(type.name));
    return home && [gvk(home)];
  };
}
const homeOf = (type: string) => type.slice(0, type.lastIndexOf('.'));
