import type { KubeObject, Obj } from '../../lib/json.ts';
import { sentEmpty } from '../machinery/decode-fast.ts';
import { checkNonNegative } from '../machinery/checks.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { cmp, quantity, ZERO } from '../machinery/quantity.ts';
import { checkCrossReference, checkMetrics, formatMetrics } from './metrics.ts';
import { autoscalingV1 } from './convert-v1.ts';

/** HorizontalPodAutoscaler, autoscaling/v2 (registry/autoscaling/horizontalpodautoscaler/strategy.go, autoscaling/validation). */

const WINDOW_MAX = 3600;
const PERIOD_MAX = 1800;
const SELECT = ['Disabled', 'Max', 'Min'];
const POLICIES = ['Percent', 'Pods'];

/** Scaling up: four pods or twice as many, every 15 s. Scaling down: everything, every 15 s. */
const UP = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DOWN = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

function defaults(object: KubeObject): void {
  object.spec ??= {};
  const { spec } = object;
  spec.minReplicas ??= 1;
  if (!spec.metrics?.length) {
    const target = { type: 'Utilization', averageUtilization: 80 };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (!spec.behavior) return;
  spec.behavior.scaleUp = scaling(UP, spec.behavior.scaleUp);
  spec.behavior.scaleDown = scaling(DOWN, spec.behavior.scaleDown);
}

/** An empty list of policies is a mistake, no list asks for the usual ones. */
const scaling = (usual: Obj, sent: Obj | undefined): Obj => ({
  ...structuredClone(usual),
  ...sent,
  ...(sentEmpty(sent, 'policies') && { policies: undefined }),
});

function checkPolicy(policy: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '', value = 0, periodSeconds = 0 } = policy;
  if (!POLICIES.includes(type)) errors.push(notSupported(`${path}.type`, type, POLICIES));
  if (value <= 0) errors.push(invalid(`${path}.value`, value, 'must be greater than zero'));
  if (periodSeconds <= 0) errors.push(invalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'));
  if (periodSeconds > PERIOD_MAX) {
    errors.push(invalid(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${PERIOD_MAX}`));
  }
  return errors;
}

function checkScaling(rules: Obj | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: window, selectPolicy: select, tolerance } = rules;
  const wrongWindow = (detail: string) => errors.push(invalid(`${path}.stabilizationWindowSeconds`, window, detail));
  if (window !== undefined && window < 0) wrongWindow('must be greater than or equal to zero');
  if (window !== undefined && window > WINDOW_MAX) wrongWindow(`must be less than or equal to ${WINDOW_MAX}`);
  if (select !== undefined && !SELECT.includes(select)) errors.push(notSupported(`${path}.selectPolicy`, select, SELECT));
  if (!rules.policies?.length) errors.push(required(`${path}.policies`, 'must specify at least one Policy'));
  (rules.policies ?? []).forEach((policy: Obj, i: number) => errors.push(...checkPolicy(policy, `${path}.policies[${i}]`)));
  if (tolerance !== undefined && cmp(quantity(tolerance), ZERO) < 0) {
    errors.push(invalid(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0'));
  }
  return errors;
}

/** Zero replicas need the feature HPAScaleToZero, or an object that has them already. */
function validate(object: KubeObject, old?: KubeObject): FieldError[] {
  const { spec } = object;
  const lowest = old?.spec?.minReplicas === 0 ? 0 : 1;
  const min: number | undefined = spec.minReplicas;
  const max: number = spec.maxReplicas ?? 0;
  const errors: FieldError[] = [];
  if (min !== undefined && min < lowest)
    errors.push(invalid('spec.minReplicas', min, `must be greater than or equal to ${lowest}`));
  if (max === 0) errors.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  else if (max < 0) errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to 1'));
  if (min !== undefined && max < min)
    errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  const [target, before]: Obj[] = [spec.scaleTargetRef ?? {}, old?.spec?.scaleTargetRef ?? {}];
  const same = old && target.apiVersion === before?.apiVersion && target.kind === before?.kind;
  const versions = same ? 'unchecked' : target.kind === 'ReplicationController' ? 'any' : 'grouped';
  errors.push(...checkCrossReference(target, 'spec.scaleTargetRef', versions));
  errors.push(...checkMetrics(spec.metrics ?? [], min, 'spec.metrics'));
  errors.push(...checkScaling(spec.behavior?.scaleUp, 'spec.behavior.scaleUp'));
  errors.push(...checkScaling(spec.behavior?.scaleDown, 'spec.behavior.scaleDown'));
  return errors;
}

export const HorizontalPodAutoscaler = defineKind({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  namespaced: true,
  schema: goSchema('io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler'),
  shortNames: ['hpa'],
  categories: ['all'],
  status: true,
  versions: [autoscalingV1],
  defaults,
  validateCreate: (object) => validate(object),
  validateUpdate: validate,
  validateStatus: (object) => [
    ...checkNonNegative(object.status?.currentReplicas, 'status.currentReplicas'),
    ...checkNonNegative(object.status?.desiredReplicas, 'status.desiredReplicas'),
  ],
  columns: columnsOf(
    'autoscaling/horizontalpodautoscalers',
    nameCell,
    (object) => `${object.spec?.scaleTargetRef?.kind}/${object.spec?.scaleTargetRef?.name}`,
    (object) => formatMetrics(object.spec?.metrics ?? [], object.status?.currentMetrics ?? []),
    (object) => String(object.spec?.minReplicas ?? '<unset>'),
    (object) => object.spec?.maxReplicas ?? 0,
    (object) => object.status?.currentReplicas ?? 0,
    ageCell,
  ),
});
