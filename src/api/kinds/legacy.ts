import type { Obj } from '../../lib/json.ts';
import type { ServedVersion } from '../machinery/define-kind.ts';
import { ingressFromStored, ingressToStored } from './convert-ingress.ts';

/**
 * API versions that Kubernetes dropped and that books still use; served with `legacy` only. Each row says what upstream's
 * APILifecycle methods said of it, and what differed from the version it became (defaults of 1.15, the last to serve most).
 */
interface LegacyRow {
  group: string;
  version: string;
  kind: string;
  /** Package part of the type, without "io.k8s.api.". */
  home: string;
  /** Minor releases 1.x. */
  deprecated: number;
  removed: number;
  replacement: string;
  toStored?(object: Obj): void;
  fromStored?(object: Obj): void;
}

const MAX_INT32 = 2147483647;

/** The selector, and the labels of the object itself, came from the template's labels when not given. */
function labelsFromTemplate(object: Obj): void {
  const labels = object.spec?.template?.metadata?.labels;
  if (!labels) return;
  object.spec = { ...object.spec };
  object.spec.selector ??= { matchLabels: { ...labels } };
  if (!object.metadata?.labels || !Object.keys(object.metadata.labels).length) {
    object.metadata = { ...object.metadata, labels: { ...labels } };
  }
}

/** SetDefaults_Deployment of the two oldest versions: how much history, which deadline, and which surge. */
function deploymentDefaults(history: number, deadline: number, step: number | string) {
  return (object: Obj): void => {
    labelsFromTemplate(object);
    const { rollbackTo: _, ...spec } = object.spec ?? {};
    spec.revisionHistoryLimit ??= history;
    spec.progressDeadlineSeconds ??= deadline;
    const strategy: Obj = { ...spec.strategy };
    strategy.type ??= 'RollingUpdate';
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate = { maxUnavailable: step, maxSurge: step, ...strategy.rollingUpdate };
    }
    spec.strategy = strategy;
    object.spec = spec;
  };
}

function daemonSetV1beta1(object: Obj): void {
  labelsFromTemplate(object);
  const { templateGeneration: _, ...spec } = object.spec ?? {};
  object.spec = { ...spec, updateStrategy: { type: 'OnDelete', ...spec.updateStrategy } };
}

function statefulSetV1beta1(object: Obj): void {
  labelsFromTemplate(object);
  object.spec = { ...object.spec, updateStrategy: { type: 'OnDelete', ...object.spec?.updateStrategy } };
}

const EMPTY_SELECTOR_KEY = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match';

/** In v1beta1 an empty selector matched nothing, in v1 everything (pkg/apis/policy/v1beta1/conversion.go, when it was). */
function budgetToStored(object: Obj): void {
  const selector = object.spec?.selector;
  if (!selector) return;
  if (!selector.matchLabels && !selector.matchExpressions?.length) {
    object.spec = { ...object.spec, selector: { matchExpressions: [{ key: EMPTY_SELECTOR_KEY, operator: 'Exists' }] } };
  } else if (isEmptyMatch(selector, 'DoesNotExist')) object.spec = { ...object.spec, selector: {} };
}

function budgetFromStored(object: Obj): void {
  const selector = object.spec?.selector;
  if (!selector) return;
  if (!selector.matchLabels && !selector.matchExpressions?.length) {
    object.spec = { ...object.spec, selector: { matchExpressions: [{ key: EMPTY_SELECTOR_KEY, operator: 'DoesNotExist' }] } };
  } else if (isEmptyMatch(selector, 'Exists')) object.spec = { ...object.spec, selector: {} };
}

function isEmptyMatch(selector: Obj, operator: string): boolean {
  const [first, ...rest] = selector.matchExpressions ?? [];
  return !selector.matchLabels && !rest.length && first?.key === EMPTY_SELECTOR_KEY && first.operator === operator;
}

const RBAC = 'rbac.authorization.k8s.io';
const NETWORKING = 'networking.k8s.io';
const apps = (version: string, kind: string, deprecated: number, toStored?: (o: Obj) => void): LegacyRow => ({
  group: 'apps',
  version,
  kind,
  home: `apps.${version}`,
  deprecated,
  removed: 16,
  replacement: `apps/v1 ${kind}`,
  toStored,
});
const extensions = (kind: string, deprecated: number, to: string, toStored?: (o: Obj) => void): LegacyRow => ({
  group: 'extensions',
  version: 'v1beta1',
  kind,
  home: 'extensions.v1beta1',
  deprecated,
  removed: 16,
  replacement: `${to} ${kind}`,
  toStored,
});
const rbac = (kind: string): LegacyRow => ({
  group: RBAC,
  version: 'v1beta1',
  kind,
  home: 'rbac.v1beta1',
  deprecated: 17,
  removed: 22,
  replacement: `${RBAC}/v1 ${kind}`,
});
const ingress = { toStored: ingressToStored, fromStored: ingressFromStored };

const ROWS: LegacyRow[] = [
  apps('v1beta2', 'ControllerRevision', 9),
  apps('v1beta2', 'DaemonSet', 9),
  apps('v1beta2', 'Deployment', 9),
  apps('v1beta2', 'ReplicaSet', 9),
  apps('v1beta2', 'StatefulSet', 9),
  apps('v1beta1', 'ControllerRevision', 8),
  apps('v1beta1', 'Deployment', 8, deploymentDefaults(2, 600, '25%')),
  apps('v1beta1', 'StatefulSet', 8, statefulSetV1beta1),
  extensions('DaemonSet', 8, 'apps/v1', daemonSetV1beta1),
  extensions('Deployment', 8, 'apps/v1', deploymentDefaults(MAX_INT32, MAX_INT32, 1)),
  extensions('ReplicaSet', 8, 'apps/v1', labelsFromTemplate),
  { ...extensions('Ingress', 14, `${NETWORKING}/v1`), removed: 22, ...ingress },
  extensions('NetworkPolicy', 9, `${NETWORKING}/v1`),
  {
    group: 'batch',
    version: 'v1beta1',
    kind: 'CronJob',
    home: 'batch.v1beta1',
    deprecated: 21,
    removed: 25,
    replacement: 'batch/v1 CronJob',
  },
  {
    group: NETWORKING,
    version: 'v1beta1',
    kind: 'Ingress',
    home: 'networking.v1beta1',
    deprecated: 19,
    removed: 22,
    replacement: `${NETWORKING}/v1 Ingress`,
    ...ingress,
  },
  {
    // The replacement is upstream's own slip: the tag of the kind names the list.
    group: NETWORKING,
    version: 'v1beta1',
    kind: 'IngressClass',
    home: 'networking.v1beta1',
    deprecated: 19,
    removed: 22,
    replacement: `${NETWORKING}/v1 IngressClassList`,
  },
  {
    group: 'policy',
    version: 'v1beta1',
    kind: 'PodDisruptionBudget',
    home: 'policy.v1beta1',
    deprecated: 21,
    removed: 25,
    replacement: 'policy/v1 PodDisruptionBudget',
    toStored: budgetToStored,
    fromStored: budgetFromStored,
  },
  rbac('ClusterRole'),
  rbac('ClusterRoleBinding'),
  rbac('Role'),
  rbac('RoleBinding'),
];

function toServed(row: LegacyRow): ServedVersion {
  const apiVersion = `${row.group}/${row.version}`;
  const [stored] = row.replacement.split(' ');
  const turn = (change: LegacyRow['toStored'], to: string) => (object: Obj) => {
    const out = { ...object, apiVersion: to };
    change?.(out);
    return out;
  };
  return {
    group: row.group,
    version: row.version,
    type: `io.k8s.api.${row.home}.${row.kind}`,
    toStored: turn(row.toStored, stored),
    fromStored: turn(row.fromStored, apiVersion),
    deprecated:
      `${apiVersion} ${row.kind} is deprecated in v1.${row.deprecated}+, ` +
      `unavailable in v1.${row.removed}+; use ${row.replacement}`,
  };
}

/** The dropped versions of a kind, newest first. */
export function legacyVersions(kind: string): ServedVersion[] {
  return ROWS.filter((row) => row.kind === kind).map(toServed);
}
