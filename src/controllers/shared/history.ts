import { parseDigits } from '../../api/machinery/numerals.ts';
import { clone, type KubeObject, type Obj } from '../../lib/json.ts';
import { safeEncode } from '../../lib/random.ts';
import type { Action, Key } from '../../reconcile/plan.ts';
import type { Change, View } from '../../registry/view.ts';
import { fnv32 } from './hash.ts';
import { byCreation, controllerRef, isControlledBy, managerKeys, newControllerRef } from './owners.ts';
import { deletion } from './objects.ts';
import { canonicalJson, semanticEqual } from './semantic.ts';

export const REVISIONS = 'apps/controllerrevisions';
/** The label of pods (and of a DaemonSet's revisions) that names their revision. */
export const REVISION_LABEL = 'controller-revision-hash';
const PREFIX_MAX = 223;

/** Keys of the owners of a revision that was added, deleted, or got another owner. */
export function revisionKeys(change: Change, kind: string): Key[] {
  const same = change.type === 'MODIFIED' && controllerRef(change.old)?.uid === controllerRef(change.object)?.uid;
  return same ? [] : managerKeys(change, kind, 'apps');
}

/** The revisions of an owner, oldest first (SortControllerRevisions). */
export function revisionsOf(owner: KubeObject, view: View): KubeObject[] {
  const mine = view.ownedBy(owner.metadata.uid, REVISIONS).filter((revision) => isControlledBy(revision, owner));
  return mine.sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0) || byCreation(a, b));
}

/** The data of a revision: the template, as a patch that restores it (getPatch). */
export function templatePatch(template: Obj): Obj {
  return { spec: { template: { $patch: 'replace', ...template } } };
}

/** The template of a revision. */
export function templateOf(revision: KubeObject): Obj {
  const { $patch: _, ...template } = clone(revision.data?.spec?.template ?? {});
  return template;
}

export const keeps = (revision: KubeObject, template: Obj): boolean => semanticEqual(templateOf(revision), template);

/** HashControllerRevision: over the patch as Go writes it, keys sorted. */
export function revisionHash(template: Obj, probe: number): string {
  return safeEncode(String(fnv32(`${canonicalJson(templatePatch(template))}${probe}`)));
}

/** NewControllerRevision. */
export function newRevision(owner: KubeObject, hash: { label: string; value: string }, revision: number): KubeObject {
  const { name, namespace, annotations } = owner.metadata;
  const template = owner.spec?.template ?? {};
  return {
    kind: 'ControllerRevision',
    apiVersion: 'apps/v1',
    metadata: {
      name: `${name.slice(0, PREFIX_MAX)}-${hash.value}`,
      namespace,
      labels: { ...template.metadata?.labels, [hash.label]: hash.value },
      ...(annotations && { annotations: { ...annotations } }),
      ownerReferences: [newControllerRef(owner)],
    },
    // Clients compare its bytes with what Go would write.
    data: parseDigits(canonicalJson(templatePatch(template))),
    revision,
  } as unknown as KubeObject;
}

/** Deletes the oldest unused revisions beyond the limit (truncateHistory). */
export function truncate(history: KubeObject[], live: Set<string>, limit: number): Action[] {
  const dead = history.filter((revision) => !live.has(revision.metadata.name) && !revision.metadata.deletionTimestamp);
  return dead.slice(0, Math.max(0, dead.length - limit)).map((revision) => deletion(REVISIONS, revision));
}
