import type { ServedKind } from '../api/kinds.ts';
import type { Kind, Verb } from '../api/machinery/define-kind.ts';
import { subresourcesOf } from '../api/machinery/subresources.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { Obj } from '../lib/json.ts';
import type { Dialect, SchemaWriter } from './openapi-schemas.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const TYPES = ['application/json', 'application/yaml'];
const PATCH_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

const WRITE = ['dryRun', 'fieldManager', 'fieldValidation'];
const DELETE = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
];
const LIST = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const DELETE_COLLECTION = [...DELETE, ...LIST.filter((name) => name !== 'allowWatchBookmarks' && name !== 'watch')].sort();
const INTEGERS = new Set(['gracePeriodSeconds', 'limit', 'timeoutSeconds']);
const BOOLEANS = new Set(['allowWatchBookmarks', 'force', 'orphanDependents', 'sendInitialEvents', 'watch', DELETE[2]]);

/** One method of a path. */
interface Operation {
  method: string;
  action: string;
  /** Verb of the operation id: list, create, read, replace, patch, delete. */
  id: string;
  parameters: string[];
  body?: { ref: string; types: string[]; optional?: boolean };
  /** Type of the answer, per status. */
  answers: Record<string, string>;
}

/** The subject of an operation: the kind in its extension, and the type of its body and answer. */
interface Subject {
  gvk: Obj;
  type: string;
}

/** Writes the paths of one version of a group. Models the route installer (apiserver endpoints/installer.go) and kube-openapi. */
export class PathWriter {
  readonly #dialect: Dialect;
  readonly #schemas: SchemaWriter;
  readonly #group: string;
  readonly #version: string;
  readonly #paths: Obj = {};

  constructor(dialect: Dialect, schemas: SchemaWriter, group: string, version: string) {
    this.#dialect = dialect;
    this.#schemas = schemas;
    this.#group = group;
    this.#version = version;
  }

  /** All paths of these resources, sorted. */
  write(resources: readonly ServedKind[]): Obj {
    this.#discovery();
    this.#schemas.ref(`${META}.WatchEvent`);
    for (const served of resources) this.#resource(served);
    return Object.fromEntries(Object.entries(this.#paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  get #base(): string {
    return this.#group ? `/apis/${this.#group}/${this.#version}` : `/api/${this.#version}`;
  }

  /** "rbac.authorization.k8s.io" -> "rbacAuthorization". */
  get #camelGroup(): string {
    return (this.#group.replace(/\.k8s\.io$/, '') || 'core').replace(/\.(\w)/g, (_, c: string) => c.toUpperCase());
  }

  /** The prefix of operation ids after their verb: "AppsV1". */
  get #scope(): string {
    return upper(this.#camelGroup) + upper(this.#version);
  }

  #discovery(): void {
    const type = `${META}.APIResourceList`;
    const get: Obj = { tags: [`${this.#camelGroup}_${this.#version}`], description: 'get available resources' };
    get.operationId = `get${this.#scope}APIResources`;
    if (this.#dialect === 'v2') Object.assign(get, { consumes: TYPES, produces: TYPES });
    get.responses = this.#responses({ 200: type });
    this.#paths[`${this.#base}/`] = { get };
  }

  #resource({ kind, served }: ServedKind): void {
    const plural = served?.resource ?? kind.resource;
    const { schema } = served ?? kind;
    const { name: type, listName: list } = schema;
    this.#schemas.define(schema);
    const subject = { gvk: { group: this.#group, version: this.#version, kind: kind.kind }, type };
    const has = (verb: Verb) => !kind.verbs || kind.verbs.includes(verb);
    const scope = kind.namespaced ? `${this.#base}/namespaces/{namespace}` : this.#base;
    const named = (verb: string) => `${verb}${kind.namespaced ? 'Namespaced' : ''}${kind.kind}`;
    const collection: Operation[] = [];
    if (has('list')) collection.push({ ...LIST_OPERATION, id: named('list'), answers: { 200: list } });
    if (has('create')) collection.push(create(named('create'), type));
    if (has('deletecollection')) collection.push(deleteCollection(named('deletecollection')));
    this.#add(`${scope}/${plural}`, subject, kind.namespaced ? ['namespace'] : [], collection);
    if (has('list') && kind.namespaced) {
      const everywhere = { ...LIST_OPERATION, id: `list${kind.kind}ForAllNamespaces`, answers: { 200: list } };
      this.#add(`${this.#base}/${plural}`, subject, [], [everywhere]);
    }
    const place = kind.namespaced ? ['name', 'namespace'] : ['name'];
    const one: Operation[] = [];
    if (has('get')) one.push(read(named('read'), type));
    if (has('update')) one.push(replace(named('replace'), type));
    if (has('delete')) one.push(remove(named('delete'), deletedType(kind, type)));
    if (has('patch')) one.push(patch(named('patch'), type));
    this.#add(`${scope}/${plural}/{name}`, subject, place, one);
    this.#subresources(kind, `${scope}/${plural}/{name}`, subject, place);
  }

  #subresources(kind: Kind, base: string, subject: Subject, place: string[]): void {
    for (const [name, { takes, verbs }] of Object.entries(subresourcesOf(kind))) {
      if (takes && !takes.schema) continue; // connections (exec, proxy, ...) carry no objects
      const gvk = takes && { group: takes.group || this.#group, version: takes.version, kind: takes.kind };
      this.#sub(
        kind,
        `${base}/${name}`,
        upper(name),
        takes ? { gvk: gvk as Obj, type: (takes.schema as Schema).name } : subject,
        place,
        verbs,
      );
    }
  }

  #sub(kind: Kind, path: string, suffix: string, subject: Subject, place: string[], verbs: readonly Verb[]): void {
    const named = (verb: string) => `${verb}${kind.namespaced ? 'Namespaced' : ''}${kind.kind}${suffix}`;
    const operations: Operation[] = [];
    if (verbs.includes('get')) operations.push(read(named('read'), subject.type));
    if (verbs.includes('create')) operations.push(create(named('create'), subject.type));
    if (verbs.includes('update')) operations.push(replace(named('replace'), subject.type));
    if (verbs.includes('patch')) operations.push(patch(named('patch'), subject.type));
    this.#add(path, subject, place, operations);
  }

  #add(path: string, subject: Subject, place: string[], operations: Operation[]): void {
    if (!operations.length) return;
    const item: Obj = {};
    for (const operation of operations) item[operation.method] = this.#operation(operation, subject);
    item.parameters = [...place.map((name) => this.#parameter(name, true)), this.#parameter('pretty', false)];
    this.#paths[path] = item;
  }

  #operation(o: Operation, { gvk }: Subject): Obj {
    const id = o.id.replace(/^(deletecollection|[a-z]+)/, (verb) =>
      verb === 'deletecollection' ? `delete${this.#scope}Collection` : `${verb}${this.#scope}`,
    );
    const parameters = o.parameters.map((name) => this.#parameter(name, false));
    const out: Obj = { tags: [`${this.#camelGroup}_${this.#version}`], operationId: id };
    if (this.#dialect === 'v2') {
      out.consumes = o.body?.types ?? ['*/*'];
      out.produces = TYPES;
      if (o.body)
        parameters.unshift({
          name: 'body',
          in: 'body',
          ...(!o.body.optional && { required: true }),
          schema: this.#schemas.ref(o.body.ref),
        });
    } else if (o.body)
      out.requestBody = { content: this.#content(o.body.types, o.body.ref), ...(!o.body.optional && { required: true }) };
    if (parameters.length) out.parameters = parameters;
    out.responses = this.#responses(o.answers);
    out['x-kubernetes-action'] = o.action;
    out['x-kubernetes-group-version-kind'] = gvk;
    return out;
  }

  #responses(answers: Record<string, string>): Obj {
    const out: Obj = {};
    for (const status in answers) {
      const schema = this.#schemas.ref(answers[status]);
      const description = ANSWERS[status];
      out[status] =
        this.#dialect === 'v2' ? { description, schema } : { description, content: this.#content(TYPES, answers[status]) };
    }
    out['401'] = { description: 'Unauthorized' };
    return out;
  }

  #content(types: string[], ref: string): Obj {
    return Object.fromEntries(types.map((type) => [type, { schema: this.#schemas.ref(ref) }]));
  }

  #parameter(name: string, inPath: boolean): Obj {
    const schema = { type: INTEGERS.has(name) ? 'integer' : BOOLEANS.has(name) ? 'boolean' : 'string', uniqueItems: true };
    const place = inPath ? { in: 'path', required: true } : { in: 'query' };
    return this.#dialect === 'v2' ? { name, ...place, ...schema } : { name, ...place, schema };
  }
}

const upper = (text: string) => text[0].toUpperCase() + text.slice(1);
const ANSWERS: Record<string, string> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
const LIST_OPERATION = { method: 'get', action: 'list', parameters: LIST };
const STATUS = `${META}.Status`;

const create = (id: string, type: string): Operation => ({
  method: 'post',
  action: 'post',
  id,
  parameters: WRITE,
  body: { ref: type, types: ['*/*'] },
  answers: { 200: type, 201: type, 202: type },
});
const read = (id: string, type: string): Operation => ({
  method: 'get',
  action: 'get',
  id,
  parameters: [],
  answers: { 200: type },
});
const replace = (id: string, type: string): Operation => ({
  method: 'put',
  action: 'put',
  id,
  parameters: WRITE,
  body: { ref: type, types: ['*/*'] },
  answers: { 200: type, 201: type },
});
const patch = (id: string, type: string): Operation => ({
  method: 'patch',
  action: 'patch',
  id,
  parameters: [...WRITE, 'force'],
  body: { ref: `${META}.Patch`, types: PATCH_TYPES },
  answers: { 200: type, 201: type },
});
const options = { ref: `${META}.DeleteOptions`, types: ['*/*'], optional: true };
const remove = (id: string, type: string): Operation => ({
  method: 'delete',
  action: 'delete',
  id,
  parameters: DELETE,
  body: options,
  answers: { 200: type, 202: type },
});
const deleteCollection = (id: string): Operation => ({
  method: 'delete',
  action: 'deletecollection',
  id,
  parameters: DELETE_COLLECTION,
  body: options,
  answers: { 200: STATUS },
});

/**
 * The type of a deletion's answer; the store of namespaces returns objects too, but does not declare it
 * (MayReturnFullObjectDeleter).
 */
const deletedType = (kind: Kind, type: string): string => (kind.returnsDeleted && !kind.subresources?.finalize ? type : STATUS);
