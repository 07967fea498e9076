import type { KubeObject, Obj } from '../../lib/json.ts';
import { nameCell, NAME_DESCRIPTION } from '../machinery/columns.ts';
import { type ComputeRequest, defineKind } from '../machinery/define-kind.ts';
import { readOnlySchema } from '../schema/read-only.ts';

const NAMES = { group: 'explain.atoll.dev', version: 'v1', kind: 'PodScheduling' };

const TEXT = { type: 'string' };
const TEXTS = { type: 'array', items: TEXT };
const NUMBER = { type: 'number' };
const FLAG = { type: 'boolean' };
const listOf = (properties: Obj): Obj => ({ type: 'array', items: { type: 'object', properties } });
const one = (properties: Obj): Obj => ({ type: 'object', properties });

function computed({ explainer, namespace, name, get }: ComputeRequest): KubeObject[] {
  const pod = name === undefined ? undefined : get('pods', namespace, name);
  if (!pod || !explainer) return [];
  const { labels, uid } = pod.metadata;
  const owner = { apiVersion: 'v1', kind: 'Pod', name, uid };
  const metadata = { name, namespace, ...(labels && { labels }), ownerReferences: [owner] };
  return [
    {
      kind: NAMES.kind,
      apiVersion: `${NAMES.group}/${NAMES.version}`,
      metadata,
      ...explainer.scheduling(pod),
    } as unknown as KubeObject,
  ];
}

const feasible = ({ feasibleNodes, totalNodes }: Obj): string =>
  totalNodes === undefined ? '' : `${feasibleNodes}/${totalNodes}`;

/**
 * PodScheduling: how the scheduler decided on the pod of the same name, per node and plugin. It is computed when asked for and stored nowhere;
 * there is no list of them, which would decide on every pod again.
 */
export const PodScheduling = defineKind({
  ...NAMES,
  resource: 'podschedulings',
  namespaced: true,
  verbs: ['get'],
  schema: readOnlySchema('dev.atoll.explain.v1.PodScheduling', NAMES, {
    schedulerName: TEXT,
    result: TEXT,
    nodeName: TEXT,
    nominatedNodeName: TEXT,
    reason: TEXT,
    message: TEXT,
    state: one({ moment: TEXT, resourceVersion: TEXT }),
    feasibleNodes: { type: 'integer' },
    totalNodes: { type: 'integer' },
    triedFirst: TEXT,
    refusedEverywhere: one({ plugin: TEXT, reasons: TEXTS }),
    nodes: listOf({
      name: TEXT,
      feasible: FLAG,
      examined: FLAG,
      best: FLAG,
      chosen: FLAG,
      total: NUMBER,
      rejection: one({ plugin: TEXT, reasons: TEXTS, code: TEXT }),
      filters: listOf({ plugin: TEXT, passed: FLAG, reasons: TEXTS }),
      scores: listOf({ plugin: TEXT, raw: NUMBER, normalized: NUMBER, weight: NUMBER, weighted: NUMBER }),
    }),
  }),
  computed,
  columns: [
    { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, value: nameCell },
    { name: 'Result', type: 'string', description: 'How the pod stands with the scheduler.', value: ({ result }) => result },
    { name: 'Feasible', type: 'string', description: 'Nodes that fit, of all.', value: feasible },
    { name: 'Node', type: 'string', description: 'The node that was chosen.', value: ({ nodeName }) => nodeName ?? '' },
    { name: 'Message', type: 'string', description: 'Why no node fits.', value: ({ message }) => message ?? '' },
  ],
});
