import { equal, type KubeObject, type Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { duplicate, type FieldError, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { FIELD_IMMUTABLE } from '../machinery/meta.ts';

/** CSIDriver (registry/storage/csidriver/strategy.go, storage/validation). */

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const MODES = ['Persistent', 'Ephemeral'];
const TOKEN_MIN_SECONDS = 600;
const UPDATE_PERIOD_MIN = 10;

function defaults(object: KubeObject): void {
  object.spec ??= {};
  const { spec } = object;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

function checkTokens(requests: Obj[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  requests.forEach(({ audience = '', expirationSeconds: seconds }, i) => {
    const path = `spec.tokenRequests[${i}]`;
    if (seen.has(audience)) {
      errors.push(duplicate(`${path}.audience`, audience));
      return;
    }
    seen.add(audience);
    if (seconds === undefined) return;
    const wrong = (detail: string) => errors.push(invalid(`${path}.expirationSeconds`, seconds, detail));
    if (seconds < TOKEN_MIN_SECONDS) wrong('may not specify a duration less than 10 minutes');
    if (seconds > 2 ** 32) wrong('may not specify a duration larger than 2^32 seconds');
  });
  return errors;
}

function validate(object: KubeObject): FieldError[] {
  const { spec } = object;
  const errors: FieldError[] = [];
  if (spec.attachRequired === undefined) errors.push(required('spec.attachedRequired'));
  for (const field of ['podInfoOnMount', 'storageCapacity'] as const) {
    if (spec[field] === undefined) errors.push(required(`spec.${field}`));
  }
  if (spec.fsGroupPolicy !== undefined && !GROUP_POLICIES.includes(spec.fsGroupPolicy)) {
    errors.push(notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']));
  }
  errors.push(...checkTokens(spec.tokenRequests ?? []));
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (!MODES.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, MODES));
  }
  const period = spec.nodeAllocatableUpdatePeriodSeconds;
  if (period !== undefined && period < UPDATE_PERIOD_MIN) {
    errors.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds'));
  }
  const secrets = spec.serviceAccountTokenInSecrets;
  if (secrets !== undefined && !spec.tokenRequests?.length) {
    const detail = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
    errors.push(invalid('spec.serviceAccountTokenInSecrets', secrets, detail));
  }
  return errors;
}

function validateUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors = validate(object);
  for (const [field, shown] of [
    ['attachRequired', 'attachedRequired'],
    ['volumeLifecycleModes', 'volumeLifecycleModes'],
  ] as const) {
    const value = object.spec[field] ?? null;
    if (!equal(value, old.spec[field] ?? null)) errors.push(invalid(`spec.${shown}`, value, FIELD_IMMUTABLE));
  }
  return errors;
}

const TOKENS_IN_SECRETS =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

/** WarningsOnCreate and WarningsOnUpdate. */
function warnings({ spec }: KubeObject, old: KubeObject | undefined): string[] {
  const requests = spec.tokenRequests ?? [];
  const isSame = old !== undefined && equal(requests, old.spec.tokenRequests ?? []);
  return requests.length && !isSame && spec.serviceAccountTokenInSecrets === undefined ? [TOKENS_IN_SECRETS] : [];
}

export const CSIDriver = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  resource: 'csidrivers',
  namespaced: false,
  schema: goSchema('io.k8s.api.storage.v1.CSIDriver'),
  returnsDeleted: true,
  needsResourceVersion: true,
  defaults,
  prepareCreate() {},
  prepareUpdate(object, old) {
    if (!equal(object.spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validateCreate: validate,
  validateUpdate,
  warnings,
  columns: columnsOf(
    'storage.k8s.io/csidrivers',
    nameCell,
    (object) => object.spec?.attachRequired ?? true,
    (object) => object.spec?.podInfoOnMount ?? false,
    (object) => object.spec?.storageCapacity ?? false,
    (object) => object.spec?.tokenRequests?.map((t: Obj) => t.audience).join(',') ?? '<unset>',
    (object) => object.spec?.requiresRepublish ?? false,
    (object) => object.spec?.volumeLifecycleModes?.join(',') || '<none>',
    ageCell,
  ),
});
