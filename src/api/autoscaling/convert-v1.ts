import type { Obj } from '../../lib/json.ts';
import { goSchema } from '../schema/go.ts';
import type { ServedVersion } from '../machinery/define-kind.ts';

const PREFIX = 'autoscaling.alpha.kubernetes.io/';
/** Annotations in which autoscaling/v1 carries what it has no field for (pkg/apis/autoscaling/annotations.go). */
const ROUND_TRIP = ['metrics', 'behavior', 'scale-down-tolerance', 'scale-up-tolerance', 'current-metrics', 'conditions'];

const defined = (o: Obj): Obj => {
  for (const key in o) if (o[key] === undefined) delete o[key];
  return o;
};
const identifier = (name: string, selector?: Obj): Obj => defined({ name, selector });
const target = (type: string, rest: Obj): Obj => defined({ type, ...rest });

/** How each source of a metric is written in v1: there the target is flat, in v2 it is a struct (v1/conversion.go). */
interface SourceForm {
  toV1(v2: Obj): Obj;
  toV2(v1: Obj): Obj;
}

const resourceSource: SourceForm = {
  toV1: (m) => ({ targetAverageUtilization: m.target?.averageUtilization, targetAverageValue: m.target?.averageValue }),
  toV2: (m) => ({
    target: target(m.targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization', {
      averageValue: m.targetAverageValue,
      averageUtilization: m.targetAverageUtilization,
    }),
  }),
};

const SOURCES: Record<string, SourceForm> = {
  object: {
    toV1: (m) => ({
      target: m.describedObject,
      metricName: m.metric?.name,
      targetValue: m.target?.value ?? '0',
      selector: m.metric?.selector,
      averageValue: m.target?.averageValue,
    }),
    toV2: (m) => ({
      describedObject: m.target,
      target: target(m.averageValue === undefined ? 'Value' : 'AverageValue', {
        value: m.averageValue === undefined || m.targetValue !== '0' ? m.targetValue : undefined,
        averageValue: m.averageValue,
      }),
      metric: identifier(m.metricName, m.selector),
    }),
  },
  pods: {
    toV1: (m) => ({
      metricName: m.metric?.name,
      targetAverageValue: m.target?.averageValue ?? '0',
      selector: m.metric?.selector,
    }),
    toV2: (m) => ({
      metric: identifier(m.metricName, m.selector),
      target: target('AverageValue', { averageValue: m.targetAverageValue }),
    }),
  },
  resource: {
    toV1: (m) => ({ name: m.name, ...resourceSource.toV1(m) }),
    toV2: (m) => ({ name: m.name, ...resourceSource.toV2(m) }),
  },
  containerResource: {
    toV1: (m) => ({ name: m.name, ...resourceSource.toV1(m), container: m.container }),
    toV2: (m) => ({ name: m.name, ...resourceSource.toV2(m), container: m.container }),
  },
  external: {
    toV1: (m) => ({
      metricName: m.metric?.name,
      metricSelector: m.metric?.selector,
      targetValue: m.target?.value,
      targetAverageValue: m.target?.averageValue,
    }),
    toV2: (m) => ({
      metric: identifier(m.metricName, m.metricSelector),
      target: target(m.targetValue === undefined ? 'AverageValue' : 'Value', {
        value: m.targetValue,
        averageValue: m.targetAverageValue,
      }),
    }),
  },
};

const STATUSES: Record<string, SourceForm> = {
  object: {
    toV1: (m) => ({
      target: m.describedObject,
      metricName: m.metric?.name,
      currentValue: m.current?.value ?? '0',
      selector: m.metric?.selector,
      averageValue: m.current?.averageValue,
    }),
    toV2: (m) => ({
      metric: identifier(m.metricName, m.selector),
      current: defined({ value: m.currentValue, averageValue: m.averageValue }),
      describedObject: m.target,
    }),
  },
  pods: {
    toV1: (m) => ({
      metricName: m.metric?.name,
      currentAverageValue: m.current?.averageValue ?? '0',
      selector: m.metric?.selector,
    }),
    toV2: (m) => ({ metric: identifier(m.metricName, m.selector), current: { averageValue: m.currentAverageValue } }),
  },
  resource: {
    toV1: (m) => ({
      name: m.name,
      currentAverageUtilization: m.current?.averageUtilization,
      currentAverageValue: m.current?.averageValue ?? '0',
    }),
    toV2: (m) => ({
      name: m.name,
      current: defined({ averageValue: m.currentAverageValue, averageUtilization: m.currentAverageUtilization }),
    }),
  },
  external: {
    toV1: (m) => ({
      metricName: m.metric?.name,
      metricSelector: m.metric?.selector,
      currentValue: m.current?.value ?? '0',
      currentAverageValue: m.current?.averageValue,
    }),
    toV2: (m) => ({
      metric: identifier(m.metricName, m.metricSelector),
      current: defined({ value: m.currentValue, averageValue: m.currentAverageValue }),
    }),
  },
};
STATUSES.containerResource = {
  toV1: (m) => ({ ...STATUSES.resource.toV1(m), container: m.container }),
  toV2: (m) => ({ ...STATUSES.resource.toV2(m), container: m.container }),
};

function metric(from: Obj, forms: Record<string, SourceForm>, to: 'toV1' | 'toV2'): Obj {
  const out: Obj = { type: from.type };
  for (const key in forms) if (from[key]) out[key] = defined(forms[key][to](from[key]));
  return out;
}

function parseList(text: string | undefined): Obj[] | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // as upstream: an annotation that does not parse is ignored
  }
}

/** Copies metadata without the round-trip annotations; `add` are the ones this conversion makes. */
function annotated(metadata: Obj, add: Record<string, string>): Obj {
  const out: Obj = { ...metadata };
  const annotations: Obj = { ...metadata.annotations };
  for (const name of ROUND_TRIP) delete annotations[PREFIX + name];
  for (const name in add) annotations[PREFIX + name] = add[name];
  if (Object.keys(annotations).length) out.annotations = annotations;
  else delete out.annotations;
  return out;
}

const isCpuUtilization = (m: Obj) =>
  m.type === 'Resource' && m.resource?.name === 'cpu' && m.resource.target?.averageUtilization !== undefined;

function toStored(object: Obj): Obj {
  const { targetCPUUtilizationPercentage: cpu, ...spec } = object.spec ?? {};
  const { currentCPUUtilizationPercentage: current, ...status } = object.status ?? {};
  const annotations = object.metadata?.annotations ?? {};
  const metrics = (parseList(annotations[`${PREFIX}metrics`]) ?? []).map((m) => metric(m, SOURCES, 'toV2'));
  if (cpu !== undefined) {
    metrics.push({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } });
  }
  if (metrics.length) spec.metrics = metrics;
  const behavior = annotations[`${PREFIX}behavior`];
  if (behavior !== undefined) spec.behavior = readBehavior(behavior);
  if (spec.behavior === undefined) delete spec.behavior;
  const statuses = parseList(annotations[`${PREFIX}current-metrics`]);
  if (statuses) status.currentMetrics = statuses.map((m) => metric(m, STATUSES, 'toV2'));
  else if (current !== undefined) {
    status.currentMetrics = [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }];
  }
  const conditions = parseList(annotations[`${PREFIX}conditions`]);
  if (conditions) status.conditions = conditions;
  status.desiredReplicas ??= 0;
  status.currentMetrics ??= null;
  return { ...object, apiVersion: 'autoscaling/v2', metadata: annotated(object.metadata ?? {}, {}), spec, status };
}

const lowerFirst = (text: string) => text[0].toLowerCase() + text.slice(1);
const upperFirst = (text: string) => text[0].toUpperCase() + text.slice(1);

/** The behavior annotation holds Go's internal type, which has no json names: its keys are the Go field names. */
function rekey(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => rekey(item, rename));
  if (value === null || typeof value !== 'object') return value;
  const out: Obj = {};
  for (const [key, item] of Object.entries(value)) if (item !== null) out[rename(key)] = rekey(item, rename);
  return out;
}

function readBehavior(text: string): Obj | undefined {
  try {
    const value = rekey(JSON.parse(text), lowerFirst) as Obj;
    return value && Object.keys(value).length ? value : undefined;
  } catch {
    return undefined;
  }
}

const GO_RULES = ['stabilizationWindowSeconds', 'selectPolicy', 'policies', 'tolerance'];
const writeBehavior = (behavior: Obj): string => {
  const side = (rules: Obj | undefined) =>
    rules ? Object.fromEntries(GO_RULES.map((key) => [upperFirst(key), rekey(rules[key] ?? null, upperFirst)])) : null;
  return JSON.stringify({ ScaleUp: side(behavior.scaleUp), ScaleDown: side(behavior.scaleDown) });
};

function fromStored(object: Obj): Obj {
  const { metrics = [], behavior, ...spec } = object.spec ?? {};
  const { currentMetrics, conditions, ...status } = object.status ?? {};
  const add: Record<string, string> = {};
  const others = metrics.filter((m: Obj) => !isCpuUtilization(m));
  if (others.length) add.metrics = JSON.stringify(others.map((m: Obj) => metric(m, SOURCES, 'toV1')));
  if (currentMetrics?.length) {
    add['current-metrics'] = JSON.stringify(currentMetrics.map((m: Obj) => metric(m, STATUSES, 'toV1')));
  }
  if (behavior) add.behavior = writeBehavior(behavior);
  if (conditions?.length) add.conditions = JSON.stringify(conditions);
  const cpu = metrics.find(isCpuUtilization);
  if (cpu) spec.targetCPUUtilizationPercentage = cpu.resource.target.averageUtilization;
  const current = currentMetrics?.find((m: Obj) => m.type === 'Resource' && m.resource?.name === 'cpu');
  if (current?.resource.current?.averageUtilization !== undefined) {
    status.currentCPUUtilizationPercentage = current.resource.current.averageUtilization;
  }
  status.currentReplicas ??= 0;
  status.desiredReplicas ??= 0;
  return { ...object, apiVersion: 'autoscaling/v1', metadata: annotated(object.metadata ?? {}, add), spec, status };
}

/** A stored autoscaling/v2 HorizontalPodAutoscaler, seen as autoscaling/v1. */
export const autoscalingV1: ServedVersion = {
  group: 'autoscaling',
  version: 'v1',
  schema: goSchema('io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler'),
  toStored,
  fromStored,
};
