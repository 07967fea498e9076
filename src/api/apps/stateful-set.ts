/** StatefulSet (apps/v1): defaults, strategy, validation and columns. */
import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { defaultTemplate } from '../core/pod/defaults.ts';
import { containerCells, templateOptions, templateWarnings, validateTemplate } from '../core/pod/template.ts';
import { readSelector, shownSelector } from '../core/pod/template-selector.ts';
import { validatePodAnnotations } from '../core/pod/spec-annotations.ts';
import { dnsLabel, type Errors, nonNegative, type PodOptions, sortedMap, unsupported } from '../machinery/spec-checks.ts';
import { validateClaimSpec } from '../core/volume/claim.ts';
import { defaultClaimSpec } from '../core/volume/defaults.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { droppedVersion } from '../machinery/dropped-version.ts';
import { forbidden, invalid, required } from '../machinery/field-errors.ts';
import { matches, validateLabels } from '../machinery/labels.ts';
import { validateAnnotations } from '../machinery/meta.ts';
import { formatQuantity, isWhole, quantity } from '../machinery/quantity.ts';
import {
  collisions,
  counters,
  NO_MATCH,
  onlyRestartAlways,
  readyCell,
  templateStrategy,
  validateSelector,
  withinReplicas,
} from './workload.ts';
import { statefulSetV1beta1 } from './convert-dropped.ts';

/** Checks of a creation that an update does not repeat. */
interface Lenient {
  serviceName?: boolean;
  claims?: boolean;
  template?: boolean;
}

const strategy = templateStrategy({ replicas: 0, availableReplicas: 0 });
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];
const IMMUTABLE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', " +
  "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const RETENTION = ['Retain', 'Delete'];

function defaults(set: KubeObject): void {
  set.spec ??= {};
  const { spec } = set;
  if (!spec.podManagementPolicy) spec.podManagementPolicy = 'OrderedReady';
  spec.updateStrategy ??= {};
  const update = spec.updateStrategy;
  if (!update.type) {
    update.type = 'RollingUpdate';
    update.rollingUpdate ??= {};
  }
  if (update.type === 'RollingUpdate' && update.rollingUpdate) update.rollingUpdate.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  if (!retention.whenDeleted) retention.whenDeleted = 'Retain';
  if (!retention.whenScaled) retention.whenScaled = 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= {};
  defaultTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) defaultClaim(claim);
}

/** Claims in a template are printed with kind and version, as upstream does since before 1.17. */
function defaultClaim(claim: Obj): void {
  claim.kind = 'PersistentVolumeClaim';
  claim.apiVersion = 'v1';
  claim.metadata ??= {};
  claim.spec ??= {};
  defaultClaimSpec(claim.spec);
  claim.status ??= {};
  if (!claim.status.phase) claim.status.phase = 'Pending';
}

/** maxUnavailable belongs to a feature that is off in 1.36. */
function dropMaxUnavailable(set: KubeObject, old?: KubeObject): void {
  const rolling = set.spec.updateStrategy?.rollingUpdate;
  if (rolling?.maxUnavailable !== undefined && old?.spec.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) {
    delete rolling.maxUnavailable;
  }
}

function validateUpdateStrategy(update: Obj, errors: Errors): void {
  const path = 'spec.updateStrategy';
  const rolling = update.rollingUpdate;
  const shown = rolling ? { Partition: rolling.partition ?? 0, MaxUnavailable: rolling.maxUnavailable ?? null } : null;
  if (!update.type) errors.push(required(path));
  else if (update.type === 'OnDelete') {
    if (rolling) errors.push(invalid(`${path}.rollingUpdate`, shown, "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (update.type === 'RollingUpdate') {
    if (rolling) nonNegative(errors, rolling.partition, `${path}.rollingUpdate.partition`);
  } else errors.push(invalid(path, { Type: update.type, RollingUpdate: shown }, "must be 'RollingUpdate' or 'OnDelete'"));
}

function validateSpec(spec: Obj, options: PodOptions, lenient: Lenient): Errors {
  const errors: Errors = [];
  const policy = spec.podManagementPolicy;
  if (!policy) errors.push(required('spec.podManagementPolicy'));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel') {
    errors.push(invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  validateUpdateStrategy(spec.updateStrategy ?? {}, errors);
  for (const when of ['whenDeleted', 'whenScaled']) {
    const value = spec.persistentVolumeClaimRetentionPolicy?.[when];
    const path = `spec.persistentVolumeClaimRetentionPolicy.${when}`;
    if (value !== undefined && !RETENTION.includes(value)) errors.push(unsupported(path, value, RETENTION));
  }
  if (!lenient.claims) {
    (spec.volumeClaimTemplates ?? []).forEach((claim: Obj, i: number) => {
      validateClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${i}].spec`, errors);
    });
  }
  nonNegative(errors, spec.replicas, 'spec.replicas');
  nonNegative(errors, spec.minReadySeconds, 'spec.minReadySeconds');
  nonNegative(errors, spec.ordinals?.start, 'spec.ordinals.start');
  if (!lenient.serviceName && spec.serviceName) dnsLabel(errors, spec.serviceName, 'spec.serviceName');
  validateSelector(spec.selector, 'statefulset', errors);
  template(spec, errors, options, lenient);
  onlyRestartAlways(spec.template ?? {}, 'StatefulSet', errors);
  return errors;
}

/** Validates the template as the controller will complete it: no names of its own, the claims as volumes. */
function template(spec: Obj, errors: Errors, options: PodOptions, lenient: Lenient): void {
  const requirements = readSelector(spec.selector);
  if (!requirements) {
    errors.push(invalid('spec.selector', shownSelector(spec.selector), ''));
    return;
  }
  const whole: Obj = spec.template ?? {};
  const meta: Obj = whole.metadata ?? {};
  if (requirements.length && !matches(requirements, meta.labels ?? {})) {
    errors.push(invalid('spec.template.metadata.labels', sortedMap(meta.labels), NO_MATCH));
  }
  const claims: Obj[] = (spec.volumeClaimTemplates ?? []).map((claim: Obj) => {
    const name = claim.metadata?.name ?? '';
    return { name, persistentVolumeClaim: { claimName: name } };
  });
  const unique = [...new Map(claims.map((volume) => [volume.name, volume])).values()];
  const others = (whole.spec?.volumes ?? []).filter((volume: Obj) => !unique.some((claim) => claim.name === volume.name));
  const { subdomain: _subdomain, hostname: _hostname, ...podSpec } = whole.spec ?? {};
  const completed = { ...whole, spec: { ...podSpec, volumes: [...unique, ...others] } };
  const path = 'spec.template';
  if (!lenient.template) validateTemplate(completed, path, errors, options);
  errors.push(...validateLabels(meta.labels, `${path}.labels`));
  errors.push(...validateAnnotations(meta.annotations ?? {}, `${path}.annotations`));
  validatePodAnnotations(meta.annotations, completed.spec, `${path}.annotations`, errors, options);
}

function validateUpdate(set: KubeObject, old: KubeObject): Errors {
  const options = templateOptions(old.spec.template);
  const lenient: Lenient = { serviceName: true, claims: true };
  lenient.template = validateSpec(old.spec, options, lenient).length > 0;
  const errors = validateSpec(set.spec, options, lenient);
  const masked: Obj = { ...set.spec };
  for (const field of MUTABLE) masked[field] = old.spec[field];
  if (!equal(masked, old.spec)) errors.push(forbidden('spec', IMMUTABLE));
  return errors;
}

function validateStatus(set: KubeObject, old: KubeObject): Errors {
  const errors: Errors = [];
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  counters(set.status ?? {}, ['replicas', ...parts, 'observedGeneration', 'collisionCount'], errors);
  withinReplicas(set.status ?? {}, parts, 'status.readyReplicas', errors);
  collisions(set, old, errors);
  return errors;
}

function warnings(set: KubeObject, old: KubeObject | undefined): string[] {
  const out = templateWarnings(set, old, ['spec', 'template']).filter((text) => !text.startsWith('metadata.name:'));
  (set.spec.volumeClaimTemplates ?? []).forEach((claim: Obj, i: number) => {
    for (const side of ['requests', 'limits']) {
      const text = claim.spec?.resources?.[side]?.storage;
      if (text === undefined || isWhole(quantity(text))) continue;
      const path = `spec.volumeClaimTemplates[${i}]${old ? '.Spec' : ''}.resources.${side}[storage]`;
      out.push(`${path}: fractional byte value ${JSON.stringify(formatQuantity(quantity(text)))} is invalid, must be an integer`);
    }
  });
  if (set.spec.revisionHistoryLimit < 0) {
    out.push('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended');
  }
  return out;
}

export const StatefulSet = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  resource: 'statefulsets',
  namespaced: true,
  schema: goSchema('io.k8s.api.apps.v1.StatefulSet'),
  shortNames: ['sts'],
  categories: ['all'],
  status: true,
  scale: { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] },
  versions: [
    droppedVersion('apps/v1beta2 StatefulSet', 'apps/v1 StatefulSet', 9, 16),
    droppedVersion('apps/v1beta1 StatefulSet', 'apps/v1 StatefulSet', 8, 16, { toStored: statefulSetV1beta1 }),
  ],
  ...strategy,
  defaults,
  prepareCreate(set, cx) {
    strategy.prepareCreate?.(set, cx);
    dropMaxUnavailable(set);
  },
  prepareUpdate(set, old, cx) {
    dropMaxUnavailable(set, old);
    strategy.prepareUpdate?.(set, old, cx);
  },
  validateCreate: (set) => validateSpec(set.spec, templateOptions(), {}),
  validateUpdate,
  validateStatus,
  warnings,
  names: 'dns-label',
  columns: columnsOf('apps/statefulsets', nameCell, readyCell, ageCell, ...containerCells('spec', 'template')),
});
