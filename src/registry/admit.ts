import type { Obj } from '../lib/json.ts';
import type { KubeObject } from '../lib/json.ts';
import type { DeleteRequest, WriteOptions } from './options.ts';
import type { AdmissionRequest } from './ports.ts';
import type { DeleteScope, RequestScope } from './write-scope.ts';

type What = Pick<AdmissionRequest, 'operation' | 'object' | 'old' | 'options'> & Pick<Partial<AdmissionRequest>, 'size' | 'name'>;

/** Runs the mutating half of admission. */
export function mutate(
  scope: RequestScope<WriteOptions>,
  operation: 'CREATE' | 'UPDATE',
  object: KubeObject,
  old?: KubeObject,
): void {
  run('mutate', scope, { operation, object, old, options: writeOptionsOf(scope, operation) });
}

/** Runs the validating half. `before` is the length of the text that is replaced; undefined: nothing will be stored. */
export function review(
  scope: RequestScope<WriteOptions>,
  operation: 'CREATE' | 'UPDATE',
  object: KubeObject,
  old: KubeObject | undefined,
  before: number | undefined,
): void {
  const size = before === undefined ? undefined : () => ({ after: scope.kernel.text(object).length, before });
  run('review', scope, { operation, object, old, options: writeOptionsOf(scope, operation), ...(size && { size }) });
}

/** Admits an object that is created at a subresource, and stored nowhere itself. */
export function admitSent(scope: RequestScope<WriteOptions>, object: KubeObject): void {
  const options = { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' };
  const what: What = { operation: 'CREATE', object, old: undefined, options };
  run('mutate', scope, what);
  run('review', scope, what);
}

/** Admits a deletion. */
export function admitDeletion(scope: DeleteScope, live: KubeObject): void {
  const { dryRun, gracePeriodSeconds, propagationPolicy, preconditions, orphanDependents } = scope.options;
  const options: Obj = {
    kind: 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun && { dryRun: ['All'] }),
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(preconditions && { preconditions }),
    ...(orphanDependents !== undefined && { orphanDependents }),
  };
  const what: What = { operation: 'DELETE', object: undefined, old: live, options, name: live.metadata.name };
  run('mutate', scope, what);
  run('review', scope, what);
}

function run(half: 'mutate' | 'review', scope: RequestScope<WriteOptions | DeleteRequest>, what: What): void {
  const { kind, namespace, options, ports, warnings, annotate } = scope;
  const request: AdmissionRequest = {
    kind,
    namespace,
    name: options.name ?? what.object?.metadata?.name ?? '',
    subresource: options.subresource ?? '',
    user: options.user,
    dryRun: options.dryRun === true,
    now: options.now,
    warn: (text) => void warnings.push(text),
    ...(annotate && { annotate }),
    ...what,
  };
  for (const admission of ports.admission) admission[half]?.(request, ports.cluster);
}

function writeOptionsOf({ options }: RequestScope<WriteOptions>, operation: 'CREATE' | 'UPDATE'): Obj {
  const { dryRun, fieldManager, fieldValidation } = options;
  return {
    kind: operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun && { dryRun: ['All'] }),
    ...(fieldManager && { fieldManager }),
    ...(fieldValidation && { fieldValidation }),
  };
}
