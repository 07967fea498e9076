import type { KubeObject, Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell, textOr } from '../machinery/columns.ts';
import { defineKind, PROXY } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, forbidden, internal, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { cidrWarnings, parseCIDR } from '../machinery/ip.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { parameters } from '../machinery/subresources.ts';
import { isCIDR, isQualifiedName, isValidLabelValue } from '../machinery/names.ts';
import { checkResourceQuantity, each, keepSpec, keepStatus, sortedUnique } from '../machinery/checks.ts';

/** Node (registry/core/node/strategy.go, ValidateNode). */

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';
const FEATURE = /^([A-Z][a-zA-Z0-9]*)(\/[a-zA-Z0-9]+)*$/;

/** Taints of a node: at metadata.taints in upstream's errors. */
function checkTaints(taints: Obj[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const path = `metadata.taints[${i}]`;
    const { key = '', value = '', effect = '' } = taint;
    errors.push(...each(`${path}.key`, key, isQualifiedName(key)));
    const messages = isValidLabelValue(value);
    if (messages.length) errors.push(invalid(`${path}.value`, value, messages.join(';')));
    if (!effect) errors.push(required(`${path}.effect`));
    else if (!EFFECTS.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, EFFECTS));
    const pair = `${effect}\n${key}`;
    if (seen.has(pair)) {
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null };
      errors.push({ ...duplicate(path, shown), detail: 'taints must be unique by key and effect pair' });
    }
    seen.add(pair);
  });
  return errors;
}

function checkResources(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const list of ['capacity', 'allocatable'] as const) {
    const quantities = object.status?.[list];
    for (const name in quantities) errors.push(...checkResourceQuantity(name, quantities[name], `status.${list}.${name}`));
  }
  return errors;
}

function checkFeatures(features: string[]): FieldError[] {
  const errors: FieldError[] = [];
  features.forEach((feature, i) => {
    if (!FEATURE.test(feature)) {
      const start = 'must start with an UpperCamelCase segment, with subsequent segments separated by';
      const rest = "'/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
      const detail = `invalid feature name ${JSON.stringify(feature)}: ${start} ${rest}`;
      errors.push(invalid(`status.declaredFeatures[${i}]`, feature, detail));
    }
    const next = features[i + 1];
    if (next === undefined) return;
    if (feature === next) errors.push(duplicate(`status.declaredFeatures[${i + 1}]`, next));
    else if (feature > next)
      errors.push(invalid(`status.declaredFeatures[${i + 1}]`, next, 'list must be sorted alphabetically'));
  });
  return errors;
}

function checkPodCIDRs(cidrs: string[]): FieldError[] {
  const errors = cidrs.flatMap((cidr, i) => each(`spec.podCIDRs[${i}]`, cidr, isCIDR(cidr)));
  if (cidrs.length > 1) {
    const at = cidrs.findIndex((c) => !parseCIDR(c));
    if (at >= 0) {
      const why = `invalid CIDR[${at}]: <nil> (invalid CIDR address: ${cidrs[at]})`;
      errors.push(internal('spec.podCIDRs', `invalid PodCIDRs. failed to check with dual stack with error:${why}`));
    }
    const families = new Set(cidrs.map((c) => parseCIDR(c)?.address.family));
    if (families.size < 2 || families.has(undefined) || cidrs.length > 2) {
      errors.push(invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family'));
    }
  }
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (object.spec?.taints?.length) errors.push(...checkTaints(object.spec.taints));
  errors.push(...checkResources(object));
  const swap = object.status?.nodeInfo?.swap?.capacity;
  if (swap !== undefined && swap <= 0)
    errors.push(invalid('metadata.nodeSwapStatus.capacity', swap, 'must be greater than zero'));
  errors.push(...checkFeatures(object.status?.declaredFeatures ?? []));
  if (object.spec?.podCIDRs?.length) errors.push(...checkPodCIDRs(object.spec.podCIDRs));
  return errors;
}

function validateChange(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = [...checkResources(object), ...checkFeatures(object.status?.declaredFeatures ?? [])];
  const seen = new Set<string>();
  (object.status?.addresses ?? []).forEach((address: Obj, i: number) => {
    const key = `${address.type}\n${address.address}`;
    if (seen.has(key))
      errors.push(duplicate(`status.addresses[${i}]`, { Type: address.type ?? '', Address: address.address ?? '' }));
    seen.add(key);
  });
  const before: string[] = old.spec?.podCIDRs ?? [];
  const after: string[] = object.spec?.podCIDRs ?? [];
  if (before.length) {
    const message = 'node updates may not change podCIDR except from "" to valid';
    const changes = before.length === after.length ? before.filter((cidr, i) => cidr !== after[i]).length : 1;
    for (let i = 0; i < changes; i++) errors.push(forbidden('spec.podCIDRs', message));
  }
  if (old.spec?.providerID && old.spec.providerID !== object.spec?.providerID) {
    errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  }
  if (object.spec?.taints?.length) errors.push(...checkTaints(object.spec.taints));
  if ((object.spec?.externalID ?? '') !== (old.spec?.externalID ?? ''))
    errors.push(forbidden('spec.externalID', 'may not be updated'));
  return errors;
}

/** podCIDR and podCIDRs[0] are one value under two names (core/v1 conversion). */
function defaults(object: KubeObject): void {
  const { spec, status } = object;
  if (spec?.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR];
  else if (spec?.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0];
  if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
}

function warnings(object: KubeObject): string[] {
  const out: string[] = [];
  const { spec } = object;
  if (spec?.configSource) out.push('spec.configSource: the feature is removed');
  if (spec?.externalID) out.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  (spec?.podCIDRs ?? []).forEach((cidr: string, i: number) => out.push(...cidrWarnings(`spec.podCIDRs[${i}]`, cidr)));
  return out;
}

function state(object: KubeObject): string {
  const ready = (object.status?.conditions ?? []).filter((c: Obj) => c.type === 'Ready').at(-1);
  const text = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return object.spec?.unschedulable ? `${text},SchedulingDisabled` : text;
}

function roles(object: KubeObject): string {
  const found: string[] = [];
  for (const key in object.metadata.labels) {
    const value = object.metadata.labels[key] as string;
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) found.push(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE_LABEL && value) found.push(value);
  }
  return sortedUnique(found).join(',') || '<none>';
}

const address = (type: string) => (object: KubeObject) =>
  (object.status?.addresses ?? []).find((a: Obj) => a.type === type)?.address ?? '<none>';

function kernel(object: KubeObject): string {
  const info: Obj = object.status?.nodeInfo ?? {};
  return (info.kernelVersion || '<unknown>') + (info.architecture ? ` (${info.architecture})` : '');
}

export const Node = defineKind({
  group: '',
  version: 'v1',
  kind: 'Node',
  resource: 'nodes',
  namespaced: false,
  schema: goSchema('io.k8s.api.core.v1.Node'),
  shortNames: ['no'],
  status: true,
  subresources: {
    proxy: {
      takes: parameters('NodeProxyOptions'),
      verbs: PROXY,
      locate: (node) => node.metadata.name,
      proxies: true,
    },
  },
  storagePrefix: 'minions',
  defaults,
  prepareCreate(object) {
    delete object.spec?.configSource;
    delete object.status?.config;
  },
  prepareUpdate(object, old) {
    keepStatus(object, old);
    if (!old.spec?.configSource) delete object.spec?.configSource;
  },
  prepareStatus(object, old) {
    keepSpec(object, old);
    if (!old.status?.config) delete object.status?.config;
  },
  validateCreate: validate,
  validateUpdate: (object, old) => [
    ...validateObjectMeta(object.metadata, false, undefined, 'metadata'),
    ...validate(object),
    ...validateChange(object, old),
  ],
  validateStatus: validateChange,
  warnings,
  selectable: { 'spec.unschedulable': ['spec', 'unschedulable'] },
  columns: columnsOf(
    'nodes',
    nameCell,
    state,
    roles,
    ageCell,
    textCell('status', 'nodeInfo', 'kubeletVersion'),
    address('InternalIP'),
    address('ExternalIP'),
    textOr('<unknown>', 'status', 'nodeInfo', 'osImage'),
    kernel,
    textOr('<unknown>', 'status', 'nodeInfo', 'containerRuntimeVersion'),
  ),
});
