import type { KubeObject, Obj } from '../../lib/json.ts';

export const JOBS = 'batch/jobs';

/** The condition with which a Job has ended, Complete or Failed; undefined: it has not (jobutil.FinishedCondition). */
export function finishedCondition({ status }: KubeObject): Obj | undefined {
  return status?.conditions?.find((c: Obj) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
}
