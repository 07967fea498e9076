import type { KubeObject, Obj } from '../../lib/json.ts';
import { ageCell, columnsOf, nameCell, textCell } from '../machinery/columns.ts';
import { defineKind } from '../machinery/define-kind.ts';
import { goSchema } from '../schema/go.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-errors.ts';
import { validateObjectMeta } from '../machinery/meta.ts';
import { checkConditions } from './flow-schema-rules.ts';

/** PriorityLevelConfiguration (registry/flowcontrol/prioritylevelconfiguration/strategy.go). */

const SHARES = 30;
const PRESERVE_ZERO = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';
const QUEUING = { handSize: 8, queues: 64, queueLengthLimit: 50 } as const;

function defaults(object: KubeObject): void {
  const { exempt, limited } = object.spec ?? {};
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0;
    exempt.lendablePercent ??= 0;
  }
  if (!limited) return;
  limited.nominalConcurrencyShares ??= SHARES;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (queuing) for (const field of ['handSize', 'queues', 'queueLengthLimit'] as const) queuing[field] ||= QUEUING[field];
}

const QUEUES_MAX = 10_000_000;
const HASH_BITS = 60;
const RESPONSES = ['Queue', 'Reject'];
const TYPES = ['Exempt', 'Limited'];

const checkPercent = (value: number | undefined, path: string): FieldError[] =>
  value === undefined || (value >= 0 && value <= 100) ? [] : [invalid(path, value, 'must be between 0 and 100, inclusive')];

const checkShares = (value: number | undefined, path: string): FieldError[] =>
  value !== undefined && value < 0 ? [invalid(path, value, 'must be a non-negative integer')] : [];

function checkHand(hand: number, queues: number): string | undefined {
  if (hand <= 0) return 'must be positive';
  if (hand > queues) return `should not be greater than queues (${queues})`;
  if (Math.ceil(Math.log2(queues) * hand) <= HASH_BITS) return undefined;
  return `required entropy bits of deckSize ${queues} and handSize ${hand} should not be greater than ${HASH_BITS}`;
}

function checkQueuing({ queueLengthLimit = 0, queues = 0, handSize = 0 }: Obj, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (queueLengthLimit <= 0) errors.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'));
  if (queues <= 0) errors.push(invalid(`${path}.queues`, queues, 'must be positive'));
  else if (queues > QUEUES_MAX) errors.push(invalid(`${path}.queues`, queues, `must not be greater than ${QUEUES_MAX}`));
  const hand = checkHand(handSize, queues);
  return hand ? [...errors, invalid(`${path}.handSize`, handSize, hand)] : errors;
}

function checkResponse({ type = '', queuing: queue }: Obj, path: string): FieldError[] {
  const at = `${path}.queuing`;
  const rule = 'if limited.limitResponse.type is';
  if (type === 'Reject') return queue ? [forbidden(at, `must be nil ${rule} not Limited`)] : [];
  if (type === 'Queue') return queue ? checkQueuing(queue, at) : [required(at, `must not be empty ${rule} Limited`)];
  return type ? [notSupported(`${path}.type`, type, RESPONSES)] : [required(`${path}.type`)];
}

function checkLimited(limited: Obj, path: string): FieldError[] {
  const { borrowingLimitPercent: borrowing } = limited;
  const errors = [
    ...checkShares(limited.nominalConcurrencyShares, `${path}.nominalConcurrencyShares`),
    ...checkResponse(limited.limitResponse ?? {}, `${path}.limitResponse`),
    ...checkPercent(limited.lendablePercent, `${path}.lendablePercent`),
  ];
  if (borrowing === undefined || borrowing >= 0) return errors;
  const detail = 'if specified, must be a non-negative integer';
  return [...errors, invalid(`${path}.borrowingLimitPercent`, borrowing, detail)];
}

function checkSpec({ type = '', exempt, limited }: Obj): FieldError[] {
  if (type === 'Exempt') {
    const errors = limited ? [forbidden('spec.limited', 'must be nil if the type is not Limited')] : [];
    if (!exempt) return errors;
    return [
      ...errors,
      ...checkShares(exempt.nominalConcurrencyShares, 'spec.exempt.nominalConcurrencyShares'),
      ...checkPercent(exempt.lendablePercent, 'spec.exempt.lendablePercent'),
    ];
  }
  if (type !== 'Limited') return [type ? notSupported('spec.type', type, TYPES) : required('spec.type')];
  const errors = exempt ? [forbidden('spec.exempt', 'must be nil if the type is Limited')] : [];
  if (!limited) return [...errors, required('spec.limited', 'must not be empty when type is Limited')];
  return [...errors, ...checkLimited(limited, 'spec.limited')];
}

const validateStatus = (object: KubeObject): FieldError[] =>
  checkConditions(object.status?.conditions ?? [], 'status.conditions');

function validate(object: KubeObject): FieldError[] {
  const spec: Obj = object.spec ?? {};
  const { name, annotations } = object.metadata;
  const errors: FieldError[] = [];
  if (annotations?.[PRESERVE_ZERO] !== undefined) {
    errors.push(forbidden('metadata.annotations', `annotation '${PRESERVE_ZERO}' is forbidden`));
  }
  if ((name === 'exempt') !== (spec.type === 'Exempt')) {
    errors.push(invalid('spec.type', spec.type ?? '', "must be 'Exempt' if and only if `name` is 'exempt'"));
  }
  return [...errors, ...checkSpec(spec), ...validateStatus(object)];
}

const queuing = (field: string) => (object: KubeObject) => object.spec?.limited?.limitResponse?.queuing?.[field] ?? '<none>';

export const PriorityLevelConfiguration = defineKind({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  resource: 'prioritylevelconfigurations',
  namespaced: false,
  schema: goSchema('io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration'),
  status: true,
  statusResetsMetadata: true,
  countsGenerations: true,
  defaults,
  skipsMetaOnUpdate: true,
  validateCreate: validate,
  validateUpdate: (object) => [...validateObjectMeta(object.metadata, false, undefined, 'metadata'), ...validate(object)],
  validateStatus,
  columns: columnsOf(
    'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations',
    nameCell,
    textCell('spec', 'type'),
    (object) => object.spec?.limited?.nominalConcurrencyShares ?? '<none>',
    queuing('queues'),
    queuing('handSize'),
    queuing('queueLengthLimit'),
    ageCell,
  ),
});
