import { type StrategyContext, type Kind, type Resource, resourceOf } from '../api/machinery/define-kind.ts';
import type { KindTable } from '../api/kinds.ts';
import { checkStructure } from '../api/machinery/decode.ts';
import { storedText } from '../api/machinery/numerals.ts';
import { badRequest, methodNotAllowed, notFoundError } from '../api/machinery/status-errors.ts';
import { clone, type KubeObject } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import type { Row } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { deleteCollectionSteps, deleteSteps } from './delete.ts';
import { doorOf, mainDoor } from './doors.ts';
import { DryRun } from './dry-run.ts';
import { encode, orderedMeta, ownersOf } from './encode.ts';
import { listBytes, type ListMeta, listRows } from './list.ts';
import { checkName, ensureNamespace, wipeSystemFields } from './names.ts';
import type {
  CommittedChange,
  DeleteOptions,
  DeleteRequest,
  DeleteResult,
  ListOptions,
  ListResult,
  PatchType,
  WriteOptions,
  WriteResult,
} from './options.ts';
import { changeByPatch } from './patch/patch.ts';
import { createSteps, type Passage, track, updateSteps, type Written } from './pipeline.ts';
import type { Admission, AdmissionRequest, Allocator, Quota, TokenIssuer, UserInfo } from './ports.ts';
import { bind } from './subresources/binding.ts';
import { evict } from './subresources/eviction.ts';
import { showScale } from './subresources/scale.ts';
import { requestToken } from './subresources/token.ts';
import { prepareCreate } from './prepare.ts';
import { StoreView } from './view.ts';

export interface RegistryDeps {
  kinds: KindTable;
  store: Store;
  random: Random;
  admission: Admission;
  allocators: Record<Resource, Allocator>;
  /** Signs tokens of service accounts; without it /token is refused. */
  tokens?: TokenIssuer;
  /** Absent: there is room for everything. */
  quota?: Quota;
}

/** The generic machine over any kind: reads, writes and their order. Synchronous; every write is one transaction (SPEC.md). */
export class Registry {
  readonly kinds: KindTable;
  readonly store: Store;
  readonly view: StoreView;
  readonly random: Random;
  readonly admission: Admission;
  readonly quota: Quota | undefined;
  /** Told of every appended row once the outermost transaction has committed. */
  onCommit: ((change: CommittedChange) => void) | undefined;
  readonly #deps: RegistryDeps;
  #depth = 0;
  #pending: CommittedChange[] = [];

  constructor(deps: RegistryDeps) {
    this.#deps = deps;
    this.kinds = deps.kinds;
    this.store = deps.store;
    this.random = deps.random;
    this.admission = deps.admission;
    this.quota = deps.quota;
    this.view = new StoreView(deps.store, deps.kinds);
  }

  /** The stored text of one object; throws NotFound. */
  get(kind: Kind, namespace: string, name: string): Row {
    const row = this.store.get(resourceOf(kind), kind.namespaced ? namespace : '', name);
    if (!row) throw notFoundError(kind, name);
    return row;
  }

  /** What GET of a subresource shows. */
  getSubresource(kind: Kind, subresource: string, namespace: string, name: string): KubeObject {
    const object = this.decode(this.get(kind, namespace, name));
    return subresource === 'scale' && kind.scale ? showScale(kind, object) : object;
  }

  /** A decoded object: shared, do not mutate. */
  object(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    return this.view.get(resource, namespace, name);
  }

  objects(resource: Resource, namespace?: string): KubeObject[] {
    return this.view.list(resource, namespace);
  }

  decode(row: Row): KubeObject {
    return this.view.decode(row);
  }

  list(kind: Kind, options: ListOptions): ListResult {
    return listRows(this.store, kind, options);
  }

  /** A list, or its first page, as bytes (listBytes); undefined: ask list. */
  listBytes(
    kind: Kind,
    options: ListOptions,
    skip: number,
    frame: (meta: ListMeta) => [string, string],
  ): Uint8Array<ArrayBuffer> | undefined {
    return listBytes(this.store, kind, options, skip, frame);
  }

  create(kind: Kind, object: KubeObject, options: WriteOptions): WriteResult {
    if (options.subresource) return this.#createSubresource(kind, object, options);
    if (kind.createsAt) {
      const { resource, subresource } = kind.createsAt;
      return this.#createSubresource(this.kinds.byResource(resource) as Kind, object, { ...options, subresource });
    }
    if (kind.verbs && !kind.verbs.includes('get')) throw methodNotAllowed(kind, 'create');
    const passage = this.#passage(kind, options);
    let view = this.#received(passage, object);
    wipeSystemFields(view);
    ensureNamespace(view, kind.namespaced ? options.namespace : '');
    view = passage.door.defaults(view);
    return this.#write(passage, () => createSteps(passage, view));
  }

  #createSubresource(kind: Kind, object: KubeObject, options: WriteOptions): WriteResult {
    switch (options.subresource) {
      case 'binding':
        return this.#run(options, () => bind(this, kind, clone(object), options));
      case 'eviction':
        return this.#run(options, () => evict(this, kind, clone(object), options));
      case 'token':
        return this.#run(options, () => requestToken(this, kind, clone(object), options, this.#deps.tokens));
      default:
        throw badRequest(`nothing can be created at the subresource ${options.subresource} of ${kind.resource}`);
    }
  }

  /** Keeps the books of an object that is answered and never stored: a review. */
  book(kind: Kind, object: KubeObject, options: WriteOptions): void {
    object.metadata ??= {} as KubeObject['metadata'];
    track(this.#passage(kind, options), undefined, object);
  }

  update(kind: Kind, object: KubeObject, options: WriteOptions): WriteResult {
    const passage = this.#passage(kind, options);
    let sent = this.#received(passage, object);
    ensureNamespace(sent, kind.namespaced ? options.namespace : '');
    checkName(sent, options.name as string);
    sent = passage.door.defaults(sent);
    const { uid } = sent.metadata;
    const change = (live: KubeObject | undefined) => {
      track(passage, live, sent);
      return sent;
    };
    return this.#write(passage, () => updateSteps(passage, change, false, uid));
  }

  /** `body` is the patch as it was sent: JSON, or YAML for apply. */
  patch(kind: Kind, type: PatchType, body: string, options: WriteOptions): WriteResult {
    const passage = this.#passage(kind, options);
    const change = changeByPatch(passage, type, body);
    return this.#write(passage, () => updateSteps(passage, change, type === 'apply' && !options.subresource));
  }

  delete(kind: Kind, request: DeleteRequest): DeleteResult {
    return this.#run(request, () => deleteSteps(this, kind, request));
  }

  /** Deletes what a list selects; answers with the list as it was. */
  deleteCollection(kind: Kind, request: Omit<DeleteRequest, 'name'> & ListOptions & DeleteOptions): ListResult {
    return this.#run(request, () => deleteCollectionSteps(this, kind, request));
  }

  #passage(kind: Kind, options: WriteOptions): Passage {
    const { subresource } = options;
    const door = subresource ? doorOf(kind, subresource, options.served) : mainDoor(kind, options.served);
    return { registry: this, kind, door, options, warnings: [] };
  }

  /** The client's object as Go would have decoded it, ours to change. */
  #received({ door, options, warnings }: Passage, object: KubeObject): KubeObject {
    let fresh = object;
    if (!options.decoded) {
      const checked = checkStructure(door.type, clone(object), 'Ignore');
      warnings.push(...checked.warnings);
      fresh = checked.object;
    }
    fresh.kind = door.kind;
    fresh.apiVersion = door.apiVersion;
    fresh.metadata ??= {} as KubeObject['metadata'];
    return fresh;
  }

  #write(passage: Passage, steps: () => Written): WriteResult {
    const { options, door, kind, warnings } = passage;
    const { object, json, created } = this.#run(options, steps);
    if (!options.served && options.subresource !== 'scale') return { object, json, created, warnings };
    const view = options.subresource === 'scale' ? showScale(kind, object) : door.read(object);
    return { object: view, json: storedText({ ...view, metadata: orderedMeta(view.metadata) }), created, warnings };
  }

  #run<T>({ dryRun }: { dryRun?: boolean }, fn: () => T): T {
    return dryRun ? DryRun.run((body) => this.transaction(body), fn) : this.transaction(fn);
  }

  /** All or nothing. Nested calls are part of the outer one, but roll back alone. */
  transaction<T>(fn: () => T): T {
    const { length } = this.#pending;
    this.#depth++;
    try {
      return this.store.transaction(fn);
    } catch (error) {
      this.#pending.length = length;
      throw error;
    } finally {
      this.#depth--;
      if (this.#depth === 0 && this.#pending.length) this.#tell();
    }
  }

  #tell(): void {
    const changes = this.#pending;
    this.#pending = [];
    if (this.onCommit) for (const change of changes) this.onCommit(change);
  }

  /** Writes a new state; its resourceVersion becomes the new revision. Answers with the text. */
  append(kind: Kind, object: KubeObject, old: KubeObject | undefined, prev?: number): string {
    const resource = resourceOf(kind);
    const { name, namespace = '' } = object.metadata;
    const revision = this.store.revision() + 1;
    object.metadata.resourceVersion = String(revision);
    const json = encode(object);
    const owners = ownersOf(object);
    const had = old ? ownersOf(old) : [];
    const fresh = had.length ? owners.filter((uid) => !had.includes(uid)) : owners;
    this.store.put(resource, namespace, name, revision, json, fresh, prev);
    const former = had.filter((uid) => !owners.includes(uid));
    if (former.length) this.store.disown(resource, namespace, name, former);
    this.#note({ revision, resource, namespace, name, type: old ? 'MODIFIED' : 'ADDED' }, object, old, json.length);
    return json;
  }

  /** Takes an object away for good: a tombstone with its last state, and what it held is released. */
  remove(kind: Kind, live: KubeObject, { now, dryRun }: { now: number; dryRun?: boolean }, final = live): KubeObject {
    const resource = resourceOf(kind);
    const { name, namespace = '' } = live.metadata;
    const revision = this.store.revision() + 1;
    const last: KubeObject = { ...final, metadata: { ...final.metadata, resourceVersion: String(revision) } };
    const json = encode(last);
    this.store.remove(resource, namespace, name, revision, json, ownersOf(live));
    this.view.remember(revision, last, json.length);
    this.#note({ revision, resource, namespace, name, type: 'DELETED' }, undefined, live, json.length);
    this.allocator(kind)?.release(live, this, { now, dryRun: dryRun === true });
    return last;
  }

  #note(change: CommittedChange, object: KubeObject | undefined, old: KubeObject | undefined, bytes: number): void {
    this.view.changed(change.resource, change.revision, object, old, bytes);
    if (this.onCommit) this.#pending.push(change);
  }

  allocator(kind: Kind): Allocator | undefined {
    return this.#deps.allocators[resourceOf(kind)];
  }

  /** Admission of an object that is created at a subresource, and stored nowhere itself. */
  reviewCreate(kind: Kind, subresource: string, object: KubeObject, o: WriteOptions): void {
    const request: AdmissionRequest = {
      operation: 'CREATE',
      kind,
      subresource,
      namespace: kind.namespaced ? o.namespace : '',
      name: o.name ?? object.metadata?.name ?? '',
      object,
      old: undefined,
      user: o.user,
      dryRun: o.dryRun === true,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      now: o.now,
      ...(o.annotate && { annotate: o.annotate }),
    };
    this.admission.mutate(request, this);
    this.admission.review(request, this);
  }

  /** For kinds without rules of their own: status is the server's, generations start at 1. */
  defaultPrepare(kind: Kind, object: KubeObject): void {
    prepareCreate(kind, object, (type) => checkStructure(type, {}, 'Ignore').object.status);
  }

  /** Does an update that leaves no finalizers end a deletion? Kinds with /finalize have finalizers in their spec too. */
  isFinished(kind: Kind, object: KubeObject, old: KubeObject): boolean {
    if (object.metadata.finalizers?.length || !old.metadata.deletionTimestamp || old.metadata.deletionGracePeriodSeconds)
      return false;
    return !kind.subresources?.finalize || !object.spec?.finalizers?.length;
  }

  /** What strategy functions may use. */
  context(now: number, subresource?: string, apiVersion?: string, user?: UserInfo): StrategyContext {
    return {
      now,
      random: this.random,
      subresource,
      apiVersion,
      user,
      get: (resource, namespace, name) => this.view.get(resource, namespace, name),
      list: (resource, namespace) => this.view.list(resource, namespace),
    };
  }
}
