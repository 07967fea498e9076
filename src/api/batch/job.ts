/** Job (batch/v1): defaults, strategy, validation and columns. */
import { clone, equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { defaultTemplate } from '../core/pod/defaults.ts';
import { containerCells, templateOptions, templateWarnings } from '../core/pod/template.ts';
import { formatSelector, readSelector, shownSelector } from '../core/pod/template-selector.ts';
import { type Errors, isEmpty, type PodOptions, sortedMap } from '../machinery/spec-checks.ts';
import { shownSpec, shownTemplate } from '../core/pod/update-diff.ts';
import { bumpOnSpec, immutableSelector, keepStatus, NO_MATCH, templateStrategy } from '../apps/workload.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { sentEmpty } from '../machinery/decode-fast.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { invalid, required } from '../machinery/field-errors.ts';
import { hasInvalidLabelValue, matches, validateLabelSelector } from '../machinery/labels.ts';
import { FIELD_IMMUTABLE, validateObjectMeta } from '../machinery/meta.ts';
import { isDns1123Label } from '../machinery/names.ts';
import { humanDuration, parseTime } from '../machinery/time.ts';
import { shownSuccessPolicy, validateJobSpec } from './job-spec.ts';
import { validateJobStatus } from './job-status.ts';

const UID = 'batch.kubernetes.io/controller-uid';
const NAME = 'batch.kubernetes.io/job-name';
const OLD_UID = 'controller-uid';
const OLD_NAME = 'job-name';
const MAX_INT32 = 2 ** 31 - 1;

interface JobOptions {
  pod: PodOptions;
  /** The template's labels carry the prefixed names too. */
  prefixed: boolean;
  mutableScheduling: boolean;
  mutableResources: boolean;
}

/** The spec of a job, also in a CronJob. Mutates. */
export function defaultJobSpec(spec: Obj): void {
  spec.template ??= {};
  defaultTemplate(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) if (!pattern.status) pattern.status = 'True';
  }
}

function defaults(job: KubeObject): void {
  job.spec ??= {};
  const { spec } = job;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : MAX_INT32;
  const labels = spec.template?.metadata?.labels;
  if (labels && isEmpty(job.metadata.labels)) job.metadata.labels = labels;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  defaultJobSpec(spec);
}

/**
 * Labels of the template and the selector that find this job's pods and no others. Labels of the job that came from the template get
 * them too: upstream's two maps are one.
 */
function generateSelector(job: KubeObject): void {
  const { spec, metadata } = job;
  const { name = '', uid = '' } = metadata;
  const own: Record<string, string> = { [OLD_NAME]: name, [NAME]: name, [OLD_UID]: uid, [UID]: uid };
  const shared = spec.template.metadata.labels !== undefined && metadata.labels === spec.template.metadata.labels;
  spec.template.metadata.labels = { ...own, ...spec.template.metadata.labels };
  if (shared || isEmpty(metadata.labels)) metadata.labels = { ...spec.template.metadata.labels };
  spec.selector = { ...spec.selector, matchLabels: { [UID]: uid, ...spec.selector?.matchLabels } };
}

function optionsFor(old?: KubeObject): JobOptions {
  const pod = templateOptions(old?.spec.template);
  if (!old) return { pod, prefixed: true, mutableScheduling: false, mutableResources: false };
  if (hasInvalidLabelValue(old.spec.selector)) pod.allowInvalidLabelValueInSelector = true;
  const suspended = (old.status?.conditions ?? []).some((c: Obj) => c.type === 'Suspended' && c.status === 'True');
  const mutable = !!old.spec.suspend && (!old.status?.startTime || suspended) && !old.status?.active;
  const labels = old.spec.template?.metadata?.labels ?? {};
  return { pod, prefixed: NAME in labels && UID in labels, mutableScheduling: mutable, mutableResources: mutable };
}

function generatedSelector(job: KubeObject, prefixed: boolean, errors: Errors): void {
  const { spec, metadata } = job;
  if (spec.manualSelector || !spec.selector) return;
  if (!metadata.uid) errors.push(required('metadata.uid'));
  const labels: Record<string, string> = spec.template?.metadata?.labels ?? {};
  const { name = '', uid = '' } = metadata;
  const expected: Record<string, string> = { [OLD_UID]: uid, [OLD_NAME]: name };
  if (prefixed) Object.assign(expected, { [UID]: uid, [NAME]: name });
  const path = 'spec.template.metadata.labels';
  for (const key in expected) {
    if (labels[key] === undefined) errors.push(required(`${path}[${key}]`, `must be '${expected[key]}'`));
    else if (labels[key] !== expected[key]) {
      errors.push(invalid(`${path}[${key}]`, sortedMap(labels), `must be '${expected[key]}'`));
    }
  }
  const requirements = readSelector(spec.selector);
  if (requirements && !matches(requirements, expected)) {
    errors.push(invalid('spec.selector', shownSelector(spec.selector), '`selector` not auto-generated'));
  }
}

function validateSelectedSpec(spec: Obj, errors: Errors, options: PodOptions): void {
  validateJobSpec(spec, 'spec', errors, options);
  if (!spec.selector) errors.push(required('spec.selector'));
  const lax = { allowInvalidLabelValueInSelector: !!options.allowInvalidLabelValueInSelector };
  errors.push(...validateLabelSelector(spec.selector, lax, 'spec.selector'));
  const requirements = readSelector(spec.selector);
  const { metadata } = spec.template ?? {};
  const labels = metadata?.labels ?? sentEmpty(metadata, 'labels');
  if (requirements && !matches(requirements, labels ?? {})) {
    errors.push(invalid('spec.template.metadata.labels', sortedMap(labels), NO_MATCH));
  }
}

function validateJob(job: KubeObject, errors: Errors, options: JobOptions): void {
  generatedSelector(job, options.prefixed, errors);
  validateSelectedSpec(job.spec, errors, options.pod);
  const { completionMode, completions } = job.spec;
  if (completionMode !== 'Indexed' || !(completions > 0)) return;
  const last = `${job.metadata.name ?? ''}-${completions - 1}`;
  if (!isDns1123Label(last).length) return;
  const detail = `will not able to create pod with invalid DNS label: ${last}`;
  errors.push(invalid('metadata.name', job.metadata.name ?? '', detail));
}

function immutable(spec: Obj, old: Obj, field: string, show: (value: any) => unknown, errors: Errors): void {
  if (!equal(spec[field] ?? null, old[field] ?? null)) errors.push(invalid(`spec.${field}`, show(spec[field]), FIELD_IMMUTABLE));
}

const plain = (value: unknown): unknown => value ?? null;

/** A list as upstream prints it, distinguishing an empty one from none. */
const shownList = (object: Obj, field: string, show: (item: Obj) => unknown): unknown =>
  (object[field] ?? sentEmpty(object, field))?.map(show) ?? null;

const shownExitCodes = (codes: Obj): Obj => ({
  ContainerName: codes.containerName ?? null,
  Operator: codes.operator ?? '',
  Values: shownList(codes, 'values', (code) => code),
});

const shownFailureRule = (rule: Obj): Obj => ({
  Action: rule.action ?? '',
  OnExitCodes: rule.onExitCodes ? shownExitCodes(rule.onExitCodes) : null,
  OnPodConditions: shownList(rule, 'onPodConditions', ({ type = '', status = '' }) => ({ Type: type, Status: status })),
});

const shownFailurePolicy = (policy: Obj | undefined): Obj | null =>
  policy ? { Rules: shownList(policy, 'rules', shownFailureRule) } : null;

function completionsUpdate(spec: Obj, old: Obj, errors: Errors): void {
  if (spec.completionMode !== 'Indexed') immutable(spec, old, 'completions', plain, errors);
  else if (spec.completions !== undefined && spec.completions !== old.completions && spec.completions !== spec.parallelism) {
    errors.push(invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism'));
  }
}

/** A suspended job that has not begun may still be placed elsewhere and given other resources. */
function templateUpdate(spec: Obj, old: Obj, errors: Errors, options: JobOptions): void {
  const template: Obj = spec.template;
  const allowed: Obj = clone(old.template);
  if (options.mutableScheduling) schedulingOf(template, allowed);
  if (!old.suspend || !options.mutableResources) {
    if (!equal(template, allowed)) errors.push(invalid('spec.template', shownTemplate(template), FIELD_IMMUTABLE));
    return;
  }
  for (const list of ['containers', 'initContainers']) {
    const now: Obj[] = template.spec[list] ?? [];
    const before: Obj[] = allowed.spec[list] ?? [];
    if (now.length !== before.length) continue;
    now.forEach((container, i) => {
      if (container.name === before[i].name) before[i].resources = container.resources;
    });
  }
  if (!equal(template.spec, allowed.spec)) errors.push(invalid('spec.template.spec', shownSpec(template.spec), FIELD_IMMUTABLE));
}

function schedulingOf(template: Obj, allowed: Obj): void {
  const affinity = template.spec.affinity;
  const { nodeAffinity: _, ...others } = allowed.spec.affinity ?? {};
  const merged = { ...others, ...(affinity?.nodeAffinity && { nodeAffinity: affinity.nodeAffinity }) };
  if (isEmpty(merged) && !affinity) delete allowed.spec.affinity;
  else allowed.spec.affinity = merged;
  const take = (to: Obj, from: Obj, field: string) => {
    if (from[field] === undefined) delete to[field];
    else to[field] = from[field];
  };
  for (const field of ['nodeSelector', 'tolerations', 'schedulingGates']) take(allowed.spec, template.spec, field);
  for (const field of ['annotations', 'labels']) take(allowed.metadata, template.metadata, field);
}

function validateUpdate(job: KubeObject, old: KubeObject): Errors {
  const options = optionsFor(old);
  const errors: Errors = validateObjectMeta(job.metadata, true, undefined, 'metadata');
  validateJob(job, errors, options);
  const { spec } = job;
  validateSelectedSpec(spec, errors, options.pod);
  completionsUpdate(spec, old.spec, errors);
  immutableSelector(job, old, errors);
  templateUpdate(spec, old.spec, errors, options);
  immutable(spec, old.spec, 'completionMode', plain, errors);
  immutable(spec, old.spec, 'podFailurePolicy', shownFailurePolicy, errors);
  immutable(spec, old.spec, 'backoffLimitPerIndex', plain, errors);
  immutable(spec, old.spec, 'managedBy', plain, errors);
  immutable(spec, old.spec, 'successPolicy', shownSuccessPolicy, errors);
  return errors;
}

/** Also of a CronJob, whose job stands deeper. */
export function jobWarnings(object: KubeObject, old: KubeObject | undefined, path: string[]): string[] {
  const [name, rest] = [templateWarnings(object, old, [...path, 'template']), [] as string[]];
  if (old && object.metadata.generation === old.metadata.generation) return [];
  const spec = path.reduce<any>((at, key) => at?.[key], object);
  if (spec?.completionMode === 'Indexed' && spec.completions > 100_000 && spec.parallelism > 10_000) {
    const message =
      'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, ' +
      'Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
    rest.push(`${path.join('.')}: ${message}`);
  }
  const ofName = name.filter((text) => text.startsWith('metadata.name:'));
  return [...ofName, ...rest, ...name.filter((text) => !text.startsWith('metadata.name:'))];
}

function jobState(job: KubeObject): string {
  const is = (type: string) => (job.status?.conditions ?? []).find((c: Obj) => c.type === type)?.status === 'True';
  if (is('Complete')) return 'Complete';
  if (is('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  if (is('Suspended')) return 'Suspended';
  if (is('FailureTarget')) return 'FailureTarget';
  return is('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completionsCell(job: KubeObject): string {
  const done = job.status?.succeeded ?? 0;
  const { completions, parallelism = 0 } = job.spec;
  if (completions !== undefined) return `${done}/${completions}`;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function duration(job: KubeObject, now: number): string {
  const { startTime, completionTime } = job.status ?? {};
  if (!startTime) return '';
  return humanDuration((completionTime ? parseTime(completionTime) : now) - parseTime(startTime));
}

export const Job = defineKind({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  resource: 'jobs',
  namespaced: true,
  schema: goSchema('io.k8s.api.batch.v1.Job'),
  categories: ['all'],
  status: true,
  ...templateStrategy(),
  defaults,
  prepareCreate(job, cx) {
    if (!job.spec.manualSelector) generateSelector(job);
    templateStrategy().prepareCreate?.(job, cx);
  },
  prepareUpdate(job, old) {
    keepStatus(job, old);
    bumpOnSpec(job, old);
  },
  validateCreate(job) {
    const errors: Errors = [];
    validateJob(job, errors, optionsFor());
    return errors;
  },
  validateUpdate,
  validateStatus: validateJobStatus,
  warnings: (job, old) => jobWarnings(job, old, ['spec']),
  columns: columnsOf(
    'batch/jobs',
    nameCell,
    jobState,
    completionsCell,
    duration,
    ageCell,
    ...containerCells('spec', 'template'),
    (job) => formatSelector(job.spec?.selector),
  ),
  selectable: { 'status.successful': ['status', 'succeeded'] },
  defaultPropagation: 'Orphan',
});
