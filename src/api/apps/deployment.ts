/** Deployment (apps/v1): defaults, strategy, validation and columns. */
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { defaultTemplate } from '../core/pod/defaults.ts';
import { containerCells, templateOptions } from '../core/pod/template.ts';
import { formatSelector } from '../core/pod/template-selector.ts';
import { type Errors, nonNegative, type PodOptions, unsupported } from '../machinery/spec-checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind, type KindRules } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { forbidden, invalid, required } from '../machinery/field-errors.ts';
import {
  collisions,
  counters,
  immutableSelector,
  intOrPercent,
  notAbove100,
  numberCell,
  numberOf,
  readyCell,
  templateStrategy,
  validateRunningTemplate,
  validateSelector,
  withinReplicas,
} from './workload.ts';
import { MAX_INT32, deploymentDefaults } from './convert-dropped.ts';

const strategy = templateStrategy();

function defaults(deployment: KubeObject): void {
  deployment.spec ??= {};
  const { spec } = deployment;
  spec.replicas ??= 1;
  spec.strategy ??= {};
  if (!spec.strategy.type) spec.strategy.type = 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.template ??= {};
  defaultTemplate(spec.template);
}

/** Annotations count too: they are copied to the replica sets. */
function prepareUpdate(
  deployment: KubeObject,
  old: KubeObject,
  cx: Parameters<NonNullable<KindRules['prepareUpdate']>>[2],
): void {
  strategy.prepareUpdate?.(deployment, old, cx);
  if (equal(deployment.metadata.annotations ?? {}, old.metadata.annotations ?? {})) return;
  deployment.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function prepareStatus(deployment: KubeObject, old: KubeObject): void {
  deployment.spec = old.spec;
  if (old.metadata.labels) deployment.metadata.labels = old.metadata.labels;
  else delete deployment.metadata.labels;
}

function validateStrategy(update: Obj, errors: Errors): void {
  const path = 'spec.strategy';
  const rolling = update.rollingUpdate;
  if (update.type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    if (rolling) errors.push(forbidden(`${path}.rollingUpdate`, detail));
  } else if (update.type === 'RollingUpdate') {
    if (rolling) validateRolling(rolling, `${path}.rollingUpdate`, errors);
    else errors.push(required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil'));
  } else {
    const inner = rolling && { MaxUnavailable: rolling.maxUnavailable ?? 0, MaxSurge: rolling.maxSurge ?? 0 };
    const shown = { Type: update.type ?? '', RollingUpdate: inner ?? null };
    errors.push(unsupported(path, shown, ['Recreate', 'RollingUpdate']));
  }
}

function validateRolling(rolling: Obj, path: string, errors: Errors): void {
  const unavailable = rolling.maxUnavailable ?? 0;
  const surge = rolling.maxSurge ?? 0;
  intOrPercent(unavailable, `${path}.maxUnavailable`, errors);
  intOrPercent(surge, `${path}.maxSurge`, errors);
  if (numberOf(unavailable) === 0 && numberOf(surge) === 0) {
    errors.push(invalid(`${path}.maxUnavailable`, unavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  notAbove100(unavailable, `${path}.maxUnavailable`, errors);
}

function validateSpec(spec: Obj, options: PodOptions): Errors {
  const errors: Errors = [];
  nonNegative(errors, spec.replicas, 'spec.replicas');
  validateSelector(spec.selector, 'deployment', errors);
  validateRunningTemplate(spec, 'ReplicaSet', errors, options);
  validateStrategy(spec.strategy ?? {}, errors);
  nonNegative(errors, spec.minReadySeconds, 'spec.minReadySeconds');
  nonNegative(errors, spec.revisionHistoryLimit, 'spec.revisionHistoryLimit');
  const deadline = spec.progressDeadlineSeconds;
  if (deadline === undefined) return errors;
  nonNegative(errors, deadline, 'spec.progressDeadlineSeconds');
  if (deadline <= (spec.minReadySeconds ?? 0)) {
    errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return errors;
}

function validateStatus(deployment: KubeObject, old: KubeObject): Errors {
  const errors: Errors = [];
  const status: Obj = deployment.status ?? {};
  const replicas = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'];
  counters(status, ['observedGeneration', ...replicas, 'terminatingReplicas', 'collisionCount'], errors);
  withinReplicas(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'readyReplicas', errors);
  collisions(deployment, old, errors);
  return errors;
}

const wideSelector = (deployment: KubeObject): string => {
  const text = formatSelector(deployment.spec?.selector);
  if (text === '<none>') return '';
  return text === '<error>' ? '<invalid>' : text;
};

export const Deployment = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
  schema: goSchema('io.k8s.api.apps.v1.Deployment'),
  shortNames: ['deploy'],
  categories: ['all'],
  status: true,
  scale: { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] },
  versions: [
    droppedVersion('apps/v1beta2 Deployment', 'apps/v1 Deployment', 9, 16),
    droppedVersion('apps/v1beta1 Deployment', 'apps/v1 Deployment', 8, 16, { toStored: deploymentDefaults(2, 600, '25%') }),
    droppedVersion('extensions/v1beta1 Deployment', 'apps/v1 Deployment', 8, 16, {
      toStored: deploymentDefaults(MAX_INT32, MAX_INT32, 1),
    }),
  ],
  resetFields: { status: { exclude: ['spec', 'metadata.labels'] } },
  ...strategy,
  defaults,
  prepareUpdate,
  prepareStatus,
  validateCreate: (deployment) => validateSpec(deployment.spec, templateOptions()),
  validateUpdate(deployment, old) {
    const errors = validateSpec(deployment.spec, templateOptions(old.spec.template));
    immutableSelector(deployment, old, errors);
    return errors;
  },
  validateStatus,
  columns: columnsOf(
    'apps/deployments',
    nameCell,
    readyCell,
    numberCell('status', 'updatedReplicas'),
    numberCell('status', 'availableReplicas'),
    ageCell,
    ...containerCells('spec', 'template'),
    wideSelector,
  ),
});
