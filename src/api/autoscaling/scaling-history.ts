import { ageCell, nameCell, NAME_DESCRIPTION } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { readOnlySchema } from '../schema/read-only.ts';

const NAMES = { group: 'autoscaling.atoll.dev', version: 'v1', kind: 'ScalingHistory' };

const TIME = { type: 'string', format: 'date-time' };
const COUNT = { type: 'integer', format: 'int32' };
const listOf = (properties: object) => ({ type: 'array', items: { type: 'object', properties } });

/**
 * ScalingHistory: what the controller of a HorizontalPodAutoscaler must remember of the last hour, under the name of that and owned by it.
 * Upstream keeps it in memory. Clients read it, for it says why a size is held.
 */
export const ScalingHistory = defineKind({
  ...NAMES,
  resource: 'scalinghistories',
  namespaced: true,
  verbs: ['get', 'list', 'watch'],
  schema: readOnlySchema('dev.atoll.autoscaling.v1.ScalingHistory', NAMES, {
    recommendations: listOf({ replicas: COUNT, since: TIME }),
    scaleUps: listOf({ change: COUNT, time: TIME }),
    scaleDowns: listOf({ change: COUNT, time: TIME }),
  }),
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, value: nameCell },
    {
      name: 'Recommended',
      type: 'integer',
      description: 'The last recommendation, before it was stabilized and limited.',
      value: (history) => history.recommendations?.at(-1)?.replicas ?? 0,
    },
    { name: 'Age', type: 'string', description: 'Time since the first recommendation.', value: ageCell },
  ],
});
