import type { Kind } from '../api/machinery/define-kind.ts';
import { badRequest } from '../api/machinery/status-errors.ts';
import { rfc3339 } from '../api/machinery/time.ts';
import type { KubeObject, OwnerReference } from '../lib/json.ts';
import { type Random, suffix } from '../lib/random.ts';

/** storage/names/generate.go. */
const NAME_MAX = 63;
const SUFFIX_LENGTH = 5;

export const generateName = (base: string, random: Random): string =>
  base.slice(0, NAME_MAX - SUFFIX_LENGTH) + suffix(random, SUFFIX_LENGTH);

/** Fields that only the server sets (rest.WipeObjectMetaSystemFields). */
export function wipeSystemFields({ metadata }: KubeObject): void {
  const meta: Partial<typeof metadata> & { selfLink?: string } = metadata;
  delete meta.creationTimestamp;
  delete meta.uid;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
}

/** rest.FillObjectMetaSystemFields. */
export function fillSystemFields({ metadata }: KubeObject, random: Random, now: number): void {
  metadata.creationTimestamp = rfc3339(now);
  metadata.uid = random.uuid();
}

/** The object's namespace is the request's; another one is refused (rest.EnsureObjectNamespaceMatchesRequestNamespace). */
export function ensureNamespace(object: KubeObject, namespace: string): void {
  const { metadata } = object;
  const own = metadata.namespace ?? '';
  if (own === namespace) {
    if (!namespace) delete metadata.namespace;
    return;
  }
  if (own === '') metadata.namespace = namespace;
  else if (namespace === '') delete metadata.namespace;
  else throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** The name in the body must be the one in the address (handlers/rest.go checkName). */
export function checkName(object: KubeObject, name: string): void {
  const own = object.metadata.name;
  if (!own) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
}

/** Removes repeated owners; a warning names their uids (handlers/create.go dedupOwnerReferencesAndAddWarning). */
export function dedupOwners(object: KubeObject, afterAdmission: boolean, warnings: string[]): void {
  const refs = object.metadata.ownerReferences;
  if (!refs || refs.length < 2) return;
  const kept: OwnerReference[] = [];
  const duplicates: string[] = [];
  for (const ref of refs) {
    if (kept.some((other) => sameOwner(other, ref))) duplicates.push(ref.uid);
    else kept.push(ref);
  }
  if (duplicates.length === 0) return;
  object.metadata.ownerReferences = kept;
  const when = afterAdmission ? ' after mutating admission happens' : '';
  const advice =
    'API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests';
  const lead = `.metadata.ownerReferences contains duplicate entries${when}`;
  warnings.push(`${lead}; ${advice}; duplicate UID(s) observed: ${duplicates.join(', ')}`);
}

const sameOwner = (a: OwnerReference, b: OwnerReference): boolean =>
  a.apiVersion === b.apiVersion &&
  a.kind === b.kind &&
  a.name === b.name &&
  a.uid === b.uid &&
  (a.controller ?? null) === (b.controller ?? null) &&
  (a.blockOwnerDeletion ?? null) === (b.blockOwnerDeletion ?? null);

/** The key that upstream's storage errors show; dry runs do not get as far as etcd's prefix. */
export function storageKey(kind: Kind, namespace: string, name: string, dryRun = false): string {
  const prefix = kind.storagePrefix ?? kind.resource;
  const key = namespace ? `/${prefix}/${namespace}/${name}` : `/${prefix}/${name}`;
  return dryRun ? key : `/registry${key}`;
}
