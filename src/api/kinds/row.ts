import {
  defineKind,
  type Kind,
  type KindRules,
  type ScalePaths,
  type ServedVersion,
  type Verb,
} from '../machinery/define-kind.ts';

/** What a row of the table may say beyond its name; everything else is derived. */
export interface RowOptions {
  short?: string[];
  categories?: string[];
  /** Cluster-scoped. */
  cluster?: boolean;
  verbs?: Verb[];
  status?: boolean;
  scale?: ScalePaths;
  sub?: Kind['subresources'];
  versions?: ServedVersion[];
  createsAt?: Kind['createsAt'];
  computed?: Kind['computed'];
  deprecated?: string;
  storageVersion?: string;
  rules?: KindRules;
}

export const READ_WRITE: Verb[] = ['get', 'patch', 'update'];
export const CREATE_ONLY: Verb[] = ['create'];
export const PROXY: Verb[] = ['create', 'delete', 'get', 'patch', 'update'];

/** Makes the row function of one group and version; `home` is the package part of its definition names. */
export function inGroup(group: string, version: string, home: string) {
  return (kind: string, resource: string, o: RowOptions = {}): Kind =>
    defineKind({
      group,
      version,
      kind,
      resource,
      singular: kind.toLowerCase(),
      namespaced: !o.cluster,
      type: `${home}.${kind}`,
      ...(o.short && { shortNames: o.short }),
      ...(o.categories && { categories: o.categories }),
      ...(o.verbs && { verbs: o.verbs }),
      ...(o.status && { status: true }),
      ...(o.scale && { scale: o.scale }),
      ...(o.sub && { subresources: o.sub }),
      ...(o.versions && { versions: o.versions }),
      ...(o.createsAt && { createsAt: o.createsAt }),
      ...(o.computed && { computed: o.computed }),
      ...(o.deprecated && { deprecated: o.deprecated }),
      ...(o.storageVersion && { storageVersion: o.storageVersion }),
      rules: o.rules ?? {},
    });
}
