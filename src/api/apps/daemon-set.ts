/** DaemonSet (apps/v1): defaults, strategy, validation and columns. */
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { defaultTemplate } from '../core/pod/defaults.ts';
import {
  containerCells,
  dropDisabledTemplate,
  templateOptions,
  templateWarnings,
  validateTemplate,
} from '../core/pod/template.ts';
import { readSelector, shownSelector } from '../core/pod/template-selector.ts';
import { type Errors, isEmpty, nonNegative, type PodOptions, sortedMap, unsupported } from '../machinery/spec-checks.ts';
import { ageCell, columnsOf, formatLabels, nameCell } from '../machinery/columns.ts';
import { defineKind, type KindRules } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { invalid, required } from '../machinery/field-errors.ts';
import { matches, validateLabelSelector } from '../machinery/labels.ts';
import {
  bumpOnSpec,
  collisions,
  counters,
  immutableSelector,
  intOrPercent,
  keepStatus,
  NO_MATCH,
  notAbove100,
  numberCell,
  numberOf,
  onlyRestartAlways,
  selectorCell,
  templateStrategy,
} from './workload.ts';
import { daemonSetV1beta1 } from './convert-dropped.ts';

/** Upstream counts templates in a field of its internal type, which v1 shows as this annotation. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const COUNTED = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'];
const strategy = templateStrategy(Object.fromEntries(COUNTED.map((field) => [field, 0])));

function defaults(set: KubeObject): void {
  set.spec ??= {};
  const { spec } = set;
  spec.updateStrategy ??= {};
  const update = spec.updateStrategy;
  if (!update.type) update.type = 'RollingUpdate';
  if (update.type === 'RollingUpdate') {
    update.rollingUpdate ??= {};
    update.rollingUpdate.maxUnavailable ??= 1;
    update.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= {};
  defaultTemplate(spec.template);
  if (set.metadata.annotations?.[TEMPLATE_GENERATION] === undefined) setTemplateGeneration(set, 0);
}

const templateGeneration = (set: KubeObject): number => {
  const text = set.metadata.annotations?.[TEMPLATE_GENERATION] ?? '';
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) : 0;
};

function setTemplateGeneration(set: KubeObject, generation: number): void {
  set.metadata.annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function prepareCreate(set: KubeObject, cx: Parameters<NonNullable<KindRules['prepareCreate']>>[1]): void {
  strategy.prepareCreate?.(set, cx);
  setTemplateGeneration(set, Math.max(1, templateGeneration(set)));
}

function prepareUpdate(set: KubeObject, old: KubeObject): void {
  keepStatus(set, old);
  dropDisabledTemplate(set.spec.template, old.spec.template);
  const changed = !equal(set.spec.template, old.spec.template);
  setTemplateGeneration(set, templateGeneration(old) + (changed ? 1 : 0));
  bumpOnSpec(set, old);
}

function validateSpec(spec: Obj, options: PodOptions): Errors {
  const errors: Errors = [];
  const { selector, template = {} } = spec;
  const lax = { allowInvalidLabelValueInSelector: !!options.allowInvalidLabelValueInSelector };
  errors.push(...validateLabelSelector(selector, lax, 'spec.selector'));
  const requirements = readSelector(selector);
  if (requirements && !matches(requirements, template.metadata?.labels ?? {})) {
    errors.push(invalid('spec.template.metadata.labels', sortedMap(template.metadata?.labels), NO_MATCH));
  }
  if (selector && isEmpty(selector.matchLabels) && isEmpty(selector.matchExpressions)) {
    errors.push(invalid('spec.selector', shownSelector(selector), 'empty selector is invalid for daemonset'));
  }
  validateTemplate(template, 'spec.template', errors, options);
  onlyRestartAlways(template, 'DaemonSet', errors);
  nonNegative(errors, spec.minReadySeconds, 'spec.minReadySeconds');
  validateUpdateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy', errors);
  nonNegative(errors, spec.revisionHistoryLimit, 'spec.revisionHistoryLimit');
  return errors;
}

function validateUpdateStrategy(update: Obj, path: string, errors: Errors): void {
  if (update.type === 'OnDelete') return;
  const rolling = update.rollingUpdate;
  const unavailable = rolling?.maxUnavailable ?? 0;
  const surge = rolling?.maxSurge ?? 0;
  if (update.type !== 'RollingUpdate') {
    const inner = rolling ? { MaxUnavailable: unavailable, MaxSurge: surge } : null;
    errors.push(unsupported(path, { Type: update.type ?? '', RollingUpdate: inner }, ['RollingUpdate', 'OnDelete']));
    return;
  }
  const at = `${path}.rollingUpdate`;
  if (!rolling) {
    errors.push(required(at));
    return;
  }
  intOrPercent(unavailable, `${at}.maxUnavailable`, errors);
  intOrPercent(surge, `${at}.maxSurge`, errors);
  notAbove100(unavailable, `${at}.maxUnavailable`, errors);
  notAbove100(surge, `${at}.maxSurge`, errors);
  if (numberOf(unavailable) && numberOf(surge)) {
    errors.push(invalid(`${at}.maxSurge`, surge, 'may not be set when maxUnavailable is non-zero'));
  } else if (!numberOf(unavailable) && !numberOf(surge)) {
    errors.push(required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
}

export const DaemonSet = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  resource: 'daemonsets',
  namespaced: true,
  schema: goSchema('io.k8s.api.apps.v1.DaemonSet'),
  shortNames: ['ds'],
  categories: ['all'],
  status: true,
  versions: [
    droppedVersion('apps/v1beta2 DaemonSet', 'apps/v1 DaemonSet', 9, 16),
    droppedVersion('extensions/v1beta1 DaemonSet', 'apps/v1 DaemonSet', 8, 16, { toStored: daemonSetV1beta1 }),
  ],
  ...strategy,
  defaults,
  prepareCreate,
  prepareUpdate,
  validateCreate: (set) => validateSpec(set.spec, templateOptions()),
  validateUpdate(set, old) {
    const errors: Errors = [];
    immutableSelector(set, old, errors);
    return [...errors, ...validateSpec(set.spec, templateOptions(old.spec.template))];
  },
  validateStatus(set, old) {
    const errors: Errors = [];
    const more = ['observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable', 'collisionCount'];
    counters(set.status ?? {}, [...COUNTED, ...more], errors);
    collisions(set, old, errors);
    return errors;
  },
  /** The name of a daemon set is no concern. */
  warnings: (set, old) => templateWarnings(set, old, ['spec', 'template']).filter((text) => !text.startsWith('metadata.name:')),
  columns: columnsOf(
    'apps/daemonsets',
    nameCell,
    numberCell('status', 'desiredNumberScheduled'),
    numberCell('status', 'currentNumberScheduled'),
    numberCell('status', 'numberReady'),
    numberCell('status', 'updatedNumberScheduled'),
    numberCell('status', 'numberAvailable'),
    (set) => formatLabels(set.spec?.template?.spec?.nodeSelector),
    ageCell,
    ...containerCells('spec', 'template'),
    selectorCell,
  ),
});
