import { formatQuantity, milli, quantity } from '../../api/machinery/quantity.ts';
import type { Obj } from '../../lib/json.ts';
import { selectorText } from '../shared/selector.ts';
import { byShare, byTotal, byUtilization, byValue, type Given, type Proposal, total } from './calculator.ts';
import { MetricError, type MetricsClient, type Pods } from './source.ts';

/** What metrics are computed from. */
export interface Asked extends Given, Pods {
  /** status.replicas of the target, which the metrics that are divided among pods go by. */
  current: number;
  client: MetricsClient;
}

/** One metric: what it asks for, or why it does not. */
export type Computed =
  | { replicas: number; name: string; status: Obj }
  /** `cause` is what event and condition say, `error` what the sync says of it. */
  | { reason: string; cause: string; error: string };

const FIELDS: Record<string, (metric: Obj, asked: Asked) => Computed> = {
  Resource: ({ resource }, asked) => ofResource(resource, asked, ''),
  ContainerResource: ({ containerResource }, asked) => ofResource(containerResource, asked, containerResource.container),
  Pods: ({ pods }, asked) => ofPods(pods, asked),
  Object: ({ object }, asked) => ofObject(object, asked),
  External: ({ external }, asked) => ofExternal(external, asked),
};

/** computeReplicasForMetric */
export function computeMetric(metric: Obj, asked: Asked): Computed {
  const compute = FIELDS[metric.type];
  if (compute) return compute(metric, asked);
  const error = `unknown metric source type ${JSON.stringify(metric.type ?? '')}`;
  return { reason: 'InvalidMetricSourceType', cause: error, error };
}

/** Runs what may fail for want of a metric; `words` are put before the cause, `more` before that in the error. */
function attempt(reason: string, { words = '', more = '' }: { words?: string; more?: string }, run: () => Computed): Computed {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MetricError)) throw error;
    const cause = `${words}${error.message}`;
    return { reason, cause, error: `${more}${cause}` };
  }
}

/** The same with words before a message, as Go's errors are wrapped. */
function within<T>(words: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof MetricError) throw new MetricError(`${words}${error.message}`);
    throw error;
  }
}

const shown = (value: number, resource = ''): string =>
  formatQuantity({ value: BigInt(value), scale: -3, format: resource === 'memory' ? 'BinarySI' : 'DecimalSI' });

const target = (text: string | undefined): number => milli(quantity(text));

/** computeStatusForResourceMetric, computeStatusForContainerResourceMetric */
function ofResource({ name, target: wanted = {} }: Obj, asked: Asked, container: string): Computed {
  const isContainer = container !== '';
  const reason = isContainer ? 'FailedGetContainerResourceMetric' : 'FailedGetResourceMetric';
  const { averageValue, averageUtilization } = wanted;
  const words = averageValue === undefined ? `failed to get ${name} utilization: ` : `failed to get ${name} usage: `;
  const more = isContainer
    ? `failed to get ${container} container metric value: `
    : `failed to get ${name} resource metric value: `;
  if (averageValue === undefined && averageUtilization === undefined) {
    const cause =
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set';
    return { reason, cause, error: `${more}${cause}` };
  }
  return attempt(reason, { words, more }, () => {
    const metrics = within(`unable to get metrics for resource ${name}: `, () => asked.client.resource(name, asked, container));
    const proposal: Proposal =
      averageValue === undefined
        ? byUtilization(asked, metrics, { target: averageUtilization, resource: name, container })
        : byValue(asked, metrics, target(averageValue), name);
    const current = {
      ...(proposal.utilization !== undefined && { averageUtilization: proposal.utilization }),
      averageValue: shown(proposal.usage, name),
    };
    const status = isContainer
      ? { type: 'ContainerResource', containerResource: { name, current, container } }
      : { type: 'Resource', resource: { name, current } };
    return { replicas: proposal.replicas, name: nameOf(name, averageValue !== undefined, isContainer), status };
  });
}

function nameOf(name: string, isRaw: boolean, isContainer: boolean): string {
  if (isRaw) return `${name} resource`;
  return `${name}${isContainer ? ' container' : ''} resource utilization (percentage of request)`;
}

/** computeStatusForPodsMetric */
function ofPods({ metric = {}, target: wanted = {} }: Obj, asked: Asked): Computed {
  return attempt('FailedGetPodsMetric', { more: 'failed to get pods metric value: ' }, () => {
    const metrics = within(`unable to get metric ${metric.name}: `, () => asked.client.pods(metric.name, asked, metric.selector));
    const { replicas, usage } = byValue(asked, metrics, target(wanted.averageValue));
    const status = { type: 'Pods', pods: { metric: identifier(metric), current: { averageValue: shown(usage) } } };
    return { replicas, name: `pods metric ${metric.name}`, status };
  });
}

const identifier = ({ name, selector }: Obj): Obj => ({ name, ...(selector && { selector }) });

/** computeStatusForObjectMetric. The words of its error are upstream's, in the order that it prints them. */
function ofObject({ metric = {}, describedObject = {}, target: wanted = {} }: Obj, asked: Asked): Computed {
  const reason = 'FailedGetObjectMetric';
  const outer = 'failed to get object metric value: ';
  const isValue = wanted.type === 'Value' && wanted.value !== undefined;
  if (!isValue && !(wanted.type === 'AverageValue' && wanted.averageValue !== undefined)) {
    const cause = 'invalid object metric source: neither a value target nor an average value target was set';
    return { reason, cause, error: `${outer}${cause}` };
  }
  const more = isValue ? outer : `${outer}failed to get ${metric.name} object metric: `;
  return attempt(reason, { more }, () => {
    const { namespace, client } = asked;
    const words = `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}/`;
    const value = within(words, () => client.object(metric.name, namespace, describedObject, metric.selector));
    const { replicas, usage } = isValue
      ? byTotal(asked, value, target(wanted.value))
      : byShare({ ...asked, replicas: asked.current }, value, target(wanted.averageValue));
    const current = isValue ? { value: shown(usage) } : { averageValue: shown(usage) };
    const status = { type: 'Object', object: { metric: identifier(metric), current, describedObject } };
    const name = isValue
      ? `${describedObject.kind} metric ${metric.name}`
      : `external metric ${metric.name}(${selectorText(metric.selector)})`;
    return { replicas, name, status };
  });
}

/** computeStatusForExternalMetric */
function ofExternal({ metric = {}, target: wanted = {} }: Obj, asked: Asked): Computed {
  const reason = 'FailedGetExternalMetric';
  const outer = `failed to get ${metric.name} external metric value: `;
  const isShared = wanted.averageValue !== undefined;
  if (!isShared && wanted.value === undefined) {
    const cause = 'invalid external metric source: neither a value target nor an average value target was set';
    return { reason, cause, error: `${outer}${cause}` };
  }
  const more = `${outer}${isShared ? `failed to get ${metric.name} external metric: ` : `failed to get external metric ${metric.name}: `}`;
  return attempt(reason, { more }, () => {
    const { namespace, client } = asked;
    const words = `unable to get external metric ${namespace}/${metric.name}/${selectorText(metric.selector)}: `;
    const value = total(within(words, () => client.external(metric.name, namespace, metric.selector)));
    const { replicas, usage } = isShared
      ? byShare({ ...asked, replicas: asked.current }, value, target(wanted.averageValue))
      : byTotal(asked, value, target(wanted.value));
    const current = isShared ? { averageValue: shown(usage) } : { value: shown(usage) };
    const status = { type: 'External', external: { metric: identifier(metric), current } };
    return { replicas, name: `external metric ${metric.name}(${selectorText(metric.selector)})`, status };
  });
}
