/** CronJob (batch/v1): defaults, strategy, validation and columns. */
import type { KubeObject, Obj } from '../../lib/json.ts';
import { containerCells, dropDisabledTemplate, templateOptions } from '../core/pod/template.ts';
import { formatSelector, shownSelector } from '../core/pod/template-selector.ts';
import { type Errors, nonNegative, type PodOptions, unsupported } from '../machinery/spec-checks.ts';
import { bumpOnSpec, keepStatus } from '../apps/workload.ts';
import { ageCell, columnsOf, nameCell, textOr } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { invalid, required } from '../machinery/field-errors.ts';
import { byteLength } from '../machinery/names.ts';
import { age } from '../machinery/time.ts';
import { parseSchedule } from './cron-schedule.ts';
import { timeZoneProblem } from './time-zones.ts';
import { defaultJobSpec, jobWarnings } from './job.ts';
import { validateJobSpec } from './job-spec.ts';

const CONCURRENCY = ['Allow', 'Forbid', 'Replace'];
/** Jobs append eleven characters to the name. */
const MAX_NAME = 52;
const ZONE_PART = /^[A-Za-z._\-0-9+]{1,14}$/;

function defaults(cron: KubeObject): void {
  cron.spec ??= {};
  const { spec } = cron;
  if (!spec.concurrencyPolicy) spec.concurrencyPolicy = 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {};
  spec.jobTemplate.metadata ??= {};
  spec.jobTemplate.spec ??= {};
  defaultJobSpec(spec.jobTemplate.spec);
}

function schedule(spec: Obj, old: Obj | undefined, errors: Errors): void {
  const path = 'spec.schedule';
  const text: string = spec.schedule ?? '';
  if (!text) {
    errors.push(required(path));
    return;
  }
  const parsed = parseSchedule(text);
  if ('problem' in parsed) errors.push(invalid(path, text, parsed.problem));
  if (!text.includes('TZ')) return;
  if (!(old?.schedule ?? '').includes('TZ')) {
    errors.push(invalid(path, text, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  } else if (spec.timeZone !== undefined) {
    errors.push(invalid(path, text, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  }
}

function timeZone(zone: string, errors: Errors): void {
  const path = 'spec.timeZone';
  const refuse = (detail: string) => errors.push(invalid(path, zone, detail));
  if (!zone) refuse('timeZone must be nil or non-empty string');
  else if (zone.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !ZONE_PART.test(part))) {
    refuse(`unknown time zone ${zone}`);
  } else {
    if (zone.toLowerCase() === 'local') {
      refuse('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
    }
    const problem = timeZoneProblem(zone);
    if (problem) refuse(problem);
  }
}

function validateSpec(spec: Obj, old: Obj | undefined, options: PodOptions): Errors {
  const errors: Errors = [];
  schedule(spec, old, errors);
  nonNegative(errors, spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds');
  if (spec.timeZone !== undefined && old?.timeZone !== spec.timeZone) timeZone(spec.timeZone, errors);
  const policy = spec.concurrencyPolicy ?? '';
  if (!policy) errors.push(required('spec.concurrencyPolicy'));
  else if (!CONCURRENCY.includes(policy)) errors.push(unsupported('spec.concurrencyPolicy', policy, CONCURRENCY));
  const job: Obj = spec.jobTemplate?.spec ?? {};
  const path = 'spec.jobTemplate.spec';
  validateJobSpec(job, path, errors, options);
  if (job.selector) errors.push(invalid(`${path}.selector`, shownSelector(job.selector), '`selector` will be auto-generated'));
  if (job.manualSelector) errors.push(unsupported(`${path}.manualSelector`, true, ['nil', 'false']));
  nonNegative(errors, spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit');
  nonNegative(errors, spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit');
  return errors;
}

const template = (cron: KubeObject): Obj | undefined => cron.spec?.jobTemplate?.spec?.template;

function validateCreate(cron: KubeObject): Errors {
  const errors = validateSpec(cron.spec, undefined, templateOptions());
  const name = cron.metadata.name ?? '';
  if (byteLength(name) > MAX_NAME) errors.push(invalid('metadata.name', name, `must be no more than ${MAX_NAME} characters`));
  return errors;
}

function warnings(cron: KubeObject, old: KubeObject | undefined): string[] {
  const out = jobWarnings(cron, old, ['spec', 'jobTemplate', 'spec']);
  if (old && (cron.spec.schedule ?? '').includes('TZ')) {
    const page = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
    out.push(`cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ${page} for more details`);
  }
  return out;
}

export const CronJob = defineKind({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  resource: 'cronjobs',
  namespaced: true,
  schema: goSchema('io.k8s.api.batch.v1.CronJob'),
  shortNames: ['cj'],
  categories: ['all'],
  status: true,
  versions: [droppedVersion('batch/v1beta1 CronJob', 'batch/v1 CronJob', 21, 25)],
  defaults,
  prepareCreate(cron) {
    cron.status = {};
    cron.metadata.generation = 1;
    dropDisabledTemplate(template(cron));
  },
  prepareUpdate(cron, old) {
    keepStatus(cron, old);
    dropDisabledTemplate(template(cron), template(old));
    bumpOnSpec(cron, old);
  },
  prepareStatus(cron, old) {
    cron.spec = old.spec;
  },
  validateCreate,
  validateUpdate: (cron, old) => validateSpec(cron.spec, old.spec, templateOptions(template(old))),
  warnings,
  columns: columnsOf(
    'batch/cronjobs',
    nameCell,
    (cron) => cron.spec?.schedule ?? '',
    textOr('<none>', 'spec', 'timeZone'),
    (cron) => (cron.spec?.suspend ? 'True' : 'False'),
    (cron) => cron.status?.active?.length ?? 0,
    (cron, now) => (cron.status?.lastScheduleTime ? age(cron.status.lastScheduleTime, now) : '<none>'),
    ageCell,
    ...containerCells('spec', 'jobTemplate', 'spec', 'template'),
    (cron) => formatSelector(cron.spec?.jobTemplate?.spec?.selector) || '<none>',
  ),
  defaultPropagation: 'Orphan',
});
