import type { Obj } from '../../lib/json.ts';

/** Defaults that differed in the dropped versions of apps and extensions (1.15 was the last release to serve most); all in place. */

export const MAX_INT32 = 2147483647;

/** Fills the selector, and the labels of the object itself, from the template's labels when not given. */
export function labelsFromTemplate(object: Obj): void {
  const labels = object.spec?.template?.metadata?.labels;
  if (!labels) return;
  object.spec = { ...object.spec };
  object.spec.selector ??= { matchLabels: { ...labels } };
  if (!object.metadata?.labels || !Object.keys(object.metadata.labels).length) {
    object.metadata = { ...object.metadata, labels: { ...labels } };
  }
}

/** SetDefaults_Deployment of the two oldest versions: how much history, which deadline, and which surge. */
export function deploymentDefaults(history: number, deadline: number, step: number | string) {
  return (object: Obj): void => {
    labelsFromTemplate(object);
    const { rollbackTo: _, ...spec } = object.spec ?? {};
    spec.revisionHistoryLimit ??= history;
    spec.progressDeadlineSeconds ??= deadline;
    const strategy: Obj = { ...spec.strategy };
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate = { maxUnavailable: step, maxSurge: step, ...strategy.rollingUpdate };
    }
    spec.strategy = strategy;
    object.spec = spec;
  };
}

export function daemonSetV1beta1(object: Obj): void {
  labelsFromTemplate(object);
  const { templateGeneration: _, ...spec } = object.spec ?? {};
  object.spec = { ...spec, updateStrategy: { type: 'OnDelete', ...spec.updateStrategy } };
}

export function statefulSetV1beta1(object: Obj): void {
  labelsFromTemplate(object);
  object.spec = { ...object.spec, updateStrategy: { type: 'OnDelete', ...object.spec?.updateStrategy } };
}
