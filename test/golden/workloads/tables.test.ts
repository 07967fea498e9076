import { describe, expect, it } from 'vitest';
import { rules as controllerRevision } from '../../../src/api/apps/controller-revision.ts';
import { rules as daemonSet } from '../../../src/api/apps/daemon-set.ts';
import { rules as deployment } from '../../../src/api/apps/deployment.ts';
import { rules as replicaSet } from '../../../src/api/apps/replica-set.ts';
import { rules as statefulSet } from '../../../src/api/apps/stateful-set.ts';
import { rules as cronJob } from '../../../src/api/batch/cron-job.ts';
import { rules as job } from '../../../src/api/batch/job.ts';
import { rules as pod } from '../../../src/api/core/pod/pod.ts';
import { rules as podTemplate } from '../../../src/api/core/pod/template.ts';
import { rules as replicationController } from '../../../src/api/core/replication-controller.ts';
import type { KindRules } from '../../../src/api/machinery/define-kind.ts';
import type { KubeObject, Obj } from '../../../src/lib/json.ts';
import golden from './tables.json' with { type: 'json' };

/** Rows of Tables that a 1.36.3 API server printed, `now` ms being the moment. */
type Tables = Record<string, { now: number; rows: { object: KubeObject; cells: unknown[]; conditions?: Obj[] }[] }>;

const kinds: Record<string, KindRules> = {
  'v1/pods': pod,
  'v1/podtemplates': podTemplate,
  'v1/replicationcontrollers': replicationController,
  'apps/v1/deployments': deployment,
  'apps/v1/replicasets': replicaSet,
  'apps/v1/daemonsets': daemonSet,
  'apps/v1/statefulsets': statefulSet,
  'apps/v1/controllerrevisions': controllerRevision,
  'batch/v1/jobs': job,
  'batch/v1/cronjobs': cronJob,
};

for (const [resource, { now, rows }] of Object.entries(golden as unknown as Tables)) {
  describe(`${resource} are printed as by the reference`, () => {
    for (const { object, cells, conditions } of rows) {
      it(`${object.metadata.name}: ${cells.join(' ')}`, () => {
        const rules = kinds[resource];
        expect(rules.columns?.map((column) => column.value(object, now))).toEqual(cells);
        expect(rules.rowConditions?.(object) ?? []).toEqual(conditions ?? []);
      });
    }
  });
}
