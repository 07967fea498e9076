/** ReplicationController (core/v1): the elder of ReplicaSet, with a plain map as its selector. */
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, formatLabels, nameCell } from '../machinery/columns.ts';
import { sentEmpty } from '../machinery/decode-fast.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { forbidden, invalid, required } from '../machinery/field-errors.ts';
import { defaultTemplate } from './pod/defaults.ts';
import { type Errors, isEmpty, nonNegative, type PodOptions, sortedMap, unsupported } from '../machinery/spec-checks.ts';
import { containerCells, dropDisabledTemplate, templateOptions, templateWarnings, validateTemplate } from './pod/template.ts';

function defaults(controller: KubeObject): void {
  controller.spec ??= {};
  const { spec } = controller;
  const labels = spec.template?.metadata?.labels;
  if (labels) {
    if (isEmpty(spec.selector)) spec.selector = { ...labels };
    if (isEmpty(controller.metadata.labels)) controller.metadata.labels = { ...labels };
  }
  spec.replicas ??= 1;
  if (spec.template) defaultTemplate(spec.template);
}

function validateSpec(spec: Obj, options: PodOptions): Errors {
  const errors: Errors = [];
  nonNegative(errors, spec.minReadySeconds, 'spec.minReadySeconds');
  const selector: Record<string, string> = spec.selector ?? {};
  if (isEmpty(selector)) errors.push(required('spec.selector'));
  if (spec.replicas === undefined) errors.push(required('spec.replicas'));
  nonNegative(errors, spec.replicas, 'spec.replicas');
  if (spec.template) template(spec.template, selector, errors, options);
  else errors.push(required('spec.template'));
  return errors;
}

function template(value: Obj, selector: Record<string, string>, errors: Errors, options: PodOptions): void {
  const path = 'spec.template';
  const labels: Obj | undefined = value.metadata?.labels ?? sentEmpty(value.metadata, 'labels');
  if (Object.keys(selector).some((key) => labels?.[key] !== selector[key])) {
    const detail = '`selector` does not match template `labels`';
    errors.push(invalid(`${path}.metadata.labels`, sortedMap(labels), detail));
  }
  validateTemplate(value, path, errors, options);
  const policy = value.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.push(unsupported(`${path}.spec.restartPolicy`, policy, ['Always']));
  if (value.spec?.activeDeadlineSeconds !== undefined) {
    const detail = 'activeDeadlineSeconds in ReplicationController is not Supported';
    errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, detail));
  }
}

function validateStatus(controller: KubeObject): Errors {
  const errors: Errors = [];
  const status: Obj = controller.status ?? {};
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];
  for (const field of ['replicas', ...parts, 'observedGeneration']) nonNegative(errors, status[field], `status.${field}`);
  for (const field of parts) {
    if ((status[field] ?? 0) <= (status.replicas ?? 0)) continue;
    errors.push(invalid(`status.${field}`, status[field], 'cannot be greater than status.replicas'));
  }
  if ((status.availableReplicas ?? 0) > (status.readyReplicas ?? 0)) {
    errors.push(invalid('status.availableReplicas', status.availableReplicas, 'cannot be greater than readyReplicas'));
  }
  return errors;
}

export const ReplicationController = defineKind({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  namespaced: true,
  schema: goSchema('io.k8s.api.core.v1.ReplicationController'),
  shortNames: ['rc'],
  categories: ['all'],
  status: true,
  scale: { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'], selectorForm: 'map' },
  storagePrefix: 'controllers',
  defaults,
  prepareCreate(controller) {
    controller.status = { replicas: 0 };
    controller.metadata.generation = 1;
    dropDisabledTemplate(controller.spec.template);
  },
  prepareUpdate(controller, old) {
    if (old.status === undefined) delete controller.status;
    else controller.status = old.status;
    dropDisabledTemplate(controller.spec.template, old.spec.template);
    if (!equal(controller.spec, old.spec)) controller.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  prepareStatus(controller, old) {
    controller.spec = old.spec;
  },
  validateCreate: (controller) => validateSpec(controller.spec, templateOptions()),
  validateUpdate: (controller, old) => validateSpec(controller.spec, templateOptions(old.spec.template)),
  validateStatus,
  warnings: (controller, old) => templateWarnings(controller, old, ['spec', 'template']),
  columns: columnsOf(
    'replicationcontrollers',
    nameCell,
    (controller) => controller.spec?.replicas ?? 0,
    (controller) => controller.status?.replicas ?? 0,
    (controller) => controller.status?.readyReplicas ?? 0,
    ageCell,
    ...containerCells('spec', 'template'),
    (controller) => formatLabels(controller.spec?.selector),
  ),
  selectable: { 'status.replicas': ['status', 'replicas'] },
  defaultPropagation: 'Orphan',
});
