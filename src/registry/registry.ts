import { type Kind, type Resource, resourceOf } from '../api/machinery/define-kind.ts';
import type { KindTable } from '../api/kinds.ts';
import { storedText } from '../api/machinery/numerals.ts';
import { internalError, methodNotAllowed, notFoundError, StatusError } from '../api/machinery/status-errors.ts';
import { clone, type KubeObject } from '../lib/json.ts';
import type { Crypto } from '../lib/crypto-port.ts';
import type { Random } from '../lib/random.ts';
import type { Sync } from '../lib/sqlite-port.ts';
import type { Row } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { DryRun } from './dry-run.ts';
import { orderedMeta } from './encode.ts';
import { Kernel } from './kernel.ts';
import { listBytes, type ListMeta, listRows } from './list.ts';
import type {
  DeleteOptions,
  DeleteRequest,
  DeleteResult,
  ListOptions,
  ListResult,
  PatchType,
  WriteOptions,
  WriteResult,
} from './options.ts';
import * as pipeline from './pipeline.ts';
import type { Admission, Allocator, ClusterObjects, Ports } from './ports.ts';
import type { TokenIssuer } from '../api/machinery/token-issuer.ts';
import { trackFields, type Written } from './steps.ts';
import { strategyFor } from './strategies/index.ts';
import { post } from './post.ts';
import type { StoreView } from './store-view.ts';
import { openScope, openWrite, type RequestScope, type WriteScope } from './write-scope.ts';

/** The reads of the log that layers above the registry may use. Writes and other SQL are the registry's. */
export type ChangeLog = Pick<Store, 'compacted' | 'after' | 'at' | 'list'>;

export interface RegistryDeps {
  /** The kinds that the cluster serves now: called each time, since the table may change. */
  kinds: () => KindTable;
  store: Store;
  random: Random;
  /** In the order in which they see a request; what must be last stands last. */
  admission: readonly Admission[];
  allocators: Record<Resource, Allocator>;
  /** Signs tokens of service accounts; without it /token is refused. */
  tokens?: TokenIssuer;
  /** Verifies signatures of what clients send; without it they are believed. */
  verifyBytes?: Crypto['verifyBytes'];
}

/**
 * The generic machine over any kind: reads and writes. It finds the kind's strategy and opens a scope; the steps of a write are those of
 * pipeline.ts. Synchronous; every write is one transaction (SPEC.md).
 */
export class Registry {
  readonly store: Store;
  readonly view: StoreView;
  readonly random: Random;
  /** For tests that write past the pipeline. */
  readonly kernel: Kernel;
  readonly #ports: Ports;

  constructor({ kinds, store, random, admission, allocators, tokens, verifyBytes }: RegistryDeps) {
    this.kernel = new Kernel({ kinds, store, random, ...(verifyBytes && { verifyBytes }) });
    this.#ports = { admission, allocators, tokens, cluster: this.#objects() };
    this.store = store;
    this.random = random;
    this.view = this.kernel.view;
  }

  /** The log, read-only, for streams that serve stored text. */
  get log(): ChangeLog {
    return this.store;
  }

  /** The last revision that was written. */
  get revision(): number {
    return this.store.revision();
  }

  /** The kinds that the cluster serves now. */
  get kinds(): KindTable {
    return this.kernel.kinds;
  }

  /** The stored text of one object; throws NotFound. */
  get(kind: Kind, namespace: string, name: string): Row {
    const row = this.store.get(resourceOf(kind), kind.namespaced ? namespace : '', name);
    if (!row) throw notFoundError(kind, name);
    return row;
  }

  /** The object that GET of a subresource shows; throws NotFound. */
  getSubresource(kind: Kind, subresource: string, namespace: string, name: string): KubeObject {
    const object = this.decode(this.get(kind, namespace, name));
    return strategyFor(kind, subresource).show?.(object) ?? object;
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
    if (options.subresource) return this.#post(kind, object, options);
    if (kind.createsAt) {
      const { resource, subresource } = kind.createsAt;
      return this.#post(this.#kindOf(resource), object, { ...options, subresource });
    }
    if (kind.verbs && !kind.verbs.includes('get')) throw methodNotAllowed(kind, 'create');
    return this.#write(kind, options, (scope) => pipeline.create(scope, object));
  }

  #post(kind: Kind, object: KubeObject, options: WriteOptions): WriteResult {
    const scope = openScope(this.kernel, this.#ports, kind, options);
    return this.#runSteps(scope, () => post(scope, clone(object)));
  }

  /** Writes managedFields into an object that is answered and never stored: a review. */
  trackFields(kind: Kind, object: KubeObject, options: WriteOptions): void {
    object.metadata ??= {} as KubeObject['metadata'];
    trackFields(this.#open(kind, options), undefined, object);
  }

  update(kind: Kind, object: KubeObject, options: WriteOptions): WriteResult {
    return this.#write(kind, options, (scope) => pipeline.update(scope, object));
  }

  /** `body` is the patch as it was sent: JSON, or YAML for apply. */
  patch(kind: Kind, type: PatchType, body: string, options: WriteOptions): WriteResult {
    return this.#write(kind, options, (scope) => pipeline.patch(scope, type, body));
  }

  /** Deletes one object. Callers check a client's options with validateDeleteOptions. */
  delete(kind: Kind, request: DeleteRequest): DeleteResult {
    const scope = openScope(this.kernel, this.#ports, kind, request);
    return this.#runSteps(scope, () => pipeline.remove(scope));
  }

  /** Deletes the objects of a list, one by one in one transaction; returns the list as it was (Store.DeleteCollection). */
  deleteCollection(kind: Kind, request: Omit<DeleteRequest, 'name'> & ListOptions & DeleteOptions): ListResult {
    const each = openScope(this.kernel, this.#ports, kind, request);
    return this.#runSteps(each, () => {
      const list = this.list(kind, request);
      for (const { namespace, name } of list.rows) {
        try {
          pipeline.remove({ ...each, namespace, options: { ...request, namespace, name } });
        } catch (error) {
          // What another deletion took first is no error.
          if (!(error instanceof StatusError) || error.code !== 404) throw error;
        }
      }
      return list;
    });
  }

  /** Opens the scope of a read or a write of the object or of a subresource. */
  #open(kind: Kind, options: WriteOptions): WriteScope {
    const strategy = strategyFor(kind, options.subresource, options.served);
    return openWrite(this.kernel, this.#ports, kind, options, strategy);
  }

  #write(kind: Kind, options: WriteOptions, steps: (scope: WriteScope) => Written): WriteResult {
    const scope = this.#open(kind, options);
    const { object, json, created } = this.#runSteps(scope, () => steps(scope));
    const { warnings, strategy } = scope;
    if (!strategy.show) return { object, json, created, warnings };
    const view = strategy.show(object);
    return { object: view, json: storedText({ ...view, metadata: orderedMeta(view.metadata) }), created, warnings };
  }

  /**
   * Runs the steps of one write in a transaction. Their audit annotations are passed on once, with the answer or the refusal, and
   * warnings with the refusal.
   */
  #runSteps<T>({ options, annotations, warnings }: RequestScope<WriteOptions | DeleteRequest>, steps: () => Sync<T>): T {
    const handOver = () => {
      for (const [key, value] of annotations) options.annotate?.(key, value);
    };
    try {
      const done = options.dryRun ? DryRun.run((body) => this.transaction(body), steps) : this.transaction(steps);
      handOver();
      return done;
    } catch (error) {
      if (error instanceof StatusError) {
        handOver();
        if (warnings.length) options.warnRefused?.(warnings);
      }
      throw error;
    }
  }

  /** Creates an object of the cluster's own, which is complete and valid: no admission plugin is asked. */
  createOwn(kind: Kind, object: KubeObject, options: WriteOptions): void {
    this.transaction(() => {
      this.trackFields(kind, object, options);
      this.kernel.append(kind, object, undefined);
    });
  }

  /** Removes an object whose time is over: no admission plugin is asked, and no finalizer holds it (in upstream a lease of etcd ends). */
  expire(kind: Kind, namespace: string, name: string): void {
    this.transaction(() => {
      const live = this.kernel.live(resourceOf(kind), namespace, name);
      if (live) this.kernel.remove(kind, live.object);
    });
  }

  /** Runs `fn` as one transaction: all or nothing. Nested calls are part of the outer one, but roll back alone. */
  transaction<T>(fn: () => Sync<T>): T {
    return this.kernel.transaction(fn);
  }

  #kindOf(resource: Resource): Kind {
    const kind = this.kinds.byResource(resource);
    if (!kind) throw internalError(`the cluster does not serve ${resource}`);
    return kind;
  }

  #objects(): ClusterObjects {
    const { random, view } = this.kernel;
    return {
      random,
      view,
      object: (resource, namespace, name) => view.get(resource, namespace, name),
      objects: (resource, namespace) => view.list(resource, namespace),
      create: (resource, object, options) => void this.create(this.#kindOf(resource), object, options),
      update: (resource, object, options) => void this.update(this.#kindOf(resource), object, options),
      delete: (resource, request) => void this.delete(this.#kindOf(resource), request),
    };
  }
}
