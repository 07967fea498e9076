import { aggregateText } from '../../api/machinery/go-text.ts';
import { aggregate, type Quantities } from '../../api/core/pod/resources.ts';
import { cmp, formatQuantity, milli, type Quantity, quantity, sign } from '../../api/machinery/quantity.ts';
import type { KubeObject, Obj } from '../../lib/json.ts';
import type { AdmissionRequest, ClusterObjects } from '../../registry/ports.ts';
import { type Plugin, refuse } from '../plugin.ts';

/** LimitRanger: a namespace gives defaults to containers and bounds to containers, pods and claims. */

const ANNOTATION = 'kubernetes.io/limit-ranger';

type List = Record<string, string>;

const supports = (request: AdmissionRequest): boolean => {
  if (request.kind.kind === 'Pod') {
    return request.operation === 'UPDATE' ? request.subresource === 'resize' : request.subresource === '';
  }
  return request.subresource === '';
};

const rangesOf = (request: AdmissionRequest, cluster: ClusterObjects): KubeObject[] =>
  supports(request) && !request.old?.metadata.deletionTimestamp ? cluster.objects('limitranges', request.namespace) : [];

function merge(container: Obj, requests: List, limits: List, label: string, notes: string[]): void {
  const fill = (side: 'requests' | 'limits', defaults: List): string[] => {
    const own: List = container.resources?.[side] ?? {};
    const missing = Object.keys(defaults).filter((name) => own[name] === undefined);
    if (!missing.length) return [];
    const added = Object.fromEntries(missing.map((name) => [name, defaults[name] as string]));
    container.resources = { ...container.resources, [side]: { ...own, ...added } };
    return missing.sort();
  };
  const setLimits = fill('limits', limits);
  const setRequests = fill('requests', requests);
  if (setRequests.length) notes.push(`${setRequests.join(', ')} request for ${label} ${container.name}`);
  if (setLimits.length) notes.push(`${setLimits.join(', ')} limit for ${label} ${container.name}`);
}

function applyDefaults(range: KubeObject, pod: KubeObject): void {
  let requests: List = {};
  let limits: List = {};
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    requests = { ...requests, ...limit.defaultRequest };
    limits = { ...limits, ...limit.default };
  }
  const notes: string[] = [];
  for (const container of pod.spec.containers ?? []) merge(container, requests, limits, 'container', notes);
  for (const container of pod.spec.initContainers ?? []) merge(container, requests, limits, 'init container', notes);
  if (!notes.length) return;
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` };
}

/** Checks requests and limits against one item; messages as upstream words them. */
function check(limit: Obj, requests: Quantities, limits: Quantities, problems: string[]): void {
  const { type } = limit;
  for (const name in limit.min ?? {}) {
    const bound = quantity(limit.min[name]);
    const head = `minimum ${name} usage per ${type} is ${limit.min[name]}`;
    const request = requests.get(name);
    const cap = limits.get(name);
    if (!request) problems.push(`${head}.  No request is specified`);
    else if (cmp(request, bound) < 0) problems.push(`${head}, but request is ${formatQuantity(request)}`);
    else if (cap && cmp(cap, bound) < 0) problems.push(`${head}, but limit is ${formatQuantity(cap)}`);
  }
  for (const name in limit.max ?? {}) {
    const bound = quantity(limit.max[name]);
    const head = `maximum ${name} usage per ${type} is ${limit.max[name]}`;
    const request = requests.get(name);
    const cap = limits.get(name);
    if (!cap) problems.push(`${head}.  No limit is specified`);
    else if (cmp(cap, bound) > 0) problems.push(`${head}, but limit is ${formatQuantity(cap)}`);
    else if (request && cmp(request, bound) > 0) problems.push(`${head}, but request is ${formatQuantity(request)}`);
  }
  for (const name in limit.maxLimitRequestRatio ?? {}) {
    const head = `${name} max limit to request ratio per ${type} is ${limit.maxLimitRequestRatio[name]}`;
    const wrong = ratioProblem(requests.get(name), limits.get(name), quantity(limit.maxLimitRequestRatio[name]));
    if (wrong) problems.push(`${head}, but ${wrong}`);
  }
}

function ratioProblem(request: Quantity | undefined, cap: Quantity | undefined, bound: Quantity): string | undefined {
  if (!request || sign(request) === 0) return 'no request is specified or request is 0';
  if (!cap || sign(cap) === 0) return 'no limit is specified or limit is 0';
  const ratio = milli(cap) / milli(request);
  return ratio * 1000 > milli(bound) ? `provided ratio is ${ratio.toFixed(6)}` : undefined;
}

const parsed = (list: List | undefined): Quantities =>
  new Map(Object.entries(list ?? {}).map(([name, text]) => [name, quantity(text)]));

/** Sums of a pod; cpu and memory of the pod itself go before its containers'. */
function podTotals(spec: Obj, side: 'requests' | 'limits'): Quantities {
  const total = aggregate(spec, side);
  for (const name of ['cpu', 'memory']) {
    const own = spec.resources?.[side]?.[name];
    if (own !== undefined) total.set(name, quantity(own));
  }
  return total;
}

function checkPod(range: KubeObject, pod: KubeObject): string[] {
  const problems: string[] = [];
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type === 'Container') {
      for (const container of [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
        check(limit, parsed(container.resources?.requests), parsed(container.resources?.limits), problems);
      }
    } else if (limit.type === 'Pod') check(limit, podTotals(pod.spec, 'requests'), podTotals(pod.spec, 'limits'), problems);
  }
  return problems;
}

function checkClaim(range: KubeObject, claim: KubeObject): string[] {
  const problems: string[] = [];
  const requests = parsed(claim.spec?.resources?.requests);
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type !== 'PersistentVolumeClaim') continue;
    check({ type: limit.type, min: limit.min }, requests, new Map(), problems);
    for (const name in limit.max ?? {}) {
      const request = requests.get(name);
      const head = `maximum ${name} usage per ${limit.type} is ${limit.max[name]}`;
      if (!request) problems.push(`${head}.  No request is specified`);
      else if (cmp(request, quantity(limit.max[name])) > 0) problems.push(`${head}, but request is ${formatQuantity(request)}`);
    }
  }
  return problems;
}

export const limitRanger: Plugin = {
  name: 'LimitRanger',
  operations: ['CREATE', 'UPDATE'],
  resources: ['pods', 'persistentvolumeclaims'],
  mutate(request, cluster) {
    if (request.kind.kind !== 'Pod' || !request.object) return;
    for (const range of rangesOf(request, cluster)) applyDefaults(range, request.object);
  },
  review(request, cluster) {
    const { object } = request;
    if (!object) return;
    for (const range of rangesOf(request, cluster)) {
      const problems = request.kind.kind === 'Pod' ? checkPod(range, object) : checkClaim(range, object);
      if (problems.length) throw refuse(request, aggregateText(problems));
    }
  },
};
