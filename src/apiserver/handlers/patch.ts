import { mediaType } from '../../api/machinery/decode.ts';
import { failure } from '../../api/machinery/status-errors.ts';
import { ownProperty } from '../../lib/own-property.ts';
import type { PatchType } from '../../registry/options.ts';
import type { Call, Deps, Target } from '../call.ts';
import type { Answer } from '../messages.ts';
import { presentWritten } from '../present.ts';
import { auditPatch } from '../filters/audit.ts';
import { writeOptions } from '../write-params.ts';

const TYPES: Record<string, PatchType> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** PATCH in its four types (handlers/patch.go). */
export function patch(call: Call, deps: Deps, target: Target): Answer {
  const type = ownProperty(TYPES, mediaType(call.request.header('content-type') || 'none'));
  // The router refuses other types before the handler sees them.
  if (!type) throw failure(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  const options = writeOptions(call, target, 'Patch', type);
  auditPatch(call, type);
  const result = deps.registry.patch(target.kind, type, call.request.body, options);
  call.warnings.push(...result.warnings);
  return presentWritten(call, target, result.created ? 201 : 200, result.json, result.object);
}
