/** ReplicaSet (apps/v1): defaults, strategy, validation and columns. */
import type { Obj } from '../../lib/json.ts';
import { defaultTemplate } from '../core/pod/defaults.ts';
import { containerCells, templateOptions } from '../core/pod/template.ts';
import { type Errors, nonNegative, type PodOptions } from '../machinery/spec-checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import {
  counters,
  immutableSelector,
  numberCell,
  selectorCell,
  templateStrategy,
  validateRunningTemplate,
  validateSelector,
  withinReplicas,
} from './workload.ts';
import { labelsFromTemplate } from './convert-dropped.ts';

function validateSpec(spec: Obj, options: PodOptions): Errors {
  const errors: Errors = [];
  nonNegative(errors, spec.replicas, 'spec.replicas');
  nonNegative(errors, spec.minReadySeconds, 'spec.minReadySeconds');
  validateSelector(spec.selector, 'deployment', errors);
  validateRunningTemplate(spec, 'ReplicaSet', errors, options);
  return errors;
}

function validateReplicaStatus(status: Obj): Errors {
  const errors: Errors = [];
  const replicas = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];
  counters(status, ['replicas', ...replicas, 'observedGeneration', 'terminatingReplicas'], errors);
  withinReplicas(status, replicas, 'readyReplicas', errors);
  return errors;
}

export const ReplicaSet = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  namespaced: true,
  schema: goSchema('io.k8s.api.apps.v1.ReplicaSet'),
  shortNames: ['rs'],
  categories: ['all'],
  status: true,
  scale: { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] },
  versions: [
    droppedVersion('apps/v1beta2 ReplicaSet', 'apps/v1 ReplicaSet', 9, 16),
    droppedVersion('extensions/v1beta1 ReplicaSet', 'apps/v1 ReplicaSet', 8, 16, { toStored: labelsFromTemplate }),
  ],
  ...templateStrategy({ replicas: 0 }),
  defaults(set) {
    set.spec ??= {};
    set.spec.replicas ??= 1;
    set.spec.template ??= {};
    defaultTemplate(set.spec.template);
  },
  validateCreate: (set) => validateSpec(set.spec, templateOptions()),
  validateUpdate(set, old) {
    const errors = validateSpec(set.spec, templateOptions(old.spec.template));
    immutableSelector(set, old, errors);
    return errors;
  },
  validateStatus: (set) => validateReplicaStatus(set.status ?? {}),
  columns: columnsOf(
    'apps/replicasets',
    nameCell,
    numberCell('spec', 'replicas'),
    numberCell('status', 'replicas'),
    numberCell('status', 'readyReplicas'),
    ageCell,
    ...containerCells('spec', 'template'),
    selectorCell,
  ),
  selectable: { 'status.replicas': ['status', 'replicas'] },
});
