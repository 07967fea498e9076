import type { Obj } from '../../lib/json.ts';
import { checkLabel, each } from '../machinery/checks.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { isPathSegmentName } from '../machinery/names.ts';
import { quantity, sign } from '../machinery/quantity.ts';

/** Metrics of a HorizontalPodAutoscaler: their checks (autoscaling/validation) and how a Table shows them. */

/** Field of a metric of each type. */
const FIELDS: Record<string, string> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  External: 'external',
  ContainerResource: 'containerResource',
};
const TYPES = Object.keys(FIELDS).sort();
/** The order in which upstream looks for what is set. */
const ORDER = ['object', 'external', 'pods', 'resource', 'containerResource'];
const TARGETS = ['Utilization', 'Value', 'AverageValue'];

/** Which API versions a reference may name: those with a group, any, or (unchanged ones) even malformed ones. */
type Versions = 'grouped' | 'any' | 'unchecked';

/** A reference to something of any version; its group must parse. */
export function checkCrossReference(ref: Obj, path: string, versions: Versions = 'any'): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['kind', 'name'] as const) {
    if (!ref[field]) errors.push(required(`${path}.${field}`));
    else errors.push(...each(`${path}.${field}`, ref[field], isPathSegmentName(ref[field])));
  }
  if (versions === 'unchecked') return errors;
  const version: string = ref.apiVersion ?? '';
  const slashes = version.split('/').length - 1;
  if (slashes > 1) errors.push(invalid(`${path}.apiVersion`, version, `unexpected GroupVersion string: ${version}`));
  else if (versions === 'grouped' && version.indexOf('/') < 1) {
    errors.push(invalid(`${path}.apiVersion`, version, 'apiVersion must specify API group'));
  }
  return errors;
}

function checkTarget(target: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = target.type ?? '';
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric target type'));
  if (!TARGETS.includes(type)) errors.push(invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue'] as const) {
    if (target[field] !== undefined && sign(quantity(target[field])) !== 1) {
      errors.push(invalid(`${path}.${field}`, target[field], 'must be positive'));
    }
  }
  const utilization = target.averageUtilization;
  if (utilization !== undefined && utilization < 1) {
    errors.push(invalid(`${path}.averageUtilization`, utilization, 'must be greater than 0'));
  }
  return errors;
}

function checkIdentifier(metric: Obj, path: string): FieldError[] {
  if (!metric.name) return [required(`${path}.name`, 'must specify a metric name')];
  return each(`${path}.name`, metric.name, isPathSegmentName(metric.name));
}

/** Checks the target of a resource metric: utilization or a raw value, not both. */
function checkUtilization(target: Obj, path: string): FieldError[] {
  const { averageUtilization: utilization, averageValue: raw } = target;
  if (utilization === undefined && raw === undefined) {
    return [required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization')];
  }
  if (utilization === undefined || raw === undefined) return [];
  return [forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization')];
}

function checkSource(field: string, source: Obj, path: string): FieldError[] {
  const target: Obj = source.target ?? {};
  const at = `${path}.target`;
  const value = target.value !== undefined;
  const average = target.averageValue !== undefined;
  const named = () => [...checkIdentifier(source.metric ?? {}, `${path}.metric`), ...checkTarget(target, at)];
  switch (field) {
    case 'object': {
      const errors = [...checkCrossReference(source.describedObject ?? {}, `${path}.describedObject`), ...named()];
      if (!value && !average) errors.push(required(`${at}.averageValue`, 'must set either a target value or averageValue'));
      return errors;
    }
    case 'external': {
      const errors = named();
      const both = 'a target value for metric';
      if (!value && !average) errors.push(required(`${at}.averageValue`, `must set either ${both} or a per-pod target`));
      if (value && average) errors.push(forbidden(`${at}.value`, `may not set both ${both} and a per-pod target`));
      return errors;
    }
    case 'pods':
      return [...named(), ...(average ? [] : [required(`${at}.averageValue`, 'must specify a positive target averageValue')])];
    default: {
      const errors: FieldError[] = [];
      if (!source.name) errors.push(required(`${path}.name`, 'must specify a resource name'));
      if (field === 'containerResource') {
        if (!source.container) errors.push(required(`${path}.container`, 'must specify a container'));
        else errors.push(...checkLabel(source.container, `${path}.container`));
      }
      return [...errors, ...checkTarget(target, at), ...checkUtilization(target, at)];
    }
  }
}

function checkMetric(metric: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type: string = metric.type ?? '';
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric source type'));
  if (!TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  const present = ORDER.filter((field) => metric[field] !== undefined);
  const first = present[0];
  if (first) errors.push(...checkSource(first, metric[first], `${path}.${first}`));
  const expected = FIELDS[type];
  if (!expected) errors.push(notSupported(`${path}.type`, type, TYPES));
  else if (metric[expected] === undefined) {
    errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  }
  if (present.length !== 1) {
    for (const field of present) {
      if (field !== expected) errors.push(forbidden(`${path}.${field}`, 'must populate the given metric source only'));
    }
  }
  return errors;
}

/** validateMetrics */
export function checkMetrics(metrics: Obj[], minReplicas: number | undefined, path: string): FieldError[] {
  const errors = metrics.flatMap((metric, i) => checkMetric(metric, `${path}[${i}]`));
  if (minReplicas === 0 && !metrics.some((m) => m.type === 'Object' || m.type === 'External')) {
    errors.push(forbidden(path, 'must specify at least one Object or External metric to support scaling to zero replicas'));
  }
  return errors;
}

const UNKNOWN = '<unknown>';
const percent = (n: number | undefined, absent: string): string => (n === undefined ? absent : `${n}%`);

function formatMetric(metric: Obj, status: Obj | undefined): string {
  const field = FIELDS[metric.type];
  if (!field) return '<unknown type>';
  const target: Obj = metric[field]?.target ?? {};
  const current: Obj | undefined = status?.[field]?.current;
  switch (field) {
    case 'pods':
      return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
    case 'external':
    case 'object':
      if (target.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
      return `${current ? (current.value ?? '0') : UNKNOWN}/${target.value}`;
    default:
      if (target.averageValue !== undefined) {
        return `${metric[field].name}: ${current ? (current.averageValue ?? '0') : UNKNOWN}/${target.averageValue}`;
      }
      return `${metric[field].name}: ${percent(current?.averageUtilization, UNKNOWN)}/${percent(
        target.averageUtilization,
        '<auto>',
      )}`;
  }
}

const SHOWN = 2;

/** The column Targets (formatHPAMetrics). */
export function formatMetrics(specs: Obj[], statuses: Obj[]): string {
  if (!specs.length) return '<none>';
  const list = specs.map((spec, i) => formatMetric(spec, statuses[i]));
  const text = list.slice(0, SHOWN).join(', ');
  return list.length > SHOWN ? `${text} + ${list.length - SHOWN} more...` : text;
}
