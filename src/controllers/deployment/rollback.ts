import { type KubeObject, clone } from '../../lib/json.ts';
import type { Plan } from '../../reconcile/plan.ts';
import { PRIVATE, parseRevision, revisionOf, ROLLBACK_TO, sameTemplate, withoutHash } from './revision.ts';
import { type Rollout, recordEvent } from './rollout.ts';

/** The revision that an old client (extensions/v1beta1 spec.rollbackTo) asks to return to; 0 means the last one. */
export function rollbackTarget(d: KubeObject): bigint | undefined {
  const text = d.metadata.annotations?.[ROLLBACK_TO];
  return text ? parseRevision(text) : undefined;
}

/** Copies the template of that revision into the Deployment, and clears the request in any case (rollback.go). */
export function rollBack(r: Rollout, target: bigint): Plan {
  const drafts = r.fresh ? [...r.old, r.fresh] : r.old;
  const revision = target || lastRevision(drafts.map((draft) => revisionOf(draft.set) ?? 0n));
  const found = revision ? drafts.find((draft) => revisionOf(draft.set) === revision)?.set : undefined;
  const { [ROLLBACK_TO]: _, ...annotations } = r.d.metadata.annotations ?? {};
  let object: KubeObject = { ...r.d, metadata: { ...r.d.metadata, annotations } };
  if (!found) {
    const what = revision ? 'Unable to find the revision to rollback to.' : 'Unable to find last revision.';
    recordEvent(r, 'Warning', 'DeploymentRollbackRevisionNotFound', what);
  } else if (sameTemplate(r.d.spec?.template, found.spec?.template)) {
    const message = `The rollback revision contains the same template as current deployment "${r.d.metadata.name}"`;
    recordEvent(r, 'Warning', 'DeploymentRollbackTemplateUnchanged', message);
  } else {
    object = { ...object, spec: { ...object.spec, template: clone(withoutHash(found.spec.template)) } };
    object = { ...object, metadata: { ...object.metadata, annotations: restored(annotations, found) } };
    recordEvent(r, 'Normal', 'DeploymentRollback', `Rolled back deployment "${r.d.metadata.name}" to revision ${revision}`);
  }
  return { actions: [{ verb: 'update', resource: 'apps/deployments', object }, ...r.events] };
}

/** SetDeploymentAnnotationsTo: private annotations are kept, the others become those of the set. */
function restored(annotations: Record<string, string>, set: KubeObject): Record<string, string> {
  const kept = Object.entries(annotations).filter(([key]) => PRIVATE.has(key));
  const copied = Object.entries(set.metadata.annotations ?? {}).filter(([key]) => !PRIVATE.has(key));
  return Object.fromEntries([...kept, ...copied]);
}

function lastRevision(revisions: bigint[]): bigint {
  const sorted = [...revisions].sort((a, b) => (a < b ? 1 : -1));
  return sorted[1] ?? 0n;
}
