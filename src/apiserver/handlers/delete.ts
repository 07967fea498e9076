import { yamlValue } from '../../api/machinery/decode-yaml.ts';
import { goSchema } from '../../api/schema/go.ts';
import { checkStructure, StructureError } from '../../api/machinery/decode.ts';
import { parseDigits } from '../../api/machinery/numerals.ts';
import { badRequest, invalidError } from '../../api/machinery/status-errors.ts';
import type { Obj } from '../../lib/json.ts';
import { validateDeleteOptions } from '../../registry/deletion.ts';
import type { DeleteRequest } from '../../registry/options.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { auditOptions } from '../filters/audit.ts';
import { bodyType, YAML_TYPE } from '../negotiate.ts';
import { int64Param, listParams } from '../params.ts';
import { presentWritten } from '../present.ts';
import { isTrue } from '../request-info.ts';
import { respond } from '../respond.ts';
import { dryRunErrors } from '../write-params.ts';
import { presentList } from './list.ts';

const OPTIONS = goSchema('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions');

/** DELETE of one object (handlers/delete.go). */
export function remove(call: Call, deps: Deps, target: Target): Answer {
  const result = deps.registry.delete(target.kind, { ...deleteRequest(call, target), name: call.info.name });
  call.warnings.push(...result.warnings);
  if (result.body.kind === 'Status') return respond(call, result.code, result.json);
  return presentWritten(call, target, result.code, result.json, result.object);
}

/** DELETE of a collection: answers with the deleted objects. */
export function removeCollection(call: Call, deps: Deps, target: Target): Answer {
  const params = listParams(call.query, false, target.served?.fieldLabels);
  const result = deps.registry.deleteCollection(target.kind, {
    ...deleteRequest(call, target),
    ...(params.labelSelector && { labelSelector: params.labelSelector }),
    ...(params.fieldSelector && { fieldSelector: params.fieldSelector }),
    ...(params.limit !== undefined && { limit: params.limit }),
    ...(params.continue && { continue: params.continue }),
    ...(params.resourceVersion && { resourceVersion: params.resourceVersion }),
  });
  return presentList(call, deps, target, result);
}

function deleteRequest(call: Call, target: Target): DeleteRequest {
  const { user, info, request } = call;
  const options = request.body ? sentOptions(call) : queryOptions(call.query);
  if (request.body) auditOptions(call, options);
  const errors = validateDeleteOptions(options);
  dryRunErrors(errors, options.dryRun ?? []);
  if (errors.length) throw invalidError('meta.k8s.io', 'DeleteOptions', '', errors);
  return {
    namespace: target.kind.namespaced ? info.namespace : '',
    user,
    now: call.now,
    userAgent: request.header('user-agent') ?? '',
    warnRefused: (texts) => void call.warnings.push(...texts),
    ...(target.served && { served: target.served }),
    ...(options.dryRun?.length && { dryRun: true }),
    ...(options.preconditions && { preconditions: options.preconditions }),
    ...(options.gracePeriodSeconds !== undefined && { gracePeriodSeconds: options.gracePeriodSeconds }),
    ...(options.propagationPolicy !== undefined && { propagationPolicy: options.propagationPolicy }),
    ...(options.orphanDependents !== undefined && { orphanDependents: options.orphanDependents }),
  };
}

function queryOptions(query: URLSearchParams): Obj {
  const grace = int64Param(query, 'gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  const orphan = query.get('orphanDependents');
  return {
    dryRun: query.getAll('dryRun'),
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(policy !== null && { propagationPolicy: policy }),
    ...(orphan !== null && { orphanDependents: isTrue(orphan) }),
  };
}

/** Any group's DeleteOptions are taken, for old clients. */
function sentOptions({ request }: Call): Obj {
  const yaml = bodyType(request.header('content-type')) === YAML_TYPE;
  let value: unknown;
  try {
    value = yaml ? yamlValue(request.body) : parseDigits(request.body);
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  const { kind = 'DeleteOptions', apiVersion = 'v1' } = (value ?? {}) as Obj;
  if (kind !== 'DeleteOptions') {
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  try {
    return checkStructure(OPTIONS, value, 'Ignore').object;
  } catch (error) {
    if (error instanceof StructureError) throw badRequest(error.message);
    throw error;
  }
}
