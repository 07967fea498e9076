import { rfc3339 } from '../api/machinery/time.ts';
import type { KubeObject, Obj } from '../lib/json.ts';
import { initRole } from './restart-policy.ts';
import { condition } from './status.ts';
import { hasRun, type Statuses } from './turns.ts';

interface Verdict {
  ok: boolean;
  reason?: string;
  message?: string;
}

/** What the conditions of a pod follow from. */
export interface PodFacts {
  statuses: Statuses;
  phase: string;
  /** Something of the pod has been pulled or started: its sandbox is there. */
  hasSandbox: boolean;
}

/** The kubelet's own conditions of a pod, in its order (pkg/kubelet/status/generate.go). */
export function conditionsOf(pod: KubeObject, facts: PodFacts, now: number): Obj[] {
  const containersReady = containersReadyOf(pod, facts);
  const verdicts: [string, Verdict][] = [
    ['PodReadyToStartContainers', { ok: facts.hasSandbox }],
    ['Initialized', initializedOf(pod, facts)],
    ['Ready', containersReady.ok ? gatesOf(pod) : containersReady],
    ['ContainersReady', containersReady],
  ];
  return verdicts.map(([type, { ok, ...details }]) => {
    const old = condition(pod.status, type);
    const status = ok ? 'True' : 'False';
    return {
      type,
      observedGeneration: pod.metadata.generation,
      status,
      lastProbeTime: null,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : rfc3339(now),
      ...details,
    };
  });
}

const ENDED: Record<string, string> = { Succeeded: 'PodCompleted', Failed: 'PodFailed' };

/** Names as Go prints a list. */
const goList = (names: string[]): string => `[${names.join(' ')}]`;

function sentence(unknown: string[], word: string, others: string[]): string {
  const parts = [];
  if (unknown.length) parts.push(`containers with unknown status: ${goList(unknown)}`);
  if (others.length) parts.push(`containers with ${word} status: ${goList(others)}`);
  return parts.join(', ');
}

function containersReadyOf({ spec }: KubeObject, { statuses, phase }: PodFacts): Verdict {
  const sidecars = (spec.initContainers ?? []).filter((c: Obj) => initRole(c) === 'sidecar');
  const names: string[] = [...sidecars, ...spec.containers].map((c: Obj) => c.name);
  const unknown = names.filter((name) => !statuses.has(name));
  if (phase === 'Failed' || (phase === 'Succeeded' && !unknown.length)) return { ok: false, reason: ENDED[phase] };
  const unready = names.filter((name) => statuses.has(name) && !statuses.get(name)?.ready);
  const message = sentence(unknown, 'unready', unready);
  return message ? { ok: false, reason: 'ContainersNotReady', message } : { ok: true };
}

function gatesOf({ spec, status }: KubeObject): Verdict {
  const messages = (spec.readinessGates ?? []).flatMap(({ conditionType }: Obj): string[] => {
    const found = condition(status, conditionType);
    if (!found) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return found.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${found.status}`];
  });
  return messages.length ? { ok: false, reason: 'ReadinessGatesNotReady', message: messages.join(', ') } : { ok: true };
}

function initializedOf({ spec, status }: KubeObject, { statuses, phase }: PodFacts): Verdict {
  const inits: Obj[] = spec.initContainers ?? [];
  const unknown = inits.filter((c) => !statuses.has(c.name)).map((c) => c.name);
  if (phase === 'Succeeded' && !unknown.length) return { ok: true, reason: ENDED[phase] };
  if ((spec.containers as Obj[]).some((c) => hasRun(statuses.get(c.name)))) return { ok: true };
  const isDone = (c: Obj) =>
    initRole(c) === 'sidecar' ? statuses.get(c.name)?.started === true : statuses.get(c.name)?.ready === true;
  const incomplete = inits.filter((c) => statuses.has(c.name) && !isDone(c)).map((c) => c.name);
  const message = sentence(unknown, 'incomplete', incomplete);
  if (!message || condition(status, 'Initialized')?.status === 'True') return { ok: true };
  return { ok: false, reason: 'ContainersNotInitialized', message };
}
