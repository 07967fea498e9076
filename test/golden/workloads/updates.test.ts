import { describe, expect, it } from 'vitest';
import { ControllerRevision } from '../../../src/api/apps/controller-revision.ts';
import { DaemonSet } from '../../../src/api/apps/daemon-set.ts';
import { Deployment } from '../../../src/api/apps/deployment.ts';
import { ReplicaSet } from '../../../src/api/apps/replica-set.ts';
import { StatefulSet } from '../../../src/api/apps/stateful-set.ts';
import { CronJob } from '../../../src/api/batch/cron-job.ts';
import { Job } from '../../../src/api/batch/job.ts';
import { Pod } from '../../../src/api/core/pod/pod.ts';
import { checkStructure } from '../../../src/api/machinery/decode.ts';
import type { Kind, StrategyContext } from '../../../src/api/machinery/define-kind.ts';
import { errorBody } from '../../../src/api/machinery/field-errors.ts';
import { clone, type KubeObject, type Obj } from '../../../src/lib/json.ts';
import { seeded } from '../../fixtures/prng.ts';
import golden from './updates.json' with { type: 'json' };

/** What a 1.36.3 API server answered to writes of changed objects: field errors, or the parts that then differ from the old object. */
interface Case {
  subresource?: string;
  change: [path: string, value: unknown][];
  errors?: string[];
  changed?: Obj;
}
type Updates = Record<string, { kind: string; old: KubeObject; cases: Case[] }>;

const kinds: Record<string, Kind> = {
  Pod,
  Deployment,
  ReplicaSet,
  DaemonSet,
  StatefulSet,
  ControllerRevision,
  Job,
  CronJob,
};

const keysOf = (path: string): string[] => path.split(/\.(?!com\/)/);

function changed(old: KubeObject, change: Case['change']): Obj {
  const object: Obj = clone(old);
  for (const [path, value] of change) {
    const keys = keysOf(path);
    const last = keys.pop() as string;
    let parent = object;
    for (const key of keys) {
      parent[key] ??= {};
      parent = parent[key];
    }
    if (value === null) delete parent[last];
    else parent[last] = clone(value);
  }
  return object;
}

function write(kind: string, old: KubeObject, one: Case): { object: KubeObject; errors: string[] } {
  const rules = kinds[kind];
  const cx: StrategyContext = { now: 0, random: seeded(1), get: () => undefined, list: () => [], subresource: one.subresource };
  const { object } = checkStructure(rules.schema, changed(old, one.change), 'Ignore');
  rules.defaults?.(object);
  const status = one.subresource === 'status';
  if (status) rules.prepareStatus?.(object, old, cx);
  else rules.prepareUpdate?.(object, old, cx);
  const errors = (status ? rules.validateStatus?.(object, old, cx) : rules.validateUpdate?.(object, old, cx)) ?? [];
  return { object, errors: errors.map((e) => `${e.field}: ${errorBody(e)}`) };
}

for (const [name, { kind, old, cases }] of Object.entries(golden as unknown as Updates)) {
  describe(`writes of a ${name} are judged as by the reference`, () => {
    for (const [i, one] of cases.entries()) {
      it(`case ${i}: ${one.subresource ?? 'update'} of ${one.change.map(([path]) => path).join(', ') || 'nothing'}`, () => {
        const { object, errors } = write(kind, old, one);
        expect(errors.toSorted()).toEqual((one.errors ?? []).toSorted());
        if (one.changed) expect(object).toEqual({ ...old, ...one.changed });
      });
    }
  });
}
