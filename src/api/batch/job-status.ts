/** Validation of updates of a job's status (batch/validation ValidateJobStatusUpdate; the options of registry/batch/job/strategy.go). */
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { type Errors, nonNegative } from '../machinery/spec-checks.ts';
import { duplicate, invalid, OMITTED, required } from '../machinery/field-errors.ts';
import { parseTime } from '../machinery/time.ts';
import { indexCount, overlap } from './job-indexes.ts';

const has = (status: Obj, type: string, value = 'True'): boolean =>
  (status.conditions ?? []).some((c: Obj) => c.type === type && c.status === value);
const finished = (status: Obj): boolean => has(status, 'Complete') || has(status, 'Failed');

/** Which parts changed: most rules look only at those. */
function changes(now: Obj, old: Obj): (...parts: string[]) => boolean {
  const changed = new Set<string>();
  if (finished(now) !== finished(old)) changed.add('finished');
  for (const type of ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'])
    if (has(now, type) !== has(old, type)) changed.add(type);
  const fields = [
    'completedIndexes',
    'failedIndexes',
    'active',
    'startTime',
    'completionTime',
    'uncountedTerminatedPods',
    'ready',
    'terminating',
  ];
  for (const field of fields) if (!equal(now[field] ?? null, old[field] ?? null)) changed.add(field);
  if ((now.active ?? 0) === (old.active ?? 0)) changed.delete('active');
  return (...parts) => parts.some((part) => changed.has(part));
}

export function validateJobStatus(job: KubeObject, old: KubeObject): Errors {
  const errors: Errors = [];
  const status: Obj = job.status ?? {};
  const before: Obj = old.status ?? {};
  const changed = changes(status, before);
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'])
    nonNegative(errors, status[field], `status.${field}`);
  uncounted(status.uncountedTerminatedPods, errors);
  times(status, changed, errors);
  endings(job, status, changed, errors);
  indexes(job, status, changed, errors);
  if (changed('finished', 'terminating') && status.terminating > 0 && finished(status)) {
    errors.push(invalid('status.terminating', status.terminating, 'terminating>0 is invalid for finished job'));
  }
  if (changed('ready', 'active') && status.ready !== undefined && status.ready > (status.active ?? 0)) {
    errors.push(invalid('status.ready', status.ready, 'cannot set more ready pods than active'));
  }
  success(job, status, errors);
  history(job, status, before, changed, errors);
  return errors;
}

const conditions = (errors: Errors, detail: string): void => {
  errors.push(invalid('status.conditions', OMITTED, detail));
};

function uncounted(pods: Obj | undefined, errors: Errors): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed']) {
    (pods?.[list] ?? []).forEach((uid: string, i: number) => {
      const path = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (!uid) errors.push(invalid(path, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(path, uid));
      seen.add(uid);
    });
  }
}

type Changed = (...parts: string[]) => boolean;

function times(status: Obj, changed: Changed, errors: Errors): void {
  const { completionTime, startTime } = status;
  const complete = has(status, 'Complete');
  if (changed('Complete', 'Failed') && complete && has(status, 'Failed')) {
    conditions(errors, 'cannot set Complete=True and Failed=true conditions');
  }
  if (changed('Complete', 'FailureTarget') && complete && has(status, 'FailureTarget')) {
    conditions(errors, 'cannot set Complete=True and FailureTarget=true conditions');
  }
  if (changed('Complete', 'completionTime')) {
    const detail = 'cannot set completionTime when there is no Complete=True condition';
    if (completionTime && !complete) errors.push(invalid('status.completionTime', completionTime, detail));
    if (!completionTime && complete)
      errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  }
  const early = startTime && completionTime && parseTime(completionTime) < parseTime(startTime);
  if (changed('startTime', 'completionTime') && early) {
    errors.push(invalid('status.completionTime', completionTime, 'must be equal to or after `startTime`'));
  }
  if (changed('Failed', 'failedIndexes') && has(status, 'Failed') && !has(status, 'FailureTarget')) {
    conditions(errors, 'cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if (changed('Complete', 'SuccessCriteriaMet') && complete && !has(status, 'SuccessCriteriaMet')) {
    conditions(errors, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
}

function endings(job: KubeObject, status: Obj, changed: Changed, errors: Errors): void {
  if (!finished(status)) return;
  if (changed('finished', 'active') && status.active > 0) {
    errors.push(invalid('status.active', status.active, 'active>0 is invalid for finished job'));
  }
  const nothingToDo = job.spec.suspend === true && job.spec.completions === 0;
  if (changed('finished', 'startTime') && !nothingToDo && !status.startTime) {
    errors.push(required('status.startTime', 'startTime is required for finished job'));
  }
  const pods = status.uncountedTerminatedPods;
  if (changed('finished', 'uncountedTerminatedPods') && (pods?.failed?.length || pods?.succeeded?.length)) {
    const shown = { Succeeded: pods.succeeded ?? null, Failed: pods.failed ?? null };
    errors.push(invalid('status.uncountedTerminatedPods', shown, 'must be empty for finished job'));
  }
}

function indexes(job: KubeObject, status: Obj, changed: Changed, errors: Errors): void {
  const { completions, backoffLimitPerIndex, completionMode } = job.spec;
  const completed: string = status.completedIndexes ?? '';
  const failed: string | undefined = status.failedIndexes;
  const check = (field: string, text: string) => {
    const parsed = indexCount(text, completions);
    if (typeof parsed === 'string') errors.push(invalid(`status.${field}`, text, `error parsing ${field}: ${parsed}`));
  };
  const ofCompleted = changed('completedIndexes');
  const ofFailed = changed('failedIndexes');
  if (ofCompleted && completions !== undefined) check('completedIndexes', completed);
  const limited = completions !== undefined && backoffLimitPerIndex !== undefined;
  if (ofFailed && limited && failed !== undefined) check('failedIndexes', failed);
  if (ofCompleted && completed && completionMode !== 'Indexed') {
    const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(invalid('status.completedIndexes', completed, detail));
  }
  if (ofFailed && backoffLimitPerIndex === undefined && failed !== undefined) {
    const detail = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.push(invalid('status.failedIndexes', failed, detail));
  }
  if ((!ofFailed && !ofCompleted) || completions === undefined || failed === undefined) return;
  const both = overlap(completed, failed, completions);
  const detail = `failedIndexes and completedIndexes overlap at index: ${both}`;
  if (both !== undefined) errors.push(invalid('status.failedIndexes', failed, detail));
}

function success(job: KubeObject, status: Obj, errors: Errors): void {
  const met = has(status, 'SuccessCriteriaMet');
  if (met && has(status, 'Failed')) conditions(errors, 'cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && has(status, 'FailureTarget')) {
    conditions(errors, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  }
  if (job.spec.successPolicy && !met && has(status, 'Complete')) {
    conditions(errors, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  }
}

function history(job: KubeObject, status: Obj, old: Obj, changed: Changed, errors: Errors): void {
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (has(old, type) && !has(status, type)) conditions(errors, `cannot disable the terminal ${type}=True condition`);
  }
  const { completions, parallelism, completionMode, suspend } = job.spec;
  const decreased = (field: string) => {
    if ((status[field] ?? 0) >= (old[field] ?? 0)) return;
    errors.push(invalid(`status.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`));
  };
  decreased('failed');
  if (completionMode !== 'Indexed' || completions !== parallelism) decreased('succeeded');
  if (status.completionTime && old.completionTime && status.completionTime !== old.completionTime) {
    errors.push(invalid('status.completionTime', status.completionTime, 'field is immutable'));
  }
  const resuming = has(old, 'Suspended') && has(status, 'Suspended', 'False');
  if (changed('startTime') && !resuming && old.startTime && !suspend) {
    const detail = 'field is immutable for unsuspended job once set';
    errors.push(invalid('status.startTime', status.startTime ?? null, detail));
  }
  if (has(old, 'SuccessCriteriaMet') && !has(status, 'SuccessCriteriaMet')) {
    conditions(errors, 'cannot disable the SuccessCriteriaMet=True condition');
  }
  if (has(old, 'Complete') && !has(old, 'SuccessCriteriaMet') && has(status, 'SuccessCriteriaMet')) {
    conditions(errors, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  }
}
