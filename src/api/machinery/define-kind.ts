import type { Crypto } from '../../lib/crypto-port.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { Random } from '../../lib/random.ts';
import type { Explainer } from '../explain/explainer.ts';
import type { Meter } from '../metrics/meter.ts';
import type { Schema } from '../schema/schema.ts';
import type { FieldError } from './field-errors.ts';
import type { TokenIssuer } from './token-issuer.ts';
import type { UserInfo } from './user.ts';

/** Names a resource everywhere below HTTP: "pods", "apps/deployments", "rbac.authorization.k8s.io/roles". The version is not part of it. */
export type Resource = string;

/** Arguments of every strategy function. `now` is in ms since the epoch. */
export interface StrategyContext {
  now: number;
  random: Random;
  /** Verifies a signature inside an object; absent: it is believed. */
  verifyBytes?: Crypto['verifyBytes'] | undefined;
  /** Synchronous reads of the cluster's own store; objects are frozen, never mutate them. */
  get(resource: Resource, namespace: string, name: string): KubeObject | undefined;
  list(resource: Resource, namespace?: string): KubeObject[];
  /** Set for writes to a subresource: "status", "scale", "ephemeralcontainers", "resize", ... */
  subresource?: string;
  /** The version that the client speaks, e.g. "events.k8s.io/v1": a few kinds are stricter in some. */
  apiVersion?: string;
  /** The user that writes: a few kinds record it in the object. */
  user?: UserInfo;
}

/** A printer column (metav1.TableColumnDefinition) and its value. `now` in ms. */
export interface Column {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description: string;
  /** 0 is always shown, 1 only with -o wide. */
  priority?: number;
  value(object: KubeObject, now: number): string | number | boolean | null;
}

/** Behaviour of a kind: upstream's strategy, defaulting, validation and printer. Functions mutate `object` only where stated. */
export interface KindRules {
  /** Upstream's SetDefaults_*; mutates. Runs on every decode of a request, before admission. Must be idempotent. */
  defaults?(object: KubeObject): void;
  /** PrepareForCreate; mutates (drops status, sets generation 1, ...). */
  prepareCreate?(object: KubeObject, cx: StrategyContext): void;
  /** PrepareForUpdate; mutates (restores status, bumps generation when the spec changed). */
  prepareUpdate?(object: KubeObject, old: KubeObject, cx: StrategyContext): void;
  /** PrepareForUpdate of subresources.status; the default restores everything but status (and metadata as upstream allows). */
  prepareStatus?(object: KubeObject, old: KubeObject, cx: StrategyContext): void;
  /** Errors beyond ObjectMeta, in upstream's order (object meta is checked by the registry, with `names` below). */
  validateCreate?(object: KubeObject, cx: StrategyContext): FieldError[];
  validateUpdate?(object: KubeObject, old: KubeObject, cx: StrategyContext): FieldError[];
  validateStatus?(object: KubeObject, old: KubeObject, cx: StrategyContext): FieldError[];
  /** Warning header texts (WarningsOnCreate/WarningsOnUpdate). */
  warnings?(object: KubeObject, old: KubeObject | undefined): string[];
  /** The rule of metadata.name; default dns-subdomain. */
  names?: NameRule;
  /** Finalizers need not be fully qualified: kinds that upstream checks with apimachinery's ValidateObjectMeta (Lease, CRDs). */
  plainFinalizers?: boolean;
  /** The strategy's ValidateUpdate does not look at ObjectMeta again (EndpointSlice, Event): its errors are then reported once less. */
  skipsMetaOnUpdate?: boolean;
  /** The strategy's Validate does not look at ObjectMeta (Event, PodDisruptionBudget): its errors are reported when there are no others. */
  metaLast?: boolean;
  columns?: Column[];
  /** The order of a Table's rows, where it is not that of the list (printers that sort, pkg/printers/internalversion). */
  rowOrder?(a: KubeObject, b: KubeObject): number;
  /** Conditions of an object's row in a Table (metav1.TableRowCondition): only pods that have finished have any. */
  rowConditions?(object: KubeObject): Obj[];
  /** Field selectors beyond metadata.name and metadata.namespace: label -> JSON path segments in the stored object. */
  selectable?: Record<string, string[]>;
  /** Graceful deletion (CheckGracefulDelete): seconds to grant, or undefined to delete at once. */
  grace?(object: KubeObject, requested: number | bigint | undefined): number | bigint | undefined;
}

/** How a kind is stored and answered (upstream's strategy.go and storage.go): data only, so that a definition at run time can say all of it. */
export interface StorageFacts {
  /** PUT of a name that does not exist creates it (AllowCreateOnUpdate). */
  createOnUpdate?: boolean;
  /** PUT without resourceVersion is refused (AllowUnconditionalUpdate false). */
  needsResourceVersion?: boolean;
  /** Deletion answers with the object instead of a Status (ReturnDeletedObject). */
  returnsDeleted?: boolean;
  /**
   * The propagation policy of a deletion that names none; default Background. Unsupported: the garbage collector leaves the kind
   * alone, and no policy adds a finalizer (DefaultGarbageCollectionPolicy).
   */
  defaultPropagation?: 'Background' | 'Orphan' | 'Unsupported';
  /** Where upstream keeps it in etcd, as some messages show, when that is not the plural (SpecialDefaultResourcePrefixes). */
  storagePrefix?: string;
  /** The version that upstream stores, where it is not `version`; it only enters discovery's storageVersionHash. */
  storageVersion?: string;
  /** Without prepare functions: creation sets generation 1, and it moves with every change beyond metadata and status. */
  countsGenerations?: boolean;
  /** Writes to /status put metadata back too (ResetObjectMetaForStatus). */
  statusResetsMetadata?: boolean;
  /** Fields that a write puts back to what they were and so does not own, by subresource; '' is the main resource (GetResetFields). */
  resetFields?: Readonly<Record<string, FieldFilter>>;
}

/** Paths like "metadata.labels"; `*` stands for any element. What a write may own: nothing at or below `exclude`, or only `include`. */
export interface FieldFilter {
  exclude?: readonly string[];
  include?: readonly string[];
}

export type NameRule =
  | 'dns-subdomain'
  | 'dns-label'
  | 'dns1035-label'
  | 'path-segment'
  | ((name: string, prefix: boolean) => string[]);

/** A version under which a kind is served besides its stored one; conversions mutate nothing and return new objects. */
export interface ServedVersion {
  group: string;
  version: string;
  schema: Schema;
  /** Plural under which it is served, when it differs. */
  resource?: string;
  toStored(object: Obj): Obj;
  fromStored(object: Obj): Obj;
  /** Names of fields in this version's field selectors -> names in the kind's `selectable`; absent: the names are equal. */
  fieldLabels?: Readonly<Record<string, string>>;
  /** Served only with --legacy-apis, with this Warning. */
  deprecated?: string;
}

export interface ScalePaths {
  spec: string[];
  status: string[];
  /** Path of the selector in the stored object: a LabelSelector, or a map of labels that is one of its own. */
  selector: string[];
  selectorForm?: 'map';
}

/** The type of a body sent to a subresource, where that is not the kind itself. */
export interface Taken {
  group: string;
  version: string;
  kind: string;
  /** Absent: the parameters of a connection, which are no object. */
  schema?: Schema;
  /** Versions of the group that are taken as well. */
  olderVersions?: readonly string[];
}

/** The request of a connection. */
export interface ConnectRequest {
  container: string;
  get: StrategyContext['get'];
}

/** A POST to a subresource, and the operations that it may use; all are part of the transaction of the request. */
export interface PostRequest {
  namespace: string;
  /** From the address, where it has one. */
  name: string | undefined;
  now: number;
  dryRun: boolean;
  get: StrategyContext['get'];
  list: StrategyContext['list'];
  /** Lets admission change and refuse what was sent. */
  admit(): void;
  /** Stores a new state as it is, past every strategy; a dry run stores nothing. */
  store(resource: Resource, next: KubeObject, old: KubeObject): void;
  /** Deletes the object of the address as a client's DELETE would. */
  delete(options: Obj): void;
  tokens: TokenIssuer | undefined;
  annotate: ((key: string, value: string) => void) | undefined;
}

/** What a kind that is not stored is computed from: the objects, the time, and what only a running cluster knows. */
export interface ComputeRequest {
  now: number;
  /** Of a namespaced kind; empty: of all. */
  namespace: string;
  /** The only one that is asked for; absent: all. */
  name?: string;
  get: StrategyContext['get'];
  list: StrategyContext['list'];
  /** Absent: nothing is measured here. */
  meter?: Meter;
  /** Absent: nothing is decided here. */
  explainer?: Explainer;
}

/** A subresource of a kind: what it takes and what it does. */
export interface Subresource {
  verbs: readonly Verb[];
  /** Absent: the kind itself, in the version of the address. */
  takes?: Taken;
  /** How PUT and PATCH change the object; without it they cannot. `whole`: as the object itself, the rules of the kind get the name of the subresource. */
  strategy?: 'whole' | 'status' | 'scale';
  /** Columns of its Table; absent: the kind's. */
  columns?: readonly Column[];
  /** POST: acts on what was sent, which is stored nowhere itself; returns the answer. */
  post?(sent: KubeObject, request: PostRequest): Obj;
  /** For a connection to a kubelet, the name of its node; undefined: none yet. Throws the StatusError of an invalid request. */
  locate?(object: KubeObject, request: ConnectRequest): string | undefined;
  /** The rest of the path belongs to the subresource, and the name may have a scheme and a port. */
  proxies?: boolean;
}

/** A kind: everything that is known of it, as one value. */
export interface Kind extends KindRules, StorageFacts {
  group: string;
  version: string;
  kind: string;
  /** Plural. */
  resource: string;
  singular: string;
  shortNames?: string[];
  categories?: string[];
  namespaced: boolean;
  schema: Schema;
  /** Default: all eight. Virtual kinds (reviews) have ["create"] and are never stored. */
  verbs?: Verb[];
  /** Has /status. */
  status?: boolean;
  scale?: ScalePaths;
  /** Its own subresources by name; subresourcesOf has those too that `status` and `scale` mean. */
  subresources?: Readonly<Record<string, Subresource>>;
  versions?: ServedVersion[];
  /** The subresource of another kind at which objects of this kind, which is never stored, are created. */
  createsAt?: { resource: Resource; subresource: string };
  /** Its objects are never stored: they are computed whenever a client reads them. Such a kind can be got and listed only. */
  computed?(request: ComputeRequest): KubeObject[];
  /** Warning text of a deprecated kind that is served nevertheless (its APILifecycleDeprecated). */
  deprecated?: string;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export const READ_WRITE: Verb[] = ['get', 'patch', 'update'];
export const CREATE_ONLY: Verb[] = ['create'];
export const PROXY: Verb[] = ['create', 'delete', 'get', 'patch', 'update'];

export const resourceOf = (kind: { group: string; resource: string }): Resource =>
  kind.group ? `${kind.group}/${kind.resource}` : kind.resource;
export const apiVersionOf = (kind: { group: string; version: string }): string =>
  kind.group ? `${kind.group}/${kind.version}` : kind.version;

/** The kind of a definition, with what follows from it filled in. Throws on a programmer's error that the type cannot show. */
export function defineKind(definition: Omit<Kind, 'singular'> & { singular?: string }): Kind {
  const { resource, kind } = definition;
  if (!/^[a-z][a-z0-9-]*$/.test(resource)) throw new Error(`bad plural: ${resource}`);
  return { singular: kind.toLowerCase(), ...definition };
}
